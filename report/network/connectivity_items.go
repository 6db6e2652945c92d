package network

import (
	"iter"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/network"
)

// ends are the ends of a side: one, or one for each block of addresses.
func (s side) ends() []End {
	switch {
	case s.controller:
		return []End{{IngressController: true}}
	case s.unit != nil:
		return []End{s.end}
	}
	return addressEnds(s.addresses)
}

// controllerText is what serves Ingresses and routes of Gateways, whatever it is.
const controllerText = "ingress controller"

func (s side) String() string {
	switch {
	case s.controller:
		return controllerText
	case s.unit == nil:
		return outsideText(s.addresses)
	case s.end.Namespace != "":
		return s.end.Namespace
	}
	return s.end.Workload
}

// limited cuts a list of items.
func (c *connections) limited(all iter.Seq[any]) iter.Seq[any] {
	if c.options.Limit <= 0 {
		return all
	}
	return func(yield func(any) bool) {
		n := 0
		for item := range all {
			if n++; n > c.options.Limit || !yield(item) {
				return
			}
		}
	}
}

// items are the allowed pairs.
func (c *connections) items() iter.Seq[any] {
	return c.limited(func(yield func(any) bool) {
		for j := range c.joints {
			if !j.Allowed.None() && !j.each(pairOf(j.Allowed, j.partly), yield) {
				return
			}
		}
	})
}

// unknown are the pairs of which something is not known.
func (c *connections) unknown() iter.Seq[any] {
	return c.limited(func(yield func(any) bool) {
		for j := range c.all() {
			if j.Unknown.None() {
				continue
			}
			p := pairOf(j.Unknown, j.partly)
			p.Reason = strings.Join(c.reasons(j), "; ")
			if !j.each(p, yield) {
				return
			}
		}
	})
}

// selves are what pods of one workload can send each other.
func (c *connections) selves() []Pair {
	out := []Pair{}
	for j := range c.selfJoints {
		if !j.Allowed.None() {
			p := pairOf(j.Allowed, j.partly)
			p.From, p.To = j.from.end, j.to.end
			out = append(out, p)
		}
	}
	return out
}

// pairOf is a pair on some ports, yet without ends.
func pairOf(ports network.Ports, partly bool) Pair {
	p := Pair{All: ports.All(), Ports: []PortRange{}, Partly: partly}
	if !p.All {
		p.Ports = portRanges(ports)
	}
	return p
}

// each yields a pair for all ends of a joint.
func (j joint) each(p Pair, yield func(any) bool) bool {
	to := j.to.ends()
	for _, p.From = range j.from.ends() {
		for _, p.To = range to {
			if !yield(p) {
				return false
			}
		}
	}
	return true
}

// reasons are why something of a joint is not known: those of a few of its pairs.
func (c *connections) reasons(j joint) []string {
	out := slices.Clone(j.because)
	for _, pair := range j.asked {
		for _, why := range c.m.Why(pair[0], pair[1]) {
			if !slices.Contains(out, why) {
				out = append(out, why)
			}
		}
	}
	return out
}

// pairRows are the rows of the table.
func (c *connections) pairRows() iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		n := 0
		for j := range c.all() {
			if n++; c.options.Limit > 0 && n > c.options.Limit {
				return
			}
			to := j.to.String()
			if j.from.unit == j.to.unit && j.to.unit != nil {
				to += " (other pods of it)"
			}
			if !yield([]string{j.from.String(), to, portsText(j.Allowed, j.partly), unknownText(j.Unknown), strings.Join(c.reasons(j), "; ")}) {
				return
			}
		}
	}
}

// portsText is how people read what is allowed.
func portsText(p network.Ports, partly bool) string {
	switch {
	case p.None():
		return ""
	case partly:
		return portWords(p, "all") + " (some pods)"
	}
	return portWords(p, "all")
}

// portWords is ports in words: what is missing of all where that is shorter.
func portWords(p network.Ports, all string) string {
	text := p.String()
	if except := all + " except " + network.AllPorts().Subtract(p).String(); !p.All() && len(except) < len(text) {
		return except
	}
	return text
}

func unknownText(p network.Ports) string {
	return portsText(p, false)
}
