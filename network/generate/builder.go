package generate

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// A builder collects what policies have to allow.
type builder struct {
	network  *network.Map
	services *service.Services
	options  Options
	plan     *Plan
	all      []*workload
	of       map[*inventory.Object]*workload
	byPlace  map[string][]*workload // by namespace
	covered  map[string]bool        // namespaces that the plan is for
	villages map[string]*village
	units    map[string][]*unit
	dns      resolvers
	asking   map[string]*Reason // by namespace: who asks the cluster's DNS
	sides    map[sideKey]*side
	standing standing
	// controller is the ingress controller that the options name; nil until it is asked for.
	controller *place
}

// A sideKey is a unit in a direction.
type sideKey struct {
	unit      *unit
	direction network.Direction
}

// ofKubernetes are the namespaces that every cluster has for itself. Isolating them takes more care than reading flows.
var ofKubernetes = []string{"kube-system", "kube-public", "kube-node-lease"}

// cover finds the namespaces that the plan is for, and says why others are left out.
func (b *builder) cover(needs *need.Needs) {
	seen := map[string]bool{}
	for i := range needs.List {
		if b.routine(&needs.List[i]) {
			continue
		}
		for _, e := range []need.End{needs.List[i].From, needs.List[i].To} {
			if w := b.workload(e); w != nil {
				w.seen = true
				seen[w.namespace] = seen[w.namespace] || !w.hosts()
			}
		}
	}
	places := slices.Collect(maps.Keys(b.byPlace))
	if b.options.AllNamespaces {
		places = append(places, b.options.Namespaces...) // also where nothing runs yet
	}
	slices.Sort(places)
	for _, ns := range slices.Compact(places) {
		named := slices.Contains(b.options.Namespaces, ns)
		switch {
		case len(b.options.Namespaces) > 0 && !named:
		case len(validation.IsDNS1123Label(ns)) > 0:
			b.note(Untouched, ns, "", "no namespace can have this name, so that no policy is written for it")
		case slices.Contains(ofKubernetes, ns) && !named:
			if seen[ns] {
				b.note(Untouched, ns, "", "it belongs to Kubernetes itself: policies for it are written only when it is named")
			}
		case !seen[ns] && !b.options.AllNamespaces:
			b.note(NotSeen, ns, "", "no connection of it was found, so that no policy is written for it")
		default:
			b.covered[ns] = true
			b.plan.Namespaces = append(b.plan.Namespaces, ns)
		}
	}
	for _, ns := range b.options.Namespaces {
		if b.byPlace[ns] == nil {
			b.note(NotSeen, ns, "", "nothing that was read runs in it")
		}
	}
}

// routine says that a need says nothing about whom a workload talks to: that it has a probe, or may ask DNS, is declared.
func (b *builder) routine(n *need.Need) bool {
	declared := !slices.ContainsFunc(n.Evidence, func(e need.Evidence) bool { return e.Object == nil })
	return declared && (n.From.SameNode || b.dns.asked(n, b.workload(n.To)))
}

func (b *builder) note(sort Sort, namespace, policy, text string) {
	b.addNote(Note{Sort: sort, Namespace: namespace, Policy: policy, Text: text})
}

func (b *builder) addNote(n Note) {
	if !slices.Contains(b.plan.Notes, n) {
		b.plan.Notes = append(b.plan.Notes, n)
	}
}

// isolates says whether the plan isolates pods in a direction.
func (b *builder) isolates(d network.Direction) bool { return slices.Contains(b.options.Directions, d) }

// exact is the selector for one workload, whatever the style.
func (b *builder) exact(w *workload) Selector {
	v := b.villages[w.namespace]
	if v == nil {
		v = settle(b.byPlace[w.namespace])
		b.villages[w.namespace] = v
	}
	for _, k := range v.kins {
		if slices.Contains(k.members, w) {
			return v.choose(k)
		}
	}
	return Selector{}
}

// side is that of a unit.
func (b *builder) side(u *unit, d network.Direction) *side {
	s := b.sides[sideKey{u, d}]
	if s == nil {
		s = newSide()
		b.sides[sideKey{u, d}] = s
	}
	return s
}

// need opens both ends of a need, as far as the plan isolates them.
func (b *builder) need(n *need.Need) {
	from, to := b.place(n.From), b.place(n.To)
	egress := from.unit != nil && b.covered[from.unit.namespace] && b.isolates(network.Egress)
	ingress := to.unit != nil && b.covered[to.unit.namespace] && b.isolates(network.Ingress)
	if !egress && !ingress {
		return
	}
	b.count(n)
	asks := !b.options.NoDNS && b.dns.asked(n, b.workload(n.To))
	reason := ""
	switch {
	case n.Port == 0:
		reason = "its port is not known"
	case egress && !asks:
		reason = to.unknown
	case ingress:
		reason = from.unknown
	}
	if reason != "" {
		b.plan.Unopened = append(b.plan.Unopened, Unopened{Need: *n, Reason: reason})
		if egress {
			b.side(from.unit, network.Egress).refuse(n, n.To, reason)
		} else {
			b.side(to.unit, network.Ingress).refuse(n, n.From, reason)
		}
		return
	}
	b.plan.Opened++
	if asks && egress {
		b.asked(n, from.unit.namespace)
	} else if egress {
		b.side(from.unit, network.Egress).open(&from, &to, n)
	}
	if ingress && !(asks && from.unit != nil) { // the resolvers let all pods in
		b.side(to.unit, network.Ingress).open(&to, &from, n)
	}
}

// count counts what the plan is made from.
func (b *builder) count(n *need.Need) {
	for _, e := range n.Evidence {
		if e.Object == nil {
			b.plan.Observed++
			b.plan.Flows += e.Flows
		} else {
			b.plan.Declared++
		}
	}
}

// asked notes who asks the cluster's DNS.
func (b *builder) asked(n *need.Need, namespace string) {
	r := b.asking[namespace]
	if r == nil {
		r = &Reason{End: "the cluster's DNS"}
		b.asking[namespace] = r
	}
	// That it resolves names is said of every workload, and so tells nothing.
	r.add(slices.DeleteFunc(slices.Clone(n.Evidence), func(e need.Evidence) bool { return e.Object != nil }), nil)
}
