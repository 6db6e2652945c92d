package rbac

import (
	"slices"
	"strings"
)

// A coverIndex finds the covers that may hold something of a box, by its resources. It keeps the comparison of two large
// roles from asking every rule about every other.
type coverIndex struct {
	covers []*cover
	always []int32 // those with wildcards, paths or many resources
	byWord map[string][]int32
}

// manyWords is from how many resources on looking them up one by one does not pay.
const manyWords = 64

func newCoverIndex(covers []*cover) *coverIndex {
	x := &coverIndex{covers: covers, byWord: map[string][]int32{}}
	for i, c := range covers {
		resources := c.rule.Resources
		if len(resources) == 0 || len(resources) > manyWords || slices.Contains(resources, "*") {
			x.always = append(x.always, int32(i))
			continue
		}
		for _, word := range resources {
			x.byWord[word] = addRule(x.byWord[word], int32(i))
		}
	}
	return x
}

// of are the covers for a box, in their order.
func (x *coverIndex) of(b *box) []*cover {
	if len(x.covers) <= manyWords || len(b.rule.Resources) == 0 || len(b.rule.Resources) > manyWords {
		return x.covers
	}
	found := slices.Clone(x.always)
	for _, word := range b.rule.Resources {
		found = append(found, x.byWord[word]...)
		if _, sub, ok := strings.Cut(word, "/"); ok {
			found = append(found, x.byWord["*/"+sub]...)
		}
	}
	slices.Sort(found)
	out := make([]*cover, 0, len(found))
	for _, i := range slices.Compact(found) {
		out = append(out, x.covers[i])
	}
	return out
}
