package kyverno

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy"
)

// cel is a rule whose validations are CEL already.
func (c *ruleConversion) cel(vap *admissionv1.ValidatingAdmissionPolicy) {
	block := inventory.Map(c.validate, "cel")
	var read struct {
		Expressions      []admissionv1.Validation      `json:"expressions"`
		Variables        []admissionv1.Variable        `json:"variables"`
		AuditAnnotations []admissionv1.AuditAnnotation `json:"auditAnnotations"`
		ParamKind        *admissionv1.ParamKind        `json:"paramKind"`
	}
	if block == nil || !into(block, &read) {
		c.unsupported("validate.cel", "it has an unexpected form")
		return
	}
	for i, m := range inventory.Maps(c.content["celPreconditions"]) {
		before := len(vap.Spec.MatchConditions)
		c.copyCondition(vap, fmt.Sprintf("celPreconditions[%d]", i), m)
		c.skips = append(c.skips, vap.Spec.MatchConditions[before:]...)
	}
	if c.content["preconditions"] != nil {
		c.unsupported("preconditions", "Kyverno does not evaluate them in rules with validate.cel")
	}
	vap.Spec.ParamKind, vap.Spec.Variables, vap.Spec.AuditAnnotations = read.ParamKind, read.Variables, read.AuditAnnotations
	for _, v := range read.Expressions {
		v.Message = oneLine(v.Message)
		if v.Message == "" {
			v.Message = oneLine(inventory.String(c.validate, "message"))
		}
		if v.Message == "" && v.MessageExpression == "" {
			v.Message = "rule " + c.rule.Name + " of the policy " + c.policy.Object.Name + " is broken"
		}
		vap.Spec.Validations = append(vap.Spec.Validations, v)
	}
	if len(vap.Spec.Validations) == 0 {
		c.unsupported("validate.cel", "it has no expressions")
	}
	c.rule.isCEL = true
	c.probe(vap, never)
}

// paramRef is the reference to parameters of a rule that is CEL already.
func paramRef(validate map[string]any) *admissionv1.ParamRef {
	ref := inventory.Map(inventory.Map(validate, "cel"), "paramRef")
	out := &admissionv1.ParamRef{}
	if ref == nil || !into(ref, out) {
		return nil
	}
	return out
}

// readCEL converts a ValidatingPolicy, whose expressions are CEL already.
func (p *Policy) readCEL() {
	spec := inventory.Map(p.Object.Content, "spec")
	if mode := inventory.String(inventory.Map(spec, "evaluation"), "mode"); mode != "" && mode != "Kubernetes" {
		r := &Rule{Path: "spec.evaluation"}
		p.unsupported(r, "spec.evaluation.mode "+mode, "it judges other documents than objects of Kubernetes")
		p.Rules = append(p.Rules, r)
		return
	}
	p.Rules = append(p.Rules, p.convertCEL("", spec))
	for _, g := range celAutogen(spec) {
		p.Rules = append(p.Rules, p.convertCEL(g.name, g.spec))
	}
}

// convertCEL converts one specification; suffix tells those that Kyverno generates.
func (p *Policy) convertCEL(suffix string, spec map[string]any) *Rule {
	r := &Rule{Path: "spec", Generated: suffix}
	vap := &admissionv1.ValidatingAdmissionPolicy{}
	vap.APIVersion, vap.Kind = admissionv1.SchemeGroupVersion.String(), "ValidatingAdmissionPolicy"
	vap.Name, vap.Annotations = objectName(p.Object, suffix), origin(p.Object, suffix)
	taken := map[string]any{}
	for _, field := range []string{"matchConstraints", "matchConditions", "variables", "validations", "auditAnnotations", "failurePolicy"} {
		if spec[field] != nil {
			taken[field] = spec[field]
		}
	}
	if !into(taken, &vap.Spec) {
		p.unsupported(r, "spec", "it has an unexpected form")
		return r
	}
	if vap.Spec.MatchConstraints == nil || len(vap.Spec.MatchConstraints.ResourceRules) == 0 {
		p.unsupported(r, "spec.matchConstraints", "it names no resources")
		return r
	}
	r.reach = vap.DeepCopy()
	r.reach.Spec.MatchConditions, r.reach.Spec.Variables, r.reach.Spec.AuditAnnotations = nil, nil, nil
	r.reach.Spec.Validations = []admissionv1.Validation{{Expression: "true"}}
	if strings.HasPrefix(p.Object.Kind, "Namespaced") {
		own := admissionv1.MatchCondition{Name: "plimsoll.io/namespace", Expression: requestNamespace + " == " + quote(p.namespace())}
		vap.Spec.MatchConditions = append([]admissionv1.MatchCondition{own}, vap.Spec.MatchConditions...)
	}
	for i := range vap.Spec.Validations {
		v := &vap.Spec.Validations[i]
		v.Message = oneLine(v.Message)
		if v.Message == "" && strings.Contains(strings.TrimSpace(v.Expression), "\n") {
			v.Message = "the policy " + p.Object.Name + " is broken"
		}
	}
	if len(vap.Spec.Validations)+len(vap.Spec.AuditAnnotations) == 0 {
		p.unsupported(r, "spec.validations", "it has none")
		return r
	}
	if !p.compiles(r, vap) {
		return r
	}
	r.Admission = vap
	p.bindCEL(r, spec)
	return r
}

func (p *Policy) bindCEL(r *Rule, spec map[string]any) {
	var actions []admissionv1.ValidationAction
	for _, a := range texts(spec["validationActions"]) {
		actions = append(actions, admissionv1.ValidationAction(a))
	}
	if len(actions) == 0 {
		actions = []admissionv1.ValidationAction{admissionv1.Deny}
	}
	b := p.binding(r, r.Admission.Name, actions)
	admission := inventory.Map(inventory.Map(spec, "evaluation"), "admission")
	if enabled, given := admission["enabled"].(bool); given && !enabled {
		r.Warnings = append(r.Warnings, "the policy is not for admission (spec.evaluation.admission): there is no binding")
		return
	}
	r.Bindings = append(r.Bindings, b)
}

var undeclared = regexp.MustCompile(`undeclared reference to '([^']+)'`)

// kyvernoLibraries are the names that Kyverno adds to CEL, and why there is nothing for them in an API server.
var kyvernoLibraries = map[string]string{
	"resource": "it reads other objects of the cluster", "globalContext": "it reads other objects of the cluster",
	"http": "it calls other servers", "image": "it reads references to images by Kyverno's own library", "images": "it lists images by Kyverno's own library",
	"imageData": "it asks registries", "imagedata": "it asks registries", "exceptions": "it reads Kyverno's exceptions", "json": "it decodes texts by Kyverno's own library",
	"yaml": "it decodes texts by Kyverno's own library", "time": "expressions have no clock", "random": "expressions have no chance", "user": "it is Kyverno's own library",
	"parseServiceAccount": "it is Kyverno's own library", "isImage": "it is Kyverno's own library", "sha256": "it is Kyverno's own library", "sha1": "it is Kyverno's own library", "md5": "it is Kyverno's own library",
	"listObjToMap": "it is Kyverno's own library", "x509": "it is Kyverno's own library", "math": "it is Kyverno's own library",
}

// explain says which construct keeps an expression from compiling.
func explain(err error) (construct, reason string) {
	var e *policy.ExpressionError
	if !errors.As(err, &e) {
		return "policy", err.Error()
	}
	if m := undeclared.FindStringSubmatch(e.Message); m != nil {
		name, _, _ := strings.Cut(m[1], ".")
		if why, ok := kyvernoLibraries[name]; ok {
			return name + " in " + e.Path, "API servers do not know it: " + why
		}
		return m[1] + " in " + e.Path, "API servers do not know it"
	}
	return e.Path, "it does not compile: " + oneLine(e.Message)
}
