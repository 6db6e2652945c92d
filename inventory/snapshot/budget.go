package snapshot

import (
	"bytes"
	"errors"
)

// What the text of an object costs in memory, in bytes, at most: maps are the dearest, though they are small as text.
const (
	mapCost  = 400
	listCost = 40
	itemCost = 50
)

// A snapshot may take this much memory, and more as its packed bytes come in. An honest one of 10,000 pods needs half
// of it; a bomb is a small file that needs much.
const (
	baseMemory    = 384 << 20
	memoryPerByte = 200
)

// A budget is the memory, in bytes, that objects may still take.
type budget struct{ left int }

// take subtracts what a text will cost when it is decoded. Signs inside of strings count too, so it errs upwards.
func (b *budget) take(text []byte) error {
	b.left -= len(text) + mapCost*bytes.Count(text, []byte("{")) +
		listCost*bytes.Count(text, []byte("[")) + itemCost*bytes.Count(text, []byte(","))
	if b.left < 0 {
		return errors.New("it unpacks to far more than its size allows")
	}
	return nil
}
