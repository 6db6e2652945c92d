package network

import (
	"math/bits"
	"slices"
)

// A set holds numbers of classes. Its words begin at the word number first, so that a set within one namespace, whose
// classes follow each other, is small however many classes there are. It is not changed once it is shared.
type set struct {
	first int
	words []uint64
}

// full is the set of all numbers below n.
func full(n int) set {
	var s set
	s.fill(n)
	return s
}

func (s *set) fill(n int) {
	s.first, s.words = 0, make([]uint64, (n+63)/64)
	for i := range s.words {
		s.words[i] = ^uint64(0)
	}
	if n%64 != 0 {
		s.words[len(s.words)-1] = 1<<(n%64) - 1
	}
}

// add puts a number into a set that nobody else holds.
func (s *set) add(n int) {
	word := n / 64
	s.grow(word, word+1)
	s.words[word-s.first] |= 1 << (n % 64)
}

// addRange puts the numbers from first to last into a set that nobody else holds.
func (s *set) addRange(first, last int) {
	s.grow(first/64, last/64+1)
	for word := first / 64; word <= last/64; word++ {
		mask := ^uint64(0)
		if word == first/64 {
			mask <<= first % 64
		}
		if word == last/64 {
			mask &= ^uint64(0) >> (63 - last%64)
		}
		s.words[word-s.first] |= mask
	}
}

// addAll puts another set's numbers into a set that nobody else holds.
func (s *set) addAll(o set) {
	if len(o.words) == 0 {
		return
	}
	s.grow(o.first, o.first+len(o.words))
	at := s.words[o.first-s.first:]
	for i, w := range o.words {
		at[i] |= w
	}
}

// grow makes room for the words from first up to, but without, end.
func (s *set) grow(first, end int) {
	if len(s.words) == 0 {
		s.first, s.words = first, make([]uint64, end-first)
		return
	}
	have := s.first + len(s.words)
	if first >= s.first && end <= have {
		return
	}
	if first >= s.first {
		s.words = append(s.words, make([]uint64, end-have)...)
		return
	}
	words := make([]uint64, max(end, have)-first)
	copy(words[s.first-first:], s.words)
	s.first, s.words = first, words
}

func (s set) has(n int) bool {
	word := n/64 - s.first
	return word >= 0 && word < len(s.words) && s.words[word]&(1<<(n%64)) != 0
}

func (s set) len() int {
	n := 0
	for _, w := range s.words {
		n += bits.OnesCount64(w)
	}
	return n
}

// and holds what is in both.
func (s set) and(o set) set {
	first, end := max(s.first, o.first), min(s.first+len(s.words), o.first+len(o.words))
	for first < end && s.words[first-s.first]&o.words[first-o.first] == 0 {
		first++
	}
	for first < end && s.words[end-1-s.first]&o.words[end-1-o.first] == 0 {
		end--
	}
	if first >= end {
		return set{}
	}
	out := set{first, make([]uint64, end-first)}
	for i := range out.words {
		out.words[i] = s.words[first+i-s.first] & o.words[first+i-o.first]
	}
	return out
}

// without holds what is in s and not in o.
func (s set) without(o set) set {
	out := set{s.first, append([]uint64(nil), s.words...)}
	for i := range out.words {
		if at := s.first + i - o.first; at >= 0 && at < len(o.words) {
			out.words[i] &^= o.words[at]
		}
	}
	return out.trim()
}

// union holds what is in one of them.
func (s set) union(o set) set {
	var out set
	out.addAll(s)
	out.addAll(o)
	return out
}

// trim leaves out empty words at both ends.
func (s set) trim() set {
	for len(s.words) > 0 && s.words[0] == 0 {
		s.first, s.words = s.first+1, s.words[1:]
	}
	for len(s.words) > 0 && s.words[len(s.words)-1] == 0 {
		s.words = s.words[:len(s.words)-1]
	}
	if len(s.words) == 0 {
		return set{}
	}
	return s
}

// each yields the numbers in order.
func (s set) each(yield func(int) bool) {
	for i, w := range s.words {
		for w != 0 {
			if !yield((s.first+i)*64 + bits.TrailingZeros64(w)) {
				return
			}
			w &= w - 1
		}
	}
}

// equal says that both sets hold the same numbers.
func (s set) equal(o set) bool {
	s, o = s.tight(), o.tight()
	return len(s.words) == 0 && len(o.words) == 0 || s.first == o.first && slices.Equal(s.words, o.words)
}

// digest is equal for equal sets, and mostly differs for others.
func (s set) digest() uint64 {
	s = s.tight()
	sum := uint64(len(s.words))
	for i, w := range s.words {
		// The finalizer of MurmurHash3, over each word with its place.
		x := w ^ sum + uint64(s.first+i)*0x9e3779b97f4a7c15 // #nosec G115 -- not negative
		x = (x ^ x>>33) * 0xff51afd7ed558ccd
		x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
		sum = x ^ x>>33
	}
	return sum
}

// tight leaves out empty words at both ends.
func (s set) tight() set {
	for len(s.words) > 0 && s.words[0] == 0 {
		s.first, s.words = s.first+1, s.words[1:]
	}
	for len(s.words) > 0 && s.words[len(s.words)-1] == 0 {
		s.words = s.words[:len(s.words)-1]
	}
	return s
}
