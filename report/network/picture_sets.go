package network

import (
	"fmt"
	"slices"

	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/report/graph"
)

// From how many senders on a set gets a box: of a single beam, and where several start from it.
const (
	boxedAlone = 12
	boxedOften = 3
)

// connect draws the beams.
func (p *pictureMaker) connect() {
	p.findCommon()
	for _, b := range p.beams {
		for _, from := range p.starts(b.from) {
			if from != b.to {
				p.edge(from, b.to, b)
			}
		}
	}
	if p.c.options.narrow() {
		p.dropLonely()
	}
}

// dropLonely leaves out boxes that nothing leads to or from: of a part of the map nobody asked for them.
func (p *pictureMaker) dropLonely() {
	used := map[string]bool{}
	for _, e := range p.g.Edges {
		used[e.From], used[e.To] = true, true
	}
	p.g.Nodes = slices.DeleteFunc(p.g.Nodes, func(n graph.Node) bool { return !used[n.ID] })
}

// starts are the boxes that stand for a set of senders: boxes of sets where that saves arrows.
func (p *pictureMaker) starts(s *senders) []string {
	if s.id != "" {
		return []string{s.id}
	}
	if len(s.list) == len(p.ids) && len(s.list) > 1 {
		s.id = p.set("every "+p.noun(), "", s)
		return []string{s.id}
	}
	if p.isCommon(s) {
		return []string{p.common(s)}
	}
	var out []string
	list := s.list
	for _, c := range p.commons {
		if rest, ok := without(list, c.list); ok {
			out, list = append(out, p.common(c)), rest
		}
	}
	whole, rest := p.cover(list)
	if len(whole)+len(rest) > boxedAlone {
		s.id = p.set(display.Plural(len(s.list), p.noun()), "", s)
		for _, from := range append(out, p.boxes(whole, rest)...) {
			p.member(from, s.id)
		}
		return []string{s.id}
	}
	return append(out, p.boxes(whole, rest)...)
}

// mostCommon is how many sets may be parts of others.
const mostCommon = 16

// findCommon chooses the sets that are drawn as a box and are parts of others: those without a policy for what they send,
// and those that many beams start from.
func (p *pictureMaker) findCommon() {
	if len(p.open) >= boxedOften {
		p.commons = append(p.commons, p.from(p.open))
	}
	var often []*senders
	for _, b := range p.beams {
		if s := b.from; s.uses > 1 && len(s.list) > boxedOften && len(s.list) < len(p.ids) && !slices.Contains(often, s) {
			if whole, rest := p.cover(s.list); len(whole)+len(rest) > boxedOften {
				often = append(often, s)
			}
		}
	}
	slices.SortStableFunc(often, func(a, b *senders) int { return len(b.list)*b.uses - len(a.list)*a.uses })
	for _, s := range often[:min(len(often), mostCommon)] {
		if !p.isCommon(s) {
			p.commons = append(p.commons, s)
		}
	}
	slices.SortStableFunc(p.commons, func(a, b *senders) int { return len(b.list) - len(a.list) })
}

func (p *pictureMaker) isCommon(s *senders) bool { return slices.Contains(p.commons, s) }

// common is the box of a common set.
func (p *pictureMaker) common(s *senders) string {
	if s.id != "" {
		return s.id
	}
	if whole, rest := p.cover(s.list); len(whole) == 1 && len(rest) == 0 {
		s.id = p.group(whole[0])
		return s.id
	}
	label := display.Plural(len(s.list), p.noun())
	if slices.Equal(s.list, p.open) {
		label += " without egress policy"
	}
	s.id = p.set(label, "", s)
	list := s.list
	for _, c := range p.commons {
		if rest, ok := without(list, c.list); ok && c != s && len(c.list) < len(s.list) {
			p.member(p.common(c), s.id)
			list = rest
		}
	}
	whole, rest := p.cover(list)
	for _, from := range p.boxes(whole, rest) {
		p.member(from, s.id)
	}
	return s.id
}

// without is a sorted list without another that is a part of it.
func without(list, part []int) (rest []int, ok bool) {
	if len(part) > len(list) || len(part) == 0 {
		return nil, false
	}
	at := 0
	for _, i := range list {
		if at < len(part) && part[at] == i {
			at++
		} else {
			rest = append(rest, i)
		}
	}
	return rest, at == len(part)
}

func (p *pictureMaker) boxes(groups []string, rest []int) []string {
	out := make([]string, 0, len(groups)+len(rest))
	for _, group := range groups {
		out = append(out, p.group(group))
	}
	for _, i := range rest {
		out = append(out, p.ids[i])
	}
	return out
}

// member joins a member of a set with its box.
func (p *pictureMaker) member(from, set string) {
	p.g.Edges = append(p.g.Edges, graph.Edge{From: from, To: set, Tone: graph.Muted})
}

func (p *pictureMaker) noun() string {
	if p.c.options.By == ByNamespace {
		return "namespace"
	}
	return "workload"
}

// cover finds the groups that are wholly in a set, if they have several members, and the other members.
func (p *pictureMaker) cover(list []int) (whole []string, rest []int) {
	in := map[string]int{}
	for _, i := range list {
		in[p.groups[i]]++
	}
	for _, i := range list {
		group := p.groups[i]
		if group == "" || in[group] < p.sizes[group] || in[group] < boxedOften {
			rest = append(rest, i)
		} else if !slices.Contains(whole, group) {
			whole = append(whole, group)
		}
	}
	return whole, rest
}

// group is the box of all of a namespace.
func (p *pictureMaker) group(name string) string {
	list := []int{}
	for i, group := range p.groups {
		if group == name {
			list = append(list, i)
		}
	}
	s := p.from(list)
	if s.id == "" {
		s.id = p.set("all of "+name, name, s)
	}
	return s.id
}

// setLines is how many members the details of a set name; arrows show them all.
const setLines = 60

// set is the box of a set.
func (p *pictureMaker) set(label, group string, s *senders) string {
	id := fmt.Sprintf("set/%d", len(p.g.Nodes))
	section := graph.Section{Title: "Stands for"}
	for _, i := range s.list[:min(len(s.list), setLines)] {
		section.Lines = append(section.Lines, p.ids[i])
	}
	if more := len(s.list) - setLines; more > 0 {
		section.Lines = append(section.Lines, fmt.Sprintf("… and %d more", more))
	}
	p.g.Nodes = append(p.g.Nodes, graph.Node{ID: id, Label: label, Kind: "set", Group: group, Tone: graph.Muted, Rank: -1,
		Weight: len(s.list), Sections: []graph.Section{section}})
	return id
}

// edge draws a connection: what is allowed, and what is not known.
func (p *pictureMaker) edge(from, to string, b beam) {
	if !b.Allowed.None() {
		label := shortPorts(b.Allowed)
		var lines []string
		if text := portWords(b.Allowed, "every port"); text != label && !b.Allowed.All() {
			lines = append(lines, text)
		}
		if b.partly {
			lines = append(lines, "for some workloads only")
		}
		p.g.Edges = append(p.g.Edges, graph.Edge{From: from, To: to, Label: label, Lines: lines})
	}
	if !b.Unknown.None() {
		p.g.Edges = append(p.g.Edges, graph.Edge{From: from, To: to, Label: shortPorts(b.Unknown), Cut: b.why, Tone: graph.Muted})
	}
}

// shortPorts is ports for a label: "TCP 80", "TCP 80, 443 and more".
func shortPorts(p network.Ports) string {
	if p.All() {
		return "every port"
	}
	text := portWords(p, "every port")
	if len(text) <= 28 {
		return text
	}
	cut := text[:28]
	for i := len(cut) - 1; i > 0; i-- {
		if cut[i] == ',' || cut[i] == ';' {
			return cut[:i] + " and more"
		}
	}
	return cut + "…"
}
