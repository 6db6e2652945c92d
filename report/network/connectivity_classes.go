package network

import (
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-io/plimsoll/network"
)

// ClassMembers are the peers of a class.
type ClassMembers struct {
	ID      int      `json:"id"`
	Members []Member `json:"members"`
}

// A Member is a workload, or some of its pods where policies tell them apart, or a block of addresses.
type Member struct {
	End
	Pods []string `json:"pods,omitempty"`
}

// A ClassPair is what each of some classes can send to each of others; a class with itself means two different peers of it,
// or two pods of one.
type ClassPair struct {
	From  ClassSet    `json:"from"`
	To    ClassSet    `json:"to"`
	All   bool        `json:"all"`
	Ports []PortRange `json:"ports"`
	// Reason is why it is not known for the first of the pairs; others may have other reasons, which explain tells.
	Reason string `json:"reason,omitempty"`
}

// A ClassSet is classes by ID: "0-3,7" are 0, 1, 2, 3 and 7.
type ClassSet struct {
	Classes string `json:"classes"`
}

func classSet(list []*network.Class) ClassSet {
	var b []byte
	for start := 0; start < len(list); {
		end := start
		for end+1 < len(list) && list[end+1].ID == list[end].ID+1 {
			end++
		}
		if start > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(list[start].ID), 10)
		if end > start {
			b = strconv.AppendInt(append(b, '-'), int64(list[end].ID), 10)
		}
		start = end + 1
	}
	return ClassSet{string(b)}
}

// classMembers tells who is in the classes.
func (c *connections) classMembers() []ClassMembers {
	split := map[*network.Peer]bool{}
	for _, w := range c.workloads {
		for _, p := range w.peers {
			split[p] = len(w.peers) > 1
		}
	}
	out := []ClassMembers{}
	for _, class := range c.m.Classes() {
		one := ClassMembers{ID: class.ID, Members: []Member{}}
		for _, p := range class.Peers {
			if p.External() {
				for _, e := range addressEnds(p.Addresses) {
					one.Members = append(one.Members, Member{End: e})
				}
				continue
			}
			member := Member{End: workloadEnd(p.Object)}
			if split[p] {
				for _, pod := range p.Pods {
					member.Pods = append(member.Pods, pod.Name)
				}
			}
			one.Members = append(one.Members, member)
		}
		out = append(out, one)
	}
	return out
}

// A classJoint is what each of some classes can send to each of others.
type classJoint struct {
	from, to []*network.Class
	network.Connection
}

// classJoints yields what is not denied between classes, those of equal rows together.
func (c *connections) classJoints(yield func(classJoint) bool) {
	o := &c.options
	inNamespace := func(class *network.Class) bool {
		return o.Namespace == "" || slices.ContainsFunc(class.Peers, func(p *network.Peer) bool { return p.Namespace() == o.Namespace })
	}
	x := c.matrix()
	for i := range x.rows {
		var near, far []*network.Class // in the namespace that was asked for, and not
		for _, class := range x.rows[i].from {
			switch {
			case !slices.ContainsFunc(class.Peers, o.From.has):
			case inNamespace(class):
				near = append(near, class)
			default:
				far = append(far, class)
			}
		}
		for _, cell := range x.rows[i].cells {
			connection := onPorts(cell.Connection, o.Ports)
			if isNothing(connection) {
				continue
			}
			var all, inside []*network.Class
			for class := range cell.To {
				if slices.ContainsFunc(class.Peers, o.To.has) {
					all = append(all, class)
					if len(far) > 0 && inNamespace(class) {
						inside = append(inside, class)
					}
				}
			}
			for _, j := range []classJoint{{near, all, connection}, {far, inside, connection}} {
				if len(j.from) > 0 && len(j.to) > 0 && !yield(j) {
					return
				}
			}
		}
	}
}

func (j *classJoint) pair(ports network.Ports) ClassPair {
	p := pairOf(ports, false)
	return ClassPair{From: classSet(j.from), To: classSet(j.to), All: p.All, Ports: p.Ports}
}

func (c *connections) classItems() iter.Seq[any] {
	return c.limited(func(yield func(any) bool) {
		for j := range c.classJoints {
			if !j.Allowed.None() && !yield(j.pair(j.Allowed)) {
				return
			}
		}
		c.controllerJoints(func(j joint) bool { return j.Allowed.None() || j.each(pairOf(j.Allowed, j.partly), yield) })
	})
}

func (c *connections) classUnknown() iter.Seq[any] {
	return c.limited(func(yield func(any) bool) {
		for j := range c.classJoints {
			if j.Unknown.None() {
				continue
			}
			p := j.pair(j.Unknown)
			p.Reason = c.classReason(j)
			if !yield(p) {
				return
			}
		}
		c.controllerJoints(func(j joint) bool {
			p := pairOf(j.Unknown, j.partly)
			p.Reason = strings.Join(j.because, "; ")
			return j.Unknown.None() || j.each(p, yield)
		})
	})
}

// classReason is why the first pair of classes is not known.
func (c *connections) classReason(j classJoint) string {
	if j.Unknown.None() {
		return ""
	}
	from := j.from[0].Peers[0]
	for _, to := range []*network.Class{j.to[0], j.to[len(j.to)-1]} {
		for _, p := range to.Peers {
			if p != from {
				return strings.Join(c.m.Why(from, p), "; ")
			}
		}
	}
	return strings.Join(c.m.Why(from, from), "; ")
}

// classRows are the rows of the table.
func (c *connections) classRows() iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		names := newNamer(c.m, c.workloads)
		n := 0
		for j := range c.classJoints {
			if n++; c.options.Limit > 0 && n > c.options.Limit {
				return
			}
			if !yield([]string{names.of(j.from, nil), names.of(j.to, nil), portsText(j.Allowed, false), unknownText(j.Unknown), c.classReason(j)}) {
				return
			}
		}
		c.controllerJoints(func(j joint) bool {
			return yield([]string{j.from.String(), j.to.String(), portsText(j.Allowed, j.partly), unknownText(j.Unknown), strings.Join(j.because, "; ")})
		})
	}
}
