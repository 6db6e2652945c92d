package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy"
)

// TestHardenNamespaces applies a plan for a cluster with workloads, step by step. What the plan names as blockers is what
// the API server refuses; after the whole plan no template that exists is refused, and rollouts go on; planned again
// there is nothing left to do; and taken back, the namespaces are as they were.
func TestHardenNamespaces(t *testing.T) {
	c := controlplane.Start(t, controlplane.Options{Minor: *minor, Controllers: true})
	bindReader(t, c)
	kubeconfig, err := c.Kubeconfig(reader)
	if err != nil {
		t.Fatal(err)
	}
	h := &hardener{&program{binary: buildProgram(t), live: []string{"--kubeconfig", kubeconfig}}, c}
	h.untilReadable(t)
	h.fill(t)
	before := h.namespaces(t)
	plan := h.plan(t)
	h.blockers(t, plan)
	if len(plan.Steps) != 7 {
		t.Errorf("%d steps: %v", len(plan.Steps), plan.names())
	}
	for _, step := range plan.Steps {
		for _, change := range step.Changes {
			h.apply(t, step.Name, change)
		}
	}
	h.admits(t)
	h.rollsOut(t)
	if again := h.plan(t); len(again.Steps) > 0 {
		t.Errorf("planned again, there is still something to do: %v", again.names())
	}
	for _, step := range slices.Backward(plan.Steps) {
		for _, revert := range step.Reverts {
			h.revert(t, step.Name, revert)
		}
	}
	if after := h.namespaces(t); !slices.Equal(before, after) {
		t.Errorf("taken back, there is\n%s\nand there was\n%s", strings.Join(after, "\n"), strings.Join(before, "\n"))
	}
}

// hardenedWorkloads are of every level, scaled to zero, run by the clock, and scaled by themselves; one namespace is
// labelled already, and one has more than it enforces.
const hardenedWorkloads = `
apiVersion: v1
kind: Namespace
metadata: {name: strict}
---
apiVersion: v1
kind: Namespace
metadata: {name: middle, labels: {team: a, pod-security.kubernetes.io/warn: baseline, pod-security.kubernetes.io/warn-version: v1.25}}
---
apiVersion: v1
kind: Namespace
metadata: {name: wide}
---
apiVersion: v1
kind: Namespace
metadata: {name: labelled, labels: {pod-security.kubernetes.io/enforce: restricted}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: strict}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: &strict
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: main
        image: registry.example.com/web:1
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
        resources: {requests: {cpu: 250m, memory: 100Mi}, limits: {memory: 200Mi}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: parked, namespace: middle}
spec:
  replicas: 0
  selector: {matchLabels: {app: parked}}
  template:
    metadata: {labels: {app: parked}}
    spec: {containers: [{name: main, image: registry.example.com/parked:1}, {name: side, image: registry.example.com/side:1, resources: {requests: {cpu: 50m, memory: 32Mi}}}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: report, namespace: middle}
spec:
  schedule: "0 3 1 1 *"
  jobTemplate:
    spec:
      parallelism: 2
      completions: 2
      template:
        spec: {restartPolicy: Never, containers: [{name: main, image: registry.example.com/report:1, resources: {limits: {memory: 1Gi}}}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: wide}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {hostNetwork: true, containers: [{name: main, image: registry.example.com/agent:1, securityContext: {privileged: true}}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: wide}
spec:
  serviceName: db
  replicas: 1
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: main, image: registry.example.com/db:1, resources: {requests: {cpu: "1", memory: 1Gi}}}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: strict}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 3
  maxReplicas: 6
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
---
apiVersion: v1
kind: Node
metadata: {name: one}
`

type hardener struct {
	*program
	c *controlplane.ControlPlane
}

// A hardening is the part of a plan that the test needs.
type hardening struct {
	Steps []struct {
		Name    string
		Changes []hardenedObject
		Reverts []hardenedObject
	}
	Version    string
	Namespaces []struct {
		Name, System, Unknown, Can, Next string
		Blockers                         []struct {
			Object struct{ Kind, Name string }
		}
	}
}

type hardenedObject struct {
	Action  string
	Object  map[string]any
	Unknown string
}

func (p *hardening) names() (out []string) {
	for _, s := range p.Steps {
		out = append(out, fmt.Sprintf("%s (%d)", s.Name, len(s.Changes)))
	}
	return out
}

func (h *hardener) fill(t *testing.T) {
	t.Helper()
	for text := range strings.SplitSeq(hardenedWorkloads, "\n---\n") {
		var o map[string]any
		must(t, yaml.Unmarshal([]byte(text), &o))
		must(t, create(t, h.c, h.path(o, false), o))
		if o["kind"] == "Namespace" { // pods need the account
			name := inventory.String(o, "metadata", "name")
			must(t, controlplane.Wait(30*time.Second, func() error {
				_, err := h.c.Client.CoreV1().ServiceAccounts(name).Get(t.Context(), "default", metav1.GetOptions{})
				return err
			}))
		}
	}
	must(t, controlplane.Wait(30*time.Second, func() error { return h.running(t, "strict", 3) }))
	must(t, controlplane.Wait(30*time.Second, func() error { return h.running(t, "wide", 2) }))
}

// running waits for pods of a namespace.
func (h *hardener) running(t *testing.T, namespace string, want int) error {
	pods, err := h.c.Client.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{})
	if err == nil && len(pods.Items) < want {
		err = fmt.Errorf("%d pods in %s, want %d", len(pods.Items), namespace, want)
	}
	return err
}

// path is where the API serves an object, or the list of its kind.
func (h *hardener) path(o map[string]any, one bool) []string {
	gvk := schema.FromAPIVersionAndKind(fmt.Sprint(o["apiVersion"]), fmt.Sprint(o["kind"]))
	path := []string{"/apis", gvk.Group, gvk.Version}
	if gvk.Group == "" {
		path = []string{"/api", gvk.Version}
	}
	if namespace := inventory.String(o, "metadata", "namespace"); namespace != "" {
		path = append(path, "namespaces", namespace)
	}
	if path = append(path, policy.ResourceFor(gvk).Resource); one {
		path = append(path, inventory.String(o, "metadata", "name"))
	}
	return path
}

func (h *hardener) plan(t *testing.T) *hardening {
	t.Helper()
	out, stderr, code := h.ask(t, append([]string{"harden", "namespaces", "-f", "json"}, h.live...)...)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	var plan hardening
	must(t, json.Unmarshal([]byte(out), &plan))
	return &plan
}

// workloads are the pod templates of the test, as the API server has them.
func (h *hardener) workloads(t *testing.T) map[string]corev1.PodTemplateSpec {
	t.Helper()
	out := map[string]corev1.PodTemplateSpec{}
	apps, batch := h.c.Client.AppsV1(), h.c.Client.BatchV1()
	deployments, err := apps.Deployments("").List(t.Context(), metav1.ListOptions{})
	must(t, err)
	for _, o := range deployments.Items {
		out[o.Namespace+"/Deployment/"+o.Name] = o.Spec.Template
	}
	sets, err := apps.StatefulSets("").List(t.Context(), metav1.ListOptions{})
	must(t, err)
	for _, o := range sets.Items {
		out[o.Namespace+"/StatefulSet/"+o.Name] = o.Spec.Template
	}
	daemons, err := apps.DaemonSets("").List(t.Context(), metav1.ListOptions{})
	must(t, err)
	for _, o := range daemons.Items {
		out[o.Namespace+"/DaemonSet/"+o.Name] = o.Spec.Template
	}
	jobs, err := batch.CronJobs("").List(t.Context(), metav1.ListOptions{})
	must(t, err)
	for _, o := range jobs.Items {
		out[o.Namespace+"/CronJob/"+o.Name] = o.Spec.JobTemplate.Spec.Template
	}
	return out
}

// try asks the API server whether it would take a pod of a template.
func (h *hardener) try(t *testing.T, namespace string, template corev1.PodTemplateSpec) error {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{GenerateName: "try-", Labels: template.Labels}, Spec: template.Spec}
	_, err := h.c.Client.CoreV1().Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	return err
}

// blockers holds what the plan names as blockers to what a namespace of that level refuses.
func (h *hardener) blockers(t *testing.T, plan *hardening) {
	t.Helper()
	for _, level := range []string{"baseline", "restricted"} {
		_, err := h.c.Client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
			Name: "probe-" + level,
			Labels: map[string]string{
				"pod-security.kubernetes.io/enforce": level, "pod-security.kubernetes.io/enforce-version": plan.Version,
			},
		}}, metav1.CreateOptions{})
		must(t, err)
		must(t, controlplane.Wait(30*time.Second, func() error {
			_, err := h.c.Client.CoreV1().ServiceAccounts("probe-"+level).Get(t.Context(), "default", metav1.GetOptions{})
			return err
		}))
	}
	templates, refused, admitted := h.workloads(t), 0, 0
	for _, ns := range plan.Namespaces {
		blocks := map[string]bool{}
		for _, b := range ns.Blockers {
			blocks[ns.Name+"/"+b.Object.Kind+"/"+b.Object.Name] = true
		}
		for key, template := range templates {
			if !strings.HasPrefix(key, ns.Name+"/") {
				continue
			}
			next := ns.Next
			if next == "" {
				next = "restricted"
			}
			err := h.try(t, "probe-"+next, template)
			if err != nil && !apierrors.IsForbidden(err) {
				t.Fatal(err)
			}
			if refuses := err != nil; refuses != blocks[key] {
				t.Errorf("%s: the plan says that it blocks %s: %v; the API server: %v", key, next, blocks[key], err)
			}
			if err != nil {
				refused++
			} else {
				admitted++
			}
		}
	}
	for _, level := range []string{"baseline", "restricted"} {
		must(t, h.c.Client.CoreV1().Namespaces().Delete(t.Context(), "probe-"+level, metav1.DeleteOptions{}))
		must(t, controlplane.Wait(60*time.Second, func() error {
			_, err := h.c.Client.CoreV1().Namespaces().Get(t.Context(), "probe-"+level, metav1.GetOptions{})
			if apierrors.IsNotFound(err) {
				return nil
			}
			return fmt.Errorf("namespace probe-%s is still there: %w", level, err)
		}))
	}
	if refused == 0 || admitted == 0 {
		t.Errorf("%d templates refused and %d admitted: that shows little", refused, admitted)
	}
}

// apply makes one change as kubectl apply --server-side does, without force. Only the labels that somebody else has set, and
// that the plan raises, are a conflict, which it is then a person's matter to settle.
func (h *hardener) apply(t *testing.T, step string, change hardenedObject) {
	t.Helper()
	client := h.c.Client.RESTClient()
	if change.Action == "remove" {
		must(t, client.Delete().AbsPath(h.path(change.Object, true)...).Do(t.Context()).Error())
		return
	}
	body, err := json.Marshal(change.Object)
	must(t, err)
	patch := client.Patch(types.ApplyPatchType).AbsPath(h.path(change.Object, true)...).Param("fieldManager", "plimsoll-namespaces")
	err = patch.Body(body).Do(t.Context()).Error()
	if raised := inventory.String(change.Object, "metadata", "name") == "middle" && step == "1-warn"; raised {
		if !apierrors.IsConflict(err) {
			t.Errorf("labels of others are overwritten: %v", err)
		}
		err = patch.Param("force", "true").Do(t.Context()).Error()
	}
	if err != nil {
		t.Errorf("step %s: apply %s: %v", step, body, err)
	}
}

func (h *hardener) revert(t *testing.T, step string, revert hardenedObject) {
	t.Helper()
	client := h.c.Client.RESTClient()
	var err error
	switch {
	case revert.Unknown != "":
		t.Errorf("step %s cannot be taken back: %s", step, revert.Unknown)
	case revert.Action == "remove":
		err = client.Delete().AbsPath(h.path(revert.Object, true)...).Do(t.Context()).Error()
	case revert.Action == "create":
		err = create(t, h.c, h.path(revert.Object, false), revert.Object)
	default:
		body, wrong := json.Marshal(revert.Object)
		must(t, wrong)
		err = client.Patch(types.MergePatchType).AbsPath(h.path(revert.Object, true)...).Body(body).Do(t.Context()).Error()
	}
	if err != nil {
		t.Errorf("step %s: take %v back: %v", step, revert.Object, err)
	}
}

// admits holds the cluster to admitting a pod of every template that is there.
func (h *hardener) admits(t *testing.T) {
	t.Helper()
	for key, template := range h.workloads(t) {
		namespace, _, _ := strings.Cut(key, "/")
		// The quota controller counts before the first pod is admitted.
		must(t, controlplane.Wait(30*time.Second, func() error {
			if err := h.try(t, namespace, template); err != nil {
				return fmt.Errorf("after the plan a pod of %s is refused: %w", key, err)
			}
			return nil
		}))
	}
}

// rollsOut scales and rolls out what is there, under the quotas.
func (h *hardener) rollsOut(t *testing.T) {
	t.Helper()
	apps := h.c.Client.AppsV1()
	patch := []byte(`{"spec":{"replicas":6,"template":{"metadata":{"annotations":{"rolled":"out"}}}}}`)
	_, err := apps.Deployments("strict").Patch(t.Context(), "web", types.MergePatchType, patch, metav1.PatchOptions{})
	must(t, err)
	_, err = apps.Deployments("middle").Patch(t.Context(), "parked", types.MergePatchType, []byte(`{"spec":{"replicas":1}}`), metav1.PatchOptions{})
	must(t, err)
	cron, err := h.c.Client.BatchV1().CronJobs("middle").Get(t.Context(), "report", metav1.GetOptions{})
	must(t, err)
	for i := range 2 {
		_, err = h.c.Client.BatchV1().Jobs("middle").Create(t.Context(), &batchv1.Job{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("report-%d", i), OwnerReferences: []metav1.OwnerReference{
				*metav1.NewControllerRef(cron, batchv1.SchemeGroupVersion.WithKind("CronJob"))}},
			Spec: cron.Spec.JobTemplate.Spec,
		}, metav1.CreateOptions{})
		must(t, err)
	}
	must(t, controlplane.Wait(60*time.Second, func() error {
		web, err := apps.Deployments("strict").Get(t.Context(), "web", metav1.GetOptions{})
		if err == nil && web.Status.Replicas < 8 {
			err = fmt.Errorf("web has %d pods, want 6 and 2 of the rollout: %v", web.Status.Replicas, web.Status.Conditions)
		}
		return err
	}))
	must(t, controlplane.Wait(60*time.Second, func() error { return h.running(t, "middle", 5) }))
	for _, namespace := range []string{"strict", "middle", "wide"} {
		events, err := h.c.Client.CoreV1().Events(namespace).List(t.Context(), metav1.ListOptions{FieldSelector: "reason=FailedCreate"})
		must(t, err)
		for _, e := range events.Items {
			t.Errorf("%s: %s", namespace, e.Message)
		}
	}
}

// namespaces are the labels of all namespaces, with their quotas, limit ranges and accounts, a line each.
func (h *hardener) namespaces(t *testing.T) (out []string) {
	t.Helper()
	core := h.c.Client.CoreV1()
	list, err := core.Namespaces().List(t.Context(), metav1.ListOptions{})
	must(t, err)
	for _, ns := range list.Items {
		quotas, err := core.ResourceQuotas(ns.Name).List(t.Context(), metav1.ListOptions{})
		must(t, err)
		ranges, err := core.LimitRanges(ns.Name).List(t.Context(), metav1.ListOptions{})
		must(t, err)
		account, err := core.ServiceAccounts(ns.Name).Get(t.Context(), "default", metav1.GetOptions{})
		must(t, err)
		out = append(out, fmt.Sprintf("%s %s %d %d %v", ns.Name, asJSON(t, ns.Labels), len(quotas.Items), len(ranges.Items),
			account.AutomountServiceAccountToken != nil))
	}
	return out
}
