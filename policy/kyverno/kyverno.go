// Package kyverno converts Kyverno policies into ValidatingAdmissionPolicies, which an API server judges itself, and judges
// objects by the conversion. What has no equivalent is named, construct by construct, and never passes.
//
// The meaning is that of Kyverno 1.19. The policies need an API server of 1.30 or newer.
package kyverno

import (
	"slices"

	admissionv1 "k8s.io/api/admissionregistration/v1"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// The API groups of Kyverno's policies.
const (
	Group    = "kyverno.io"
	CELGroup = "policies.kyverno.io"
)

// Is says whether an object is a policy of Kyverno that this package reads, or one that it can only name.
func Is(o *inventory.Object) bool {
	switch o.Group() {
	case Group:
		return o.Kind == "ClusterPolicy" || o.Kind == "Policy"
	case CELGroup:
		return slices.Contains(celKinds, o.Kind)
	}
	return false
}

// celKinds are the kinds of policies that are written in CEL.
var celKinds = []string{
	"ValidatingPolicy", "NamespacedValidatingPolicy", "MutatingPolicy", "NamespacedMutatingPolicy", "GeneratingPolicy",
	"NamespacedGeneratingPolicy", "DeletingPolicy", "NamespacedDeletingPolicy", "ImageValidatingPolicy", "NamespacedImageValidatingPolicy",
}

// A Policy is one policy of Kyverno, and what became of its rules.
type Policy struct {
	Object *inventory.Object
	// Rules are those that were written, and those that Kyverno generates for the controllers of pods.
	Rules []*Rule
	// Warnings are what people should know: one sentence each.
	Warnings []string
}

// A Rule is one rule of a policy.
type Rule struct {
	// Name is the rule's name; "" in policies that are written in CEL, which have but one.
	Name string
	// Generated tells the policies for the controllers of pods that Kyverno makes of one that is written in CEL:
	// "autogen-defaults", "autogen-cronjobs"; "" in all others.
	Generated string
	// Path is where the rule stands in the policy; a generated one where it comes from.
	Path finding.Path
	// Admission is the policy that says the same; nil when there is none.
	Admission *admissionv1.ValidatingAdmissionPolicy
	// Bindings put it into effect as the Kyverno policy was.
	Bindings []*admissionv1.ValidatingAdmissionPolicyBinding
	// PodSecurity is set for rules that ask for a level of the Pod Security Standards.
	PodSecurity *PodSecurity
	// Unsupported is why there is no such policy, or why it would not say all.
	Unsupported []Unsupported
	// Warnings are in what the policy differs from the rule.
	Warnings []string

	isCEL bool                                   // the rule is CEL already: Kyverno fails it where an expression cannot be evaluated
	probe *admissionv1.ValidatingAdmissionPolicy // tells a rule that is skipped from one that passes; nil: none is skipped
	reach *admissionv1.ValidatingAdmissionPolicy // what the rule looks at, for rules without a policy
}

// Unsupported is a construct that has no equivalent.
type Unsupported struct {
	Construct string           `json:"construct"`
	Reason    string           `json:"reason"`
	Position  finding.Position `json:"position,omitzero"`
}

// Convert converts the Kyverno policies among objects, in their order.
func Convert(objects []*inventory.Object) []*Policy {
	var out []*Policy
	for _, o := range objects {
		if Is(o) {
			out = append(out, convert(o))
		}
	}
	return out
}

func convert(o *inventory.Object) *Policy {
	p := &Policy{Object: o}
	switch {
	case o.Group() == Group:
		p.readRules()
	case o.Kind == "ValidatingPolicy" || o.Kind == "NamespacedValidatingPolicy":
		p.readCEL()
	default:
		r := &Rule{Path: "spec"}
		p.unsupported(r, o.Kind, "only policies that validate are converted")
		p.Rules = append(p.Rules, r)
	}
	p.distinctNames()
	return p
}

// unsupported notes a construct once.
func (p *Policy) unsupported(r *Rule, construct, reason string) {
	u := Unsupported{Construct: construct, Reason: reason, Position: p.place(r.Path)}
	if !slices.Contains(r.Unsupported, u) {
		r.Unsupported = append(r.Unsupported, u)
	}
}

func (p *Policy) place(path finding.Path) finding.Position {
	if p.Object.Locate == nil {
		return p.Object.Origin
	}
	return p.Object.Position(path)
}

// Supported says whether objects can be judged by the rule.
func (r *Rule) Supported() bool { return len(r.Unsupported) == 0 }

// Converted says whether the rule has become a policy that says the same.
func (r *Rule) Converted() bool { return r.Supported() && r.Admission != nil }

// Title is what a rule is called: its name, and of policies that have no rules how Kyverno came to it.
func (r *Rule) Title() string {
	if r.Name == "" {
		return r.Generated
	}
	return r.Name
}

// Place is where a rule stands in its file.
func (p *Policy) Place(r *Rule) finding.Position { return p.place(r.Path) }
