package namespaces

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/internal/display"
)

const prefix = "pod-security.kubernetes.io/"

// The modes of a level, in the order in which to set them.
const (
	warn    = "warn"
	audit   = "audit"
	enforce = "enforce"
)

var labelVersion = regexp.MustCompile(`^v1\.(0|[1-9][0-9]{0,4})$`)

// labels are what a namespace has, nil when it was not read.
func (ns *Namespace) labels() map[string]string {
	if ns.object == nil {
		return nil
	}
	return ns.object.Labels()
}

// levels plans the labels of the Pod Security admission: warn, audit and enforce, each a step of its own.
func (p *planner) levels() {
	steps := []plan.Step{
		{
			Name: warn, Title: "Warn of pods above the level",
			Why: "Whoever applies a workload that does not meet the level sees a warning. Nothing is refused.",
		},
		{
			Name: audit, Title: "Note them in the audit log",
			Why: "Pods that controllers make, whose warnings nobody sees, are noted in the audit log. Nothing is refused.",
		},
		{
			Name: enforce, Title: "Refuse them",
			Why: "Pods that do not meet the level are refused when they are created. All pods and templates that were read meet it.",
			Before: []string{"wait until every workload has been deployed once, CronJobs have run, and the audit log shows no " +
				"pod-security.kubernetes.io/audit-violations in these namespaces"},
		},
	}
	set := map[*Namespace]map[string]string{}
	for _, ns := range p.list {
		p.judge(ns)
		ns.current()
		p.doubts(ns)
		set[ns] = ns.present()
	}
	for i, mode := range []string{warn, audit, enforce} {
		for _, ns := range p.list {
			if c, ok := p.label(ns, mode, set[ns]); ok {
				steps[i].Changes = append(steps[i].Changes, c)
			}
		}
		p.step(steps[i])
	}
	p.podSecurityLimits()
}

// current reads the level that a namespace enforces.
func (ns *Namespace) current() {
	labels := ns.labels()
	ns.Enforced = privileged
	if level, there := labels[prefix+enforce]; there {
		ns.Enforced, ns.Version = level, labels[prefix+enforce+"-version"]
		if rank(level) < 0 {
			ns.Enforced = restricted // as the admission takes it
		}
	}
}

// present are the labels of the Pod Security admission that are there. Each step applies them again with its own, so that
// none is taken away.
func (ns *Namespace) present() map[string]string {
	out := map[string]string{}
	for key, value := range ns.labels() {
		if strings.HasPrefix(key, prefix) {
			out[key] = value
		}
	}
	return out
}

// wanted is the level for a mode: what can be enforced, and one above it for the others, so that they lead there.
func (ns *Namespace) wanted(mode string) string {
	switch {
	case ns.System != "":
		return ""
	case mode != enforce && ns.Next != "":
		return ns.Next
	case mode == enforce && (ns.Unknown != "" || ns.Can == privileged):
		return ""
	}
	return ns.Can
}

// label is the change of a namespace for one mode; set are its labels so far, which it adds to.
func (p *planner) label(ns *Namespace, mode string, set map[string]string) (plan.Change, bool) {
	level := ns.wanted(mode)
	now, there := set[prefix+mode]
	if level == "" || there && rank(now) < 0 || rank(now) > rank(level) {
		return plan.Change{}, false
	}
	var fields []finding.Path
	put := func(key, value string) {
		if set[key] != value {
			set[key] = value
			fields = append(fields, finding.Path("metadata.labels").Field(key))
		}
	}
	version, pinned := set[prefix+mode+"-version"]
	switch {
	case now != level:
		put(prefix+mode, level)
		put(prefix+mode+"-version", p.pinned)
	case pinned && labelVersion.MatchString(version) && minor(version) < minor(p.pinned):
		put(prefix+mode+"-version", p.pinned)
	}
	if len(fields) == 0 {
		return plan.Change{}, false
	}
	labels := map[string]any{}
	for key, value := range set {
		labels[key] = value
	}
	c := plan.Change{
		Action: plan.Update, Source: ns.object, Fields: fields, Because: ns.because(level),
		Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": ns.Name, "labels": labels}},
	}
	if ns.object == nil {
		c.Risk = "the Namespace itself was not read: if it has other levels than these, kubectl reports a conflict and leaves them"
	}
	return c, true
}

// because is why a namespace gets a level.
func (ns *Namespace) because(level string) []string {
	if ns.Judged == 0 && ns.Unknown != "" {
		return []string{"what runs in it is not known"}
	}
	if ns.Judged == 0 {
		return []string{"nothing runs in it"}
	}
	workloads := display.Plural(ns.Judged, "workload")
	if level == ns.Can {
		return []string{map[bool]string{true: "its " + workloads + " meets ", false: "all of its " + workloads + " meet "}[ns.Judged == 1] + level}
	}
	return []string{fmt.Sprintf("%d of %s would not meet %s yet: %s", len(ns.Blockers), workloads, level, summary(ns.Blockers))}
}

// fewest is how many blockers a sentence names.
const fewest = 4

// summary names the first blockers, each with its checks.
func summary(list []Blocker) string {
	var out []string
	for _, b := range list[:min(len(list), fewest)] {
		out = append(out, b.Object.Kind+" "+b.Object.Name+" ("+strings.Join(b.Checks(), ", ")+")")
	}
	if more := len(list) - len(out); more > 0 {
		out = append(out, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(out, ", ")
}

// Checks are the names of the rules that a workload does not meet, each once.
func (b *Blocker) Checks() []string {
	var out []string
	seen := map[string]bool{}
	for _, f := range b.Fields {
		if !seen[f.Check] {
			seen[f.Check] = true
			out = append(out, f.Check)
		}
	}
	return out
}

// doubts are what people have to look at: labels that cannot be read, and levels that refuse what exists.
func (p *planner) doubts(ns *Namespace) {
	labels := ns.labels()
	for _, mode := range []string{warn, audit, enforce} {
		if level, there := labels[prefix+mode]; there && rank(level) < 0 {
			effect := "the admission takes it as privileged"
			if mode == enforce {
				effect = "the admission takes it as restricted, and refuses pods accordingly"
			}
			p.plan.Decisions = append(p.plan.Decisions, plan.Decision{
				Object: ns.object.Ref, Path: finding.Path("metadata.labels").Field(prefix + mode),
				Position: ns.object.Position(finding.Path("metadata.labels").Field(prefix + mode)),
				Question: "Which level was meant? It is none of privileged, baseline and restricted", Because: []string{effect},
			})
		}
	}
	if refused := ns.blockersOf(ns.Enforced); len(refused) > 0 {
		p.decide(finding.Ref{APIVersion: "v1", Kind: "Namespace", Name: ns.Name},
			fmt.Sprintf("It enforces %s, and %s not: mend them, or they are refused when their pods are made again",
				ns.Enforced, map[bool]string{true: "a workload does", false: display.Plural(len(refused), "workload") + " do"}[len(refused) == 1]),
			summary(refused))
	}
}

// podSecurityLimits says what labels and objects do not show.
func (p *planner) podSecurityLimits() {
	p.cannotKnow("exemptions and cluster-wide defaults in the configuration of the Pod Security admission, which no object shows: " +
		"an exempt user, runtime class or namespace is not refused")
	p.cannotKnow("pods that nothing which was read makes: custom resources whose operator makes them, and what people or pipelines create by hand")
	if p.options.VersionAssumed {
		p.cannotKnow(fmt.Sprintf("the version of the API server: levels are judged and pinned as of %s (--kubernetes-version says another)", p.pinned))
	}
	for _, ns := range p.list {
		if ns.Unknown != "" && ns.System == "" {
			p.cannotKnow(fmt.Sprintf("what namespace %s can take: %s; it gets no enforce label", ns.Name, ns.Unknown))
		}
	}
}

// minor is the minor of a version as labels write it, -1 when it is none.
func minor(version string) int {
	_, text, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}
