package rehearse

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/exposure"
	"github.com/plimsoll-io/plimsoll/network/service"
)

const routeSort = "route"

// concernsRoute is true of what ways into the cluster are made of.
func concernsRoute(c Change) bool {
	gk := changedKind(c)
	switch gk.Group {
	case "":
		return gk.Kind == "Service"
	case "networking.k8s.io", "extensions":
		return gk.Kind == "Ingress" || gk.Kind == "IngressClass"
	case gatewayGroup:
		return true
	case "route.openshift.io":
		return gk.Kind == "Route"
	}
	return false
}

// A routes is the ways in at one time.
type routes struct {
	services *service.Services
	entries  map[location][]entry
	ways     map[string]*exposure.Way
}

func routesOf(inv *inventory.Inventory) *routes {
	m := network.New(inv)
	r := &routes{services: service.New(inv, m), ways: map[string]*exposure.Way{}}
	r.entries = entriesOf(inv, r.services)
	for _, w := range exposure.New(inv, m, r.services).Ways() {
		r.ways[wayKey(w)] = w
	}
	return r
}

// wayKey is the same for one way before and after.
func wayKey(w *exposure.Way) string {
	key := w.Kind.String() + " " + w.Object.Group() + " " + w.Object.String()
	if w.Gateway != nil {
		key += " " + w.Gateway.String()
	}
	return key
}

// A routeRun compares the ways in.
type routeRun struct {
	*state
	changes       []Change
	before, after *routes
	told          map[string]bool // objects of which a lost entry is told
	out           part
}

// rehearseRoutes compares the ways into the cluster before and after: hosts and paths, and what they lead to.
func rehearseRoutes(_ context.Context, s *state, changes []Change) (part, error) {
	run := &routeRun{state: s, changes: changes, before: routesOf(s.before), after: routesOf(s.after), told: map[string]bool{}}
	run.places()
	run.conflicts()
	run.ways()
	run.inside()
	if gap, incomplete := s.before.Incomplete(append(exposure.Reads(), service.Reads()...)...); incomplete {
		run.out.incomplete = true
		run.out.cannotKnow = append(run.out.cannotKnow, "Which ways lead into the cluster: "+gap.Reason+".")
	}
	run.out.cannotKnow = append(run.out.cannotKnow, "Which hosts and paths anybody asks for: no log of a gateway is read.")
	judged := len(run.before.entries) + len(run.before.ways)
	run.out.covered = append(run.out.covered, Coverage{Sort: routeSort, Changes: len(changes), Judged: int64(judged),
		What: display.Plural(len(run.before.entries), "path") + " of hosts, ways in: " + strconv.Itoa(len(run.before.ways))})
	return run.out, nil
}

// blame are the changes of an object, or all: a route may break by its Gateway or Service.
func (r *routeRun) blame(objects ...string) []finding.Ref {
	var all, exact []finding.Ref
	for _, c := range r.changes {
		all = append(all, c.Ref())
		if slices.Contains(objects, c.Ref().String()) {
			exact = append(exact, c.Ref())
		}
	}
	if len(exact) > 0 {
		return exact
	}
	if related := slices.DeleteFunc(slices.Clone(all), func(ref finding.Ref) bool { return ref.Group() != gatewayGroup }); len(related) > 0 {
		return related // what is not changed itself and breaks all the same, is a route
	}
	return all
}

// places finds hosts and paths that led somewhere and do no more.
func (r *routeRun) places() {
	for _, p := range sortedPlaces(r.before.entries) {
		led := slices.DeleteFunc(slices.Clone(r.before.entries[p]), func(e entry) bool { return e.broken != "" })
		if len(led) == 0 {
			continue
		}
		now := r.after.entries[p]
		leads := slices.DeleteFunc(slices.Clone(now), func(e entry) bool { return e.broken != "" })
		old := led[0]
		flow := &Flow{From: "clients of " + p.String(), To: old.to, Protocol: "TCP", Port: old.port}
		lose := func(reason string, objects ...string) {
			r.told[old.object.String()] = true
			r.out.breaks = append(r.out.breaks, Break{Changes: r.blame(append(objects, old.object.String())...), Sort: routeSort, Flow: flow, Count: 1, Reason: reason})
		}
		switch {
		case len(now) == 0:
			lose("nothing serves this host and path any more")
		case len(leads) == 0:
			lose("it leads nowhere: "+now[0].broken, now[0].to)
		case slices.ContainsFunc(led, func(e entry) bool { return e.tls }) && !slices.ContainsFunc(leads, func(e entry) bool { return e.tls }):
			lose("it is served without TLS")
		case len(leads) < len(now) && len(led) == len(r.before.entries[p]):
			lose("a part of the requests leads nowhere: "+brokenOf(now).broken, brokenOf(now).to)
		default:
			r.elsewhere(p, led, leads)
		}
	}
	for _, p := range sortedPlaces(r.after.entries) {
		for _, e := range r.after.entries[p] {
			if len(r.before.entries[p]) > 0 {
				continue
			}
			if e.broken != "" {
				r.out.notes = append(r.out.notes, p.String()+" is new, and leads nowhere: "+e.broken)
				continue
			}
			r.out.notes = append(r.out.notes, p.String()+" is new, and leads to "+e.to)
		}
	}
}

func brokenOf(list []entry) entry {
	return list[slices.IndexFunc(list, func(e entry) bool { return e.broken != "" })]
}

// elsewhere notes that requests are led to something else.
func (r *routeRun) elsewhere(p location, led, leads []entry) {
	names := func(list []entry) string {
		var out []string
		for _, e := range list {
			out = append(out, e.to)
		}
		slices.Sort(out)
		return strings.Join(slices.Compact(out), ", ")
	}
	if a, b := names(led), names(leads); a != b {
		r.out.notes = append(r.out.notes, fmt.Sprintf("%s leads to %s instead of %s", p, b, a))
	}
}

// conflicts finds hosts and paths that a new object takes besides the one that has them.
func (r *routeRun) conflicts() {
	for _, p := range sortedPlaces(r.after.entries) {
		had, has := owners(r.before.entries[p]), owners(r.after.entries[p])
		if len(had) == 0 || len(has) < 2 || len(has) <= len(had) {
			continue
		}
		r.out.doubts = append(r.out.doubts, Doubt{Changes: r.blame(has...), Sort: routeSort, Count: 1,
			Flow:   &Flow{From: "clients of " + p.String(), To: r.before.entries[p][0].to, Protocol: "TCP", Port: r.before.entries[p][0].port},
			Reason: "several objects claim this host and path, and the controller chooses: " + strings.Join(has, ", ")})
	}
}

func owners(list []entry) []string {
	var out []string
	for _, e := range list {
		out = append(out, e.object.String())
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func sortedPlaces(entries map[location][]entry) []location {
	return slices.SortedFunc(maps.Keys(entries), func(a, b location) int {
		return cmp.Or(strings.Compare(a.host, b.host), strings.Compare(a.path, b.path), strings.Compare(a.match, b.match), strings.Compare(a.kind, b.kind))
	})
}
