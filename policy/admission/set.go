// Package admission judges objects by the admission policies that people wrote themselves, with their bindings and
// parameters, and runs their tests. The policies themselves are judged by package policy.
package admission

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy"
)

// Group is the API group of policies and bindings.
const Group = "admissionregistration.k8s.io"

// The kinds that a Set is made of.
const (
	ValidatingKind        = "ValidatingAdmissionPolicy"
	ValidatingBindingKind = "ValidatingAdmissionPolicyBinding"
	MutatingKind          = "MutatingAdmissionPolicy"
	MutatingBindingKind   = "MutatingAdmissionPolicyBinding"
)

// Is says whether an object is an admission policy or binds one. An API server judges none of them by policies.
func Is(o *inventory.Object) bool {
	if o.Group() != Group {
		return false
	}
	switch o.Kind {
	case ValidatingKind, ValidatingBindingKind, MutatingKind, MutatingBindingKind, "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration":
		return true
	}
	return false
}

// A Policy is one policy as people wrote it, and its bindings.
type Policy struct {
	Object   *inventory.Object
	Bindings []*Binding

	validating *policy.Policy
	mutating   *policy.Mutating
	problems   []Result // it cannot be used
}

// A Binding is one binding as people wrote it.
type Binding struct {
	Object *inventory.Object
	// Policy is the name of the policy that it binds.
	Policy string

	spec admissionv1.ValidatingAdmissionPolicyBindingSpec
}

// A Set is the policies to judge by.
type Set struct {
	Policies []*Policy
	// Bindings are all bindings, those to nothing too.
	Bindings []*Binding
	// Warnings are what people should know of the policies: one sentence each.
	Warnings []string
	// Problems are policies and bindings that cannot be used.
	Problems []Result
}

// Read finds the policies and bindings among objects, and compiles the policies as an API server of a minor version
// ("1.33") does when they are created there.
func Read(objects []*inventory.Object, minor string) *Set {
	s := &Set{}
	for _, o := range objects {
		if o.Group() != Group {
			continue
		}
		switch o.Kind {
		case ValidatingKind:
			s.add(readValidating(o, minor))
		case MutatingKind:
			s.add(readMutating(o, minor))
		case ValidatingBindingKind, MutatingBindingKind:
			s.bind(o)
		}
	}
	for _, b := range s.Bindings {
		p := s.find(b)
		if p == nil {
			s.Warnings = append(s.Warnings, fmt.Sprintf("binding %s names the policy %s, which is not there: it enforces nothing", b.Object.Name, b.Policy))
			continue
		}
		p.Bindings = append(p.Bindings, b)
	}
	return s
}

func (s *Set) add(p *Policy) {
	same := func(q *Policy) bool { return q.Object.Kind == p.Object.Kind && q.Object.Name == p.Object.Name }
	if i := slices.IndexFunc(s.Policies, same); i >= 0 {
		s.Warnings = append(s.Warnings, fmt.Sprintf("policy %s is there twice: both are judged", p.Object.Name))
	}
	s.Policies = append(s.Policies, p)
	s.Problems = append(s.Problems, p.problems...)
}

func (s *Set) find(b *Binding) *Policy {
	for _, p := range s.Policies {
		if p.Object.Name == b.Policy && p.Object.Kind+"Binding" == b.Object.Kind {
			return p
		}
	}
	return nil
}

// Only is the set with the policies of these names, and an error for names that there are none of.
func (s *Set) Only(names []string) (*Set, error) {
	if len(names) == 0 {
		return s, nil
	}
	out := &Set{Bindings: s.Bindings}
	for _, name := range names {
		found := false
		for _, p := range s.Policies {
			if p.Object.Name == name {
				out.Policies, found = append(out.Policies, p), true
			}
		}
		if !found {
			return nil, fmt.Errorf("there is no policy %q in what was read", name)
		}
	}
	return out, nil
}

func readValidating(o *inventory.Object, minor string) *Policy {
	p := &Policy{Object: o}
	if redacted(o.Content) {
		p.problem("", "a part of the policy looks like a secret, and was taken out while reading: name its file with --policy")
		return p
	}
	text, err := json.Marshal(written(o))
	if err == nil {
		p.validating, err = policy.Parse(text)
	}
	if err != nil {
		p.problem("", err.Error())
		return p
	}
	for _, err := range p.validating.Check(minor) {
		at, message := "", err.Error()
		if e, ok := err.(*policy.ExpressionError); ok { //nolint:errorlint // Check does not wrap them
			at, message = e.Path, e.Message
		}
		if since := p.since(minor); since != "" {
			message = fmt.Sprintf("needs Kubernetes %s or newer, and not %s: %s", since, minor, message)
		}
		p.problem(at, message)
	}
	return p
}

// since is the first minor version after one that takes the policy; "" when none does.
func (p *Policy) since(minor string) string {
	for _, m := range Minors() {
		if newer(m, minor) && len(p.validating.Check(m)) == 0 {
			return m
		}
	}
	return ""
}

func readMutating(o *inventory.Object, minor string) *Policy {
	p := &Policy{Object: o}
	if redacted(o.Content) {
		p.problem("", "a part of the policy looks like a secret, and was taken out while reading: name its file with --policy")
		return p
	}
	text, err := json.Marshal(written(o))
	if err == nil {
		p.mutating, err = policy.ParseMutating(text)
	}
	if err != nil {
		p.problem("", err.Error())
		return p
	}
	for _, err := range p.mutating.Check(minor) {
		at, message := "", err.Error()
		if e, ok := err.(*policy.ExpressionError); ok { //nolint:errorlint // Check does not wrap them
			at, message = e.Path, e.Message
		}
		p.problem(at, message)
	}
	return p
}

func (s *Set) bind(o *inventory.Object) {
	b := &Binding{Object: o, Policy: inventory.String(o.Content, "spec", "policyName")}
	var err error
	if b.spec, err = readBinding(o); err != nil {
		s.Problems = append(s.Problems, Result{
			Policy: b.Policy, Binding: o.Name, Resource: o.Ref, Position: place(o, ""), Result: Error, Actions: []string{}, Message: "read binding: " + err.Error(),
		})
		return
	}
	s.Bindings = append(s.Bindings, b)
}

// readBinding reads what a binding says, of either kind: those of mutating policies have no actions.
func readBinding(o *inventory.Object) (admissionv1.ValidatingAdmissionPolicyBindingSpec, error) {
	text, err := json.Marshal(written(o))
	if err != nil {
		return admissionv1.ValidatingAdmissionPolicyBindingSpec{}, err
	}
	if o.Kind == ValidatingBindingKind {
		full := admissionv1.ValidatingAdmissionPolicyBinding{}
		if err := yaml.UnmarshalStrict(text, &full); err != nil {
			return full.Spec, err
		}
		return full.Spec, checkBinding(&full.Spec)
	}
	full := admissionv1.MutatingAdmissionPolicyBinding{}
	if err := yaml.UnmarshalStrict(text, &full); err != nil {
		return admissionv1.ValidatingAdmissionPolicyBindingSpec{}, err
	}
	spec := admissionv1.ValidatingAdmissionPolicyBindingSpec{PolicyName: full.Spec.PolicyName, ParamRef: full.Spec.ParamRef, MatchResources: full.Spec.MatchResources}
	return spec, checkBound(&spec)
}

// checkBinding refuses what an API server would refuse.
func checkBinding(spec *admissionv1.ValidatingAdmissionPolicyBindingSpec) error {
	if len(spec.ValidationActions) == 0 && spec.PolicyName != "" {
		return fmt.Errorf("spec.validationActions is missing")
	}
	for _, a := range spec.ValidationActions {
		if a != admissionv1.Deny && a != admissionv1.Warn && a != admissionv1.Audit {
			return fmt.Errorf("spec.validationActions has %q: want Deny, Warn or Audit", a)
		}
	}
	if slices.Contains(spec.ValidationActions, admissionv1.Deny) && slices.Contains(spec.ValidationActions, admissionv1.Warn) {
		return fmt.Errorf("spec.validationActions has both Deny and Warn")
	}
	return checkBound(spec)
}

// checkBound is what bindings of both kinds have to keep to.
func checkBound(spec *admissionv1.ValidatingAdmissionPolicyBindingSpec) error {
	if spec.PolicyName == "" {
		return fmt.Errorf("spec.policyName is missing")
	}
	if ref := spec.ParamRef; ref != nil && (ref.Name == "") == (ref.Selector == nil) {
		return fmt.Errorf("spec.paramRef needs either name or selector")
	}
	return nil
}

// written is an object without what only the API server writes, in the version that all are judged as.
func written(o *inventory.Object) map[string]any {
	content := maps.Clone(o.Content)
	delete(content, "status")
	if o.APIVersion == Group+"/v1beta1" { // the fields are the same
		content["apiVersion"] = Group + "/v1"
	}
	return content
}

// problem notes that the policy cannot be used.
func (p *Policy) problem(rule, message string) {
	p.problems = append(p.problems, Result{
		Policy: p.Object.Name, Rule: rule, Resource: p.Object.Ref, Position: place(p.Object, rule), Result: Error, Actions: []string{},
		Message: strings.TrimSpace(message),
	})
}

// ParamKinds are the kinds of parameters that the policies ask for: API version and kind.
func (s *Set) ParamKinds() []admissionv1.ParamKind {
	var out []admissionv1.ParamKind
	for _, p := range s.Policies {
		if kind := p.paramKind(); kind != nil && !slices.Contains(out, *kind) {
			out = append(out, *kind)
		}
	}
	return out
}

// paramKind is the kind of the policy's parameters; nil when it has none, or cannot be read.
func (p *Policy) paramKind() *admissionv1.ParamKind {
	switch {
	case p.validating != nil:
		return p.validating.Source.Spec.ParamKind
	case p.mutating != nil:
		return p.mutating.Source.Spec.ParamKind
	}
	return nil
}

// asks says whether an expression of the policy names one of the variables that an API server gives to it.
func (p *Policy) asks(variable string) bool {
	if p.mutating != nil {
		return p.mutating.Asks(variable)
	}
	return p.validating.Asks(variable)
}

// Parameters is the kind of the policy's parameters; "" when it has none, or cannot be read.
func (p *Policy) Parameters() string {
	if kind := p.paramKind(); kind != nil {
		return kind.Kind
	}
	return ""
}

// Actions are what an API server does about failures; empty for bindings of mutating policies.
func (b *Binding) Actions() []string {
	var out []string
	for _, a := range b.spec.ValidationActions {
		out = append(out, string(a))
	}
	return out
}
