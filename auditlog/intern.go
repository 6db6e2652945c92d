package auditlog

import "hash/maphash"

// A log says the same words over and over. An interner gives the same string for the same bytes most of the time: it
// remembers one string per slot, so its memory is bounded whatever the log holds.
type interner struct {
	seed  maphash.Seed
	slots [4096]string
}

const longestInterned = 256 // bytes

func newInterner() *interner { return &interner{seed: maphash.MakeSeed()} }

func (t *interner) intern(b []byte) string {
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
