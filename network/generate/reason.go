package generate

import (
	"cmp"
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network/need"
)

// mostDeclared is how many places a reason names, and mostNames how many DNS names.
const (
	mostDeclared = 4
	mostNames    = 5
)

// add notes the evidence of a need, seen from one of its ends.
func (r *Reason) add(evidence []need.Evidence, names []string) {
	for _, e := range evidence {
		if e.Object != nil {
			r.declare(e)
			continue
		}
		r.observe(e)
	}
	for _, n := range names {
		r.name(n)
	}
}

func (r *Reason) observe(e need.Evidence) {
	r.Flows += e.Flows
	if !e.First.IsZero() && (r.First.IsZero() || e.First.Before(r.First)) {
		r.First = e.First
	}
	if e.Last.After(r.Last) {
		r.Last = e.Last
	}
	if e.What != "" {
		r.What = insert(r.What, e.What, 1<<10)
	}
}

func (r *Reason) name(n string) { r.Names = insert(r.Names, n, mostNames) }

// insert adds a text to a sorted list that keeps the first few.
func insert(list []string, text string, most int) []string {
	i, has := slices.BinarySearch(list, text)
	if has || i >= most {
		return list
	}
	list = slices.Insert(list, i, text)
	return list[:min(len(list), most)]
}

// declare keeps the first few places, whatever the order of the needs.
func (r *Reason) declare(e need.Evidence) {
	key := declaredKey{e.Object, e.Path, e.What}
	if r.known[key] {
		return
	}
	if r.known == nil {
		r.known = map[declaredKey]bool{}
	}
	r.known[key] = true
	i, _ := slices.BinarySearchFunc(r.Declared, e, compareDeclared)
	if i < mostDeclared {
		r.Declared = slices.Insert(r.Declared, i, e)
		r.Declared = r.Declared[:min(len(r.Declared), mostDeclared)]
	}
	r.MoreDeclared = len(r.known) - len(r.Declared)
}

// A declaredKey tells places apart that declare a need.
type declaredKey struct {
	object *inventory.Object
	path   finding.Path
	what   string
}

func compareDeclared(a, b need.Evidence) int {
	return cmp.Or(a.Object.Compare(b.Object.Ref), cmp.Compare(a.Path, b.Path), cmp.Compare(a.What, b.What))
}
