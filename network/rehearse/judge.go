package rehearse

import (
	"strings"

	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/need"
)

// A judge plays needs on the proposed Map, and on the current one if that is another.
type judge struct {
	*stage
	before *stage
	acts   acts
	why    map[pair]string
}

func (j *judge) need(r *Rehearsal, n *need.Need) {
	o := j.outcome(n)
	switch o.answer {
	case network.Allowed:
		r.Kept++
		r.KeptFlows += Flows(*n)
	case network.Denied:
		b := Break{Need: *n}
		j.blame(&b, o)
		r.Breaks = append(r.Breaks, b)
	default:
		r.Unknown = append(r.Unknown, Doubt{*n, j.doubt(o)})
	}
}

// doubt says why a need is unknown.
func (j *judge) doubt(o outcome) string {
	if o.why != "" {
		return o.why
	}
	key := pair{j.ClassOf(o.from).ID, j.ClassOf(o.to).ID}
	text, known := j.why[key]
	if !known {
		text = strings.Join(j.Why(o.from, o.to), "; ")
		if j.why == nil {
			j.why = map[pair]string{}
		}
		j.why[key] = text
	}
	return text
}

// unresolved judges a connection of which not all is known. What policies cannot name passes where nothing isolates.
func (j *judge) unresolved(r *Rehearsal, u *need.Unresolved) {
	switch {
	case u.Gone:
		r.Gone += u.Flows
		return
	case u.Source != nil && u.Destination != nil:
		from, to := j.cast(u.Source), j.cast(u.Destination)
		if (from.open(j.stage, network.Egress) || u.Source.Kind != need.Workload) && to.open(j.stage, network.Ingress) {
			r.Kept++
			r.KeptFlows += u.Flows
			return
		}
	}
	r.Unresolved = append(r.Unresolved, *u)
}

// open says that no policy selects any of the peers.
func (c cast) open(s *stage, d network.Direction) bool {
	for _, p := range c.peers {
		if !s.Guard(d, p).Open() {
			return false
		}
	}
	return true
}
