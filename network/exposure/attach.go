package exposure

import (
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// A tri is whether something is the case, as far as that is known.
type tri uint8

const (
	no tri = iota
	maybe
	yes
)

// attached says whether a Gateway takes a route that names it: one of its listeners has to. why is set unless it does.
func (f *finder) attached(o *inventory.Object, kind routeKind, parent map[string]any, g *inventory.Object) (best tri, why string) {
	why = g.String() + " has no listener for it"
	for _, l := range inventory.Maps(inventory.List(g.Content, "spec", "listeners")) {
		if section := inventory.String(parent, "sectionName"); section != "" && section != inventory.String(l, "name") {
			continue
		}
		if port := network.PortNumber(parent["port"]); port != 0 && port != network.PortNumber(l["port"]) {
			continue
		}
		if !takesKind(l, kind) || !sharesHost(o, inventory.String(l, "hostname")) {
			continue
		}
		switch t := f.takesNamespace(l, g, o.Namespace); {
		case t == yes:
			return yes, ""
		case t == maybe:
			best, why = maybe, "it is not known whether "+g.String()+" takes routes of the namespace "+o.Namespace
		case best == no:
			why = g.String() + " takes no routes of the namespace " + o.Namespace
		}
	}
	return best, why
}

// takesKind says whether a listener takes a kind of route.
func takesKind(l map[string]any, kind routeKind) bool {
	if kinds := inventory.Maps(inventory.List(l, "allowedRoutes", "kinds")); len(kinds) > 0 {
		return slices.ContainsFunc(kinds, func(m map[string]any) bool { return inventory.String(m, "kind") == kind.kind })
	}
	protocol := inventory.String(l, "protocol")
	return slices.Contains(kind.listeners, protocol) || strings.Contains(protocol, "/") // an implementation's own
}

// takesNamespace says whether a listener takes routes of a namespace; without a word only those of the Gateway's own.
func (f *finder) takesNamespace(l map[string]any, g *inventory.Object, namespace string) tri {
	rule := inventory.Map(l, "allowedRoutes", "namespaces")
	switch inventory.String(rule, "from") {
	case "", "Same":
		return triOf(namespace == g.Namespace)
	case "All":
		return yes
	case "Selector":
		selector := inventory.Map(rule, "selector")
		object := f.inv.Get("", "Namespace", "", namespace)
		have := map[string]string{"kubernetes.io/metadata.name": namespace}
		if object != nil {
			have = object.Labels()
			have["kubernetes.io/metadata.name"] = namespace
		}
		answer := network.Selects(selector, have)
		switch {
		case selector == nil || answer == network.Unknown:
			return maybe
		case len(inventory.Map(selector, "matchLabels"))+len(inventory.List(selector, "matchExpressions")) == 0:
			return yes
		case object == nil:
			return maybe
		}
		return triOf(answer == network.Allowed)
	case "None":
		return no
	}
	return maybe
}

func triOf(b bool) tri {
	if b {
		return yes
	}
	return no
}

// sharesHost says whether a listener's host name and one of those of a route have a name in common.
func sharesHost(o *inventory.Object, listener string) bool {
	hosts := texts(inventory.List(o.Content, "spec", "hostnames"))
	if listener == "" || len(hosts) == 0 {
		return true
	}
	return slices.ContainsFunc(hosts, func(h string) bool { return h == listener || below(h, listener) || below(listener, h) })
}

// below says whether a host name, or all of a wildcard, are among those of a wildcard.
func below(host, wildcard string) bool {
	end, is := strings.CutPrefix(wildcard, "*")
	return is && strings.HasSuffix(strings.TrimPrefix(host, "*"), end)
}
