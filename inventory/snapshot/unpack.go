package snapshot

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// maxRatio is how much smaller gzip can make a text.
const maxRatio = 1032

// An unpacker unpacks members, one at a time.
type unpacker struct{ zip gzip.Reader }

// text decompresses a member, up to the size that a member may have, into a buffer if it is large enough.
func (u *unpacker) text(packed, buffer []byte) ([]byte, error) {
	broken := errors.New("it is not compressed as it should be")
	if err := u.zip.Reset(bytes.NewReader(packed)); err != nil {
		return nil, broken
	}
	// One byte more than there should be, so that the end is seen without growing.
	text := slices.Grow(buffer[:0], sizeHint(packed)+1)
	for {
		n, err := u.zip.Read(text[len(text):cap(text)])
		text = text[:len(text)+n]
		switch {
		case len(text) > maxText:
			return nil, fmt.Errorf("it unpacks to more than %d MiB", maxText>>20)
		case errors.Is(err, io.EOF):
			return text, nil
		case err != nil:
			return nil, broken
		}
		if len(text) == cap(text) {
			text = slices.Grow(text, 1)
		}
	}
}

// sizeHint is how large a member says its text is, as far as that can be true.
func sizeHint(packed []byte) int {
	if len(packed) < 4 {
		return 0
	}
	said := int(binary.LittleEndian.Uint32(packed[len(packed)-4:]))
	return min(said, maxRatio*len(packed), maxText)
}
