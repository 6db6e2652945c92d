package network

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// write writes the answer for terminals: what matters first, then who sends to and receives from whom.
func (c *connections) write(t *answer.Terminal, s *Summary) {
	names := newNamer(c.m, c.workloads)
	if s != nil {
		for i, line := range s.lines(names) {
			if i == 0 {
				t.Heading(line, "")
			} else {
				t.Text(2, line)
			}
		}
		t.Line("")
	}
	if c.options.By == ByNamespace {
		c.writeNamespaces(t)
		return
	}
	c.writeClasses(t, names, c.blocks())
}

// A block is a class that was asked for.
type block struct {
	*network.Class
	sends, receives bool // whether its rows as a sender, and as a receiver, were asked for
	free            bool // no policy selects it
}

// blocks are the classes to write: those without a policy first.
func (c *connections) blocks() []block {
	o := &c.options
	var out []block
	for _, class := range c.m.Classes() {
		if class.External() {
			continue
		}
		has := func(e *Ends) bool { return slices.ContainsFunc(class.Peers, e.has) }
		b := block{Class: class, sends: has(o.From), receives: has(o.To), free: c.unguarded(class)}
		if o.From != nil && o.To == nil {
			b.receives = false
		}
		if o.To != nil && o.From == nil {
			b.sends = false
		}
		if o.Namespace != "" && !slices.ContainsFunc(class.Peers, func(p *network.Peer) bool { return p.Namespace() == o.Namespace }) {
			continue
		}
		if b.sends || b.receives {
			out = append(out, b)
		}
	}
	slices.SortStableFunc(out, func(a, b block) int { return count(b.free) - count(a.free) })
	return out
}

func (c *connections) writeClasses(t *answer.Terminal, names *namer, blocks []block) {
	if len(blocks) == 0 {
		t.Line("Nothing that was asked for can talk to anything.")
	}
	for i, b := range blocks {
		if i >= answer.Shown && !t.All() {
			t.Line("")
			t.Wrapped(0, "", fmt.Sprintf("… and %s that policies tell apart: --verbose shows all, --from, --to and --by namespace show less",
				display.Plural(len(blocks)-i, "more group")))
			return
		}
		if i > 0 {
			t.Line("")
		}
		t.Heading(names.list(b.Peers), t.Dim(b.remark()))
		if b.receives {
			c.writeControllers(t, b.Class)
			c.lines(t, names, "from", c.senders(b.Class), b)
		}
		if b.sends {
			c.lines(t, names, "to", c.receivers(b.Class), b)
		}
	}
}

// writeControllers writes what ingress controllers can send to a class: to any of its peers, and so to all of them.
func (c *connections) writeControllers(t *answer.Terminal, class *network.Class) {
	if c.options.From != nil {
		return
	}
	var total network.Connection
	var because []string
	for _, f := range c.options.Controllers {
		if slices.Contains(class.Peers, f.To) {
			total = eitherOf(total, onPorts(f.Connection, c.options.Ports))
			because = f.Because
		}
	}
	lead := answer.Lead{Word: "from", Paint: t.Dim}
	if !total.Allowed.None() {
		t.Lead(2, lead, "the "+controllerText+" on "+onText(total.Allowed))
	}
	if !total.Unknown.None() {
		t.Lead(2, lead, "perhaps the "+controllerText+" on "+onText(total.Unknown)+": "+strings.Join(because, "; "))
	}
}

// remark is what to know of a block.
func (b *block) remark() string {
	parts := []string{kindsText(b.Peers)}
	switch {
	case b.Peers[0].HostNetwork:
		parts = append(parts, "on the host network: no policy selects pods there")
	case b.free:
		parts = append(parts, "no policy")
	}
	return strings.Join(parts, " · ")
}

// A flow is the classes that have the same connection with a class.
type flow struct {
	network.Connection
	classes []*network.Class
}

// receivers is whom a class can send to.
func (c *connections) receivers(class *network.Class) []flow {
	var f flows
	for _, cell := range c.matrix().row(class) {
		for to := range cell.To {
			if slices.ContainsFunc(to.Peers, c.options.To.has) {
				f.add(onPorts(cell.Connection, c.options.Ports), to)
			}
		}
	}
	return f.list
}

// senders is who can send to a class.
func (c *connections) senders(class *network.Class) []flow {
	var f flows
	x := c.matrix()
	for i := range x.rows {
		connection := onPorts(x.rows[i].to(class), c.options.Ports)
		if isNothing(connection) {
			continue
		}
		for _, from := range x.rows[i].from {
			if slices.ContainsFunc(from.Peers, c.options.From.has) {
				f.add(connection, from)
			}
		}
	}
	return f.list
}

type flows struct {
	list []flow
	last int
}

func (f *flows) add(c network.Connection, class *network.Class) {
	if isNothing(c) {
		return
	}
	if f.last >= len(f.list) || !sameConnection(f.list[f.last].Connection, c) {
		f.last = slices.IndexFunc(f.list, func(x flow) bool { return sameConnection(x.Connection, c) })
		if f.last < 0 {
			f.last = len(f.list)
			f.list = append(f.list, flow{Connection: c})
		}
	}
	f.list[f.last].classes = append(f.list[f.last].classes, class)
}

// lines writes the flows of one direction.
func (c *connections) lines(t *answer.Terminal, names *namer, word string, list []flow, own block) {
	slices.SortStableFunc(list, func(a, b flow) int {
		return cmp.Or(count(b.Allowed.All())-count(a.Allowed.All()), cmp.Compare(a.classes[0].ID, b.classes[0].ID))
	})
	lead := answer.Lead{Word: display.Pad(word, len("from")), Paint: t.Dim}
	written := false
	for _, f := range list {
		if own.free && len(own.Peers) == 1 { // that its pods reach each other goes without saying
			f.classes = slices.DeleteFunc(slices.Clone(f.classes), func(c *network.Class) bool { return c == own.Class })
		}
		who := names.of(f.classes, own.Class)
		if who == "" {
			continue // only a single pod and itself
		}
		if !f.Allowed.None() {
			t.Lead(2, lead, who+" on "+onText(f.Allowed))
			written = true
		}
		if !f.Unknown.None() {
			doubt := answer.Lead{Word: lead.Word, Paint: t.Dim}
			t.Lead(2, doubt, "perhaps "+who+" on "+onText(f.Unknown)+": "+c.because(word, f, own.Class))
			written = true
		}
	}
	if !written {
		t.Lead(2, lead, "nobody")
	}
}

func onText(p network.Ports) string {
	if p.All() {
		return "every port"
	}
	return portWords(p, "every port")
}

// because is why a flow is not known, of its first pair.
func (c *connections) because(word string, f flow, own *network.Class) string {
	other := f.classes[0].Peers[0]
	if other == own.Peers[0] && len(f.classes) > 1 {
		other = f.classes[1].Peers[0]
	}
	src, dst := own.Peers[0], other
	if word == "from" {
		src, dst = dst, src
	}
	reasons := c.m.Why(src, dst)
	if len(reasons) == 0 {
		return "explain tells why"
	}
	if len(reasons) > 1 {
		return reasons[0] + ", and more"
	}
	return reasons[0]
}

// writeNamespaces writes what each namespace sends.
func (c *connections) writeNamespaces(t *answer.Terminal) {
	shown := 0
	var same []joint // of one sender
	write := func() bool {
		if len(same) == 0 {
			return true
		}
		if shown++; shown > answer.Shown && !t.All() {
			t.Line("")
			t.Wrapped(0, "", "… and more: --verbose shows all, --from and --to show less")
			return false
		}
		if shown > 1 {
			t.Line("")
		}
		c.writeNamespace(t, same)
		same = same[:0]
		return true
	}
	more := true
	for j := range c.joints {
		if len(same) > 0 && j.from.String() != same[0].from.String() {
			if more = write(); !more {
				break
			}
		}
		same = append(same, j)
	}
	if more {
		write()
	}
	if shown == 0 {
		t.Line("Nothing that was asked for can talk to anything.")
	}
}

// writeNamespace writes the joints of one sender, those with equal connections on one line.
func (c *connections) writeNamespace(t *answer.Terminal, list []joint) {
	t.Heading(list[0].from.String(), "")
	lead := answer.Lead{Word: "to", Paint: t.Dim}
	for len(list) > 0 {
		first := list[0]
		var names []string
		var rest []joint
		for _, j := range list {
			if j.partly != first.partly || !sameConnection(j.Connection, first.Connection) {
				rest = append(rest, j)
			} else if names = append(names, j.to.String()); j.from.unit == j.to.unit && j.to.unit != nil {
				names[len(names)-1] = "itself"
			}
		}
		list = rest
		to := firstNames(names)
		if !first.Allowed.None() {
			text := to + " on " + onText(first.Allowed)
			if first.partly {
				text += " (some workloads)"
			}
			t.Lead(2, lead, text)
		}
		if !first.Unknown.None() {
			text := "perhaps " + to + " on " + onText(first.Unknown)
			if why := c.reasons(first); len(why) > 0 {
				text += ": " + why[0]
			}
			t.Lead(2, lead, text)
		}
	}
}

// firstNames names the first of some ends and counts the others.
func firstNames(names []string) string {
	if len(names) <= namedPeers+1 {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:namedPeers], ", ") + fmt.Sprintf(" and %d more", len(names)-namedPeers)
}
