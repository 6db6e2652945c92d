// Package roles plans how subjects come to have the rights that they use and no others, in the form that all plans of
// hardening have: bindings that grant nothing or that nobody used go, service accounts get the least roles that the audit
// log shows to be enough, and what leads to the whole cluster is asked about.
package roles

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/rbac/attack"
	"github.com/plimsoll-io/plimsoll/rbac/usage"
)

// Manager is the field manager of the plan's objects.
const Manager = "plimsoll-roles"

// Evidence is what a plan is made from.
type Evidence struct {
	Inventory *inventory.Inventory
	Access    *rbac.Authorizer
	// Used is what the audit log shows; nil without one.
	Used *usage.Usage
	// Cuts are the fewest bindings whose removal closes the paths to a target each.
	Cuts []attack.CutSet
	// Warn says what is too little to go by, NamesAbove where names of objects are no longer told apart.
	Warn       usage.WarnOptions
	NamesAbove int
}

// New plans for the evidence.
func New(e Evidence) *plan.Plan {
	p := &planner{
		Evidence: e, plan: &plan.Plan{Title: "Rights that nobody needs", Manager: Manager},
		left: map[*rbac.Binding][]map[string]any{}, leads: map[*rbac.Binding][]string{},
	}
	p.readCuts()
	p.dangling()
	if e.Used == nil {
		p.cannotKnow("which rights are used: without an audit log (--audit FILE) no right that works is taken away")
	} else if p.longEnough() {
		p.unused()
		p.least()
	}
	p.askAboutCuts()
	for i := range p.plan.Steps {
		p.plan.Steps[i].Name = fmt.Sprintf("%d-%s", i+1, p.plan.Steps[i].Name)
	}
	for _, text := range rbac.Unseen(e.Inventory) {
		p.cannotKnow(text)
	}
	return p.plan
}

// A planner makes one plan.
type planner struct {
	Evidence
	plan *plan.Plan
	// left are the subjects that bindings have after the steps so far, of those that the steps change.
	left map[*rbac.Binding][]map[string]any
	// leads are the targets that a binding is on the way to, in words.
	leads  map[*rbac.Binding][]string
	report *usage.Report
}

func (p *planner) cannotKnow(text string) {
	p.plan.CannotKnow = append(p.plan.CannotKnow, strings.TrimRight(text, "."))
}

func (p *planner) step(s plan.Step) {
	if len(s.Changes) > 0 {
		p.plan.Steps = append(p.plan.Steps, s)
	}
}

// dangling plans to remove bindings to roles that are not there. Of files nobody can say that a role is not there.
func (p *planner) dangling() {
	s := plan.Step{
		Name: "dangling", Title: "Remove bindings to roles that do not exist",
		Why: "They grant nothing today. Whoever makes a role of the name gives its rights to their subjects, perhaps without knowing.",
	}
	if gap, ok := p.Inventory.Incomplete(rbac.Reads()...); ok {
		p.cannotKnow("whether roles are missing: " + gap.Reason)
		return
	}
	if p.Inventory.Source.Kind != "cluster" {
		return
	}
	for _, b := range p.Access.Bindings() {
		if b.Role == nil && !p.kept(b) {
			c := p.remove(b)
			c.Because = []string{b.RoleRef.Kind + " " + b.RoleRef.Name + " is not there"}
			c.Risk = "if the role is only missing for a while, its subjects lack its rights when it is back"
			s.Changes = append(s.Changes, c)
		}
	}
	p.step(s)
}

// kept says that a binding is Kubernetes' own, or made for its parts.
func (p *planner) kept(b *rbac.Binding) bool {
	return b.Default || b.Object == nil || strings.HasPrefix(b.Name, "system:") || strings.HasPrefix(b.Name, "kubeadm:")
}

// longEnough says whether the log covers enough to take rights away by it; if not, that is a question.
func (p *planner) longEnough() bool {
	p.report = p.Used.Unused(p.Access, usage.UnusedOptions{Inventory: p.Inventory, Warn: p.Warn})
	var because []string
	for _, w := range p.report.Warnings {
		switch w.Kind {
		case usage.ShortWindow, usage.BrokenLog, usage.Undated:
			because = append(because, w.Message)
		case usage.LogGap:
			p.cannotKnow("what was done in times without events: " + w.Message)
		}
	}
	if len(because) == 0 {
		return true
	}
	p.plan.Decisions = append(p.plan.Decisions, plan.Decision{
		Question: "Is the audit log enough to take rights away by it? Nothing was planned from it; --days and a whole log change that",
		Because:  because,
	})
	return false
}

// window says how long was observed.
func (p *planner) window() string {
	days := int(p.report.Last.Sub(p.report.First) / (24 * time.Hour))
	if days == 1 {
		return "in a day"
	}
	return fmt.Sprintf("in %d days", days)
}

// remove is the change that removes a binding.
func (p *planner) remove(b *rbac.Binding) plan.Change {
	p.left[b] = []map[string]any{}
	return plan.Change{Action: plan.Remove, Source: b.Object, Object: head(b)}
}

// head names a binding, as an object.
func head(b *rbac.Binding) map[string]any {
	meta := map[string]any{"name": b.Name}
	if b.Namespace != "" {
		meta["namespace"] = b.Namespace
	}
	return map[string]any{"apiVersion": rbac.Group + "/v1", "kind": b.Kind, "metadata": meta}
}

// without is the change that takes subjects out of a binding, and removes it when none is left. ok is false when there was
// nothing to take out.
func (p *planner) without(b *rbac.Binding, subjects []rbac.Subject) (c plan.Change, ok bool) {
	now, touched := p.left[b]
	if !touched {
		now = inventory.Maps(b.Object.Content["subjects"])
	}
	left := slices.DeleteFunc(slices.Clone(now), func(s map[string]any) bool { return slices.Contains(subjects, subjectOf(b, s)) })
	if len(left) == len(now) {
		return c, false
	}
	if len(left) == 0 {
		return p.remove(b), true
	}
	p.left[b] = left
	object := head(b)
	list := make([]any, len(left))
	for i, s := range left {
		list[i] = s
	}
	object["subjects"] = list
	object["roleRef"] = b.Object.Content["roleRef"]
	return plan.Change{Action: plan.Update, Source: b.Object, Object: object, Fields: []finding.Path{"subjects"}}, true
}

// subjectOf is a subject as a binding writes it.
func subjectOf(b *rbac.Binding, s map[string]any) rbac.Subject {
	name := inventory.String(s, "name")
	switch kind := inventory.String(s, "kind"); kind {
	case rbac.ServiceAccountKind:
		namespace := inventory.String(s, "namespace")
		if namespace == "" {
			namespace = b.Namespace
		}
		return rbac.Account(namespace, name)
	case rbac.UserKind:
		return rbac.SubjectOfUser(name)
	default:
		return rbac.Subject{Kind: kind, Name: name}
	}
}
