package namespaces

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// The names of the objects that a plan creates.
const (
	rangeName = "plimsoll-defaults"
	quotaName = "plimsoll-quota"
)

// A budget is what a namespace declares, and what bounds it.
type budget struct {
	ns     *Namespace
	ranges []*inventory.Object // LimitRanges, and ResourceQuotas
	quotas []*inventory.Object
	// existing are the defaults that LimitRanges give now, defaults those that they give with the plan.
	existing, defaults demand
	// taken says that LimitRanges for containers are there, which nothing is added to.
	taken bool
	uses  []use
	// silent are the containers that declare nothing of a resource; values are what the others declare.
	silent map[string][]string
	values map[string][]resource.Quantity
	// unsure says, by resource, why a quota for it could refuse pods.
	unsure map[string]string
}

// A use is what one workload's pods ask for.
type use struct {
	control.Workload
	specs []map[string]any // the template's, and those of live Pods
	count int64
	how   string
}

// limits plans LimitRanges, and quotas after them: a quota of a resource makes it compulsory to ask for it, and it is the
// LimitRange that asks for those that do not.
func (p *planner) limits() {
	ranges := plan.Step{
		Name: "defaults", Title: "Give containers that ask for nothing what their neighbours ask for",
		Why: "A LimitRange fills in requests, so that a quota can count them. Pods that run stay as they are. From then on a container " +
			"that requests more than the default limit, and names no limit of its own, is refused.",
	}
	quotas := plan.Step{
		Name: "quotas", Title: "Bound what each namespace may use",
		Why: fmt.Sprintf("A ResourceQuota allows what the workloads declare and %d%% more. Pods that run stay as they are.", p.options.Headroom),
	}
	var empty []string
	for _, ns := range p.list {
		if ns.System != "" {
			continue
		}
		if why := p.gap(ns.Name, append(inventory.WorkloadKinds(), schema.GroupKind{Kind: "LimitRange"}, schema.GroupKind{Kind: "ResourceQuota"},
			schema.GroupKind{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"})...); why != "" {
			p.cannotKnow(fmt.Sprintf("what namespace %s uses: %s; it gets no quota", ns.Name, why))
			continue
		}
		if ns.Unknown != "" && len(p.workloads[ns.Name]) == 0 {
			continue // said with the levels, or nobody asked
		}
		b, ok := p.budget(ns)
		if !ok {
			continue
		}
		if len(b.uses) == 0 {
			if len(b.quotas) == 0 {
				empty = append(empty, ns.Name)
			}
			continue
		}
		if c, ok := p.limitRange(b); ok {
			ranges.Changes = append(ranges.Changes, c)
		}
		if c, ok := p.quota(b); ok {
			quotas.Changes = append(quotas.Changes, c)
		}
	}
	if len(empty) > 0 {
		p.decide(finding.Ref{}, "How much may these namespaces use? Nothing runs in them, and no quota bounds them: "+strings.Join(empty, ", "))
	}
	if len(ranges.Changes) > 0 {
		quotas.Before = []string{"apply the LimitRanges first: under a quota pods that ask for nothing are refused"}
	}
	p.askForDefaults()
	p.step(ranges)
	p.step(quotas)
	if len(quotas.Changes) > 0 {
		p.cannotKnow("how much pods really use, which is not what they declare; runs of CronJobs that overlap more than is said; " +
			"replicas that somebody adds by hand")
	}
}

// budget reads what a namespace declares; ok is false when it cannot be read.
func (p *planner) budget(ns *Namespace) (*budget, bool) {
	b := &budget{
		ns: ns, existing: demand{}, defaults: demand{}, silent: map[string][]string{}, values: map[string][]resource.Quantity{},
		unsure: map[string]string{},
	}
	for _, o := range p.inNamespace("LimitRange", ns.Name) {
		b.ranges = append(b.ranges, o)
		b.readRange(o)
	}
	b.quotas = p.inNamespace("ResourceQuota", ns.Name)
	for _, w := range p.workloads[ns.Name] {
		n, how, err := p.pods(w)
		if err != nil {
			p.decide(w.Object.Ref, "How many pods may there be? No quota was made for the namespace", err.Error())
			b.unsure[podCount] = err.Error()
		}
		if n == 0 && err == nil {
			continue
		}
		u := use{Workload: w, count: n, how: how, specs: []map[string]any{w.Template}}
		for _, pod := range p.live[w.Object] {
			if spec, _ := pod.PodSpec(); spec != nil {
				u.specs = append(u.specs, spec)
			}
		}
		if err := b.declare(u); err != nil {
			p.decide(w.Object.Ref, "What does it ask for? No limits were planned for the namespace", err.Error())
			return nil, false
		}
		b.uses = append(b.uses, u)
	}
	return b, true
}

// inNamespace are the objects of a core kind in a namespace.
func (p *planner) inNamespace(kind, namespace string) []*inventory.Object {
	if p.index == nil {
		p.index = map[string][]*inventory.Object{}
		for _, kind := range []string{"LimitRange", "ResourceQuota", "ServiceAccount"} {
			for _, o := range p.inv.Of("", kind) {
				p.index[kind+"/"+o.Namespace] = append(p.index[kind+"/"+o.Namespace], o)
			}
		}
	}
	return p.index[kind+"/"+namespace]
}

// readRange reads which defaults a LimitRange gives to containers: a limit is a request, too.
func (b *budget) readRange(o *inventory.Object) {
	for _, item := range inventory.Maps(inventory.Map(o.Content, "spec")["limits"]) {
		if inventory.String(item, "type") != "Container" {
			continue
		}
		b.taken = true
		limits, requests := inventory.Map(item, "default"), inventory.Map(item, "defaultRequest")
		if most := inventory.Map(item, "max"); len(most) > 0 {
			limits = merged(most, limits)
		}
		read, err := declaredBy(map[string]any{"resources": map[string]any{"limits": limits, "requests": merged(limits, requests)}})
		if err == nil {
			b.existing.raise(read)
		}
	}
	b.defaults.raise(b.existing)
}

// merged is a with the entries of b.
func merged(a, b map[string]any) map[string]any {
	out := map[string]any{}
	for _, m := range []map[string]any{a, b} {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

// declare notes what the containers of a workload declare and what they leave out.
func (b *budget) declare(u use) error {
	silent := map[string]bool{}
	for _, spec := range u.specs {
		one, err := podOf(spec, nil)
		if err != nil {
			return err
		}
		for name, containers := range one.silent {
			for _, c := range containers {
				if text := u.Object.Kind + " " + u.Object.Name + " container " + c; !silent[name+text] {
					silent[name+text] = true
					b.silent[name] = append(b.silent[name], text)
				}
			}
		}
		for name, values := range one.values {
			b.values[name] = append(b.values[name], values...)
		}
	}
	return nil
}

// need is what all workloads ask for, and each in words.
func (b *budget) need() (total demand, pods int64, because []string, err error) {
	total = demand{}
	for _, u := range b.uses {
		each := demand{}
		for _, spec := range u.specs {
			one, err := podOf(spec, b.defaults)
			if err != nil {
				return nil, 0, nil, err
			}
			each.raise(one.demand)
		}
		total.add(each.times(u.count))
		pods += u.count
		because = append(because, fmt.Sprintf("%s %s: %s, each %s", u.Object.Kind, u.Object.Name, u.how, inWords(each)))
	}
	return total, pods, because, nil
}

// inWords says what a pod asks for: "cpu 100m, memory 128Mi".
func inWords(d demand) string {
	var out []string
	for _, name := range []string{requestsCPU, requestsMemory} {
		if q, there := d[name]; there {
			out = append(out, strings.TrimPrefix(name, "requests.")+" "+q.String())
		}
	}
	if len(out) == 0 {
		return "asking for nothing"
	}
	return strings.Join(out, " and ")
}

// median is the value in the middle, the lower of two.
func median(values []resource.Quantity) resource.Quantity {
	sorted := slices.Clone(values)
	slices.SortFunc(sorted, func(a, b resource.Quantity) int { return a.Cmp(b) })
	return sorted[(len(sorted)-1)/2]
}

// largest is the highest value.
func largest(values []resource.Quantity) resource.Quantity {
	return slices.MaxFunc(values, func(a, b resource.Quantity) int { return a.Cmp(b) })
}
