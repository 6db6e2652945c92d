package network

import (
	"math/rand/v2"
	"net/netip"
	"slices"
)

// The families of addresses.
type family uint8

const (
	ipv4 family = iota
	ipv6
	families = 2
)

func familyOf(a netip.Addr) family {
	if a.Is4() {
		return ipv4
	}
	return ipv6
}

func wholeFamily(f family) AddressRange {
	if f == ipv4 {
		return RangeOf(netip.PrefixFrom(netip.IPv4Unspecified(), 0))
	}
	return RangeOf(netip.PrefixFrom(netip.IPv6Unspecified(), 0))
}

// An addressSet holds addresses of both families, as sorted ranges that neither overlap nor touch.
type addressSet [families][]AddressRange

// whole says that the ranges are every address of their family.
func (s addressSet) whole(f family) bool { return len(s[f]) == 1 && s[f][0] == wholeFamily(f) }

// A mark is a random number that stands for a fact about a peer. The marks of all facts, combined by exclusive or, tell
// peers apart: two sets of facts have the same one with a chance of 2^-128.
type mark struct{ a, b uint64 }

func newMark() mark {
	return mark{rand.Uint64(), rand.Uint64()} //nolint:gosec // no secret: it is seeded anew in each run, and need not be more
}

func (m mark) xor(o mark) mark { return mark{m.a ^ o.a, m.b ^ o.b} }

// An atlas divides all addresses into the largest parts that no block tells apart.
type atlas struct {
	atoms  [families][]atom // sorted by first address; the first begins at the first address of the family
	groups []addressGroup   // sorted by first address, IPv4 before IPv6
}

// An atom is the addresses from first up to the next atom's.
type atom struct {
	first netip.Addr
	facts mark
	group int
	run   int // how many atoms from this one on have groups whose numbers follow each other
}

// An addressGroup is all addresses that are in the same blocks.
type addressGroup struct {
	family family
	ranges []AddressRange
	facts  mark
}

// newAtlas makes the parts for some blocks.
func newAtlas(blocks []*matcher) *atlas {
	a := &atlas{}
	for f := range family(families) {
		a.divide(f, blocks)
	}
	return a
}

func (a *atlas) divide(f family, blocks []*matcher) {
	type event struct {
		at   netip.Addr
		flip mark
	}
	events := []event{{at: wholeFamily(f).First}}
	for _, m := range blocks {
		for _, r := range m.block[f] {
			events = append(events, event{r.First, m.mark[f]})
			if end := r.Last.Next(); end.IsValid() {
				events = append(events, event{end, m.mark[f]})
			}
		}
	}
	slices.SortFunc(events, func(x, y event) int { return x.at.Compare(y.at) })
	byFacts := map[mark]int{}
	var facts mark
	for i := 0; i < len(events); {
		at := events[i].at
		for ; i < len(events) && events[i].at == at; i++ {
			facts = facts.xor(events[i].flip)
		}
		last := wholeFamily(f).Last
		if i < len(events) {
			last = events[i].at.Prev()
		}
		group, known := byFacts[facts]
		if !known {
			group = len(a.groups)
			byFacts[facts] = group
			a.groups = append(a.groups, addressGroup{family: f, facts: facts})
		}
		g := &a.groups[group]
		if n := len(g.ranges); n > 0 && g.ranges[n-1].Last.Next() == at {
			g.ranges[n-1].Last = last
		} else {
			g.ranges = append(g.ranges, AddressRange{at, last})
		}
		a.atoms[f] = append(a.atoms[f], atom{first: at, facts: facts, group: group, run: 1})
	}
	atoms := a.atoms[f]
	for i := len(atoms) - 2; i >= 0; i-- {
		if atoms[i+1].group == atoms[i].group+1 {
			atoms[i].run = atoms[i+1].run + 1
		}
	}
}

// at is the part that holds an address.
func (a *atlas) at(addr netip.Addr) atom {
	addr = addr.Unmap().WithZone("")
	atoms := a.atoms[familyOf(addr)]
	i, found := slices.BinarySearchFunc(atoms, addr, func(x atom, addr netip.Addr) int { return x.first.Compare(addr) })
	if !found {
		i--
	}
	return atoms[i]
}

// within yields the groups of the parts in a range that begins and ends where parts do, as ranges of their numbers.
func (a *atlas) within(r AddressRange, yield func(first, last int)) {
	atoms := a.atoms[familyOf(r.First)]
	compare := func(x atom, addr netip.Addr) int { return x.first.Compare(addr) }
	i, _ := slices.BinarySearchFunc(atoms, r.First, compare)
	end, found := slices.BinarySearchFunc(atoms, r.Last, compare)
	if found {
		end++
	}
	for i < end {
		n := min(atoms[i].run, end-i)
		yield(atoms[i].group, atoms[i].group+n-1)
		i += n
	}
}
