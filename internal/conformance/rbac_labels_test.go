package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/auditlog"
	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/rbac/attack"
	"github.com/plimsoll-io/plimsoll/scan"
)

// A badPod is a workload that is named after what it may do.
type badPod struct {
	ID       string
	Source   string
	File     string
	Violates []string
}

// badPodChecks are the neutral names that the folders of badPods combine.
var badPodChecks = []string{"privileged", "host-path", "host-network", "host-pid", "host-ipc"}

// TestBadPods asks the controls for exactly what the folder says, and the escapes for the node where the folder gives it:
// a privileged container or the node's file system. The namespaces of the node alone do not.
func TestBadPods(t *testing.T) {
	dir := corpus(t, attackSuite)
	controls, vocabulary := catalogue(t), readVocabulary(t, dir)
	y := newTally(t, attackSuite)
	for _, c := range cases[badPod](t, dir) {
		if c.Source != "badpods" {
			continue
		}
		file := filepath.Join(dir, filepath.FromSlash(c.File))
		var found []string
		for _, check := range badPodChecks {
			if judgeFiles(t, controls[vocabulary.byCheck[check]], control.Settings{}, file).Status == scan.Fail {
				found = append(found, check)
			}
		}
		slices.Sort(found)
		slices.Sort(c.Violates)
		y.count(c.ID+"#controls", strings.Join(c.Violates, ","), strings.Join(found, ","), "")
		want := slices.Contains(c.Violates, "privileged") || slices.Contains(c.Violates, "host-path")
		objects := readObjects(t, file)
		g, got := graphOf(objects), false
		for _, o := range objects {
			if spec, _ := o.PodSpec(); spec != nil {
				_, got = g.Shortest(o.Ref, attack.NodeRoot)
			}
		}
		y.count(c.ID+"#node", fmt.Sprint(want), fmt.Sprint(got), "")
	}
	y.done(95)
}

// kubesplainingLabels are what its corpus expects and denies; a label is rule:subject:target.
type kubesplainingLabels struct{ Expected, Deny []string }

// TestKubesplaining holds us to the labels of its corpus. Rules about paths go by the mapping below, the others by the
// control that asks the same.
func TestKubesplaining(t *testing.T) {
	dir := filepath.Join(corpus(t, attackSuite), "kubesplaining", "corpus")
	folders, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	y := newTally(t, attackSuite+"/kubesplaining")
	for _, folder := range folders {
		var labels kubesplainingLabels
		readJSON(t, filepath.Join(dir, folder.Name(), "labels.json"), &labels)
		objects := kubesplainingObjects(t, filepath.Join(dir, folder.Name(), "snapshot.json"))
		g := graphOf(objects)
		for _, label := range labels.Expected {
			y.count(folder.Name()+"/"+label, "true", fmt.Sprint(kubesplainingFinds(t, g, objects, label)), "")
		}
		for _, label := range labels.Deny {
			y.count(folder.Name()+"/not "+label, "false", fmt.Sprint(kubesplainingFinds(t, g, objects, label)), "")
		}
	}
	y.done(70)
}

// kubesplainingFinds says whether we find what a label names.
func kubesplainingFinds(t *testing.T, g *attack.Graph, objects []*inventory.Object, label string) bool {
	t.Helper()
	parts := strings.Split(label, ":")
	from := kubesplainingSubject(parts[1])
	takes := func(technique string) bool {
		return slices.ContainsFunc(g.StepsFrom(from), func(s attack.Step) bool { return s.Technique.ID == technique })
	}
	switch rule := parts[0]; {
	case rule == "KUBE-PRIVESC-011": // may approve certificates for a signer of client certificates
		return takes("csr-approve")
	case rule == "KUBE-PRIVESC-024": // may sign certificates, which gives nothing without the CA's key
		return false
	case rule == "KUBE-PRIVESC-PATH-SYSTEM-MASTERS":
		p, ok := g.Shortest(from, attack.SystemMasters)
		return ok && !p.Blocked()
	case rule == "KUBE-NETPOL-COVERAGE-001":
		c := catalogue(t)["namespace-without-default-deny"]
		inv := inventory.New(inventory.Source{Kind: "cluster"}, time.Unix(0, 0), "v1.35.0", objects, nil)
		report, err := scan.Run(context.Background(), inv, scan.Options{Controls: []control.Control{c}})
		if err != nil {
			t.Fatal(err)
		}
		return len(report.Results[0].Findings) > 0
	case strings.HasPrefix(rule, "KUBE-CSR-"): // judges requests that were made; no control of ours does
		return false
	default:
		t.Errorf("%s: what does this label mean?", label)
		return false
	}
}

// kubesplainingSubject reads "ServiceAccount/certs/minter".
func kubesplainingSubject(text string) finding.Ref {
	if parts := strings.Split(text, "/"); len(parts) == 3 && parts[0] == rbac.ServiceAccountKind {
		return rbac.Account(parts[1], parts[2]).Ref()
	}
	return finding.Ref{}
}

// kubesplainingObjects reads a snapshot of that tool: lists of objects without kinds.
func kubesplainingObjects(t *testing.T, file string) []*inventory.Object {
	t.Helper()
	var snapshot struct {
		Resources map[string][]map[string]any
	}
	readJSON(t, file, &snapshot)
	kinds := map[string][2]string{
		"namespaces": {"v1", "Namespace"}, "service_accounts": {"v1", "ServiceAccount"},
		"cluster_roles":         {rbac.Group + "/v1", "ClusterRole"},
		"cluster_role_bindings": {rbac.Group + "/v1", "ClusterRoleBinding"},
	}
	var out []*inventory.Object
	for list, items := range snapshot.Resources {
		kind, known := kinds[list]
		if !known && list != "certificate_signing_requests" {
			t.Errorf("%s: what are %s?", file, list)
		}
		for _, item := range items {
			if !known {
				break // not an object of the API but a summary
			}
			item["apiVersion"], item["kind"] = kind[0], kind[1]
			out = append(out, &inventory.Object{Content: item, Ref: finding.Ref{
				APIVersion: kind[0], Kind: kind[1],
				Namespace: inventory.String(item, "metadata", "namespace"), Name: inventory.String(item, "metadata", "name"),
			}})
		}
	}
	slices.SortFunc(out, func(a, b *inventory.Object) int { return a.Compare(b.Ref) })
	return out
}

func readJSON(t *testing.T, file string, into any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

var (
	whoCanAsked  = regexp.MustCompile(`rbac-tool who-can (\S+) (\S+)`)
	whoCanAnswer = regexp.MustCompile(`#[ \t]+(User|Group|ServiceAccount)[ \t]*\|[ \t]*([^|\s]+)[ \t]*\|[ \t]*([^|\s]*)`)
)

// TestRBACTool reads that tool's inputs. The comments of some say who must be able to do what.
func TestRBACTool(t *testing.T) {
	dir := corpus(t, attackSuite)
	y := newTally(t, attackSuite)
	for _, c := range cases[badPod](t, dir) {
		if c.Source != "rbac-tool" {
			continue
		}
		file := filepath.Join(dir, filepath.FromSlash(c.File))
		if filepath.Ext(file) == ".json" {
			y.count(c.ID, "read", readAudit(t, file), "")
			continue
		}
		objects := readObjects(t, file)
		inv := inventory.New(inventory.Source{Kind: "files"}, time.Unix(0, 0), "", objects, nil)
		want, got := whoCan(t, file, objects, rbac.New(inv))
		y.count(c.ID, want, got, "")
	}
	y.done(80)
}

func readAudit(t *testing.T, file string) string {
	t.Helper()
	in, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var events eventCount
	summary, err := auditlog.Read(context.Background(), []auditlog.Input{auditlog.FromReader(file, in)}, auditlog.Options{},
		func() auditlog.Consumer { return &events })
	if err != nil || events.n.Load() == 0 {
		return fmt.Sprintf("%d events, %+v, %v", events.n.Load(), summary, err)
	}
	return "read"
}

type eventCount struct{ n atomic.Int64 }

func (c *eventCount) Consume(*auditlog.Event) { c.n.Add(1) }

// whoCan compares the expected subjects with those of the answer that the file or the expectation names: the answer has
// also those that Kubernetes itself installs.
func whoCan(t *testing.T, file string, objects []*inventory.Object, access *rbac.Authorizer) (want, got string) {
	t.Helper()
	var named []finding.Ref
	for _, o := range objects {
		named = append(named, actors(o)...)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var wanted, found []string
	for _, m := range whoCanAnswer.FindAllStringSubmatch(string(data), -1) {
		wanted = append(wanted, strings.TrimSpace(m[1]+" "+m[3]+" "+m[2]))
	}
	for _, m := range whoCanAsked.FindAllStringSubmatch(string(data), -1) {
		request := rbac.Request{Verb: m[1], Resource: strings.TrimSuffix(m[2], "s") + "s", Namespace: "test"}
		if strings.HasPrefix(m[2], "/") {
			request = rbac.Request{Verb: m[1], Path: m[2]}
		}
		for _, a := range access.WhoCan(request) {
			line := strings.TrimSpace(a.Subject.Kind + " " + a.Subject.Namespace + " " + a.Subject.Name)
			if slices.Contains(named, a.Subject.Ref()) || slices.Contains(wanted, line) {
				found = append(found, line)
			}
		}
	}
	slices.Sort(wanted)
	slices.Sort(found)
	return strings.Join(wanted, ", "), strings.Join(slices.Compact(found), ", ")
}
