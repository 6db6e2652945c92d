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
	mutating   *admissionv1.MutatingAdmissionPolicy
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
			s.add(readMutating(o))
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

func readMutating(o *inventory.Object) *Policy {
	p := &Policy{Object: o}
	content := written(o)
	spec := admissionv1.MutatingAdmissionPolicy{}
	text, err := json.Marshal(content)
	if err == nil {
		err = yaml.UnmarshalStrict(text, &spec)
	}
	if err != nil {
		p.problem("", "parse policy: "+err.Error())
		return p
	}
	p.mutating = &spec
	return p
}

func (s *Set) bind(o *inventory.Object) {
	b := &Binding{Object: o, Policy: inventory.String(o.Content, "spec", "policyName")}
	if o.Kind == ValidatingBindingKind {
		full := admissionv1.ValidatingAdmissionPolicyBinding{}
		text, err := json.Marshal(written(o))
		if err == nil {
			err = yaml.UnmarshalStrict(text, &full)
		}
		if err == nil {
			err = checkBinding(&full.Spec)
		}
		if err != nil {
			s.Problems = append(s.Problems, Result{
				Policy: b.Policy, Binding: o.Name, Resource: o.Ref, Position: place(o, ""), Result: Error, Actions: []string{}, Message: "read binding: " + err.Error(),
			})
			return
		}
		b.spec = full.Spec
	}
	s.Bindings = append(s.Bindings, b)
}

// checkBinding refuses what an API server would refuse.
func checkBinding(spec *admissionv1.ValidatingAdmissionPolicyBindingSpec) error {
	if spec.PolicyName == "" {
		return fmt.Errorf("spec.policyName is missing")
	}
	if len(spec.ValidationActions) == 0 {
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
		if p.validating == nil || p.validating.Source.Spec.ParamKind == nil {
			continue
		}
		if kind := *p.validating.Source.Spec.ParamKind; !slices.Contains(out, kind) {
			out = append(out, kind)
		}
	}
	return out
}

// Parameters is the kind of the policy's parameters; "" when it has none, or cannot be read.
func (p *Policy) Parameters() string {
	switch {
	case p.validating != nil && p.validating.Source.Spec.ParamKind != nil:
		return p.validating.Source.Spec.ParamKind.Kind
	case p.mutating != nil && p.mutating.Spec.ParamKind != nil:
		return p.mutating.Spec.ParamKind.Kind
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
