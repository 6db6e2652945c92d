// Package policies plans how pods come to be isolated, in the form that all plans of hardening have: first what is needed is
// opened, then the rest is denied, and then policies that do nothing go. A namespace of which something that was seen
// cannot be opened is left as it is: that is a question.
package policies

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network/generate"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/network/rehearse"
)

// Manager is the field manager of the plan's objects.
const Manager = "plimsoll-policies"

// Evidence is what a plan is made from.
type Evidence struct {
	Inventory *inventory.Inventory
	// Needs are the connections that were seen or declared; Seen says that flow logs are among the sources.
	Needs *need.Needs
	Seen  bool
	// Generated are the policies for the needs, and Rehearsal what became of the needs under them.
	Generated *generate.Plan
	Rehearsal *rehearse.Rehearsal
	// Questions are connections that an earlier round of policies would have denied; nothing is planned for their namespaces.
	Questions []Question
	// Covered are policies that others cover, each with why: without them the same is allowed and denied.
	Covered []Covered
}

// A Covered policy could go.
type Covered struct {
	Policy  *inventory.Object
	Because []string
}

// New plans for the evidence.
func New(e Evidence) *plan.Plan {
	p := &planner{Evidence: e, plan: &plan.Plan{Title: "Isolation of pods", Manager: Manager}, broken: map[string]bool{}}
	if e.Seen {
		p.ask()
		p.open()
		p.deny()
	} else {
		p.plan.Decisions = append(p.plan.Decisions, plan.Decision{
			Question: "What do the workloads talk to? Record flows and name them with --flows: nothing is denied by what manifests declare alone",
			Because: []string{"manifests declare some connections, and nothing says that these are all: " +
				"plimsoll netpol generate writes policies for them all the same"},
		})
	}
	p.obsolete()
	p.covered()
	for i := range p.plan.Steps {
		p.plan.Steps[i].Name = fmt.Sprintf("%d-%s", i+1, p.plan.Steps[i].Name)
	}
	for _, text := range e.Needs.CannotKnow {
		p.plan.CannotKnow = append(p.plan.CannotKnow, strings.TrimRight(text, "."))
	}
	return p.plan
}

// A planner makes one plan.
type planner struct {
	Evidence
	plan *plan.Plan
	// broken are namespaces of which something that is needed would be denied.
	broken map[string]bool
}

func (p *planner) step(s plan.Step) {
	if len(s.Changes) > 0 {
		p.plan.Steps = append(p.plan.Steps, s)
	}
}

// A Question is a connection that is needed and that policies would deny.
type Question struct {
	// Namespaces are those of its ends: while it is not answered, nothing can be planned for them.
	Namespaces []string
	Object     finding.Ref // one of its ends
	Text       string
	Reason     string
}

// Questions are the connections that are needed and that generated policies would deny, by what became of them.
func Questions(generated *generate.Plan, rehearsal *rehearse.Rehearsal) []Question {
	var out []Question
	said := map[string]bool{}
	ask := func(n *need.Need, reason string) {
		q := Question{Text: fmt.Sprintf("%s to %s on %s %d", n.From, n.To, n.Protocol, n.Port), Reason: reason}
		for _, end := range []need.End{n.From, n.To} {
			if end.Object != nil && end.Object.Namespace != "" {
				q.Object = end.Object.Ref
				if !slices.Contains(q.Namespaces, end.Object.Namespace) {
					q.Namespaces = append(q.Namespaces, end.Object.Namespace)
				}
			}
		}
		if !said[q.Text] {
			said[q.Text] = true
			out = append(out, q)
		}
	}
	for i := range generated.Unopened {
		ask(&generated.Unopened[i].Need, generated.Unopened[i].Reason)
	}
	for i := range rehearsal.Breaks {
		if b := &rehearsal.Breaks[i]; !b.Before { // what the policies that are there deny, the plan does not break
			ask(&b.Need, b.Reason)
		}
	}
	for i := range rehearsal.Unknown {
		ask(&rehearsal.Unknown[i].Need, rehearsal.Unknown[i].Reason)
	}
	return out
}

// ask makes decisions of the questions.
func (p *planner) ask() {
	said := map[string]bool{}
	for _, q := range slices.Concat(p.Questions, Questions(p.Generated, p.Rehearsal)) {
		for _, ns := range q.Namespaces {
			p.broken[ns] = true
		}
		if said[q.Text] {
			continue
		}
		said[q.Text] = true
		p.plan.Decisions = append(p.plan.Decisions, plan.Decision{
			Object: q.Object, Question: "How can this connection stay open? " + q.Text,
			Because: []string{q.Reason, "until then nothing is planned for " + strings.Join(q.Namespaces, " and ")},
		})
	}
}

// open plans the policies that allow something. They belong together: each isolates its pods in its direction.
func (p *planner) open() {
	s := plan.Step{
		Name: "allow", Title: "Open what was seen and declared",
		Why: "Each policy lets a workload have the connections that it needs, and denies it the rest in that direction. " + p.replayed(),
		Before: []string{"make sure that the flows cover rare work, too: CronJobs, fail-overs, certificates that are renewed",
			p.window()},
		After: []string{"watch for connections that are denied, and make the plan again with their flows"},
	}
	for _, policy := range p.Generated.Policies {
		if len(policy.Rules) == 0 || p.broken[policy.Namespace] {
			continue
		}
		s.Changes = append(s.Changes, p.apply(policy))
	}
	p.step(s)
}

// deny plans the policies that allow nothing, when all that is needed is open.
func (p *planner) deny() {
	s := plan.Step{
		Name: "deny", Title: "Deny the rest",
		Why:   "What no policy of the step before opens is denied, for pods that come later, too. " + p.replayed(),
		After: []string{"watch for connections that are denied, and make the plan again with their flows"},
	}
	unseen := map[string][]string{}
	for _, note := range p.Generated.Notes {
		if note.Sort == generate.NotSeen && note.Namespace != "" {
			unseen[note.Namespace] = append(unseen[note.Namespace], strings.TrimSpace(note.About+" "+note.Text))
		}
	}
	for _, policy := range p.Generated.Policies {
		if len(policy.Rules) > 0 || p.broken[policy.Namespace] {
			continue
		}
		c := p.apply(policy)
		if list := unseen[policy.Namespace]; len(list) > 0 {
			c.Risk = someOf(list)
		}
		s.Changes = append(s.Changes, c)
	}
	p.step(s)
}

// apply is the change that applies a policy.
func (p *planner) apply(policy *generate.Policy) plan.Change {
	c := plan.Change{Action: plan.Create, Object: policy.Object(), Because: slices.Clone(policy.Comments)}
	if source := p.Inventory.Get("networking.k8s.io", "NetworkPolicy", policy.Namespace, policy.Name); source != nil {
		c.Action, c.Source, c.Fields = plan.Update, source, []finding.Path{"spec"}
	}
	for i := range policy.Rules {
		if text := evidenceOf(&policy.Rules[i]); text != "" {
			c.Because = append(c.Because, text)
		}
	}
	return c
}

// evidenceOf says what a rule opens and why.
func evidenceOf(r *generate.Rule) string {
	var ports, ends []string
	for _, port := range r.Ports {
		ports = append(ports, port.String())
	}
	flows, declared := int64(0), 0
	for i := range r.Reasons {
		reason := &r.Reasons[i]
		if reason.End != "" && !slices.Contains(ends, reason.End) {
			ends = append(ends, reason.End)
		}
		flows += reason.Flows
		declared += len(reason.Declared) + reason.MoreDeclared
	}
	var why []string
	if flows > 0 {
		why = append(why, display.Plural(int(flows), "flow"))
	}
	if declared > 0 {
		why = append(why, "declared "+display.Plural(declared, "time"))
	}
	if len(ends) == 0 || len(why) == 0 {
		return ""
	}
	return strings.Join(ports, ", ") + " for " + someOf(ends) + ": " + strings.Join(why, ", ")
}

// replayed says what the rehearsal said.
func (p *planner) replayed() string {
	kept := fmt.Sprintf("Replaying the flows against the plan denies none of the %s", display.Plural(p.Rehearsal.Kept, "connection"))
	if len(p.broken) > 0 {
		return kept + " of the namespaces in it."
	}
	return kept + "."
}

// window says what was observed.
func (p *planner) window() string {
	if p.Needs.First.IsZero() {
		return "the flows tell no time: make sure that they are recent"
	}
	return "they were seen from " + p.Needs.First.UTC().Format(time.DateTime) + " to " + p.Needs.Last.UTC().Format(time.DateTime) + " UTC"
}

// obsolete plans to remove the policies that those of the plan replace.
func (p *planner) obsolete() {
	s := plan.Step{
		Name: "replaced", Title: "Remove policies of an earlier plan",
		Why: "The policies of this plan take their place.",
	}
	if !p.Seen {
		return
	}
	for _, o := range p.Generated.Obsolete {
		if !p.broken[o.Namespace] {
			s.Changes = append(s.Changes, removal(o, "this plan does not need it any more"))
		}
	}
	p.step(s)
}

// covered plans to remove policies that others cover.
func (p *planner) covered() {
	s := plan.Step{
		Name: "covered", Title: "Remove policies that others cover",
		Why: "Without them the same is allowed and denied as with them.",
	}
	for _, c := range p.Covered {
		if o := c.Policy; !slices.Contains(p.Generated.Obsolete, o) || !p.Seen {
			change := removal(o, c.Because...)
			change.Risk = "if the policy that covers it is narrowed later, this one is missing"
			s.Changes = append(s.Changes, change)
		}
	}
	p.step(s)
}

func removal(o *inventory.Object, because ...string) plan.Change {
	return plan.Change{
		Action: plan.Remove, Source: o, Because: because,
		Object: map[string]any{
			"apiVersion": o.APIVersion, "kind": o.Kind, "metadata": map[string]any{"name": o.Name, "namespace": o.Namespace},
		},
	}
}

// someOf names the first of a list.
func someOf(list []string) string {
	const most = 4
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}
