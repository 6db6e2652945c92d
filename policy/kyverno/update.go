package kyverno

import (
	"bytes"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// unlessBefore is the validation of a rule: what it allows, and updates of objects that broke the rule before, which an
// enforcing rule of Kyverno lets through. Where a change could bring an object under the rule, it is not let through.
func (c *ruleConversion) unlessBefore(vap *admissionv1.ValidatingAdmissionPolicy, allowed expr) string {
	if !c.letsThrough() {
		return lines(allowed)
	}
	simple := c.validate["pattern"] != nil || c.validate["anyPattern"] != nil
	whole := len(vap.Spec.MatchConditions) == 0 || c.policy.Object.Kind == "Policy" && c.selection.condition == always && len(vap.Spec.MatchConditions) == 1
	if !simple || !whole || c.before != "" || bytes.Contains(asJSON(c.validate), []byte("{{")) {
		c.rule.Warnings = append(c.rule.Warnings, "updates of objects that break the rule already are refused, too: Kyverno lets them through (allowExistingViolations)")
		return lines(allowed)
	}
	old, ok := c.checks(c.scope, c.validate, value{expr: "oldObject", shape: typesOf(c.selection.kinds)})
	if !ok {
		return lines(allowed)
	}
	vap.Spec.Variables = append(vap.Spec.Variables, admissionv1.Variable{
		Name:       "brokenBefore",
		Expression: `request.operation == "UPDATE" && oldObject != null && ` + not(old.allowed).at(tieAnd),
	})
	return "variables.brokenBefore ||\n" + lines(expr{allowed.at(tieAnd), allowed.tie})
}

// letsThrough says whether Kyverno lets updates through that change nothing for the better.
func (c *ruleConversion) letsThrough() bool {
	action := inventory.String(c.validate, "failureAction")
	if action == "" {
		action = inventory.String(c.spec, "validationFailureAction")
	}
	allow, given := c.validate["allowExistingViolations"].(bool)
	if !strings.EqualFold(action, "enforce") || given && !allow {
		return false
	}
	return slices.ContainsFunc(c.selection.rules, func(r admissionv1.NamedRuleWithOperations) bool {
		return slices.Contains(r.Operations, admissionv1.Update)
	})
}
