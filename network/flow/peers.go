package flow

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"slices"
	"strings"
)

// Logs write the same ends over and over, with all their labels. A peerCache remembers what the bytes of an end meant: one
// per slot, so its memory is bounded.
type peerCache struct {
	seed  maphash.Seed
	slots [16384]cachedPeer // with their bytes about 10 MiB when all are in use
}

type cachedPeer struct {
	raw  []byte
	peer Peer
}

// longestCached keeps ends with absurdly many labels out.
const longestCached = 8 << 10

func newPeerCache() *peerCache { return &peerCache{seed: maphash.MakeSeed()} }

// peer returns what an end means, by the bytes it is written with. An end that is broken is not remembered.
func (d *decoder) peer(raw []byte, read func(raw []byte) Peer) Peer {
	if len(raw) == 0 || len(raw) > longestCached {
		return read(raw)
	}
	slot := &d.peers.slots[maphash.Bytes(d.peers.seed, raw)%uint64(len(d.peers.slots))]
	if bytes.Equal(slot.raw, raw) {
		return slot.peer
	}
	peer := read(raw)
	if d.bad == "" {
		slot.raw, slot.peer = append(slot.raw[:0], raw...), peer
	}
	return peer
}

// label keeps a label of a pod that is written as key=value.
func (p *Peer) label(text string) {
	if key, value, ok := strings.Cut(text, "="); ok && key != "" {
		p.Labels = append(p.Labels, Label{Key: key, Value: value})
	}
}

// sortLabels puts the labels in order of their keys.
func (p *Peer) sortLabels() {
	slices.SortStableFunc(p.Labels, func(a, b Label) int { return cmp.Compare(a.Key, b.Key) })
	p.Labels = slices.CompactFunc(p.Labels, func(a, b Label) bool { return a.Key == b.Key })
}
