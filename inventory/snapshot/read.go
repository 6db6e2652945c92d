package snapshot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// Read reads what Write wrote. Anything else is refused: a changed byte, a member too many, a bomb. Nothing is
// returned before every hash has been checked. Memory is bounded by what the file's size can honestly need. Equal parts
// of objects are often one part.
func Read(r io.Reader) (*inventory.Inventory, error) {
	in := &reader{from: r, budget: budget{left: baseMemory}}
	inv, err := in.read()
	if err != nil {
		return nil, fmt.Errorf("read snapshot: %w", err)
	}
	return inv, nil
}

// A reader reads the members one after the other. Their objects are decoded meanwhile, by others.
type reader struct {
	from    io.Reader
	members []member
	budget  budget
	unpack  unpacker
}

func (r *reader) read() (*inventory.Inventory, error) {
	_, text, err := r.next(nil, inventoryName)
	if err != nil {
		return nil, err
	}
	var h header
	if err := json.Unmarshal(text, &h); err != nil {
		return nil, errors.New("inventory.json is broken")
	}
	if h.Format != version {
		return nil, fmt.Errorf("it has format %d, and this program reads format %d: use the version of plimsoll that wrote it", h.Format, version)
	}
	decoding := startDecoding()
	err = r.objects(decoding)
	objects, earlier := decoding.finish()
	if earlier != nil {
		return nil, earlier // in a member before the one that err is about
	}
	if err != nil {
		return nil, err
	}
	if h.Objects != len(objects) {
		return nil, fmt.Errorf("it should hold %d objects and holds %d", h.Objects, len(objects))
	}
	var gaps []inventory.Gap
	for _, g := range h.Gaps {
		g.Gap.AnyGroup = g.AnyGroup
		gaps = append(gaps, g.Gap)
	}
	return inventory.New(h.Source, h.Taken, h.Kubernetes, objects, gaps), nil
}

// objects hands the texts of all members with objects over to be decoded, and reads to the end.
func (r *reader) objects(d *decoding) error {
	for !d.failed() {
		name, text, err := r.next(d.buffer(), objectsName(len(r.members)), manifestName)
		if err != nil {
			return err
		}
		if name == manifestName {
			return end(r.from)
		}
		d.add(name, text)
	}
	return nil
}

// next reads a member: the manifest, which must be what follows from the others, or one whose text it unpacks into a
// buffer that may be larger.
func (r *reader) next(buffer []byte, names ...string) (name string, text []byte, err error) {
	name, packed, err := nextMember(r.from, names...)
	if err != nil {
		return "", nil, err
	}
	if name == manifestName {
		if !bytes.Equal(packed, manifest(r.members)) {
			return "", nil, errors.New("its content does not have the hashes that manifest.json names: it was changed")
		}
		return name, nil, nil
	}
	r.members = append(r.members, describe(name, packed))
	r.budget.left += memoryPerByte * len(packed)
	text, err = r.unpack.text(packed, buffer)
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", short(name), err)
	}
	return name, text, r.budget.take(text)
}
