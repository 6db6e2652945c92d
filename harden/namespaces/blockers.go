package namespaces

import (
	"fmt"
	"strings"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy/podsecurity"
)

// The levels of the Pod Security Standards, laxest first.
const (
	privileged = "privileged"
	baseline   = "baseline"
	restricted = "restricted"
)

// rank orders levels; -1 is no level.
func rank(level string) int {
	for i, l := range [...]string{privileged, baseline, restricted} {
		if l == level {
			return i
		}
	}
	return -1
}

// above is the next stricter level, "" above the strictest.
func above(level string) string {
	return map[string]string{privileged: baseline, baseline: restricted}[level]
}

// A podMiss is what one workload, its template and its live Pods, lacks for both levels.
type podMiss struct {
	object   *inventory.Object
	baseline []Field
	// restricted are the fields that keep it from restricted.
	restricted []Field
}

// judge finds the highest level that a namespace can take.
func (p *planner) judge(ns *Namespace) {
	ns.Can = restricted
	for _, w := range p.workloads[ns.Name] {
		ns.Judged++
		miss := podMiss{object: w.Object}
		v, err := p.evaluator.Judge(w.Meta, w.Template)
		if err != nil {
			// Pods that cannot be judged may need anything: nothing is enforced over them.
			f := Field{Path: finding.Path(w.At), Check: "unreadable", Message: err.Error()}
			miss.baseline, miss.restricted = []Field{f}, []Field{f}
		} else {
			miss.baseline, miss.restricted = fieldsOf(w, v.Baseline), fieldsOf(w, v.Restricted)
		}
		p.judgeLive(w, &miss)
		switch {
		case len(miss.baseline) > 0:
			ns.Can = privileged
		case len(miss.restricted) > 0 && ns.Can == restricted:
			ns.Can = baseline
		default:
			if len(miss.restricted) == 0 {
				continue
			}
		}
		ns.missing = append(ns.missing, miss)
	}
	ns.Next = above(ns.Can)
	ns.Blockers = ns.blockersOf(ns.Next)
}

// blockersOf are the workloads that do not meet a level.
func (ns *Namespace) blockersOf(level string) []Blocker {
	out := []Blocker{}
	for i := range ns.missing {
		m := &ns.missing[i]
		fields := m.restricted
		if level == baseline {
			fields = m.baseline
		}
		if len(fields) > 0 && rank(level) > 0 {
			out = append(out, Blocker{Object: m.object.Ref, Position: m.object.Position(fields[0].Path), Fields: fields})
		}
	}
	return out
}

// judgeLive adds what live Pods have and their template has not: sidecars that a webhook injects, for example.
func (p *planner) judgeLive(w control.Workload, miss *podMiss) {
	pods := p.live[w.Object]
	var base, all injected
	for _, pod := range pods {
		spec, _ := pod.PodSpec()
		meta, _ := pod.PodMeta()
		v, err := p.evaluator.Judge(meta, spec)
		if err != nil {
			continue // what runs has been accepted: its template is judged
		}
		base.count(fieldsOf(w, v.Baseline), miss.baseline)
		all.count(fieldsOf(w, v.Restricted), miss.restricted)
	}
	miss.baseline = append(miss.baseline, base.fields(len(pods))...)
	miss.restricted = append(miss.restricted, all.fields(len(pods))...)
}

// injected counts in how many Pods a field is that no template has.
type injected struct {
	order []Field
	times map[Field]int
}

func (i *injected) count(live, template []Field) {
	known := map[Field]bool{}
	for _, f := range template {
		known[Field{Path: f.Path, Check: f.Check}] = true
	}
	if i.times == nil {
		i.times = map[Field]int{}
	}
	for _, f := range live {
		key := Field{Path: f.Path, Check: f.Check}
		if known[key] {
			continue
		}
		known[key] = true
		if i.times[key]++; i.times[key] == 1 {
			i.order = append(i.order, f)
		}
	}
}

func (i *injected) fields(pods int) []Field {
	for n := range i.order {
		f := &i.order[n]
		f.Injected = fmt.Sprintf("in %d of %d pods", i.times[Field{Path: f.Path, Check: f.Check}], pods)
	}
	return i.order
}

// fieldsOf are the fields of a workload that violate.
func fieldsOf(w control.Workload, violations []podsecurity.Violation) []Field {
	var out []Field
	for _, v := range violations {
		for _, path := range v.Paths {
			if rest, ok := strings.CutPrefix(string(path), "spec"); ok {
				path = finding.Path(w.At + rest)
			} else {
				path = finding.Path(w.MetaAt + strings.TrimPrefix(string(path), "metadata"))
			}
			out = append(out, Field{Path: path, Check: v.Check, Message: v.Message})
		}
	}
	return out
}
