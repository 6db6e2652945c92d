package generate

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/network/need"
)

// A side is what a unit needs in one direction.
type side struct {
	pods   map[string]*target
	blocks map[blockKey]*target
	// unopened is what is needed and is not opened, by reason; free who needs no rule.
	unopened map[string]*target
	free     map[string]*target
	broader  map[string]bool
}

type blockKey struct {
	what  string
	block netip.Prefix
}

// A target is one peer of a side.
type target struct {
	peer   Peer
	unit   *unit  // nil when the pods are of none
	ports  []Port // some may be there twice
	reason Reason
	// needs are what a block of addresses is open for: one need may be for several blocks.
	needs []*need.Need
}

func newSide() *side {
	return &side{
		pods: map[string]*target{}, blocks: map[blockKey]*target{},
		unopened: map[string]*target{}, free: map[string]*target{}, broader: map[string]bool{},
	}
}

// open opens the side, which is at the place own, to the place of the other end of a need.
func (s *side) open(own, p *place, n *need.Need) {
	for _, text := range []string{own.broader, p.broader} {
		if text != "" {
			s.broader[text] = true
		}
	}
	switch {
	case p.free:
		targetOf(s.free, p.what).add(n, p)
	case p.unit != nil:
		t := targetOf(s.pods, p.unit.key)
		t.unit, t.peer = p.unit, Peer{Namespace: p.unit.namespace, Selector: p.unit.selector}
		t.add(n, &place{})
	case p.pods != nil:
		t := targetOf(s.pods, p.pods.Namespace+"/"+p.pods.Selector.String())
		t.peer = *p.pods
		t.add(n, p)
	}
	for _, block := range p.blocks {
		block = clean(block)
		t := targetOf(s.blocks, blockKey{p.what, block})
		t.peer = Peer{Block: block}
		t.ports = append(t.ports, portOf(n))
		t.reason.End, t.reason.Note = p.what, p.note
		t.needs = append(t.needs, n)
	}
}

// refuse notes that an end cannot be opened.
func (s *side) refuse(n *need.Need, e need.End, reason string) {
	t := targetOf(s.unopened, e.Key()+reason)
	t.add(n, &place{what: e.String(), note: reason})
}

func targetOf[K comparable](in map[K]*target, key K) *target {
	t := in[key]
	if t == nil {
		t = &target{}
		in[key] = t
	}
	return t
}

func portOf(n *need.Need) Port { return Port{n.Protocol, n.Port, n.Port} }

func (t *target) add(n *need.Need, p *place) {
	t.ports = append(t.ports, portOf(n))
	t.reason.End, t.reason.Note = cmp.Or(t.reason.End, p.what), cmp.Or(t.reason.Note, p.note)
	t.reason.add(n.Evidence, nil)
}

// rules are the rules of a side for the pods of a namespace, with as few of them as there are different sets of ports.
func (s *side) rules(namespace string, maxBlocks int) (out []Rule, widened int) {
	list := make([]*target, 0, len(s.pods))
	for _, key := range s.podKeys(namespace + "/") {
		t := s.pods[key]
		if t.unit != nil {
			t.reason.End = t.unit.in(namespace)
		}
		if t.peer.Namespace == namespace {
			t.peer.Namespace = ""
		}
		list = append(list, t)
	}
	for _, same := range bySets(list) {
		r := Rule{Ports: same[0].portRanges()}
		for _, t := range same {
			r.Peers, r.Reasons = append(r.Peers, t.peer), append(r.Reasons, t.reason)
		}
		out = append(out, r)
	}
	blocks, widened := s.blockRules(maxBlocks)
	return append(out, blocks...), widened
}

// podKeys are the keys of pods in order: those that begin with own come first.
func (s *side) podKeys(own string) []string {
	return slices.SortedFunc(maps.Keys(s.pods), func(a, b string) int {
		if in := strings.HasPrefix(a, own); in != strings.HasPrefix(b, own) {
			return map[bool]int{true: -1, false: 1}[in]
		}
		return strings.Compare(a, b)
	})
}

// blockRules are the rules about addresses, and how many of them were widened.
func (s *side) blockRules(maxBlocks int) (out []Rule, widened int) {
	byWhat := map[string][]*target{}
	var whats []string
	for key, t := range s.blocks {
		if byWhat[key.what] == nil {
			whats = append(whats, key.what)
		}
		byWhat[key.what] = append(byWhat[key.what], t)
	}
	slices.Sort(whats)
	for _, what := range whats {
		list := byWhat[what]
		slices.SortFunc(list, func(a, b *target) int { return comparePeers(a.peer, b.peer) })
		for _, same := range bySets(list) {
			r := Rule{Ports: same[0].portRanges()}
			var blocks []netip.Prefix
			reason := Reason{End: what, Note: same[0].reason.Note}
			told := map[*need.Need]bool{}
			for _, t := range same {
				blocks = append(blocks, t.peer.Block)
				for _, n := range t.needs {
					if !told[n] {
						told[n] = true
						reason.add(n.Evidence, namesOutside(n))
					}
				}
			}
			blocks = exactly(blocks)
			if maxBlocks > 0 && what == outside {
				if fewer := widen(blocks, maxBlocks); len(fewer) < len(blocks) {
					blocks = fewer
					widened++
				}
			}
			for _, block := range blocks {
				r.Peers = append(r.Peers, Peer{Block: block})
			}
			r.Reasons = []Reason{reason}
			out = append(out, r)
		}
	}
	return out, widened
}

// namesOutside are the names of the end of a need that is addresses.
func namesOutside(n *need.Need) []string {
	if n.From.Kind == need.Workload {
		return n.To.Names
	}
	return n.From.Names
}

// bySets groups targets by their ports, in the order of their first.
func bySets(list []*target) [][]*target {
	index := map[string]int{}
	var out [][]*target
	for _, t := range list {
		var key strings.Builder
		for _, p := range t.portRanges() {
			key.WriteString(p.String() + ",")
		}
		i, known := index[key.String()]
		if !known {
			i = len(out)
			index[key.String()], out = i, append(out, nil)
		}
		out[i] = append(out[i], t)
	}
	return out
}

// portRanges are the ports of a target: three or more in a row as a range.
func (t *target) portRanges() []Port { return joinPorts(slices.Clone(t.ports)) }

func joinPorts(ports []Port) []Port {
	slices.SortFunc(ports, comparePorts)
	ports = slices.Compact(ports)
	var out []Port
	for i := 0; i < len(ports); {
		j := i
		for j+1 < len(ports) && ports[j+1].Protocol == ports[i].Protocol && ports[j+1].First == ports[j].First+1 {
			j++
		}
		if j-i < 2 {
			out = append(out, ports[i:j+1]...)
		} else {
			out = append(out, Port{ports[i].Protocol, ports[i].First, ports[j].First})
		}
		i = j + 1
	}
	return out
}

// comparePorts orders ports as people do: TCP first, then by number.
func comparePorts(a, b Port) int {
	return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last))
}

// comparePeers orders peers: pods by namespace and selector, then addresses.
func comparePeers(a, b Peer) int {
	return cmp.Or(a.Block.Compare(b.Block), strings.Compare(a.Namespace, b.Namespace),
		strings.Compare(a.Selector.String(), b.Selector.String()))
}
