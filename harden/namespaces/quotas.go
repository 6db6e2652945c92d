package namespaces

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// limitRange plans the defaults of a namespace, and says of which resources a quota would refuse pods.
func (p *planner) limitRange(b *budget) (plan.Change, bool) {
	item := map[string]any{"type": "Container"}
	var because []string
	var risks []string
	for _, name := range []string{requestsCPU, requestsMemory} {
		if _, there := b.existing[name]; there {
			continue
		}
		short := strings.TrimPrefix(name, "requests.")
		value, how, ok := p.defaultRequest(b, name)
		switch {
		case b.taken && len(b.silent[name]) > 0:
			b.unsure[name] = "a LimitRange for containers is there and gives none"
		case b.taken:
		case !ok:
			b.unsure[name] = "no container declares any, and nothing says what would be right"
		default:
			b.defaults[name] = value
			set(item, "defaultRequest", short, value)
			because = append(because, "request of "+short+" "+value.String()+": "+how)
			if silent := b.silent[name]; len(silent) > 0 {
				risks = append(risks, fmt.Sprintf("when they start anew, %s ask for %s of %s, for which nodes may have no room",
					someOf(silent), value.String(), short))
			}
		}
	}
	for _, name := range []string{limitsCPU, limitsMemory} {
		if _, there := b.existing[name]; there {
			continue
		}
		short := strings.TrimPrefix(name, "limits.")
		request := b.defaults["requests."+short]
		if len(b.silent[name]) > 0 || len(b.values[name]) == 0 || b.taken {
			b.unsure[name] = "containers declare none, and would be stopped or slowed down by one"
			continue
		}
		if value := largest(b.values[name]); value.Cmp(request) >= 0 {
			b.defaults[name] = value
			set(item, "default", short, value)
			because = append(because, "limit of "+short+" "+value.String()+": the highest that a container declares; all of them declare one")
		} else {
			b.unsure[name] = "the highest limit is less than the default request"
		}
	}
	p.noteSilence(b)
	if len(because) == 0 {
		return plan.Change{}, false
	}
	return plan.Change{
		Action: plan.Create, Because: because, Risk: strings.Join(risks, "; "),
		Object: map[string]any{
			"apiVersion": "v1", "kind": "LimitRange", "metadata": map[string]any{"name": rangeName, "namespace": b.ns.Name},
			"spec": map[string]any{"limits": []any{item}},
		},
	}, true
}

func set(item map[string]any, field, name string, q resource.Quantity) {
	m, ok := item[field].(map[string]any)
	if !ok {
		m = map[string]any{}
		item[field] = m
	}
	m[name] = q.String()
}

// defaultRequest is what a container that asks for nothing shall get.
func (p *planner) defaultRequest(b *budget, name string) (value resource.Quantity, how string, ok bool) {
	if values := b.values[name]; len(values) > 0 {
		return median(values), "what the middle one of " + display.Plural(len(values), "container") + " asks for", true
	}
	text, there := p.options.DefaultRequests[strings.TrimPrefix(name, "requests.")]
	if !there {
		return value, "", false
	}
	q, err := resource.ParseQuantity(text)
	return q, "no container says what it needs; --default-request does", err == nil && q.Sign() > 0
}

// noteSilence notes of which resources nothing tells how much the containers of a namespace need.
func (p *planner) noteSilence(b *budget) {
	var missing []string
	for _, name := range []string{requestsCPU, requestsMemory} {
		if b.unsure[name] != "" {
			missing = append(missing, strings.TrimPrefix(name, "requests."))
		}
	}
	if len(missing) == 0 {
		return
	}
	key := strings.Join(missing, " and ")
	if p.silence == nil {
		p.silence = map[string][]string{}
	}
	p.silence[key] = append(p.silence[key], b.ns.Name+" ("+someOf(b.silent["requests."+missing[0]])+")")
}

// askForDefaults asks for what nothing tells.
func (p *planner) askForDefaults() {
	for _, missing := range slices.Sorted(maps.Keys(p.silence)) {
		p.decide(finding.Ref{}, "How much "+missing+" do containers need that declare none? They are in "+someOf(p.silence[missing]),
			"without requests no quota can count them; --default-request "+strings.ReplaceAll(missing, " and ", "=…,")+"=… gives one to each")
	}
}

// someOf names the first of a list.
func someOf(list []string) string {
	if len(list) <= fewest {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:fewest], ", "), len(list)-fewest)
}

// quota plans the quota of a namespace, for the resources that no quota bounds yet and that every pod asks for.
func (p *planner) quota(b *budget) (plan.Change, bool) {
	if b.unsure[podCount] != "" {
		return plan.Change{}, false // said where it was found out
	}
	total, pods, because, err := b.need()
	if err != nil {
		return plan.Change{}, false // declare has said so
	}
	total[podCount] = *resource.NewQuantity(pods, resource.DecimalSI)
	hard := map[string]any{}
	var own *inventory.Object
	for _, q := range b.quotas {
		if q.Name == quotaName {
			own = q
		}
	}
	var fields []finding.Path
	for _, name := range append(bounded(), podCount) {
		need, asked := total[name]
		if b.unsure[name] != "" || !asked || need.Sign() <= 0 || p.boundAlready(b, name, need) {
			continue
		}
		var allowed resource.Quantity
		if name == podCount {
			allowed = *resource.NewQuantity(grown(need.Value(), p.options.Headroom), resource.DecimalSI)
		} else {
			allowed = with(need, name, p.options.Headroom)
		}
		hard[name] = allowed.String()
		fields = append(fields, finding.Path("spec.hard").Field(name))
	}
	if len(hard) == 0 {
		return plan.Change{}, false
	}
	c := plan.Change{Action: plan.Create, Because: few(because), Fields: fields}
	if own != nil {
		c.Action, c.Source = plan.Update, own
		hard = merged(inventory.Map(own.Content, "spec", "hard"), hard)
	}
	c.Object = map[string]any{
		"apiVersion": "v1", "kind": "ResourceQuota", "metadata": map[string]any{"name": quotaName, "namespace": b.ns.Name},
		"spec": map[string]any{"hard": hard},
	}
	c.Risk = b.quotaRisk(hard)
	return c, true
}

// quotaRisk says whom a quota may refuse.
func (b *budget) quotaRisk(hard map[string]any) string {
	text := "pods beyond it are refused, and rollouts then stand still"
	for _, name := range bounded() {
		if _, there := b.defaults[name]; hard[name] != nil && !there {
			return text + "; so are new pods that do not ask for " + name + ", since no LimitRange fills it in"
		}
	}
	return text
}

// boundAlready says whether a quota that is there bounds a resource; one that does not allow what is declared is a question.
func (p *planner) boundAlready(b *budget, name string, need resource.Quantity) bool {
	names := []string{name}
	if short, ok := strings.CutPrefix(name, "requests."); ok {
		names = append(names, short) // which means the same
	}
	if name == podCount {
		names = append(names, "count/pods")
	}
	bound := false
	for _, q := range b.quotas {
		for _, as := range names {
			value, there := inventory.Map(q.Content, "spec", "hard")[as]
			if !there {
				continue
			}
			bound = true
			allowed, err := resource.ParseQuantity(fmt.Sprint(value))
			scoped := len(inventory.List(q.Content, "spec", "scopes")) > 0 || inventory.Map(q.Content, "spec", "scopeSelector") != nil
			if err == nil && !scoped && allowed.Cmp(need) < 0 {
				p.plan.Decisions = append(p.plan.Decisions, plan.Decision{
					Object: q.Ref, Path: finding.Path("spec.hard").Field(as), Position: q.Position(finding.Path("spec.hard").Field(as)),
					Question: "Is it enough? The workloads may ask for " + need.String() + " at once, and it allows " + allowed.String(),
				})
			}
		}
	}
	return bound
}

// few are the first of several reasons.
func few(list []string) []string {
	const most = 12
	if len(list) <= most+1 {
		return list
	}
	return append(list[:most:most], fmt.Sprintf("and %d more workloads", len(list)-most))
}
