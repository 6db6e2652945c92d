package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/secretscan"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/cluster"
	"github.com/plimsoll-io/plimsoll/policy"
	"github.com/plimsoll-io/plimsoll/rehearse"
)

// rehearsalRounds is how many changes are made up: each is of one of four sorts.
const rehearsalRounds = 24

// TestRehearsedDenials makes up namespaces with pods and templates, rehearses a change made up by chance, makes the change,
// and then really makes everything again, as a dry run: what was said to be refused is refused, and nothing else.
func TestRehearsedDenials(t *testing.T) {
	c := controlplane.Start(t, controlplane.Options{Minor: *minor, Controllers: true})
	client, err := dynamic.NewForConfig(c.REST)
	must(t, err)
	t.Logf("seed %d", *seed)
	r := &rehearsalWorld{
		T: t, c: c, client: client, random: rand.New(rand.NewPCG(*seed, 37)), b: &bindings{c: c}, //nolint:gosec // has to be repeatable
	}
	for i := range rehearsalRounds {
		r.round(i)
	}
	t.Logf("%d objects compared, %d of them refused; refused by sort: %v", r.compared, r.refused, r.sorts)
	if r.compared < 200 || r.refused < 50 || r.refused == r.compared {
		t.Errorf("only %d comparisons, %d of them refused", r.compared, r.refused)
	}
}

type rehearsalWorld struct {
	*testing.T
	c      *controlplane.ControlPlane
	client dynamic.Interface
	random *rand.Rand
	b      *bindings

	compared, refused int
	sorts             map[string]int
}

// A made object, and the pod that it is, or makes.
type rehearsalObject struct {
	content map[string]any
	pod     map[string]any // spec
	labels  map[string]any
}

func (r *rehearsalWorld) pick(options ...string) string { return options[r.random.IntN(len(options))] }
func (r *rehearsalWorld) chance(percent int) bool       { return r.random.IntN(100) < percent }

func (r *rehearsalWorld) round(i int) {
	r.Helper()
	namespace := fmt.Sprintf("rehearsal-%d", i)
	must(r.T, ensureNamespace(r.Context(), r.c, namespace))
	var objects []rehearsalObject
	for n := range 12 {
		o := r.object(namespace, fmt.Sprintf("o%d", n))
		r.create(o.content, false)
		objects = append(objects, o)
	}
	var change []map[string]any
	sort := [...]string{"pod-security", "admission", "quota", "limits"}[i%4]
	switch sort {
	case "pod-security":
		change = r.labels(namespace)
	case "admission":
		change = r.policies(namespace)
	case "quota":
		change = r.quota(namespace, len(objects))
		if r.chance(40) {
			change = append(change, r.limits(namespace)...)
		}
	case "limits":
		change = r.limits(namespace)
	}
	predicted := r.rehearse(change)
	for _, content := range change {
		r.apply(content)
	}
	r.b.settle(r.T)
	r.settleQuota(namespace)
	for _, o := range objects {
		r.compare(sort, namespace, o, predicted, change)
	}
	for _, content := range change {
		if kind := content["kind"].(string); strings.HasPrefix(kind, "Validating") {
			must(r.T, r.resource(content).Delete(r.Context(), content["metadata"].(map[string]any)["name"].(string), metav1.DeleteOptions{}))
		}
	}
}

// rehearse are the objects that a change is said to break.
func (r *rehearsalWorld) rehearse(change []map[string]any) map[string]string {
	r.Helper()
	before, err := cluster.Read(r.Context(), cluster.Config{REST: r.c.REST, Redact: secretscan.New().Redact})
	must(r.T, err)
	var objects []*inventory.Object
	for _, content := range change {
		meta := content["metadata"].(map[string]any)
		namespace, _ := meta["namespace"].(string)
		objects = append(objects, &inventory.Object{Content: content, Ref: finding.Ref{
			APIVersion: content["apiVersion"].(string), Kind: content["kind"].(string), Namespace: namespace, Name: meta["name"].(string),
		}})
	}
	proposed := inventory.New(inventory.Source{Kind: "files"}, time.Now(), "", objects, nil)
	got, err := rehearse.Run(r.Context(), before, proposed, rehearse.Evidence{Minor: *minor, Now: time.Now()})
	must(r.T, err)
	for _, d := range got.Doubts {
		r.Errorf("doubt about %v: %s", d.Object, d.Reason)
	}
	out := map[string]string{}
	for _, b := range got.Breaks {
		if !b.Soft {
			out[b.Object.Kind+" "+b.Object.Namespace+"/"+b.Object.Name] += b.Reason + "\n"
		}
	}
	return out
}

// compare makes an object again, and the pod that it makes.
func (r *rehearsalWorld) compare(sort, namespace string, o rehearsalObject, predicted map[string]string, change []map[string]any) {
	r.Helper()
	again := deepCopy(o.content)
	name := again["metadata"].(map[string]any)["name"].(string)
	again["metadata"].(map[string]any)["name"] = name + "-again"
	kind := again["kind"].(string)
	r.makeRoom(namespace, o, change)
	var refusals []string
	if err := r.create(again, true); err != nil {
		refusals = append(refusals, err.Error())
	}
	if kind == "CronJob" { // its controller makes Jobs, which policies judge too
		job := map[string]any{
			"apiVersion": "batch/v1", "kind": "Job", "metadata": map[string]any{"name": name + "-again", "namespace": namespace},
			"spec": again["spec"].(map[string]any)["jobTemplate"].(map[string]any)["spec"],
		}
		if err := r.create(deepCopy(job), true); err != nil {
			refusals = append(refusals, err.Error())
		}
	}
	if kind != "Pod" {
		pod := map[string]any{
			"apiVersion": "v1", "kind": "Pod", "spec": o.pod,
			"metadata": map[string]any{"name": name + "-again", "namespace": namespace, "labels": o.labels},
		}
		if err := r.create(deepCopy(pod), true); err != nil {
			refusals = append(refusals, err.Error())
		}
	}
	r.compared++
	said := predicted[kind+" "+namespace+"/"+name]
	if len(refusals) > 0 {
		r.refused++
		if r.sorts == nil {
			r.sorts = map[string]int{}
		}
		r.sorts[sort]++
	}
	if (said != "") != (len(refusals) > 0) {
		r.Errorf("%s %s/%s by %v:\nrehearsed: %q\nthe API server: %q\nspec: %v", kind, namespace, name, change, said, refusals, o.pod)
	}
}

// makeRoom gives the quotas of a namespace the room that the object would leave if it were deleted before it is made again.
func (r *rehearsalWorld) makeRoom(namespace string, o rehearsalObject, change []map[string]any) {
	r.Helper()
	for _, content := range change {
		if content["kind"] != "ResourceQuota" {
			continue
		}
		hard := map[string]any{}
		for name, v := range content["spec"].(map[string]any)["hard"].(map[string]any) {
			q := resource.MustParse(v.(string))
			q.Add(countedOf(o, name))
			hard[name] = q.String()
		}
		roomy := deepCopy(content)
		roomy["spec"].(map[string]any)["hard"] = hard
		r.apply(roomy)
		r.settleQuota(namespace)
	}
}

// countedOf is what an object that is there counts for.
func countedOf(o rehearsalObject, name string) resource.Quantity {
	kind := o.content["kind"].(string)
	if name == "count/deployments.apps" && kind == "Deployment" || kind == "Pod" && (name == "pods" || name == "count/pods") {
		return resource.MustParse("1")
	}
	var total resource.Quantity
	if kind != "Pod" {
		return total
	}
	list, what, _ := strings.Cut(name, ".")
	for _, c := range o.pod["containers"].([]any) {
		resources, _ := c.(map[string]any)["resources"].(map[string]any)
		v, there := inventory.Map(resources, list)[what]
		if !there && list == "requests" {
			v, there = inventory.Map(resources, "limits")[what]
		}
		if there {
			total.Add(resource.MustParse(v.(string)))
		}
	}
	return total
}

// settleQuota waits until the quotas of a namespace are counted.
func (r *rehearsalWorld) settleQuota(namespace string) {
	r.Helper()
	must(r.T, controlplane.Wait(time.Minute, func() error {
		list, err := r.c.Client.CoreV1().ResourceQuotas(namespace).List(r.Context(), metav1.ListOptions{})
		if err != nil {
			return err
		}
		for _, q := range list.Items {
			for name, hard := range q.Spec.Hard {
				got, there := q.Status.Hard[name]
				if _, used := q.Status.Used[name]; !there || !used || got.Cmp(hard) != 0 {
					return fmt.Errorf("quota %s is not counted yet", q.Name)
				}
			}
		}
		return nil
	}))
	// The admission plugin looks at its own cache, which follows: a dry run that counts on the new room tells.
	if list, err := r.c.Client.CoreV1().ResourceQuotas(namespace).List(r.Context(), metav1.ListOptions{}); err == nil && len(list.Items) > 0 {
		time.Sleep(150 * time.Millisecond)
	}
}

func (r *rehearsalWorld) resource(content map[string]any) dynamic.ResourceInterface {
	u := &unstructured.Unstructured{Object: content}
	gvr := policy.ResourceFor(u.GroupVersionKind())
	if u.GetNamespace() == "" {
		return r.client.Resource(gvr)
	}
	return r.client.Resource(gvr).Namespace(u.GetNamespace())
}

func (r *rehearsalWorld) create(content map[string]any, dry bool) error {
	r.Helper()
	options := metav1.CreateOptions{}
	if dry {
		options.DryRun = []string{metav1.DryRunAll}
	}
	_, err := r.resource(content).Create(r.Context(), &unstructured.Unstructured{Object: deepCopy(content)}, options)
	if !dry {
		must(r.T, err)
	}
	if err != nil && !strings.Contains(err.Error(), "forbidden") && !strings.Contains(err.Error(), "must be less than or equal to") {
		r.Fatalf("create: %v\n%v", err, content)
	}
	return err
}

func (r *rehearsalWorld) apply(content map[string]any) {
	r.Helper()
	u := &unstructured.Unstructured{Object: deepCopy(content)}
	_, err := r.resource(content).Apply(context.Background(), u.GetName(), u, metav1.ApplyOptions{FieldManager: "rehearsal", Force: true})
	must(r.T, err)
}

func deepCopy(content map[string]any) map[string]any {
	return (&unstructured.Unstructured{Object: content}).DeepCopy().Object
}
