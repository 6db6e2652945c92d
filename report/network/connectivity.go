package network

import (
	"fmt"
	"slices"

	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/exposure"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// What the ends of connections are put together by.
const (
	ByWorkload  = "workload"
	ByClass     = "class"
	ByNamespace = "namespace"
)

// ManyWorkloads is from how many workloads on the answer is by class unless something else is asked for: pairs would be
// millions.
const ManyWorkloads = 2000

// Connectivity answers who can talk to whom. Only what is allowed is an item; what is neither an item nor unknown is denied.
type Connectivity struct {
	Header
	By string `json:"by"`
	// Summary counts the whole map, whatever was asked for; it is left out where only a part was looked at.
	Summary *Summary `json:"summary,omitempty"`
	// Classes are the members of the classes that items name; none unless By is "class".
	Classes []ClassMembers `json:"classes,omitempty"`
	// Within is what pods of one workload can send to other pods of it. A pod always reaches itself.
	Within []Pair `json:"within"`
	// Items are Pairs, or ClassPairs where By is "class"; from ingress controllers there are Pairs in any case.
	Items []Pair `json:"items"`
	// Unknown are pairs of which it is not known for some ports whether they are allowed.
	Unknown []Pair `json:"unknown"`
	// Limit is how many items there are at most, 0 for all: with one, further items may be left out.
	Limit int `json:"limit,omitempty"`
}

// A Pair is what one end can send to another; ends differ, except in Within and for namespaces.
type Pair struct {
	From End `json:"from"`
	To   End `json:"to"`
	// All says that every port of every protocol is meant; Ports is then empty.
	All   bool        `json:"all"`
	Ports []PortRange `json:"ports"`
	// Partly says that this does not hold for all pods: policies tell pods of one end apart. It holds for some at least.
	Partly bool `json:"partly,omitempty"`
	// Reason is why it is not known; only of unknown pairs.
	Reason string `json:"reason,omitempty"`
}

// ConnectivityOptions are what was asked for.
type ConnectivityOptions struct {
	By string
	// From and To are the ends to look at; nil means all.
	From, To *Ends
	// Namespace is that of one end at least; "" means any.
	Namespace string
	// Ports are those to look at.
	Ports network.Ports
	Limit int
	// Controllers is what Ingresses and routes lead to; it counts where From is nil.
	Controllers []exposure.FromController
}

// narrow says that only a part of the map was asked for.
func (o *ConnectivityOptions) narrow() bool {
	return o.From != nil || o.To != nil || o.Namespace != "" || !o.Ports.All()
}

// ConnectivityOf is the answer to who can talk to whom.
func ConnectivityOf(h Header, m *network.Map, o ConnectivityOptions) *answer.Document {
	c := newConnections(m, o)
	body := Connectivity{Header: h, By: o.By, Within: []Pair{}, Items: []Pair{}, Unknown: []Pair{}, Limit: o.Limit}
	if !o.narrow() {
		body.Summary = c.summary()
	}
	table := answer.Table{Title: "Who can talk to whom", Columns: []string{"from", "to", "allowed", "not known", "because"},
		Empty: "Nothing can talk to anything."}
	doc := &answer.Document{}
	if o.By == ByClass {
		body.Classes = c.classMembers()
		table.Long = c.classRows()
		doc.Items, doc.Also = c.classItems(), []answer.List{{Name: "unknown", Items: c.classUnknown()}}
	} else {
		body.Within = c.selves()
		table.Long = c.pairRows()
		doc.Items, doc.Also = c.items(), []answer.List{{Name: "unknown", Items: c.unknown()}}
	}
	made := document(h, body, table)
	made.Items, made.Also = doc.Items, doc.Also
	made.Notes = c.notes()
	made.Picture = c.picture
	made.Text = func(t *answer.Terminal) { c.write(t, body.Summary) }
	return made
}

// notes are what a reader must know of this answer.
func (c *connections) notes() []string {
	var out []string
	if n := c.split(); n > 0 && c.options.By == ByWorkload {
		out = append(out, fmt.Sprintf("policies tell pods of %s apart: what some of their pods can do is listed; "+
			"ask explain about a pod, or use --by class", display.Plural(n, "workload")))
	}
	if c.options.Limit > 0 {
		out = append(out, fmt.Sprintf("--limit: at most %s are listed", display.Plural(c.options.Limit, "connection")))
	}
	return out
}

// split counts the workloads whose pods policies can tell apart.
func (c *connections) split() int {
	n := 0
	for _, w := range c.workloads {
		if len(w.peers) > 1 {
			n++
		}
	}
	return n
}

// Ends are some peers: those of workloads, of a namespace, or addresses.
type Ends struct {
	Peers []*network.Peer
	// Addresses are the only ones that are meant of peers that are addresses; none means all of them.
	Addresses []network.AddressRange
}

func (e *Ends) has(p *network.Peer) bool {
	return e == nil || slices.ContainsFunc(e.Peers, func(q *network.Peer) bool { return p == q || p.Object != nil && p.Object == q.Object })
}
