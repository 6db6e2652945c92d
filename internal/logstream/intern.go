package logstream

import "hash/maphash"

// An Interner gives the same string for the same bytes most of the time, since a log says the same words over and over. It
// remembers one string per slot, so its memory is bounded whatever the log holds.
type Interner struct {
	seed  maphash.Seed
	slots [4096]string
}

const longestInterned = 256 // bytes

// NewInterner is one that knows no words.
func NewInterner() *Interner { return &Interner{seed: maphash.MakeSeed()} }

// Intern returns the bytes as a string.
func (t *Interner) Intern(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if len(b) > longestInterned {
		return string(b)
	}
	slot := &t.slots[maphash.Bytes(t.seed, b)%uint64(len(t.slots))]
	if *slot != string(b) {
		*slot = string(b)
	}
	return *slot
}
