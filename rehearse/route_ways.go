package rehearse

import (
	"fmt"
	"maps"
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/network/exposure"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// ways finds ways in that go, that are refused what they ask for, or that lose a port.
func (r *routeRun) ways() {
	for _, key := range slices.Sorted(maps.Keys(r.before.ways)) {
		old, now := r.before.ways[key], r.after.ways[key]
		refs := r.blame(old.Object.String())
		lose := func(reason string) {
			r.out.breaks = append(r.out.breaks, Break{Changes: refs, Sort: routeSort, Object: &old.Object.Ref, Position: old.Object.Origin, Count: 1, Reason: reason})
		}
		if now == nil {
			if !r.told[old.Object.String()] {
				lose("the way in (" + old.Kind.String() + ") is gone")
			}
			continue
		}
		for _, refused := range now.Refused {
			if !slices.Contains(old.Refused, refused) && !r.told[old.Object.String()] {
				r.told[old.Object.String()] = true
				lose(refused)
			}
		}
		for _, doubt := range now.Doubts {
			if !slices.Contains(old.Doubts, doubt) {
				r.out.doubts = append(r.out.doubts, Doubt{Changes: refs, Sort: routeSort, Object: &old.Object.Ref, Count: 1, Reason: doubt})
			}
		}
		if !r.told[old.Object.String()] {
			r.doors(old, now, refs)
		}
		if now.Zone > old.Zone {
			r.out.notes = append(r.out.notes, fmt.Sprintf("%s can be reached from further outside: %s instead of %s", now.Object, now.Zone, old.Zone))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(r.after.ways)) {
		if w := r.after.ways[key]; r.before.ways[key] == nil && len(w.Doors) > 0 {
			r.out.notes = append(r.out.notes, fmt.Sprintf("%s is a new way in (%s, %s)", w.Object, w.Kind, w.Zone))
		}
	}
}

// A doorKey is one port of a way to one workload.
type doorKey struct {
	to       finding.Ref
	protocol string
	port     uint16
}

func doorsOf(w *exposure.Way) map[doorKey]bool {
	out := map[doorKey]bool{}
	for _, d := range w.Doors {
		if d.Peer != nil && d.Peer.Object != nil {
			out[doorKey{d.Peer.Object.Ref, d.Protocol.String(), d.Port}] = true
		}
	}
	return out
}

func (r *routeRun) doors(old, now *exposure.Way, refs []finding.Ref) {
	had, has := doorsOf(old), doorsOf(now)
	var lost []doorKey
	for d := range had {
		if !has[d] {
			lost = append(lost, d)
		}
	}
	slices.SortFunc(lost, func(a, b doorKey) int {
		if c := a.to.Compare(b.to); c != 0 {
			return c
		}
		return int(a.port) - int(b.port)
	})
	for _, d := range lost {
		r.out.breaks = append(r.out.breaks, Break{Changes: refs, Sort: routeSort, Count: 1,
			Flow:   &Flow{From: "clients of " + old.Object.String(), To: d.to.String(), Protocol: d.protocol, Port: d.port},
			Reason: "the way in leads there no more"})
	}
}

// inside makes doubts of Services that lose ports or pods: whether anybody in the cluster uses them is not known.
func (r *routeRun) inside() {
	for _, c := range r.changes {
		ref := c.Ref()
		if ref.Group() != "" || ref.Kind != "Service" || c.Old == nil {
			continue
		}
		old, now := r.before.services.Get(ref.Namespace, ref.Name), r.after.services.Get(ref.Namespace, ref.Name)
		if old == nil {
			continue
		}
		for _, reason := range serviceLosses(old, now) {
			r.out.doubts = append(r.out.doubts, Doubt{Changes: []finding.Ref{ref}, Sort: routeSort, Object: &c.Old.Ref, Count: 1,
				Reason: reason + ": whether anybody in the cluster uses it is not known"})
		}
	}
}

// serviceLosses are what clients of a Service would miss.
func serviceLosses(old, now *service.Service) []string {
	if now == nil {
		return []string{"the Service is gone"}
	}
	var out []string
	for _, p := range old.Ports {
		if now.ForPort(p.Protocol, p.Port) == nil {
			out = append(out, fmt.Sprintf("port %s %d is gone", p.Protocol, p.Port))
		}
	}
	if len(old.Backends) > 0 && len(now.Backends) == 0 && now.Selects {
		out = append(out, "it selects no pod any more")
	}
	if old.Type != now.Type && now.Type == service.ExternalName {
		out = append(out, "its name leads out of the cluster, to "+now.Host)
	}
	if old.Headless != now.Headless {
		out = append(out, "its address changes")
	}
	return out
}
