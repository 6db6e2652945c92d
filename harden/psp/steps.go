package psp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// watch is the first step: labels that only warn and write to the audit log, and policies that do the latter.
func (m *migration) watch() {
	step := plan.Step{Name: stepWatch, Title: "Watch", Why: "Nothing is refused yet: users are warned, and the audit log shows which pods would be refused.",
		After: []string{"Leave it for as long as it takes every workload and CronJob to make new pods, and read the warnings and the audit log."}}
	for _, ns := range m.namespaces() {
		l := level(m.used[ns])
		if l == Privileged {
			continue // a level that refuses nothing has nothing to warn of
		}
		object := labels(ns, "warn", l, m.opts.Version)
		merge(object, labels(ns, "audit", l, m.opts.Version))
		step.Changes = append(step.Changes, plan.Change{Action: plan.Update, Object: object, Source: m.inv.Get("", "Namespace", "", ns),
			Because: m.because(m.used[ns], l)})
	}
	for _, p := range m.policies {
		namespaces, everywhere := m.only(p), slices.Contains(m.used[""], p)
		policy := p.Validating(m.levelFor(p))
		if policy == nil || len(namespaces) == 0 && !everywhere {
			continue
		}
		step.Changes = append(step.Changes,
			plan.Change{Action: plan.Create, Object: policy, Because: p.policyBecause(m.levelFor(p))},
			plan.Change{Action: plan.Create, Object: p.Binding(namespaces, "Audit")})
	}
	step.Undo = []string{"Delete the policies and bindings, and take the labels warn and audit away."}
	if len(step.Changes) > 0 {
		m.plan.Steps = append(m.plan.Steps, step)
	}
	for _, p := range m.policies {
		if filled := p.FilledIn(); len(filled) > 0 {
			m.decide(p.Object, "spec", "Write into the templates what the PodSecurityPolicy filled in, or have a mutating policy do so", filled...)
		}
	}
}

// levelFor is the level that a policy can count on in all of its namespaces.
func (m *migration) levelFor(p *Policy) Level {
	if slices.Contains(m.used[""], p) {
		return Privileged
	}
	return p.Level()
}

// enforce is the second step, for the namespaces of which all templates and pods that are known pass.
func (m *migration) enforce() {
	step := plan.Step{Name: stepDeny, Title: "Enforce", Why: "Pods that break the level or the policy are refused from now on. Pods that run, go on running.",
		Before: []string{"plimsoll rehearse " + stepDeny + " (with the pods and templates of the cluster) says what would be refused."},
		Undo:   []string{"Delete the binding, and take the labels enforce away: what " + stepWatch + " made stays."}}
	blocked := map[string]bool{}
	for _, ns := range m.namespaces() {
		l := level(m.used[ns])
		if l == Privileged {
			continue
		}
		if blockers := m.blockers(ns, l); len(blockers) > 0 {
			m.decide(m.used[ns][0].Object, "", fmt.Sprintf("Mend what keeps the namespace %s from the level %s, or choose a lower one: it is not enforced", ns, l), blockers...)
			blocked[ns] = true
			continue
		}
		step.Changes = append(step.Changes, plan.Change{Action: plan.Update, Object: labels(ns, "enforce", l, m.opts.Version),
			Source: m.inv.Get("", "Namespace", "", ns), Because: []string{"the level is that of " + stepWatch}, Risk: "pods that are not known yet may be refused"})
	}
	for _, p := range m.policies {
		namespaces := slices.DeleteFunc(m.only(p), func(ns string) bool { return blocked[ns] })
		if len(namespaces) > 0 && p.Validating(m.levelFor(p)) != nil {
			binding := p.Binding(namespaces, "Deny", "Audit")
			inventory.Map(binding, "metadata")["name"] = p.name() + "-enforce"
			step.Changes = append(step.Changes, plan.Change{Action: plan.Create, Object: binding,
				Because: []string{"the policy is that of " + stepWatch}, Risk: "pods that relied on what was filled in are refused"})
		}
	}
	if len(step.Changes) > 0 {
		m.plan.Steps = append(m.plan.Steps, step)
	}
}

// blockers are the pods and templates of a namespace that a level refuses.
func (m *migration) blockers(ns string, l Level) []string {
	var out []string
	for _, o := range m.inv.All() {
		if o.Namespace != ns || m.inv.TopOwner(o) != o {
			continue
		}
		spec, _ := o.PodSpec()
		if spec == nil {
			continue
		}
		meta, _ := o.PodMeta()
		if why := m.refused(meta, spec, l); why != "" {
			out = append(out, o.Kind+" "+o.Name+": "+why)
		}
	}
	if gap, missing := m.inv.Incomplete(inventory.WorkloadKinds()...); missing {
		out = append(out, "not all workloads could be read: "+gap.Reason)
	}
	return out
}

func (m *migration) refused(meta, spec map[string]any, l Level) string {
	verdict, err := m.evaluator.Judge(meta, spec)
	if err != nil {
		return err.Error()
	}
	violations := verdict.Baseline
	if l == Restricted {
		violations = verdict.Restricted
	}
	var out []string
	for _, v := range violations {
		out = append(out, v.Message)
	}
	return strings.Join(out, ", ")
}

// because says why a namespace gets its level.
func (m *migration) because(list []*Policy, l Level) []string {
	var out []string
	for _, p := range list {
		out = append(out, "pods could use PodSecurityPolicy "+p.Object.Name)
		for _, w := range p.Wider() {
			if !w.Rare && w.Level == next(l) {
				out = append(out, p.Object.Name+": "+w.sentence())
			}
		}
		var rare []string
		for _, w := range p.Wider() {
			if w.Rare && l.demands(w.Level) {
				rare = append(rare, w.What)
			}
		}
		if len(rare) > 0 {
			out = append(out, "the level also refuses, and "+p.Object.Name+" did not: "+strings.Join(rare, "; "))
		}
	}
	return out
}

func (p *Policy) policyBecause(l Level) []string {
	out := []string{"for what PodSecurityPolicy " + p.Object.Name + " demands beyond the level " + string(l)}
	for _, w := range p.Wider() {
		if !w.Rare && w.Level == next(l) {
			out = append(out, "no higher level: "+w.sentence())
		}
	}
	if p.seccomp == nil {
		out = append(out, "it let no pod name a seccomp profile, since it listed none: that is not carried over")
	}
	return out
}

// merge adds the labels of one object to another's.
func merge(object, more map[string]any) {
	to, from := inventory.Map(object, "metadata", "labels"), inventory.Map(more, "metadata", "labels")
	for key, value := range from {
		to[key] = value
	}
}
