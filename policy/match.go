package policy

import (
	"cmp"
	"fmt"
	"slices"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Matches says whether the policy's resource rules cover the creation of this resource. Selectors are not considered:
// they need the object.
func (p *Policy) Matches(gvr schema.GroupVersionResource) bool {
	constraints := p.Source.Spec.MatchConstraints
	return constraints != nil && anyRule(constraints.ResourceRules, gvr, nil) && !anyRule(constraints.ExcludeResourceRules, gvr, everyName)
}

// everyName stands for "whatever the name is" in an exclude rule: a rule with names excludes only those.
var everyName = &subject{}

// A subject is what rules and selectors look at beyond the resource.
type subject struct {
	name       string
	namespaced bool
	operation  admissionv1.OperationType // "" means the creation
	labels     map[string]string
	oldLabels  map[string]string // nil where there is no old object
}

// anyRule says whether a rule covers what is done to the resource. Without a subject it is created, and names and scope
// are ignored.
func anyRule(rules []admissionv1.NamedRuleWithOperations, gvr schema.GroupVersionResource, s *subject) bool {
	return slices.ContainsFunc(rules, func(r admissionv1.NamedRuleWithOperations) bool {
		return covers(r, gvr, s.does()) && coversSubject(r, s)
	})
}

// does is the operation.
func (s *subject) does() admissionv1.OperationType {
	if s == nil {
		return admissionv1.Create
	}
	return cmp.Or(s.operation, admissionv1.Create)
}

func covers(r admissionv1.NamedRuleWithOperations, gvr schema.GroupVersionResource, does admissionv1.OperationType) bool {
	asked := slices.ContainsFunc(r.Operations, func(o admissionv1.OperationType) bool {
		return o == does || o == admissionv1.OperationAll
	})
	return asked && hasOrAll(r.APIGroups, gvr.Group) && hasOrAll(r.APIVersions, gvr.Version) &&
		(hasOrAll(r.Resources, gvr.Resource) || slices.Contains(r.Resources, "*/*"))
}

func coversSubject(r admissionv1.NamedRuleWithOperations, s *subject) bool {
	if s == nil {
		return true
	}
	if len(r.ResourceNames) > 0 && (s == everyName || !slices.Contains(r.ResourceNames, s.name)) {
		return false
	}
	if r.Scope == nil || *r.Scope == admissionv1.AllScopes {
		return true
	}
	return s != everyName && (*r.Scope == admissionv1.NamespacedScope) == s.namespaced
}

func hasOrAll(list []string, want string) bool {
	return slices.Contains(list, want) || slices.Contains(list, "*")
}

// applies decides whether the policy looks at this object at all, with every part of matchConstraints. An error means
// that it cannot be known, because the labels of the namespace are missing.
func (p *Policy) applies(in Input) (bool, error) {
	constraints := p.Source.Spec.MatchConstraints
	if constraints == nil {
		return false, nil
	}
	return covered(constraints, in.subject(), in)
}

// Selects says whether a ValidatingAdmissionPolicyBinding's matchResources, which narrow what the policy looks at,
// cover what is done to the object; nil covers everything. An error means that it cannot be known, because the labels
// of the namespace are missing.
func Selects(resources *admissionv1.MatchResources, in Input) (bool, error) {
	if resources == nil {
		return true, nil
	}
	narrowed := *resources
	if len(narrowed.ResourceRules) == 0 {
		all := []string{"*"}
		narrowed.ResourceRules = []admissionv1.NamedRuleWithOperations{{RuleWithOperations: admissionv1.RuleWithOperations{
			Operations: []admissionv1.OperationType{admissionv1.OperationAll},
			Rule:       admissionv1.Rule{APIGroups: all, APIVersions: all, Resources: all},
		}}}
	}
	return covered(&narrowed, in.subject(), in)
}

func (in Input) subject() *subject {
	s := &subject{
		name: in.meta("name"), namespaced: in.namespaced(), operation: in.Operation, labels: stringMap(in.metaMap("labels")),
	}
	if in.OldObject != nil && in.Object != nil {
		meta, _ := in.OldObject["metadata"].(map[string]any)
		old, _ := meta["labels"].(map[string]any)
		s.oldLabels = stringMap(old)
	}
	return s
}

func covered(constraints *admissionv1.MatchResources, s *subject, in Input) (bool, error) {
	if !anyRule(constraints.ResourceRules, in.Resource, s) || anyRule(constraints.ExcludeResourceRules, in.Resource, s) {
		return false, nil
	}
	ok, err := selects(constraints.ObjectSelector, s.labels)
	if !ok && err == nil && s.oldLabels != nil {
		ok, err = selects(constraints.ObjectSelector, s.oldLabels) // an update is looked at when either object is selected
	}
	if err != nil || !ok {
		return false, err
	}
	return namespaceSelected(constraints.NamespaceSelector, in, s)
}

func namespaceSelected(selector *metav1.LabelSelector, in Input, s *subject) (bool, error) {
	if emptySelector(selector) {
		return true, nil
	}
	if in.Kind.Group == "" && in.Kind.Kind == "Namespace" {
		return selects(selector, withName(s.labels, s.name))
	}
	if !s.namespaced {
		return true, nil
	}
	namespace := in.meta("namespace")
	if in.Namespace != nil {
		meta, _ := in.Namespace["metadata"].(map[string]any)
		known, _ := meta["labels"].(map[string]any)
		return selects(selector, withName(stringMap(known), namespace))
	}
	if !selectsByNameOnly(selector) {
		return false, fmt.Errorf("the policy selects namespaces by label, and the labels of namespace %q are not known", namespace)
	}
	return selects(selector, withName(nil, namespace))
}

// withName adds the label that every namespace has.
func withName(known map[string]string, name string) map[string]string {
	out := map[string]string{metav1LabelName: name}
	for k, v := range known {
		out[k] = v
	}
	return out
}

const metav1LabelName = "kubernetes.io/metadata.name"

func emptySelector(s *metav1.LabelSelector) bool {
	return s == nil || len(s.MatchLabels) == 0 && len(s.MatchExpressions) == 0
}

func selectsByNameOnly(s *metav1.LabelSelector) bool {
	for k := range s.MatchLabels {
		if k != metav1LabelName {
			return false
		}
	}
	return !slices.ContainsFunc(s.MatchExpressions, func(r metav1.LabelSelectorRequirement) bool { return r.Key != metav1LabelName })
}

func selects(s *metav1.LabelSelector, have map[string]string) (bool, error) {
	if emptySelector(s) {
		return true, nil
	}
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		return false, fmt.Errorf("read label selector: %w", err)
	}
	return selector.Matches(labels.Set(have)), nil
}

// content is the object; of a deletion, the one that is deleted.
func (in Input) content() map[string]any {
	if in.Object == nil {
		return in.OldObject
	}
	return in.Object
}

// meta is a string of the object's metadata.
func (in Input) meta(field string) string {
	meta, _ := in.content()["metadata"].(map[string]any)
	s, _ := meta[field].(string)
	return s
}

func (in Input) metaMap(field string) map[string]any {
	meta, _ := in.content()["metadata"].(map[string]any)
	m, _ := meta[field].(map[string]any)
	return m
}

// namespaced says whether the object lives in a namespace: known for built-in kinds, else by its metadata.
func (in Input) namespaced() bool {
	if e := find(in.Kind); e != nil {
		return e.namespaced
	}
	return in.meta("namespace") != ""
}

func stringMap(m map[string]any) map[string]string {
	out := make(map[string]string, len(m))
	for k, v := range m {
		if s, ok := v.(string); ok {
			out[k] = s
		}
	}
	return out
}
