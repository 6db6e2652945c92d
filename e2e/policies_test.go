package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	k8sjson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy"
)

// A request is one object on its way to the API server.
type request struct {
	tc     testCase
	object *inventory.Object
	id     string // of its audit event
	params map[string]map[string]any
	answer map[string]any // the object as the API server would keep it; nil when refused
	err    error
	// ephemeral says that the object went in through pods/ephemeralcontainers.
	ephemeral bool
}

// reaches says whether the API server shows the object to a policy, by the way it went in.
func (r *request) reaches(c control.Control) bool {
	if !r.ephemeral {
		return true
	}
	return slices.ContainsFunc(c.Policy.Source.Spec.MatchConstraints.ResourceRules, func(rule admissionv1.NamedRuleWithOperations) bool {
		return slices.Contains(rule.Resources, "pods/ephemeralcontainers")
	})
}

func (r *request) String() string {
	return fmt.Sprintf("%s (%s) %s", r.tc.control, r.tc.name, r.object.Ref)
}

// TestPoliciesAgreeWithTheAPIServer sends every object of the catalogue's test data to an API server with every policy
// installed, and compares what it says with what the offline engine says: of the object as written, and of the object
// as the API server would keep it.
func TestPoliciesAgreeWithTheAPIServer(t *testing.T) {
	c := controlplane.Start(t, controlplane.Options{Minor: *minor})
	controls := policyControls(t)
	requests := prepareRequests(t, c)
	b := &bindings{c: c}
	b.install(t, controls, admissionv1.Audit)

	var ids []string
	for i, r := range requests {
		withParams(t, c, controls, r)
		r.send(t.Context(), c, fmt.Sprintf("audit-%d", i))
		ids = append(ids, r.id)
	}
	events := auditLog(t, c, ids)
	compared := comparison{t: t, c: c, controls: controls, namespaces: map[string]map[string]any{}}
	for _, r := range requests {
		if refused := r.refusal(); refused != "" {
			compared.refused = append(compared.refused, r.String()+": "+refused)
			continue
		}
		compared.request(r, events[r.id])
	}
	compared.report(len(requests))

	b.act(t, controls, admissionv1.Deny, admissionv1.Audit)
	denied := 0
	for i, r := range requests {
		if r.refusal() != "" || r.tc.settings != nil || r.ephemeral { // a Pod for ephemeral containers is denied before they come
			continue
		}
		failing := failing(events[r.id])
		r.send(t.Context(), c, fmt.Sprintf("deny-%d", i))
		switch {
		case len(failing) == 0 && r.err != nil && !apierrors.IsAlreadyExists(r.err):
			t.Errorf("%s is denied, though no policy objects: %v", r, r.err)
		case len(failing) > 0 && !slices.ContainsFunc(failing, func(v verdict) bool { return r.err != nil && (v.Silent || strings.Contains(r.err.Error(), v.Message)) }):
			t.Errorf("%s is not denied with the message of a policy: %v", r, r.err)
		}
		if len(failing) > 0 {
			denied++
		}
	}
	t.Logf("%d objects denied with the message of a policy", denied)
}

func failing(verdicts map[string]verdict) []verdict {
	var out []verdict
	for name := range maps.Keys(verdicts) {
		if verdicts[name].Denied {
			out = append(out, verdicts[name])
		}
	}
	return out
}

// prepareRequests makes what objects need before they can be sent: namespaces and service accounts.
func prepareRequests(t *testing.T, c *controlplane.ControlPlane) []*request {
	t.Helper()
	if err := ensureNamespace(t.Context(), c, paramNamespace); err != nil {
		t.Fatal(err)
	}
	var requests []*request
	made := map[string]bool{}
	for _, tc := range testCases(t) {
		for _, o := range tc.objects {
			requests = append(requests, &request{tc: tc, object: o})
			if o.Namespace == "" || made[o.Namespace] {
				continue
			}
			made[o.Namespace] = true
			if err := ensureNamespace(t.Context(), c, o.Namespace); err != nil {
				t.Logf("namespace %q: %v", o.Namespace, err)
			}
		}
	}
	for _, r := range requests {
		name := inventory.String(r.object.Content, "spec", "serviceAccountName")
		if name == "" {
			name = inventory.String(r.object.Content, "spec", "serviceAccount") // the same in its old form
		}
		if r.object.Kind != "Pod" || name == "" {
			continue
		}
		if err := ensureAccount(t.Context(), c, r.object.Namespace, name); err != nil {
			t.Logf("service account %q: %v", name, err)
		}
	}
	return requests
}

// withParams makes the API server see the parameters of a request's case, and no others.
func withParams(t *testing.T, c *controlplane.ControlPlane, controls []control.Control, r *request) {
	t.Helper()
	var settings control.Settings
	if err := yaml.Unmarshal(r.tc.settings, &settings); err != nil { // audit logs and people are nothing for a policy
		t.Fatal(err)
	}
	r.params = map[string]map[string]any{}
	maps := c.Client.CoreV1().ConfigMaps(paramNamespace)
	for _, p := range controls {
		if p.Policy.Source.Spec.ParamKind == nil {
			continue
		}
		name := p.Policy.Source.Name
		err := maps.Delete(t.Context(), name, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			t.Fatal(err)
		}
		data, ok := settings.Params[p.ID]
		if !ok {
			if err == nil { // the policy sees a moment later that it is gone
				r.awaitParams(t, c, p)
			}
			continue
		}
		made, err := maps.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: data}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		made.APIVersion, made.Kind = "v1", "ConfigMap"
		r.params[p.ID] = toMap(t, made)
		r.awaitParams(t, c, p)
	}
}

// awaitParams sends the object until the policy says what it says offline: parameters reach it a moment later. If it
// never does, the comparison will tell.
func (r *request) awaitParams(t *testing.T, c *controlplane.ControlPlane, p control.Control) {
	t.Helper()
	want := evaluate(t.Context(), p, r, r.object.Content, nil)
	n := 0
	_ = controlplane.Wait(5*time.Second, func() error {
		n++
		r.send(t.Context(), c, fmt.Sprintf("params-%s-%d-%s", p.ID, n, r.tc.name))
		if got := auditLog(t, c, []string{r.id})[r.id][p.Policy.Source.Name]; got.Denied != want.Denied {
			return fmt.Errorf("denied: %v", got.Denied)
		}
		return nil
	})
}

// send posts the object without keeping it. Every admission step runs, and its audit event is written.
func (r *request) send(ctx context.Context, c *controlplane.ControlPlane, id string) {
	r.id, r.answer = strings.NewReplacer(" ", "-", ":", "").Replace(id), nil
	gvk := schema.FromAPIVersionAndKind(r.object.APIVersion, r.object.Kind)
	path := []string{"/apis", gvk.Group, gvk.Version}
	if gvk.Group == "" {
		path = []string{"/api", gvk.Version}
	}
	content := r.object.Content
	if r.object.Namespace != "" {
		path = append(path, "namespaces", r.object.Namespace)
		content = maps.Clone(content)
		meta := maps.Clone(inventory.Map(content, "metadata"))
		if meta == nil {
			meta = map[string]any{}
		}
		meta["namespace"] = r.object.Namespace
		content["metadata"] = meta
	}
	body, err := json.Marshal(content)
	if err != nil {
		r.err = err
		return
	}
	post := c.Client.RESTClient().Post().AbsPath(append(path, policy.ResourceFor(gvk).Resource)...)
	if r.err = r.dryRun(ctx, post, body); r.err != nil && strings.Contains(r.err.Error(), "ephemeralContainers: Forbidden") {
		r.err = r.addEphemeral(ctx, c, content)
	}
}

// dryRun sends a request that changes nothing and reads the answer.
func (r *request) dryRun(ctx context.Context, send *rest.Request, body []byte) error {
	result := send.Param("dryRun", "All").SetHeader("Audit-ID", r.id).SetHeader("Content-Type", "application/json").
		SetHeader("Accept", "application/json").Body(body).Do(ctx)
	if err := result.Error(); err != nil {
		return err
	}
	answer, err := result.Raw()
	if err != nil {
		return err
	}
	return k8sjson.Unmarshal(answer, &r.answer)
}

// addEphemeral makes a Pod without its ephemeral containers and then sends them: no Pod can be made with them.
func (r *request) addEphemeral(ctx context.Context, c *controlplane.ControlPlane, content map[string]any) error {
	r.ephemeral = true
	bare := runtime.DeepCopyJSON(content)
	spec := inventory.Map(bare, "spec")
	containers := spec["ephemeralContainers"]
	delete(spec, "ephemeralContainers")
	body, err := json.Marshal(bare)
	if err != nil {
		return err
	}
	pods := []string{"/api/v1/namespaces", r.object.Namespace, "pods"}
	made, err := c.Client.RESTClient().Post().AbsPath(pods...).SetHeader("Content-Type", "application/json").
		SetHeader("Accept", "application/json").SetHeader("Audit-ID", r.id+"-bare").Body(body).Do(ctx).Raw()
	if err != nil {
		return err
	}
	defer func() {
		now := int64(0)
		_ = c.Client.CoreV1().Pods(r.object.Namespace).Delete(ctx, r.object.Name, metav1.DeleteOptions{GracePeriodSeconds: &now})
	}()
	whole := map[string]any{}
	if err := k8sjson.Unmarshal(made, &whole); err != nil {
		return err
	}
	inventory.Map(whole, "spec")["ephemeralContainers"] = containers
	if body, err = json.Marshal(whole); err != nil {
		return err
	}
	return r.dryRun(ctx, c.Client.RESTClient().Put().AbsPath(append(pods, r.object.Name, "ephemeralcontainers")...), body)
}

// refusal says why an object never came to the policies, "" if it did. One that is already there did.
func (r *request) refusal() string {
	if r.err == nil || apierrors.IsAlreadyExists(r.err) {
		return ""
	}
	return r.err.Error()
}

// evaluate judges an object offline.
func evaluate(ctx context.Context, c control.Control, r *request, content, namespace map[string]any) policy.Verdict {
	gvk := schema.FromAPIVersionAndKind(r.object.APIVersion, r.object.Kind)
	return c.Policy.Evaluate(ctx, policy.Input{
		Object: content, Kind: gvk, Resource: policy.ResourceFor(gvk), Namespace: namespace, Params: r.params[c.ID],
	})
}

func toMap(t *testing.T, v any) map[string]any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := k8sjson.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
