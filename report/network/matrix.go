package network

import (
	"cmp"
	"runtime"
	"slices"
	"sync"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// A matrix is what classes can send to others. Equal rows are kept once, as sets of classes: a cluster of 10,000 different
// workloads takes some megabytes.
type matrix struct {
	m    *network.Map
	rows []row
	of   []int32 // by class: its row; -1 when it was not asked for
}

// A row is what each of some classes can send.
type row struct {
	from  []*network.Class
	cells []network.Cell
}

// newMatrix computes the rows of some classes; nil means all.
func newMatrix(m *network.Map, wanted []*network.Class) *matrix {
	x := &matrix{m: m, of: make([]int32, len(m.Classes()))}
	for i := range x.of {
		x.of[i] = -1
	}
	if wanted == nil {
		wanted = m.Classes()
	}
	known := map[uint64][]int32{}
	for part := range slices.Chunk(wanted, rowsAtOnce) {
		for i, r := range readRows(m, part) {
			x.add(part[i], r, known)
		}
	}
	for i := range x.rows {
		slices.SortFunc(x.rows[i].cells, func(a, b network.Cell) int { return cmp.Compare(firstClass(a), firstClass(b)) })
	}
	return x
}

// firstClass is the ID of the first class of a cell.
func firstClass(c network.Cell) int {
	for class := range c.To {
		return class.ID
	}
	return -1
}

// rowsAtOnce is how many rows are computed before equal ones are put together.
const rowsAtOnce = 256

// A readRow is a row as it was computed.
type readRow struct {
	cells  []network.Cell
	digest uint64
}

// readRows computes rows on all cores.
func readRows(m *network.Map, classes []*network.Class) []readRow {
	out := make([]readRow, len(classes))
	var all sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), len(classes))
	for w := range workers {
		all.Go(func() {
			for i := w; i < len(classes); i += workers {
				cells := m.Row(classes[i])
				slices.SortFunc(cells, func(a, b network.Cell) int { return cmp.Compare(cellDigest(a), cellDigest(b)) })
				out[i].cells, out[i].digest = cells, rowDigest(cells, classes[i].External())
			}
		})
	}
	all.Wait()
	return out
}

func (x *matrix) add(c *network.Class, r readRow, known map[uint64][]int32) {
	at := int32(-1)
	for _, i := range known[r.digest] {
		if o := &x.rows[i]; o.from[0].External() == c.External() && slices.EqualFunc(o.cells, r.cells, sameCell) {
			at = i
			break
		}
	}
	if at < 0 {
		at = int32(len(x.rows)) // #nosec G115 -- there are fewer classes
		x.rows = append(x.rows, row{cells: r.cells})
		known[r.digest] = append(known[r.digest], at)
	}
	x.rows[at].from = append(x.rows[at].from, c)
	x.of[c.ID] = at
}

// row is the cells of a class that was asked for.
func (x *matrix) row(c *network.Class) []network.Cell {
	if i := x.of[c.ID]; i >= 0 {
		return x.rows[i].cells
	}
	return nil
}

func rowDigest(cells []network.Cell, external bool) uint64 {
	sum := uint64(count(external))
	for _, c := range cells {
		sum = mix(sum) + cellDigest(c)
	}
	return sum
}

func cellDigest(c network.Cell) uint64 { return c.Digest()*31 + connectionDigest(c.Connection) }

func sameCell(a, b network.Cell) bool {
	return a.SameClasses(b) && sameConnection(a.Connection, b.Connection)
}

func connectionDigest(c network.Connection) uint64 {
	return portsDigest(c.Allowed)*31 + portsDigest(c.Unknown)
}

func portsDigest(p network.Ports) uint64 {
	sum := uint64(7)
	for proto := network.TCP; proto <= network.SCTP; proto++ {
		for _, r := range p.Of(proto) {
			sum = mix(sum + uint64(proto)<<32 + uint64(r.First)<<16 + uint64(r.Last))
		}
	}
	return sum
}

// mix spreads the bits of a number (the finalizer of MurmurHash3).
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

func sameConnection(a, b network.Connection) bool {
	return a.Allowed.Equal(b.Allowed) && a.Unknown.Equal(b.Unknown)
}

// cellOf is the cell that a class is in; -1 when it is in none.
func cellOf(cells []network.Cell, class *network.Class) int {
	return slices.IndexFunc(cells, func(c network.Cell) bool { return c.Has(class) })
}

// to is what a row lets through to a class.
func (r *row) to(class *network.Class) network.Connection {
	if i := cellOf(r.cells, class); i >= 0 {
		return r.cells[i].Connection
	}
	return network.Connection{}
}

// eitherOf is what at least one of two connections lets through.
func eitherOf(a, b network.Connection) network.Connection {
	allowed := a.Allowed.Union(b.Allowed)
	return network.Connection{Allowed: allowed, Unknown: a.Unknown.Union(b.Unknown).Subtract(allowed)}
}

// onPorts is a connection on some ports.
func onPorts(c network.Connection, ports network.Ports) network.Connection {
	return network.Connection{Allowed: c.Allowed.Intersect(ports), Unknown: c.Unknown.Intersect(ports)}
}

func isNothing(c network.Connection) bool { return c.Allowed.None() && c.Unknown.None() }

// A workload is the peers of one object.
type workload struct {
	object *inventory.Object
	peers  []*network.Peer
}

// workloadsOf are the workloads of a map, in order.
func workloadsOf(m *network.Map) []workload {
	var out []workload
	for _, p := range m.Peers() {
		if p.External() {
			break // addresses come last
		}
		if n := len(out); n > 0 && out[n-1].object == p.Object {
			out[n-1].peers = append(out[n-1].peers, p)
		} else {
			out = append(out, workload{p.Object, []*network.Peer{p}})
		}
	}
	return out
}

// external are the peers of addresses.
func external(m *network.Map) []*network.Peer {
	peers := m.Peers()
	i := slices.IndexFunc(peers, (*network.Peer).External)
	if i < 0 {
		return nil
	}
	return peers[i:]
}
