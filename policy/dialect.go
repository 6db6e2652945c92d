package policy

import (
	"strconv"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"

	"github.com/plimsoll-io/plimsoll/finding"
)

// The dialect of the catalogue: a policy that says nothing beyond its violations can be judged together with others,
// since the validation, message and annotation follow from the list of violations alone.
const (
	dialectValidation = `variables.violations.size() == 0`
	dialectMessage    = `variables.violations.filter(v, variables.violations.indexOf(v) < 10).join(', ') + ` +
		`(variables.violations.size() > 10 ? ' and ' + string(variables.violations.size() - 10) + ' more' : '')`
	dialectAnnotation = `variables.violations.filter(v, variables.violations.indexOf(v) < 80).join('\n') + ` +
		`(variables.violations.size() > 80 ? '\n+' + string(variables.violations.size() - 80) : '')`
	inMessage, inAnnotation = 10, 80
)

// InDialect says whether the policy keeps to the dialect of the catalogue, and why not.
func (p *Policy) InDialect() (ok bool, why string) {
	spec := &p.Source.Spec
	m := spec.MatchConstraints
	switch {
	case spec.FailurePolicy != nil && *spec.FailurePolicy != admissionv1.Fail:
		return false, "failurePolicy is not Fail"
	case !emptySelector(m.NamespaceSelector) || !emptySelector(m.ObjectSelector) || len(m.ExcludeResourceRules) > 0:
		return false, "matchConstraints has more than resourceRules"
	case !p.hasViolations():
		return false, "there is no variable " + violationsVariable
	case len(spec.Validations) != 1 || folded(spec.Validations[0].Expression) != dialectValidation:
		return false, "the one validation is not " + dialectValidation
	case len(spec.AuditAnnotations) != 1 || spec.AuditAnnotations[0].Key != violationsVariable ||
		folded(spec.AuditAnnotations[0].ValueExpression) != dialectAnnotation:
		return false, "the one audit annotation has another form"
	}
	for _, r := range m.ResourceRules {
		if len(r.ResourceNames) > 0 || r.Scope != nil && *r.Scope != admissionv1.AllScopes {
			return false, "a resource rule has names or a scope"
		}
	}
	if _, ok := p.messagePrefix(); !ok {
		return false, "the messageExpression has another form"
	}
	return true, ""
}

// messagePrefix is the literal that the dialect's message starts with, "Container runs privileged: ".
func (p *Policy) messagePrefix() (prefix string, ok bool) {
	v := p.Source.Spec.Validations[0]
	literal, ok := strings.CutSuffix(folded(v.MessageExpression), " + "+dialectMessage)
	if !ok || v.Message != "" || v.Reason != nil || len(literal) < 2 {
		return "", false
	}
	prefix, opened := strings.CutPrefix(literal, "'")
	prefix, closed := strings.CutSuffix(prefix, "'")
	return prefix, opened && closed && !strings.ContainsAny(prefix, `'\`)
}

// Explain is what a policy in the dialect says about violations: its message, and its audit annotations by key. It
// equals what Evaluate returns, but for messages that are too long for an API server, which drops them.
func (p *Policy) Explain(violations []finding.Path) (message string, annotations map[string]string) {
	if len(violations) == 0 {
		return "", nil
	}
	prefix, _ := p.messagePrefix()
	message = prefix + joinFirst(violations, inMessage, ", ")
	if n := len(violations); n > inMessage {
		message += " and " + strconv.Itoa(n-inMessage) + " more"
	}
	text := joinFirst(violations, inAnnotation, "\n")
	if n := len(violations); n > inAnnotation {
		text += "\n+" + strconv.Itoa(n-inAnnotation)
	}
	return strings.TrimSpace(message), map[string]string{violationsVariable: strings.TrimSpace(text)}
}

// joinFirst joins the violations whose first occurrence is among the first n, as the dialect's expression does.
func joinFirst(violations []finding.Path, n int, separator string) string {
	var out []string
	early := map[finding.Path]bool{}
	for i, v := range violations {
		if i < n {
			early[v] = true
		}
		if early[v] {
			out = append(out, string(v))
		}
	}
	return strings.Join(out, separator)
}
