package inventory

import (
	"hash/maphash"
	"reflect"
)

// A Sharer makes equal parts of objects one part, which cuts the memory of an inventory to a half or less: labels,
// selectors, probes, resources and whole pod specs repeat all over. Content is read-only, so nobody can tell. Use one
// for each goroutine.
type Sharer struct {
	seed  maphash.Seed
	known map[uint64]any
}

// maxShared bounds what a Sharer remembers. Beyond it nothing new is shared.
const maxShared = 1 << 18

// NewSharer makes a Sharer that has seen nothing.
func NewSharer() *Sharer { return &Sharer{seed: maphash.MakeSeed(), known: map[uint64]any{}} }

// Share replaces the parts of content that equal parts seen before. The top map itself stays. Call it last: whatever
// edits content must be done.
func (s *Sharer) Share(content map[string]any) {
	for k, v := range content {
		if shared, _, ok := s.value(v); ok {
			content[k] = shared
		}
	}
}

// value returns the one copy of v and its hash. ok says that v is not a scalar.
func (s *Sharer) value(v any) (shared any, hash uint64, ok bool) {
	switch v := v.(type) {
	case map[string]any:
		return s.mapping(v)
	case []any:
		return s.list(v)
	case string:
		return v, maphash.String(s.seed, v), false
	case nil:
		return v, 1, false
	}
	return v, maphash.Comparable(s.seed, v), false
}

func (s *Sharer) mapping(m map[string]any) (any, uint64, bool) {
	hash := uint64(len(m)) + 7
	for k, v := range m {
		shared, h, ok := s.value(v)
		if ok {
			m[k] = shared
		}
		hash += mix(maphash.String(s.seed, k), h) // a sum, because the order of a map is none
	}
	return s.one(m, hash)
}

func (s *Sharer) list(l []any) (any, uint64, bool) {
	hash := uint64(len(l)) + 11
	for i, v := range l {
		shared, h, ok := s.value(v)
		if ok {
			l[i] = shared
		}
		hash = mix(hash, h)
	}
	return s.one(l, hash)
}

// one returns what was seen before with this hash, if it is really equal.
func (s *Sharer) one(v any, hash uint64) (any, uint64, bool) {
	before, ok := s.known[hash]
	switch {
	case ok && same(before, v):
		return before, hash, true
	case !ok && len(s.known) < maxShared:
		s.known[hash] = v
	}
	return v, hash, true
}

// same compares two values whose parts have been shared already: parts are equal when they are one.
func same(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k, v := range a {
			w, ok := b[k]
			if !ok || !identical(v, w) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i, v := range a {
			if !identical(v, b[i]) {
				return false
			}
		}
		return true
	}
	return false
}

func identical(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
	case []any:
		b, ok := b.([]any)
		return ok && len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
	}
	switch b.(type) {
	case map[string]any, []any:
		return false
	}
	return a == b
}

// mix joins two hashes; the order counts.
func mix(a, b uint64) uint64 {
	const odd = 0x9e3779b97f4a7c15
	a ^= b + odd + a<<6 + a>>2
	return a * odd
}
