package rbac

import (
	"slices"
	"sort"
	"strings"
)

// holders says which bindings name a subject.
type holders struct {
	users  map[string]int32 // by user name, also of service accounts
	groups map[string]int32
	all    []held
	// namespaces are those of bindings, numbered so that larger numbers sort later.
	namespaces map[string]int32
	buffer     []byte
}

// held are the bindings of one subject: those of the cluster, then those of namespaces, by namespace.
type held struct {
	subject    Subject // as caller gives it
	bindings   []*Binding
	places     []place
	everywhere int  // how many places are of the cluster
	aliased    bool // some binding names the subject in another form, as the user name of a service account
}

// newHolders makes the lists in two passes, so that they can share one array.
func newHolders(bindings []*Binding) *holders {
	total := 0
	for _, b := range bindings {
		total += len(b.Subjects)
	}
	h := &holders{users: make(map[string]int32, total/4), groups: map[string]int32{}}
	ids, counts := make([]int32, 0, total), []int(nil)
	for _, b := range bindings {
		for _, s := range b.Subjects {
			id := h.add(s)
			if int(id) == len(counts) {
				counts = append(counts, 0)
			}
			counts[id]++
			ids = append(ids, id)
		}
	}
	room := make([]*Binding, total)
	for id, n := range counts {
		h.all[id].bindings, room = room[:0:n], room[n:]
	}
	for _, b := range bindings {
		for range b.Subjects {
			one := &h.all[ids[0]]
			ids = ids[1:]
			if n := len(one.bindings); n == 0 || one.bindings[n-1] != b { // a binding can name a subject twice
				one.bindings = append(one.bindings, b)
			}
		}
	}
	h.locate(bindings)
	return h
}

// add numbers a subject.
func (h *holders) add(s Subject) int32 {
	next := int32(len(h.all))
	if s.Kind == GroupKind {
		id, known := h.groups[s.Name]
		if !known {
			id, h.groups[s.Name] = next, next
			h.all = append(h.all, held{subject: s})
		}
		return id
	}
	h.buffer = s.appendUserName(h.buffer[:0])
	id, known := h.users[string(h.buffer)]
	if !known {
		id, h.users[string(h.buffer)] = next, next
		h.all = append(h.all, held{subject: s.caller()})
	}
	if h.all[id].subject != s {
		h.all[id].aliased = true
	}
	return id
}

var nobody held

func (h *holders) user(name string) *held {
	if id, known := h.users[name]; known && name != "" {
		return &h.all[id]
	}
	return &nobody
}

func (h *holders) group(name string) *held {
	if id, known := h.groups[name]; known {
		return &h.all[id]
	}
	return &nobody
}

// A place is a binding of a subject with what deciding needs at hand, close together in memory.
type place struct {
	binding   *Binding
	role      *Role // not nil
	namespace int32 // by holders.namespaces; 0 is everywhere
}

// locate sorts the bindings of each subject by namespace, and notes the places of those that grant something.
func (h *holders) locate(bindings []*Binding) {
	h.number(bindings)
	byNamespace := func(x, y *Binding) int { return strings.Compare(x.Namespace, y.Namespace) }
	room := make([]place, 0, len(bindings))
	for i := range h.all {
		one := &h.all[i]
		if !slices.IsSortedFunc(one.bindings, byNamespace) {
			slices.SortStableFunc(one.bindings, byNamespace)
		}
		from := len(room)
		for _, b := range one.bindings {
			if b.Role == nil {
				continue
			}
			room = append(room, place{b, b.Role, h.namespaces[b.Namespace]})
			if b.Namespace == "" {
				one.everywhere++
			}
		}
		one.places = room[from:len(room):len(room)]
	}
}

// number numbers the namespaces in their order.
func (h *holders) number(bindings []*Binding) {
	h.namespaces = map[string]int32{"": 0}
	var names []string
	for _, b := range bindings {
		if _, known := h.namespaces[b.Namespace]; !known {
			h.namespaces[b.Namespace] = 0
			names = append(names, b.Namespace)
		}
	}
	slices.Sort(names)
	for i, name := range names {
		h.namespaces[name] = int32(i + 1)
	}
}

// namespace is the number of a request's namespace: 0 for none, -1 for one in which nothing is bound.
func (h *holders) namespace(r *Request) int32 {
	if r.Path != "" || r.Namespace == "" {
		return 0
	}
	if id, known := h.namespaces[r.Namespace]; known {
		return id
	}
	return -1
}

// in are the places of one namespace; none for everywhere.
func (h *held) in(namespace int32) []place {
	list := h.places[h.everywhere:]
	if namespace <= 0 || len(list) == 0 {
		return nil
	}
	from := 0
	if len(list) > 16 {
		from = sort.Search(len(list), func(i int) bool { return list[i].namespace >= namespace })
	}
	for from < len(list) && list[from].namespace != namespace {
		from++
	}
	to := from
	for to < len(list) && list[to].namespace == namespace {
		to++
	}
	return list[from:to]
}
