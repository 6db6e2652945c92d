package change

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/network"
)

// A finding is a delta between one sender and a group of receivers, before senders are put together.
type finding struct {
	delta Delta
	key   string
	to    group
}

// changes compares every joint with every other.
func (c *comparison) changes() []Change {
	before, after := newReader(c.before), newReader(c.after)
	type merged struct{ from, to string }
	type found struct {
		delta Delta
		from  []int
		to    group
	}
	var order []*found
	known := map[merged]*found{}
	for i, sender := range c.joints {
		before.send(sender.before)
		after.send(sender.after)
		for _, f := range c.of(i, before, after) {
			k := merged{f.key, string(f.to)}
			one := known[k]
			if one == nil {
				one = &found{delta: f.delta, to: f.to}
				known[k] = one
				order = append(order, one)
			}
			one.from = append(one.from, i)
		}
	}
	out := make([]Change, 0, len(order))
	for _, f := range order {
		change := Change{Delta: f.delta, From: c.ends(f.from)}
		var to []int
		for i := range c.joints {
			if f.to.has(i) {
				to = append(to, i)
			}
		}
		change.To = c.ends(to)
		change.Because = c.because(c.joints[f.from[0]].units[0], c.other(to[0], f.from[0]), f.delta)
		out = append(out, change)
	}
	return append(out, c.selves()...)
}

// of finds the deltas of one sender, whose rows the readers hold.
func (c *comparison) of(sender int, before, after *reader) []finding {
	var out []finding
	at := map[[2]int32]int{}    // place in out by numbers of connections; -1 where nothing changed
	byDelta := map[string]int{} // and by delta
	for i, receiver := range c.joints {
		if i == sender && len(receiver.units) == 1 {
			continue // selves has it
		}
		pair := [2]int32{before.receive(receiver.before), after.receive(receiver.after)}
		place, known := at[pair]
		if !known {
			place = -1
			if d := delta(before.known[pair[0]], after.known[pair[1]]); !d.None() {
				key := keyOf(d)
				if place, known = byDelta[key]; !known {
					place = len(out)
					byDelta[key] = place
					out = append(out, finding{delta: d, key: key, to: make(group, len(c.joints)/8+1)})
				}
			}
			at[pair] = place
		}
		if place >= 0 {
			out[place].to.add(i)
		}
	}
	return out
}

// selves are changes of what the pods of a workload can send to each other. They are asked one by one: a single pod
// reaches itself whatever policies say, and rows do not know that.
func (c *comparison) selves() []Change {
	var out []Change
	at := map[string]int{}
	for _, u := range c.units {
		if u.end.Object() == nil {
			continue
		}
		d := delta(between(c.before, u.before, u.before), between(c.after, u.after, u.after))
		if d.None() {
			continue
		}
		key := keyOf(d)
		i, known := at[key]
		if !known {
			i = len(out)
			at[key] = i
			out = append(out, Change{Self: true, Delta: d, Because: c.because(u, u, d)})
		}
		out[i].From = append(out[i].From, u.end)
		out[i].To = out[i].From
	}
	return out
}

// ends are the ends of joints, workloads first.
func (c *comparison) ends(joints []int) []End {
	var out []End
	for _, i := range joints {
		for _, u := range c.joints[i].units {
			out = append(out, u.end)
		}
	}
	slices.SortStableFunc(out, func(a, b End) int {
		switch {
		case a.Object() != nil && b.Object() != nil:
			return a.Object().Compare(b.Object().Ref)
		case a.Object() != nil:
			return -1
		case b.Object() != nil:
			return 1
		}
		return a.Addresses[0].First.Compare(b.Addresses[0].First)
	})
	return out
}

// other is a unit of a joint, a second one where the joint is that of the first.
func (c *comparison) other(joint, first int) unit {
	units := c.joints[joint].units
	if joint == first {
		return units[1] // there are two: pairs of a workload and itself are left to selves
	}
	return units[0]
}

// because names the policies that decide about one pair of ends.
func (c *comparison) because(f, t unit, d Delta) []string {
	whole := func(u unit) bool { return len(u.before) > 0 && len(u.after) > 0 }
	if !whole(f) || !whole(t) {
		return nil
	}
	var out []string
	if !d.Gained.None() {
		out = append(out, reasons(c.after.Explain(f.after[0], t.after[0], d.Gained), c.before.Explain(f.before[0], t.before[0], d.Gained), true)...)
	}
	if !d.Lost.None() {
		out = append(out, reasons(c.after.Explain(f.after[0], t.after[0], d.Lost), c.before.Explain(f.before[0], t.before[0], d.Lost), false)...)
	}
	return out
}

// reasons tell which policies on the sides whose answer changed decide now.
func reasons(now, before network.Verdict, allowed bool) []string {
	var out []string
	for _, side := range []struct{ now, before network.Side }{{now.Egress, before.Egress}, {now.Ingress, before.Ingress}} {
		if side.now.Allowed.Equal(side.before.Allowed) {
			continue
		}
		direction := side.now.Direction.String()
		if allowed {
			out = append(out, gained(side.now, direction))
		} else {
			out = append(out, lost(side.now, direction))
		}
	}
	return out
}

func gained(s network.Side, direction string) string {
	for _, p := range s.Policies {
		for _, r := range p.Rules {
			if r.Action != network.Deny && !r.Allowed.None() {
				return p.Name + " allows it (" + direction + ", " + string(r.Path) + ")"
			}
		}
	}
	return "no policy isolates " + direction + " any more"
}

func lost(s network.Side, direction string) string {
	for _, p := range s.Policies {
		for _, r := range p.Rules {
			if r.Action == network.Deny && !r.Allowed.None() {
				return p.Name + " denies it (" + direction + ", " + string(r.Path) + ")"
			}
		}
	}
	if len(s.Policies) == 0 {
		return direction + " is denied"
	}
	return s.Policies[0].Name + " isolates " + direction + " and no rule allows it"
}
