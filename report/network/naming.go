package network

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/network"
)

// A namer names sets of peers in as few words as it takes: "everyone", "all of shop", "shop/web, cart and 12 more".
type namer struct {
	peers      []*network.Peer // those with pods
	namespaces map[string]int  // how many peers each has
	place      map[*network.Peer]int
	addresses  int
	split      map[*network.Peer]bool // is one of several of its workload
}

func newNamer(m *network.Map, workloads []workload) *namer {
	n := &namer{namespaces: map[string]int{}, place: map[*network.Peer]int{}, split: map[*network.Peer]bool{}, addresses: len(external(m))}
	for _, w := range workloads {
		for _, p := range w.peers {
			n.place[p] = len(n.peers)
			n.peers = append(n.peers, p)
			n.namespaces[p.Namespace()]++
			n.split[p] = len(w.peers) > 1
		}
	}
	return n
}

// How much a name of a set tells.
const (
	namedPeers      = 6
	namedNamespaces = 4
	namedExceptions = 3
	manyPeers       = 5 // "every workload except …" is said of so many at least
)

// of names the peers of some classes, to one whose class is own: it is named only where own has others, or as itself.
func (n *namer) of(classes []*network.Class, own *network.Class) string {
	var peers []*network.Peer
	var ranges []network.AddressRange
	outside := 0
	itself := false
	for _, c := range classes {
		switch {
		case c.External():
			outside += len(c.Peers)
			for _, p := range c.Peers {
				ranges = append(ranges, p.Addresses...)
			}
		case c == own && len(c.Peers) == 1:
			itself = !single(c.Peers[0].Object)
		default:
			peers = append(peers, c.Peers...)
		}
	}
	total := len(n.peers)
	if own != nil && len(own.Peers) == 1 && !own.External() {
		total--
	}
	every := len(peers) == total && total > 1
	if every && outside == n.addresses {
		return "everyone"
	}
	var parts []string
	if every {
		parts = append(parts, "every workload")
	} else {
		if len(peers) > 0 {
			slices.SortFunc(peers, (*network.Peer).Compare)
			parts = append(parts, n.workloads(peers, own, total))
		}
		if itself {
			parts = append(parts, "itself")
		}
	}
	switch {
	case outside == n.addresses:
		parts = append(parts, allOutside)
	case len(ranges) > 0:
		parts = append(parts, outsideText(ranges))
	}
	return strings.Join(parts, "; ")
}

// workloads names sorted peers that are not all there are.
func (n *namer) workloads(peers []*network.Peer, own *network.Class, total int) string {
	if missing := total - len(peers); missing <= namedExceptions && len(peers) >= manyPeers {
		return "every workload except " + n.list(n.without(peers, own))
	}
	var parts, whole []string
	var rest []*network.Peer
	members := 0 // of whole namespaces
	for start := 0; start < len(peers); {
		end := start
		for end < len(peers) && peers[end].Namespace() == peers[start].Namespace() {
			end++
		}
		namespace := peers[start].Namespace()
		all := n.namespaces[namespace]
		if own != nil && len(own.Peers) == 1 && own.Peers[0].Namespace() == namespace {
			all--
		}
		if end-start == all && all > 1 {
			whole = append(whole, namespace)
			members += all
		} else {
			rest = append(rest, peers[start:end]...)
		}
		start = end
	}
	if len(whole) > namedNamespaces+1 {
		more := len(whole) - namedNamespaces
		whole = append(whole[:namedNamespaces:namedNamespaces], fmt.Sprintf("%d more namespaces (%d workloads)", more, members))
	}
	if len(whole) > 0 {
		parts = append(parts, "all of "+strings.Join(whole, ", "))
	}
	if len(rest) > 0 {
		parts = append(parts, n.list(rest))
	}
	return strings.Join(parts, "; ")
}

// without are the peers that are not among some, nor own.
func (n *namer) without(peers []*network.Peer, own *network.Class) []*network.Peer {
	in := make([]bool, len(n.peers))
	for _, p := range peers {
		in[n.place[p]] = true
	}
	var out []*network.Peer
	for i, p := range n.peers {
		if !in[i] && (own == nil || len(own.Peers) > 1 || own.Peers[0] != p) {
			out = append(out, p)
		}
	}
	return out
}

// list names the first of some peers; workloads of one namespace after each other, the namespace once.
func (n *namer) list(peers []*network.Peer) string { return listOf(peers, n.name) }

// objects names the workloads of some peers.
func (n *namer) objects(peers []*network.Peer) string {
	return listOf(peers, func(p *network.Peer) string { return p.Object.Name })
}

func listOf(peers []*network.Peer, name func(*network.Peer) string) string {
	shown := peers
	if len(peers) > namedPeers+1 {
		shown = peers[:namedPeers]
	}
	text := ""
	for i, p := range shown {
		switch {
		case i == 0:
		case p.Namespace() == shown[i-1].Namespace():
			text += ", " + name(p)
			continue
		default:
			text += ", "
		}
		text += p.Namespace() + "/" + name(p)
	}
	if more := len(peers) - len(shown); more > 0 {
		text += " and " + display.Plural(more, "more workload")
	}
	return text
}

// name is a workload's, with the pods where only some are meant.
func (n *namer) name(p *network.Peer) string {
	switch {
	case !n.split[p] || len(p.Pods) == 0:
		return p.Object.Name
	case len(p.Pods) == 1:
		return p.Object.Name + " (pod " + p.Pods[0].Name + ")"
	}
	return fmt.Sprintf("%s (%s and %s)", p.Object.Name, p.Pods[0].Name, display.Plural(len(p.Pods)-1, "more pod"))
}

// kindsText counts kinds: "Deployment" of one, "3 workloads" of several.
func kindsText(peers []*network.Peer) string {
	objects := map[finding.Ref]bool{}
	for _, p := range peers {
		objects[p.Object.Ref] = true
	}
	if len(objects) == 1 {
		return peers[0].Object.Kind
	}
	return display.Plural(len(objects), "workload")
}

// allOutside is what addressText says of all addresses of both families.
const allOutside = "all addresses outside"

// outsideText names addresses; all of a family as such.
func outsideText(ranges []network.AddressRange) string {
	switch text := addressText(ranges); text {
	case "0.0.0.0/0":
		return "all IPv4 addresses outside"
	case "::/0":
		return "all IPv6 addresses outside"
	default:
		return text
	}
}
