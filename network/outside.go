package network

// Outside says what passes between a peer of this Map and the addresses outside of the cluster: what these can send to it, or
// what it can send to them. The classes of a cell are all of addresses; those in no cell get nothing, and between addresses outside nothing is said to pass. It
// costs what the policies that select the peer say, after the first call has found out which do.
func (m *Map) Outside(d Direction, p *Peer) []Cell {
	if p.External() {
		return nil
	}
	r := m.reach()
	var all cells
	for f := range family(families) {
		if p.has(f) == no {
			continue
		}
		// Addresses have one family each, so that nothing is said twice.
		side := r.sides[d].of(p.class, min(int(f), r.worlds-1))
		all = append(all, side.within(r.byFamily[onlyIPv4+familyKind(f)].and(r.external))...)
	}
	return m.cells(r.merge(all))
}
