package enforce

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/policy/admission"
)

// mostBindings bounds how many bindings a control may need: each of them costs the API server an evaluation.
const mostBindings = 16

// namespaceName is the label that the API server keeps on every namespace.
const namespaceName = "kubernetes.io/metadata.name"

// A class is a set of namespaces with the same exemptions.
type class struct {
	selector   *metav1.LabelSelector // nil selects everything
	kinds      []schema.GroupKind    // that its bindings are about; nil means all
	exemptions []exemption
}

// classes divides a scope by the exemptions that hold in its namespaces. The class of the namespaces that no exemption
// names comes first, and is about cluster-scoped objects too unless the scope names namespaces.
func classes(s Scope, what subject, exemptions []exemption) []class {
	general, named := []exemption{}, []string{}
	for _, e := range exemptions {
		if e.namespaces == nil {
			general = append(general, e)
		}
		for _, n := range e.namespaces {
			if len(s.Namespaces) == 0 && !slices.Contains(s.Excluded, n) || slices.Contains(s.Namespaces, n) {
				named = append(named, n)
			}
		}
	}
	named = sorted(named)
	var out []class
	if len(s.Namespaces) == 0 {
		out = append(out, class{selector: selector(metav1.LabelSelectorOpNotIn, sorted(append(slices.Clone(s.Excluded), named...))), exemptions: general})
	} else if rest := slices.DeleteFunc(slices.Clone(s.Namespaces), func(n string) bool { return slices.Contains(named, n) }); len(rest) > 0 {
		out = append(out, class{selector: selector(metav1.LabelSelectorOpIn, rest), kinds: what.within(), exemptions: general})
	}
	for _, names := range together(named, exemptions) {
		kinds := what.namespaced
		if len(s.Namespaces) > 0 {
			kinds = what.within()
		}
		out = append(out, class{selector: selector(metav1.LabelSelectorOpIn, names), kinds: kinds, exemptions: holding(names[0], exemptions)})
	}
	return out
}

// together groups namespaces in which the same exemptions hold.
func together(names []string, exemptions []exemption) [][]string {
	groups := map[string][]string{}
	var order []string
	for _, n := range names {
		key := ""
		for _, e := range exemptions {
			key += fmt.Sprint(e.namespaces == nil || slices.Contains(e.namespaces, n))
		}
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], n)
	}
	var out [][]string
	for _, key := range order {
		out = append(out, groups[key])
	}
	return out
}

func holding(namespace string, exemptions []exemption) []exemption {
	return slices.DeleteFunc(slices.Clone(exemptions), func(e exemption) bool {
		return e.namespaces != nil && !slices.Contains(e.namespaces, namespace)
	})
}

func selector(op metav1.LabelSelectorOperator, names []string) *metav1.LabelSelector {
	if len(names) == 0 {
		return nil
	}
	return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: namespaceName, Operator: op, Values: names}}}
}

// matches are the matchResources of the bindings that a class needs: none when everything in it is exempt. What is
// exempt is left out by rules (kinds and names) or by a selector (labels). An exemption by both is left out only where
// both fit, so that it takes one binding for what the rules do not fit and one for what the selector does not.
func (c class) matches(p *admissionv1.ValidatingAdmissionPolicy, what subject) []*admissionv1.MatchResources {
	kinds := what.kinds
	if c.kinds != nil {
		kinds = c.kinds
	}
	if len(kinds) == 0 || slices.ContainsFunc(c.exemptions, func(e exemption) bool { return e.everything(kinds) }) {
		return nil
	}
	base := &admissionv1.MatchResources{NamespaceSelector: c.selector}
	if len(kinds) < len(what.kinds) {
		base.ResourceRules = rules(p, what, kinds, nil)
	}
	var labelled []exemption
	for _, e := range c.exemptions {
		if len(e.labels) > 0 {
			labelled = append(labelled, e)
			continue
		}
		base.ExcludeResourceRules = append(base.ExcludeResourceRules, rules(p, what, e.kinds, e.names)...)
	}
	out := []*admissionv1.MatchResources{base}
	for _, e := range labelled {
		var next []*admissionv1.MatchResources
		for _, m := range out {
			next = append(next, split(m, e, p, what, kinds)...)
		}
		if out = next; len(out) > mostBindings {
			return out
		}
	}
	return out
}

// split divides what m matches by an exemption with labels.
func split(m *admissionv1.MatchResources, e exemption, p *admissionv1.ValidatingAdmissionPolicy, what subject, kinds []schema.GroupKind) []*admissionv1.MatchResources {
	var out []*admissionv1.MatchResources
	if len(e.names) > 0 || !e.hasAll(kinds) {
		other := m.DeepCopy()
		other.ExcludeResourceRules = append(other.ExcludeResourceRules, rules(p, what, e.kinds, e.names)...)
		out = append(out, other)
	}
	for _, key := range slices.Sorted(maps.Keys(e.labels)) {
		other := m.DeepCopy()
		if other.ObjectSelector == nil {
			other.ObjectSelector = &metav1.LabelSelector{}
		}
		other.ObjectSelector.MatchExpressions = append(other.ObjectSelector.MatchExpressions,
			metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpNotIn, Values: []string{e.labels[key]}})
		out = append(out, other)
	}
	return out
}

// rules are the policy's own rules, for some kinds (nil for all) and names (none for all).
func rules(p *admissionv1.ValidatingAdmissionPolicy, what subject, kinds []schema.GroupKind, names []string) []admissionv1.NamedRuleWithOperations {
	var out []admissionv1.NamedRuleWithOperations
	for _, r := range p.Spec.MatchConstraints.ResourceRules {
		one := *r.DeepCopy()
		one.Resources = slices.DeleteFunc(one.Resources, func(resource string) bool {
			gk, known := resourceKind(what.kinds, one.APIGroups[0], one.APIVersions[0], resource)
			return kinds != nil && (!known || !slices.Contains(kinds, gk))
		})
		one.ResourceNames = names
		if len(one.Resources) > 0 {
			out = append(out, one)
		}
	}
	return out
}

// A record is what a binding remembers of its installation, so that all of it can be made again.
type record struct {
	control control.Control
	stage   Stage
	scope   Scope // of the control
	grants  []Grant
	digest  string
	params  string // namespace of the parameters
}

// bindings are the binding objects of a record.
func (r record) bindings(exemptions []exemption) ([]map[string]any, error) {
	what := about(r.control)
	var matches []*admissionv1.MatchResources
	for _, c := range classes(r.scope, what, exemptions) {
		matches = append(matches, c.matches(r.control.Policy.Source, what)...)
		if len(matches) > mostBindings {
			return nil, fmt.Errorf("the exceptions for %s need more than %d bindings: choose by fewer labels, or by namespaces", r.control.ID, mostBindings)
		}
	}
	var out []map[string]any
	for i, m := range matches {
		b, err := r.binding(i, m)
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

func (r record) binding(i int, m *admissionv1.MatchResources) (map[string]any, error) {
	name := policyPrefix + r.control.ID + "-" + string(r.stage)
	if i > 0 {
		name += fmt.Sprintf("-%d", i+1)
	}
	spec := admissionv1.ValidatingAdmissionPolicyBindingSpec{
		PolicyName: r.control.Policy.Source.Name, ValidationActions: r.stage.actions(), MatchResources: m,
	}
	if m.NamespaceSelector == nil && m.ObjectSelector == nil && len(m.ResourceRules)+len(m.ExcludeResourceRules) == 0 {
		spec.MatchResources = nil
	}
	if r.control.Policy.Source.Spec.ParamKind != nil {
		allow := admissionv1.AllowAction
		spec.ParamRef = &admissionv1.ParamRef{Name: policyPrefix + r.control.ID, Namespace: r.params, ParameterNotFoundAction: &allow}
	}
	content, err := shape(spec)
	if err != nil {
		return nil, err
	}
	notes := map[string]any{digestNote: r.digest}
	// Exceptions are written when there are none, too: what somebody else puts there is then a conflict.
	for key, value := range map[string]any{scopeNote: r.scope, exceptionsNote: append([]Grant{}, r.grants...)} {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		notes[key] = string(text)
	}
	if spec.ParamRef != nil {
		notes[paramsNote] = r.params
	}
	return map[string]any{
		"apiVersion": admission.Group + "/v1", "kind": admission.ValidatingBindingKind,
		"metadata": map[string]any{
			"name":        name,
			"labels":      map[string]any{ManagedBy: Owner, controlLabel: r.control.ID, stageLabel: string(r.stage)},
			"annotations": notes,
		},
		"spec": content,
	}, nil
}

// shape is a value as JSON shapes.
func shape(v any) (map[string]any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	return out, decoder.Decode(&out)
}
