package kyverno

import (
	"fmt"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// requestNamespace is the namespace of a request as an expression.
const requestNamespace = `request.?namespace.orValue("")`

func (p *Policy) namespace() string {
	if p.Object.Namespace == "" {
		return "default"
	}
	return p.Object.Namespace
}

func failurePolicy(spec map[string]any) string {
	if f := inventory.String(inventory.Map(spec, "webhookConfiguration"), "failurePolicy"); f != "" {
		return f
	}
	return inventory.String(spec, "failurePolicy")
}

// bind makes the bindings of a rule: one, and one more for each override of its failure action.
func (p *Policy) bind(r *Rule, validate map[string]any) {
	spec := inventory.Map(p.Object.Content, "spec")
	action := inventory.String(validate, "failureAction")
	if action == "" {
		action = inventory.String(spec, "validationFailureAction")
	}
	overrides := inventory.Maps(validate["failureActionOverrides"])
	if len(overrides) == 0 {
		overrides = inventory.Maps(spec["validationFailureActionOverrides"])
	}
	warn, _ := spec["emitWarning"].(bool)
	base := p.binding(r, r.Admission.Name, actions(action, warn))
	base.Spec.ParamRef = paramRef(validate)
	r.Bindings = append(r.Bindings, base)
	var taken []string
	for i, o := range overrides {
		namespaces := texts(o["namespaces"])
		if len(namespaces) == 0 || o["namespaceSelector"] != nil || slices.ContainsFunc(namespaces, isWild) {
			r.Warnings = append(r.Warnings, fmt.Sprintf("failureActionOverrides[%d] is left out: bindings can only name namespaces", i))
			continue
		}
		namespaces = slices.DeleteFunc(namespaces, func(n string) bool { return slices.Contains(taken, n) }) // the first one wins
		if len(namespaces) == 0 {
			continue
		}
		taken = append(taken, namespaces...)
		b := p.binding(r, fmt.Sprintf("%s.override-%d", r.Admission.Name, i+1), actions(inventory.String(o, "action"), warn))
		b.Spec.ParamRef = base.Spec.ParamRef
		b.Spec.MatchResources = inNamespaces(metav1.LabelSelectorOpIn, namespaces)
		b.Spec.MatchResources.ResourceRules = namespacedOnly()
		r.Bindings = append(r.Bindings, b)
	}
	if len(taken) > 0 {
		base.Spec.MatchResources = inNamespaces(metav1.LabelSelectorOpNotIn, taken)
	}
	p.remarks(r, spec)
}

// remarks are what bindings and policies cannot say of the policy as a whole.
func (p *Policy) remarks(r *Rule, spec map[string]any) {
	if admission, given := spec["admission"].(bool); given && !admission {
		r.Bindings = nil
		r.Warnings = append(r.Warnings, "the policy is not for admission (spec.admission is false): there is no binding")
	}
	if inventory.String(spec, "applyRules") == "One" && len(inventory.List(spec, "rules")) > 1 {
		r.Warnings = append(r.Warnings, "every rule is judged: spec.applyRules One, which stops after the first that applies, has no equivalent")
	}
}

func (p *Policy) binding(r *Rule, name string, actions []admissionv1.ValidationAction) *admissionv1.ValidatingAdmissionPolicyBinding {
	b := &admissionv1.ValidatingAdmissionPolicyBinding{}
	b.APIVersion, b.Kind = admissionv1.SchemeGroupVersion.String(), "ValidatingAdmissionPolicyBinding"
	b.Name = name
	b.Annotations = origin(p.Object, r.Name)
	b.Spec.PolicyName = r.Admission.Name
	b.Spec.ValidationActions = actions
	return b
}

func inNamespaces(operator metav1.LabelSelectorOperator, namespaces []string) *admissionv1.MatchResources {
	return &admissionv1.MatchResources{NamespaceSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
		{Key: "kubernetes.io/metadata.name", Operator: operator, Values: namespaces},
	}}}
}

// namespacedOnly are all resources that live in namespaces: selectors of namespaces let all others pass.
func namespacedOnly() []admissionv1.NamedRuleWithOperations {
	scope := admissionv1.NamespacedScope
	return []admissionv1.NamedRuleWithOperations{{RuleWithOperations: admissionv1.RuleWithOperations{
		Operations: []admissionv1.OperationType{admissionv1.OperationAll},
		Rule:       admissionv1.Rule{APIGroups: []string{"*"}, APIVersions: []string{"*"}, Resources: []string{"*/*"}, Scope: &scope},
	}}}
}

// actions are what becomes of a failure: Kyverno's Audit only reports.
func actions(action string, warn bool) []admissionv1.ValidationAction {
	switch {
	case strings.EqualFold(action, "enforce"):
		return []admissionv1.ValidationAction{admissionv1.Deny}
	case warn:
		return []admissionv1.ValidationAction{admissionv1.Warn, admissionv1.Audit}
	}
	return []admissionv1.ValidationAction{admissionv1.Audit}
}

// deprecations are spellings that Kyverno itself gives up.
func (p *Policy) deprecations(spec map[string]any) {
	warn := func(s string) { p.Warnings = append(p.Warnings, s) }
	warn(p.Object.Kind + " is deprecated since Kyverno 1.17, in favour of ValidatingPolicy")
	switch action := inventory.String(spec, "validationFailureAction"); action {
	case "":
	case "enforce", "audit":
		warn("spec.validationFailureAction: " + action + " is deprecated: it is now validate.failureAction, written " + strings.ToUpper(action[:1]) + action[1:])
	default:
		warn("spec.validationFailureAction is deprecated in favour of validate.failureAction of each rule")
	}
	for _, r := range inventory.Maps(spec["rules"]) {
		for _, block := range []string{"match", "exclude"} {
			if inventory.Map(r, block)["resources"] != nil {
				warn("rule " + inventory.String(r, "name") + ": " + block + ".resources is deprecated: write it under " + block + ".any")
			}
		}
	}
}

// into decodes a JSON shape into a type; false where it does not fit.
func into(v, target any) bool { return json.Unmarshal(asJSON(v), target) == nil }
