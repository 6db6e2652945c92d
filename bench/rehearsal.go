package main

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// measureRehearsal is the command "bench rehearsal": it rehearses the policies of the catalogue against a generated cluster
// with many live pods, as a whole process that reads a snapshot.
func measureRehearsal(args []string) error {
	flags := flag.NewFlagSet("rehearsal", flag.ContinueOnError)
	plimsoll := flags.String("plimsoll", "bin/plimsoll", "the program to measure")
	pods := flags.Int("pods", 5000, "live pods, beside the Deployments and ReplicaSets that they belong to")
	most := flags.Int("policies", 80, "policies of the catalogue, each with a binding that denies")
	folder := flags.String("folder", "", "keep the snapshot and the policies here")
	runs := flags.Int("runs", 3, "runs; the median counts")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *folder == "" {
		temporary, err := os.MkdirTemp("", "rehearsal")
		if err != nil {
			return err
		}
		defer os.RemoveAll(temporary)
		*folder = temporary
	}
	if err := os.MkdirAll(*folder, 0o755); err != nil {
		return err
	}
	snapshot, policies := filepath.Join(*folder, "cluster.plimsoll"), filepath.Join(*folder, "policies.yaml")
	made, err := writeLivePods(snapshot, *pods)
	if err != nil {
		return err
	}
	count, err := writePolicies(policies, *most)
	if err != nil {
		return err
	}
	c, err := measure(*runs, *plimsoll, "rehearse", policies, "--against", snapshot, "-f", "json", "-o", filepath.Join(*folder, "out.json"))
	if err != nil {
		return err
	}
	fmt.Printf("rehearse %d policies against %d live pods: %s\n", count, made, c)
	return nil
}

// writeLivePods writes a cluster whose Deployments have ReplicaSets and pods as controllers make them.
func writeLivePods(file string, pods int) (made int, err error) {
	objects, err := newCluster(clusterSize{
		namespaces: 100, serviceAccounts: 500, roles: 200, bindings: 600, workloads: max(10, pods/3), seed: 1, defaults: true,
	})
	if err != nil {
		return 0, err
	}
	maker := &clusterMaker{size: clusterSize{workloads: pods}, random: rand.New(rand.NewPCG(1, 7))}
	for _, o := range objects {
		if o["kind"] == "Pod" {
			made++
		}
	}
	for round := 0; made < pods; round++ {
		for _, o := range objects {
			if o["kind"] != "Deployment" || made >= pods {
				continue
			}
			set := replicaSetOf(maker, o, round)
			for i := 0; i < 4 && made < pods; i++ {
				name := inventory.String(set, "metadata", "name")
				maker.pod(set, inventory.String(o, "metadata", "namespace"), fmt.Sprintf("%s-%05d", name, i))
				made++
			}
		}
		if round > pods {
			return 0, errors.New("there are no Deployments to make pods of")
		}
	}
	return made, writeCluster(file, append(objects, maker.objects...))
}

// replicaSetOf is what the controller makes of a Deployment.
func replicaSetOf(m *clusterMaker, owner map[string]any, round int) map[string]any {
	meta := inventory.Map(owner, "metadata")
	spec := maps.Clone(inventory.Map(owner, "spec"))
	delete(spec, "revisionHistoryLimit")
	namespace, name := inventory.String(meta, "namespace"), fmt.Sprintf("%s-%08x", meta["name"], round)
	labels, _ := meta["labels"].(map[string]any)
	set := m.add("apps/v1", "ReplicaSet", namespace, name, labels, map[string]any{"spec": spec})
	set["metadata"].(map[string]any)["ownerReferences"] = []any{map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment", "name": meta["name"], "uid": meta["uid"], "controller": true, "blockOwnerDeletion": true,
	}}
	return set
}

// writePolicies writes policies of the catalogue, each with a binding that denies.
func writePolicies(file string, most int) (count int, err error) {
	controls, err := control.All()
	if err != nil {
		return 0, err
	}
	var text strings.Builder
	for _, c := range controls {
		if c.Policy == nil || c.Policy.Source.Spec.ParamKind != nil || count == most {
			continue
		}
		source := c.Policy.Source.DeepCopy()
		source.TypeMeta = metav1.TypeMeta{APIVersion: "admissionregistration.k8s.io/v1", Kind: "ValidatingAdmissionPolicy"}
		binding := admissionv1.ValidatingAdmissionPolicyBinding{
			TypeMeta:   metav1.TypeMeta{APIVersion: "admissionregistration.k8s.io/v1", Kind: "ValidatingAdmissionPolicyBinding"},
			ObjectMeta: metav1.ObjectMeta{Name: source.Name},
			Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
				PolicyName: source.Name, ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny},
			},
		}
		for _, object := range []any{source, binding} {
			document, err := yaml.Marshal(object)
			if err != nil {
				return 0, err
			}
			fmt.Fprintf(&text, "---\n%s", document)
		}
		count++
	}
	return count, os.WriteFile(file, []byte(text.String()), 0o644) // #nosec G306 -- nothing in it is secret
}
