package conformance

import (
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// An ncaUnit is a pod, or a workload of which only the template is known.
type ncaUnit struct {
	name   string // "shop/cart-0"
	object *inventory.Object
	labels map[string]string
	peer   *network.Peer
}

func unitsOf(m *network.Map) []ncaUnit {
	var out []ncaUnit
	for _, p := range m.Peers() {
		if p.External() {
			continue
		}
		pods := p.Pods
		if len(pods) == 0 {
			pods = []*inventory.Object{p.Object}
		}
		for _, pod := range pods {
			labels := pod.Labels()
			if pod == p.Object && pod.Kind != "Pod" {
				labels = p.Labels()
			}
			out = append(out, ncaUnit{p.Namespace() + "/" + pod.Name, pod, labels, p})
		}
	}
	return out
}

// names are what the cases may call a unit, in its namespace: the pod's name, that of its owner, and of its owner's owner.
func (u ncaUnit) names() []string {
	out := []string{u.object.Name, u.object.Name + "-1", u.object.Name + "-2"} // replicas of a workload are numbered
	for _, o := range inventory.Maps(inventory.Map(u.object.Content, "metadata")["ownerReferences"]) {
		owner := inventory.String(o, "name")
		out = append(out, owner)
		if i := strings.LastIndex(owner, "-"); inventory.String(o, "kind") == "ReplicaSet" && i > 0 {
			out = append(out, owner[:i])
		}
	}
	return out
}

// owner is the name of what made a pod.
func (u ncaUnit) owner() string {
	for _, o := range inventory.Maps(inventory.Map(u.object.Content, "metadata")["ownerReferences"]) {
		return inventory.String(o, "name")
	}
	if u.object.Kind != "Pod" {
		return u.object.Name
	}
	return ""
}

// matches reads one entry of a rule's pods: "*", a name, "app=web", "app!=web", "app in (a,b)", "app not in (a,b)",
// "has(app)", and several of them joined with "and", "or" in parentheses.
func (u ncaUnit) matches(text string) bool {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "(") && strings.HasSuffix(text, ")") && balanced(text[1:len(text)-1]) {
		return u.matches(text[1 : len(text)-1])
	}
	if parts := splitOutside(text, " or "); len(parts) > 1 {
		return slices.ContainsFunc(parts, u.matches)
	}
	if parts := splitOutside(text, " and "); len(parts) > 1 {
		return !slices.ContainsFunc(parts, func(part string) bool { return !u.matches(part) })
	}
	if key, found := strings.CutPrefix(text, "has("); found {
		_, has := u.labels[strings.TrimSuffix(key, ")")]
		return has
	}
	if key, values, found := strings.Cut(text, " not in ("); found {
		return !slices.Contains(strings.Split(strings.TrimSuffix(values, ")"), ","), u.labels[key])
	}
	if key, values, found := strings.Cut(text, " in ("); found {
		return slices.Contains(strings.Split(strings.TrimSuffix(values, ")"), ","), u.labels[key])
	}
	if key, value, found := strings.Cut(text, "!="); found {
		return u.labels[key] != value
	}
	if key, value, found := strings.Cut(text, "="); found {
		have, has := u.labels[key]
		return has && have == value
	}
	return text == "*" || slices.Contains(u.names(), text)
}

func balanced(text string) bool {
	depth := 0
	for _, r := range text {
		switch r {
		case '(':
			depth++
		case ')':
			if depth--; depth < 0 {
				return false
			}
		}
	}
	return depth == 0
}

// splitOutside splits where no parentheses are open.
func splitOutside(text, separator string) []string {
	var out []string
	start := 0
	for i := range text {
		if strings.HasPrefix(text[i:], separator) && i >= start && balanced(text[start:i]) {
			out = append(out, text[start:i])
			start = i + len(separator)
		}
	}
	return append(out, text[start:])
}

// tableOfUnits asks a Map about all pairs of different units, and of units and addresses, that are wanted.
func tableOfUnits(m *network.Map, units []ncaUnit, wanted func(ncaUnit) bool) mapTable {
	out := mapTable{newConnTable(), newConnTable()}
	for i, a := range units {
		for j, b := range units {
			if i == j || !wanted(a) && !wanted(b) {
				continue
			}
			c := m.Allowed(a.peer, b.peer)
			out.allowed.add(a.name, b.name, c.Allowed)
			out.unknown.add(a.name, b.name, c.Unknown)
		}
		if !wanted(a) {
			continue
		}
		for _, p := range m.Peers() {
			if p.External() {
				in, from := m.Allowed(p, a.peer), m.Allowed(a.peer, p)
				out.allowed.addOutside(out.allowed.in, a.name, p.Addresses, in.Allowed)
				out.unknown.addOutside(out.unknown.in, a.name, p.Addresses, in.Unknown)
				out.allowed.addOutside(out.allowed.out, a.name, p.Addresses, from.Allowed)
				out.unknown.addOutside(out.unknown.out, a.name, p.Addresses, from.Unknown)
			}
		}
	}
	return out
}

func everyUnit(ncaUnit) bool { return true }
