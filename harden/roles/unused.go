package roles

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/rbac/attack"
	"github.com/plimsoll-io/plimsoll/rbac/usage"
)

// unused plans to take subjects out of bindings of which they used nothing.
func (p *planner) unused() {
	s := plan.Step{
		Name: "unused", Title: "Take away what nobody used",
		Why:    "No right of these bindings was used " + p.window() + ". The audit log would show it.",
		Before: []string{"ask the owners of groups and users: an account for emergencies is unused until there is one"},
		After:  []string{"watch the audit log for requests that are refused (responseStatus.code 403) to these subjects"},
	}
	idle := map[*rbac.Binding][]rbac.Subject{}
	var order []*rbac.Binding
	for i := range p.report.Subjects {
		r := &p.report.Subjects[i]
		if p.doubtful(r) {
			continue
		}
		for _, g := range r.Grants {
			// Who is in a group that was never seen, nobody can tell; and a gone role is not this step's.
			if !g.Unused || p.kept(g.Binding) || g.Binding.Role == nil || strings.HasPrefix(r.Subject.Name, "system:") {
				continue
			}
			if idle[g.Binding] == nil {
				order = append(order, g.Binding)
			}
			idle[g.Binding] = append(idle[g.Binding], r.Subject)
		}
	}
	for _, b := range order {
		c, ok := p.without(b, idle[b])
		if !ok {
			continue
		}
		for _, subject := range idle[b] {
			c.Because = append(c.Because, subject.String()+" used nothing of "+b.RoleRef.Kind+" "+b.RoleRef.Name+" "+p.window())
			if subject.Kind != rbac.ServiceAccountKind {
				c.Risk = "people need some rights once a year: ask " + subject.String()
			}
		}
		if leads := p.leads[b]; len(leads) > 0 {
			c.Because = append(c.Because, "it leads to "+strings.Join(leads, " and "))
		}
		s.Changes = append(s.Changes, c)
	}
	p.step(s)
}

// doubtful says that what the log shows of a subject may not be all; it says so in a decision when the subject has rights.
func (p *planner) doubtful(r *usage.SubjectReport) bool {
	var because []string
	for _, w := range r.Warnings {
		switch w.Kind {
		case usage.SlowCronJob, usage.ManyRights:
			because = append(because, w.Message)
		}
	}
	if len(because) > 0 && len(r.Grants) > 0 {
		p.decide(r.Subject.Ref(), "Which of its rights does it need? Nothing was planned about it", because...)
	}
	return len(because) > 0
}

func (p *planner) decide(o finding.Ref, question string, because ...string) {
	for _, d := range p.plan.Decisions {
		if d.Object == o && d.Question == question {
			return
		}
	}
	p.plan.Decisions = append(p.plan.Decisions, plan.Decision{Object: o, Question: question, Because: because})
}

// least plans least roles for service accounts that use a part of what they have: first the new roles, and then out of the
// old bindings.
func (p *planner) least() {
	create := plan.Step{
		Name: "least-roles", Title: "Give service accounts roles with what they used",
		Why: "They grant nothing new: everything in them was used " + p.window() + ", and the old bindings are still there.",
	}
	replace := plan.Step{
		Name: "wide-bindings", Title: "Take the service accounts out of the wider bindings",
		Why: "From now on the least roles count. Everything in the log stays allowed.",
		Before: []string{"wait until rare work has run: upgrades, fail-overs, backups that are restored; of what the log does not show, " +
			"nothing stays allowed"},
		After: []string{"watch the audit log for requests that are refused (responseStatus.code 403) to these accounts"},
	}
	people := 0
	for i := range p.report.Subjects {
		r := &p.report.Subjects[i]
		if !p.partly(r) || p.doubtful(r) {
			continue
		}
		if r.Subject.Kind != rbac.ServiceAccountKind {
			people++
			continue
		}
		p.leastFor(r, &create, &replace)
	}
	p.step(create)
	p.step(replace)
	if people > 0 {
		p.cannotKnow(display.Plural(people, "user or group") + " used only a part of what they have, which says little of what people need " +
			"(plimsoll rbac unused lists it); nothing was planned about them")
	}
}

// partly says whether a subject used some rights of a binding and not all of them.
func (p *planner) partly(r *usage.SubjectReport) bool {
	for _, g := range r.Grants {
		if g.Unused || p.kept(g.Binding) {
			continue
		}
		for _, rule := range g.Rules {
			if rule.Unused || rule.Truncated ||
				len(rule.UnusedVerbs)+len(rule.UnusedResources)+len(rule.UnusedNames)+len(rule.UnusedPaths)+len(rule.UnusedCombinations) > 0 {
				return true
			}
		}
	}
	return false
}

func (p *planner) leastFor(r *usage.SubjectReport, create, replace *plan.Step) {
	made := p.Used.Generate(r.Subject, p.Access, usage.GenerateOptions{Mode: usage.Replace, NamesAbove: p.NamesAbove, Warn: p.Warn})
	var replaced []*rbac.Binding
	for _, b := range made.Replaces {
		if p.kept(b) {
			return // Kubernetes restores it
		}
		replaced = append(replaced, b)
	}
	var because []string
	for _, right := range made.Ungrantable {
		because = append(because, "it used "+right.String()+", which no rule grants alone")
	}
	if len(because) > 0 {
		p.decide(r.Subject.Ref(), "What may it do? No least role can be written for it", because...)
		return
	}
	var changes []plan.Change
	for _, b := range replaced {
		c, ok := p.without(b, []rbac.Subject{r.Subject})
		if !ok {
			continue
		}
		c.Because = []string{r.Subject.String() + " used a part of " + b.RoleRef.Kind + " " + b.RoleRef.Name + ", which its own roles grant now"}
		if leads := p.leads[b]; len(leads) > 0 {
			c.Because = append(c.Because, "it leads to "+strings.Join(leads, " and "))
		}
		c.Risk = "what " + r.Subject.String() + " does more rarely than the log shows is refused"
		changes = append(changes, c)
	}
	if len(changes) == 0 {
		return
	}
	for _, object := range made.Objects {
		c := plan.Change{Action: plan.Create, Object: object}
		c.Because = []string{fmt.Sprintf("%s used %s %s", r.Subject, display.Plural(made.Rights, "right"), p.window())}
		ref := plan.RefOf(object)
		if source := p.Inventory.Get(rbac.Group, ref.Kind, ref.Namespace, ref.Name); source != nil {
			c.Action, c.Source = plan.Update, source
			c.Fields = []finding.Path{map[bool]finding.Path{true: "rules", false: "subjects"}[object["rules"] != nil]}
		}
		create.Changes = append(create.Changes, c)
	}
	replace.Changes = append(replace.Changes, changes...)
}

// readCuts notes on the way to what bindings are.
func (p *planner) readCuts() {
	for _, cut := range p.Cuts {
		for _, r := range cut.Remove {
			for _, b := range p.Access.Bindings() {
				if b.Ref == r.Object && r.Rule < 0 {
					p.leads[b] = append(p.leads[b], attack.Describe(cut.To))
				}
			}
		}
	}
}

// askAboutCuts asks about the bindings that lead to a target and that no step takes away.
func (p *planner) askAboutCuts() {
	for _, b := range p.Access.Bindings() {
		leads := p.leads[b]
		if len(leads) == 0 || b.Default {
			continue
		}
		if left, touched := p.left[b]; touched && len(left) == 0 {
			continue
		}
		because := []string{"with it, footholds that should not can reach " + strings.Join(leads, " and ") + " (plimsoll rbac paths shows how)"}
		if p.Used == nil {
			because = append(because, "without an audit log nobody can say whether it is used")
		}
		p.decide(b.Ref, "Can it go, or be narrowed? It gives "+b.RoleRef.Kind+" "+b.RoleRef.Name+" to "+subjectsOf(b), because...)
	}
	for _, cut := range p.Cuts {
		if n := len(cut.Remaining); n > 0 {
			p.cannotKnow(fmt.Sprintf("of %s to %s roles cannot tell: they need no right, as ways out of a container do", display.Plural(n, "path"),
				attack.Describe(cut.To)))
		}
	}
}

// subjectsOf names the first subjects of a binding.
func subjectsOf(b *rbac.Binding) string {
	const most = 3
	var out []string
	for _, s := range b.Subjects[:min(len(b.Subjects), most)] {
		out = append(out, s.String())
	}
	if more := len(b.Subjects) - len(out); more > 0 {
		out = append(out, fmt.Sprintf("%d more", more))
	}
	return strings.Join(slices.Compact(out), ", ")
}
