package control

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy"
	"github.com/plimsoll-io/plimsoll/policy/podsecurity"
)

// An admission answers whether the cluster itself would refuse a pod: by the Pod Security labels of the namespace, and
// by the ValidatingAdmissionPolicies that are bound to deny. Where it is not sure it says that nothing refuses, since a
// refusal takes a danger out of sight.
type admission struct {
	facts    *Facts
	standard map[string]*podsecurity.Evaluator // by version; nil for a version that cannot be read
	bound    []boundPolicy
}

type boundPolicy struct {
	policy  *policy.Policy
	binding *admissionv1.ValidatingAdmissionPolicyBinding
	params  map[string]any
}

func newAdmission(f *Facts) *admission {
	return &admission{facts: f, standard: map[string]*podsecurity.Evaluator{}, bound: boundPolicies(f)}
}

// refused judges a pod as if it were created in the namespace. It is not safe for concurrent use.
func (a *admission) refused(pod map[string]any, namespace string) (refused bool, why string) {
	object := a.facts.Get("", "Namespace", "", namespace)
	if object == nil {
		return false, ""
	}
	if refused, why = a.byStandard(pod, object); refused {
		return true, why
	}
	if len(inventory.List(pod, "spec", "ephemeralContainers")) > 0 {
		return false, "" // made by an update of a subresource, which policies that see pods created need not see
	}
	in := policy.Input{
		Object: pod, Kind: schema.GroupVersionKind{Version: "v1", Kind: "Pod"},
		Resource: schema.GroupVersionResource{Version: "v1", Resource: "pods"}, Namespace: object.Content,
	}
	for _, b := range a.bound {
		if covered, err := policy.Selects(b.binding.Spec.MatchResources, in); err != nil || !covered {
			continue
		}
		in.Params = b.params
		if v := b.policy.Evaluate(context.Background(), in); v.Denied && v.Err == nil {
			return true, "ValidatingAdmissionPolicy " + b.policy.Source.Name + " denies it"
		}
	}
	return false, ""
}

// byStandard reads the labels by which Pod Security admission enforces a standard.
func (a *admission) byStandard(pod map[string]any, namespace *inventory.Object) (refused bool, why string) {
	labels := namespace.Labels()
	level, version := labels["pod-security.kubernetes.io/enforce"], labels["pod-security.kubernetes.io/enforce-version"]
	if level != "baseline" && level != "restricted" {
		return false, ""
	}
	evaluator, known := a.standard[version]
	if !known {
		var err error
		if evaluator, err = podsecurity.New(version); err != nil {
			evaluator = nil // an API server takes the newest standard and warns; so do we not decide
		}
		a.standard[version] = evaluator
	}
	if evaluator == nil {
		return false, ""
	}
	verdict, err := evaluator.Judge(inventory.Map(pod, "metadata"), inventory.Map(pod, "spec"))
	if err != nil {
		return false, ""
	}
	violations := verdict.Baseline
	if level == "restricted" {
		violations = verdict.Restricted
	}
	if len(violations) == 0 {
		return false, ""
	}
	return true, fmt.Sprintf("Pod Security level %s of namespace %s refuses it: %s", level, namespace.Name, violations[0].Check)
}

// boundPolicies are the policies of the inventory that deny, with each of their bindings. Those whose parameters are
// not plainly there are left out.
func boundPolicies(f *Facts) []boundPolicy {
	const group = "admissionregistration.k8s.io"
	var out []boundPolicy
	compiled := map[string]*policy.Policy{}
	for _, o := range f.Of(group, "ValidatingAdmissionPolicyBinding") {
		var binding admissionv1.ValidatingAdmissionPolicyBinding
		if !decodeInto(o, &binding) || !slices.Contains(binding.Spec.ValidationActions, admissionv1.Deny) {
			continue
		}
		name := binding.Spec.PolicyName
		p, known := compiled[name]
		if !known {
			p = readPolicy(f.Get(group, "ValidatingAdmissionPolicy", "", name))
			compiled[name] = p
		}
		if p == nil || !p.Matches(schema.GroupVersionResource{Version: "v1", Resource: "pods"}) {
			continue
		}
		if params, ok := paramsOf(f, p, &binding); ok {
			out = append(out, boundPolicy{p, &binding, params})
		}
	}
	return out
}

func readPolicy(o *inventory.Object) *policy.Policy {
	if o == nil {
		return nil
	}
	text, err := json.Marshal(withoutServerFields(o.Content))
	if err != nil {
		return nil
	}
	p, err := policy.Parse(text)
	if err != nil {
		return nil
	}
	return p
}

// withoutServerFields drops what only the API server writes.
func withoutServerFields(content map[string]any) map[string]any {
	out := make(map[string]any, len(content))
	for k, v := range content {
		if k != "status" {
			out[k] = v
		}
	}
	return out
}

func paramsOf(f *Facts, p *policy.Policy, b *admissionv1.ValidatingAdmissionPolicyBinding) (map[string]any, bool) {
	kind, ref := p.Source.Spec.ParamKind, b.Spec.ParamRef
	if kind == nil {
		return nil, true
	}
	if ref == nil || ref.Name == "" {
		return nil, false
	}
	gv, err := schema.ParseGroupVersion(kind.APIVersion)
	if err != nil {
		return nil, false
	}
	if o := f.Get(gv.Group, kind.Kind, ref.Namespace, ref.Name); o != nil {
		return o.Content, true
	}
	return nil, false
}

func decodeInto(o *inventory.Object, out any) bool {
	text, err := json.Marshal(o.Content)
	return err == nil && json.Unmarshal(text, out) == nil
}
