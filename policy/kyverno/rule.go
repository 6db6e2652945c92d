package kyverno

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy"
	"github.com/plimsoll-io/plimsoll/policy/kyverno/jmespath"
)

// readRules converts the rules of a ClusterPolicy or Policy.
func (p *Policy) readRules() {
	spec := inventory.Map(p.Object.Content, "spec")
	rules := inventory.List(spec, "rules")
	p.deprecations(spec)
	if len(rules) == 0 {
		r := &Rule{Path: "spec"}
		p.unsupported(r, "spec.rules", "the policy has no rules")
		p.Rules = append(p.Rules, r)
		return
	}
	controllers := autogenControllers(p.Object, inventory.Maps(spec["rules"]))
	for i, item := range rules {
		path := finding.Path(fmt.Sprintf("spec.rules[%d]", i))
		rule, ok := item.(map[string]any)
		if !ok {
			r := &Rule{Path: path}
			p.unsupported(r, "spec.rules", "the rule is no object")
			p.Rules = append(p.Rules, r)
			continue
		}
		p.Rules = append(p.Rules, p.convertRule(path, rule))
		for _, generated := range autogenRules(rule, controllers) {
			p.Rules = append(p.Rules, p.convertRule(path, generated))
		}
	}
}

// A ruleConversion is the work on one rule.
type ruleConversion struct {
	generator
	policy   *Policy
	spec     map[string]any // of the policy
	content  map[string]any // of the rule
	validate map[string]any
	rule     *Rule

	selection selection
	scope     jmespath.Scope
	variables []admissionv1.Variable
	// before is the condition on which the rule applies that cannot stand in matchConditions; its skip is Kyverno's.
	before string
	// skips are the conditions that Kyverno skips the rule for.
	skips []admissionv1.MatchCondition
}

func (p *Policy) convertRule(path finding.Path, content map[string]any) *Rule {
	r := &Rule{Name: inventory.String(content, "name"), Path: path}
	c := &ruleConversion{
		policy: p, spec: inventory.Map(p.Object.Content, "spec"), content: content, rule: r, validate: inventory.Map(content, "validate"),
	}
	c.report = func(construct, reason string) { p.unsupported(r, construct, reason) }
	c.convert()
	return r
}

// The sorts of rules that do not validate.
var otherSorts = map[string]string{
	"mutate": "it changes objects", "generate": "it makes objects", "verifyImages": "it asks registries for signatures",
}

func (c *ruleConversion) convert() {
	for _, sort := range []string{"mutate", "generate", "verifyImages"} {
		if c.content[sort] != nil {
			c.unsupported(sort, otherSorts[sort]+": only validate rules are converted")
			return
		}
	}
	if len(c.validate) == 0 {
		c.unsupported("validate", "the rule validates nothing")
		return
	}
	c.selection = c.generator.selection(c.content, c.operations())
	c.scope = jmespath.NewScope()
	c.scope.Deletes = c.selection.deletes
	vap := c.frame()
	c.rule.reach = vap.DeepCopy()
	c.rule.reach.Spec.Validations = []admissionv1.Validation{{Expression: "true"}}
	switch {
	case c.validate["manifests"] != nil:
		c.unsupported("validate.manifests", "signatures of manifests are not checked by expressions")
	case c.validate["podSecurity"] != nil:
		c.podSecurity(vap)
	case c.validate["cel"] != nil:
		c.cel(vap)
	default:
		c.conditions(vap)
		c.resource(vap)
	}
	c.finish(vap)
}

// operations are what a rule looks at when it does not say.
func (c *ruleConversion) operations() []admissionv1.OperationType {
	usual := []admissionv1.OperationType{admissionv1.Create, admissionv1.Update}
	if c.validate["deny"] == nil && c.validate["foreach"] == nil {
		return usual
	}
	text, _ := json.Marshal(c.content)
	if strings.Contains(string(text), "request.operation") || strings.Contains(string(text), "request.oldObject") {
		return append(usual, admissionv1.Delete)
	}
	return usual
}

// frame is the policy without its validations.
func (c *ruleConversion) frame() *admissionv1.ValidatingAdmissionPolicy {
	vap := &admissionv1.ValidatingAdmissionPolicy{}
	vap.APIVersion, vap.Kind = admissionv1.SchemeGroupVersion.String(), "ValidatingAdmissionPolicy"
	vap.Name = objectName(c.policy.Object, c.rule.Name)
	vap.Annotations = origin(c.policy.Object, c.rule.Name)
	fail := admissionv1.Fail
	if failurePolicy(c.spec) == "Ignore" {
		fail = admissionv1.Ignore
	}
	vap.Spec.FailurePolicy = &fail
	vap.Spec.MatchConstraints = &admissionv1.MatchResources{ResourceRules: c.selection.rules}
	condition := c.selection.condition
	if c.policy.Object.Kind == "Policy" {
		condition = and(relation(requestNamespace+" == "+quote(c.policy.namespace())), condition)
	}
	if condition != always {
		c.match(vap, "match", condition.text)
	}
	for i, m := range inventory.Maps(inventory.Map(c.spec, "webhookConfiguration")["matchConditions"]) {
		c.copyCondition(vap, fmt.Sprintf("spec.webhookConfiguration.matchConditions[%d]", i), m)
	}
	return vap
}

func (c *ruleConversion) match(vap *admissionv1.ValidatingAdmissionPolicy, name, expression string) {
	vap.Spec.MatchConditions = append(vap.Spec.MatchConditions, admissionv1.MatchCondition{Name: name, Expression: expression})
}

// copyCondition takes over a condition that is CEL already.
func (c *ruleConversion) copyCondition(vap *admissionv1.ValidatingAdmissionPolicy, construct string, m map[string]any) {
	name, expression := inventory.String(m, "name"), inventory.String(m, "expression")
	if expression == "" {
		c.unsupported(construct, "it has no expression")
		return
	}
	same := func(m admissionv1.MatchCondition) bool { return m.Name == name }
	for n := 2; name == "" || slices.ContainsFunc(vap.Spec.MatchConditions, same); n++ {
		name = strings.TrimLeft(fmt.Sprintf("%s-%d", inventory.String(m, "name"), n), "-")
	}
	c.match(vap, name, expression)
}

// conditions are the context, and what must hold for the rule to apply.
func (c *ruleConversion) conditions(vap *admissionv1.ValidatingAdmissionPolicy) {
	for i, m := range inventory.Maps(c.content["celPreconditions"]) {
		before := len(vap.Spec.MatchConditions)
		c.copyCondition(vap, fmt.Sprintf("celPreconditions[%d]", i), m)
		c.skips = append(c.skips, vap.Spec.MatchConditions[before:]...)
	}
	scope, variables, err := c.scope.Context(inventory.List(c.content, "context"))
	if err != nil {
		c.refused(err)
		return
	}
	c.scope = scope
	for _, v := range variables {
		c.variables = append(c.variables, admissionv1.Variable{Name: v.Name, Expression: v.Expression})
	}
	if c.content["preconditions"] == nil {
		return
	}
	condition, err := c.scope.Conditions(c.content["preconditions"])
	if err != nil {
		c.refused(err)
		return
	}
	if strings.Contains(condition.CEL, "variables.") {
		c.before = condition.CEL
		return
	}
	if condition.CEL != "true" {
		c.match(vap, "preconditions", condition.CEL)
		c.skips = append(c.skips, vap.Spec.MatchConditions[len(vap.Spec.MatchConditions)-1])
	}
}

// refused notes what the translation of a condition or variable cannot say.
func (c *ruleConversion) refused(err error) {
	u, ok := err.(*jmespath.Unsupported) //nolint:errorlint // every error of the package is one
	if !ok {
		c.unsupported("expression", err.Error())
		return
	}
	c.unsupported(u.Construct, u.Reason)
}

// resource are rules with patterns, denials or loops.
func (c *ruleConversion) resource(vap *admissionv1.ValidatingAdmissionPolicy) {
	root := value{expr: "object", shape: typesOf(c.selection.kinds)}
	o, ok := c.checks(c.scope, c.validate, root)
	if !ok {
		return
	}
	if c.before != "" {
		before := expr{c.before, tieTernary}
		o = outcome{or(not(before), o.allowed), or(not(before), o.skipped)}
	}
	vap.Spec.Variables = c.variables
	validation := admissionv1.Validation{Expression: c.unlessBefore(vap, o.allowed)}
	c.message(&validation)
	vap.Spec.Validations = []admissionv1.Validation{validation}
	c.probe(vap, o.skipped)
}

// checks are what a rule or an element of a loop has to meet.
func (c *ruleConversion) checks(scope jmespath.Scope, v map[string]any, element value) (outcome, bool) {
	switch {
	case v["deny"] != nil:
		return c.deny(scope, v["deny"])
	case v["pattern"] != nil:
		p, ok := c.substitute(scope, v["pattern"], "pattern")
		return c.pattern(element, p), ok
	case v["anyPattern"] != nil:
		return c.anyPattern(scope, v["anyPattern"], element)
	case v["foreach"] != nil:
		return c.loops(scope, v["foreach"])
	}
	c.unsupported("validate", "it has no pattern, anyPattern, deny, foreach, podSecurity or cel")
	return failed, false
}

func (c *ruleConversion) deny(scope jmespath.Scope, deny any) (outcome, bool) {
	d, ok := deny.(map[string]any)
	if !ok {
		c.unsupported("validate.deny", "it is no object")
		return failed, false
	}
	conditions := d["conditions"]
	if conditions == nil {
		return failed, true // nothing keeps it from denying
	}
	condition, err := scope.Conditions(conditions)
	if err != nil {
		c.refused(err)
		return failed, false
	}
	return outcome{not(expr{condition.CEL, tieTernary}), never}, true
}

// anyPattern is met when one of its patterns is; it is skipped when all are.
func (c *ruleConversion) anyPattern(scope jmespath.Scope, patterns any, element value) (outcome, bool) {
	list, ok := patterns.([]any)
	if !ok {
		c.unsupported("validate.anyPattern", "it is no list")
		return failed, false
	}
	one, skipped := never, constant(len(list) > 0)
	for _, pattern := range list {
		p, ok := c.substitute(scope, pattern, "anyPattern")
		if !ok {
			return failed, false
		}
		o := c.pattern(element, p)
		one, skipped = or(one, o.ok()), and(skipped, o.skipped)
	}
	return outcome{or(one, skipped), and(not(one), skipped)}, true
}

// probe is a copy of the policy that fails where the rule is skipped.
func (c *ruleConversion) probe(vap *admissionv1.ValidatingAdmissionPolicy, skipped expr) {
	if skipped == never && len(c.skips) == 0 {
		return
	}
	probe := vap.DeepCopy()
	probe.Spec.MatchConditions = slices.DeleteFunc(probe.Spec.MatchConditions, func(m admissionv1.MatchCondition) bool {
		return slices.Contains(c.skips, m)
	})
	probe.Spec.AuditAnnotations = nil
	probe.Spec.Validations = nil
	for _, m := range c.skips {
		probe.Spec.Validations = append(probe.Spec.Validations, admissionv1.Validation{Expression: m.Expression, Message: "preconditions are not met"})
	}
	if skipped != never {
		probe.Spec.Validations = append(probe.Spec.Validations, admissionv1.Validation{Expression: not(skipped).text, Message: "the rule's conditions are not met"})
	}
	c.rule.probe = probe
}

// finish takes the policy over when an API server of the oldest version takes it.
func (c *ruleConversion) finish(vap *admissionv1.ValidatingAdmissionPolicy) {
	if !c.rule.Supported() || c.rule.PodSecurity != nil || len(vap.Spec.Validations)+len(vap.Spec.AuditAnnotations) == 0 {
		return
	}
	if !c.policy.compiles(c.rule, vap) {
		return
	}
	c.rule.Admission = vap
	c.policy.bind(c.rule, c.validate)
}

// compiles says whether API servers take the policy, and notes what they do not.
func (p *Policy) compiles(r *Rule, vap *admissionv1.ValidatingAdmissionPolicy) bool {
	compiled := policy.New(vap)
	errs := compiled.Check(policy.Oldest)
	if len(errs) == 0 {
		return true
	}
	if newer := compiled.Check(policy.Newest); len(newer) > 0 {
		for _, err := range newer {
			construct, reason := explain(err)
			p.unsupported(r, construct, reason)
		}
		return false
	}
	r.Warnings = append(r.Warnings, "it needs a newer API server than "+policy.Oldest+": "+errs[0].Error())
	return true
}
