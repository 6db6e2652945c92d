package network

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/report/graph"
)

// Up to how many workloads and edges a picture is of workloads; beyond, it is of namespaces.
const (
	drawnWorkloads = 5000
	drawnEdges     = 30_000
)

// picture draws the connections. Senders of the same set are drawn as one box that they lead to, so that a cluster where
// everything reaches everything has as many arrows as workloads and not their square.
func (c *connections) picture(bool) *graph.Graph {
	if c.options.By != ByNamespace && len(c.workloads) <= drawnWorkloads {
		p := c.newPicture()
		p.workloads()
		if p.connect(); len(p.g.Edges) <= drawnEdges {
			return p.g
		}
	}
	o := c.options
	o.By = ByNamespace
	p := newConnections(c.m, o).newPicture()
	p.namespaces()
	p.connect()
	return p.g
}

// A pictureMaker makes a graph.
type pictureMaker struct {
	c     *connections
	g     *graph.Graph
	names *namer
	// ids and groups are of the senders by number: peers, or namespaces.
	ids, groups []string
	sizes       map[string]int // how many senders each group has
	beams       []beam
	sets        map[string]*senders
	open        []int // senders without a policy for what they send
	commons     []*senders
	outside     map[string]bool // IDs of boxes of addresses
}

// A beam is what a set of senders can send to a box.
type beam struct {
	network.Connection
	from   *senders
	to     string
	partly bool
	why    string
}

// A senders set is drawn as one box where several beams start from it.
type senders struct {
	list []int
	uses int
	id   string // of its box, once drawn
}

func (c *connections) newPicture() *pictureMaker {
	return &pictureMaker{
		c: c, names: newNamer(c.m, c.workloads), sizes: map[string]int{}, sets: map[string]*senders{}, outside: map[string]bool{},
		g: &graph.Graph{
			Title: "Who can talk to whom", GroupNoun: "namespace", EdgeNoun: "ports",
			Caption: "An arrow leads from who can open a connection to who can receive it, as far as policies decide.",
			Words: graph.Words{Cut: "not known", Tones: map[graph.Tone]string{
				graph.Warn: "no policy", graph.Danger: "outside", graph.Muted: "set",
			}},
		},
	}
}

// from remembers a set of senders.
func (p *pictureMaker) from(list []int) *senders {
	var key []byte
	for _, i := range list {
		key = strconv.AppendInt(append(key, ' '), int64(i), 36)
	}
	s := p.sets[string(key)]
	if s == nil {
		s = &senders{list: list}
		p.sets[string(key)] = s
	}
	s.uses++
	return s
}

func (p *pictureMaker) sender(id, group string) {
	p.ids, p.groups = append(p.ids, id), append(p.groups, group)
	p.sizes[group]++
}

// workloads makes boxes of peers, and their beams.
func (p *pictureMaker) workloads() {
	c := p.c
	number := map[*network.Peer]int{}
	for i, peer := range p.names.peers {
		number[peer] = i
		id := peer.Object.Namespace + "/" + peer.Object.Kind + "/" + peer.Object.Name
		if p.names.split[peer] {
			id += "#" + strconv.Itoa(i)
		}
		p.sender(id, peer.Namespace())
		if c.m.Guard(network.Egress, peer).Open() && !peer.HostNetwork && c.options.From.has(peer) {
			p.open = append(p.open, i)
		}
		p.g.Nodes = append(p.g.Nodes, p.workload(id, peer))
	}
	for _, class := range c.m.Classes() {
		if class.External() || !c.drawn(class) {
			continue
		}
		for _, f := range c.senders(class) {
			b := beam{Connection: f.Connection, why: c.doubt("from", f, class)}
			inside, ranges := split(f.classes, number)
			inside = p.inNamespace(inside, class)
			for _, peer := range class.Peers {
				b.to = p.ids[number[peer]]
				if len(inside) > 0 && !(len(inside) == 1 && inside[0] == number[peer]) {
					b.from = p.from(inside)
					p.beams = append(p.beams, b)
				}
				if len(ranges) > 0 {
					p.edge(p.addresses("in", ranges), b.to, b)
				}
			}
		}
	}
	p.toOutside(number)
	c.controllerJoints(func(j joint) bool {
		b := beam{Connection: j.Connection, why: strings.Join(j.because, "; ")}
		for _, peer := range j.to.peers {
			p.edge(p.controller(), p.ids[number[peer]], b)
		}
		return true
	})
}

// drawn says whether a class was asked for as a receiver.
func (c *connections) drawn(class *network.Class) bool {
	return slices.ContainsFunc(class.Peers, c.options.To.has)
}

// inNamespace leaves out senders that were not asked for.
func (p *pictureMaker) inNamespace(list []int, to *network.Class) []int {
	ns := p.c.options.Namespace
	if ns == "" || to != nil && slices.ContainsFunc(to.Peers, func(q *network.Peer) bool { return q.Namespace() == ns }) {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(i int) bool { return p.groups[i] != ns })
}

// split tells the peers of classes from addresses.
func split(classes []*network.Class, number map[*network.Peer]int) (inside []int, ranges []network.AddressRange) {
	for _, class := range classes {
		for _, peer := range class.Peers {
			if peer.External() {
				ranges = append(ranges, peer.Addresses...)
			} else {
				inside = append(inside, number[peer])
			}
		}
	}
	slices.Sort(inside)
	return inside, ranges
}

// toOutside makes the beams to addresses: from all senders with the same connection to the same addresses.
func (p *pictureMaker) toOutside(number map[*network.Peer]int) {
	c := p.c
	type target struct {
		beam
		from []int
	}
	var targets []*target
	known := map[string]*target{}
	for i := range c.matrix().rows {
		r := &c.matrix().rows[i]
		if r.from[0].External() {
			continue
		}
		var from []int
		for _, class := range r.from {
			if slices.ContainsFunc(class.Peers, c.options.From.has) {
				inside, _ := split([]*network.Class{class}, number)
				from = append(from, inside...)
			}
		}
		if from = p.inNamespace(from, nil); len(from) == 0 {
			continue
		}
		for _, f := range c.receivers(r.from[0]) {
			_, ranges := split(f.classes, number)
			if len(ranges) == 0 {
				continue
			}
			id := p.addresses("out", ranges)
			key := id + "\x00" + f.Allowed.String() + "\x00" + f.Unknown.String()
			t := known[key]
			if t == nil {
				t = &target{beam: beam{Connection: f.Connection, to: id, why: c.doubt("to", f, r.from[0])}}
				known[key], targets = t, append(targets, t)
			}
			t.from = append(t.from, from...)
		}
	}
	for _, t := range targets {
		slices.Sort(t.from)
		t.beam.from = p.from(t.from)
		p.beams = append(p.beams, t.beam)
	}
}

// doubt is why a flow is not known; "" when it is.
func (c *connections) doubt(word string, f flow, own *network.Class) string {
	if f.Unknown.None() {
		return ""
	}
	return c.because(word, f, own)
}

// workload is the box of a peer.
func (p *pictureMaker) workload(id string, peer *network.Peer) graph.Node {
	n := graph.Node{ID: id, Label: p.names.name(peer), Kind: peer.Object.Kind, Group: peer.Namespace(), Rank: -1}
	if p.c.unguarded(p.c.m.ClassOf(peer)) {
		n.Tone = graph.Warn
	}
	for _, d := range []network.Direction{network.Egress, network.Ingress} {
		guard := p.c.m.Guard(d, peer)
		section := graph.Section{Title: "Policies for what it sends"}
		if d == network.Ingress {
			section.Title = "Policies for what it receives"
		}
		for _, o := range guard.Policies {
			section.Lines = append(section.Lines, o.String())
		}
		switch {
		case peer.HostNetwork:
			section.Lines = []string{"none can select it: it is on the host network"}
		case guard.Open():
			section.Lines = []string{"none: everything is allowed"}
		case guard.Unsure:
			section.Lines = append(section.Lines, "perhaps others, which are not understood or could not be read")
		}
		n.Sections = append(n.Sections, section)
	}
	return n
}

// namespaces makes boxes of namespaces, and their beams.
func (p *pictureMaker) namespaces() {
	c := p.c
	number := map[*unit]int{}
	for i := range c.units {
		u := &c.units[i]
		number[u] = i
		p.sender("ns/"+u.namespace, "")
		if c.sends(u) && !slices.ContainsFunc(u.peers, func(peer *network.Peer) bool { return !c.m.Guard(network.Egress, peer).Open() || peer.HostNetwork }) {
			p.open = append(p.open, i)
		}
		n := graph.Node{ID: p.ids[i], Label: u.namespace, Kind: "Namespace", Weight: len(u.peers), Rank: -1}
		free := 0
		for _, peer := range u.peers {
			free += count(c.unguarded(c.m.ClassOf(peer)))
		}
		if free == len(u.peers) {
			n.Tone = graph.Warn
		}
		n.Sections = []graph.Section{{Title: display.Plural(len(u.peers), "workload"), Lines: workloadLines(u.peers)}}
		if free > 0 {
			n.Sections = append(n.Sections, graph.Section{Title: "Without a policy", Lines: []string{
				fmt.Sprintf("%d of %d", free, len(u.peers))}})
		}
		p.g.Nodes = append(p.g.Nodes, n)
	}
	type key struct{ to, allowed, unknown, partly string }
	var order []key
	found := map[key]*beam{}
	from := map[key][]int{}
	for j := range c.joints {
		b := beam{Connection: j.Connection, partly: j.partly}
		if !j.Unknown.None() {
			b.why = firstNames(c.reasons(j))
		}
		switch {
		case j.from.controller:
			p.edge(p.controller(), p.ids[number[j.to.unit]], b)
			continue
		case j.from.unit == nil:
			p.edge(p.addresses("in", j.from.addresses), p.ids[number[j.to.unit]], b)
			continue
		case j.to.unit == nil:
			b.to = p.addresses("out", j.to.addresses)
		case j.to.unit == j.from.unit:
			continue
		default:
			b.to = p.ids[number[j.to.unit]]
		}
		k := key{b.to, b.Allowed.String(), b.Unknown.String(), strconv.FormatBool(b.partly)}
		if found[k] == nil {
			found[k], order = &b, append(order, k)
		}
		from[k] = append(from[k], number[j.from.unit])
	}
	for _, k := range order {
		b := *found[k]
		slices.Sort(from[k])
		b.from = p.from(from[k])
		p.beams = append(p.beams, b)
	}
}

func workloadLines(peers []*network.Peer) []string {
	var out []string
	for _, peer := range peers {
		if text := peer.Object.Kind + " " + peer.Object.Name; len(out) == 0 || out[len(out)-1] != text {
			out = append(out, text)
		}
	}
	return out
}

// controller is the box of whatever serves Ingresses and routes.
func (p *pictureMaker) controller() string {
	const id = "in/" + controllerText
	if !p.outside[id] {
		p.outside[id] = true
		p.g.Nodes = append(p.g.Nodes, graph.Node{ID: id, Label: controllerText, Kind: "from outside", Tone: graph.Danger})
	}
	return id
}

// addresses is the box of addresses as senders or as receivers: a box on both sides would turn every picture into circles.
func (p *pictureMaker) addresses(side string, ranges []network.AddressRange) string {
	label := outsideText(network.JoinRanges(slices.Clone(ranges)))
	id := side + "/" + label
	if p.outside[id] {
		return id
	}
	p.outside[id] = true
	n := graph.Node{ID: id, Label: label, Kind: "to outside", Rank: -1}
	switch label {
	case allOutside, "all IPv4 addresses outside", "all IPv6 addresses outside":
		n.Tone = graph.Danger
	default:
		n.Group = "addresses"
		section := graph.Section{Title: "Addresses"}
		for _, e := range addressEnds(network.JoinRanges(slices.Clone(ranges))) {
			section.Lines = append(section.Lines, e.CIDR)
		}
		n.Sections = []graph.Section{section}
	}
	if side == "in" {
		n.Kind, n.Rank = "from outside", 0
	}
	p.g.Nodes = append(p.g.Nodes, n)
	return id
}
