package snapshot

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	kjson "k8s.io/apimachinery/pkg/util/json"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/yamlpath"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// Read reads what Write wrote. Anything else is refused: a changed byte, a member too many, a bomb. Nothing is
// returned before every hash has been checked. Memory is bounded by what the file's size can honestly need.
func Read(r io.Reader) (*inventory.Inventory, error) {
	in := &reader{from: r, budget: budget{left: baseMemory}}
	inv, err := in.read()
	if err != nil {
		return nil, fmt.Errorf("read snapshot: %w", err)
	}
	return inv, nil
}

type reader struct {
	from    io.Reader
	members []member
	budget  budget
	objects []*inventory.Object
	files   map[string]string // one copy of every file's name
}

func (r *reader) read() (*inventory.Inventory, error) {
	_, text, err := r.next(inventoryName)
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
	r.files = map[string]string{}
	for {
		name, text, err := r.next(objectsName(len(r.members)), manifestName)
		if err != nil {
			return nil, err
		}
		if name == manifestName {
			break
		}
		if err := r.lines(name, text); err != nil {
			return nil, err
		}
	}
	if err := end(r.from); err != nil {
		return nil, err
	}
	if h.Objects != len(r.objects) {
		return nil, fmt.Errorf("it should hold %d objects and holds %d", h.Objects, len(r.objects))
	}
	var gaps []inventory.Gap
	for _, g := range h.Gaps {
		g.Gap.AnyGroup = g.AnyGroup
		gaps = append(gaps, g.Gap)
	}
	return inventory.New(h.Source, h.Taken, h.Kubernetes, r.objects, gaps), nil
}

// next reads a member: the manifest, which must be what follows from the others, or one whose text it unpacks.
func (r *reader) next(names ...string) (name string, text []byte, err error) {
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
	text, err = unpack(packed)
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", short(name), err)
	}
	return name, text, r.budget.take(text)
}

// unpack decompresses a member, up to the size that a member may have.
func unpack(packed []byte) ([]byte, error) {
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, errors.New("it is not compressed as it should be")
	}
	text, err := io.ReadAll(io.LimitReader(zip, maxText+1))
	if err != nil {
		return nil, errors.New("it is not compressed as it should be")
	}
	if len(text) > maxText {
		return nil, fmt.Errorf("it unpacks to more than %d MiB", maxText>>20)
	}
	return text, nil
}

// lines reads the objects of a member.
func (r *reader) lines(name string, text []byte) error {
	for line := 1; len(text) > 0; line++ {
		one, rest, found := bytes.Cut(text, []byte("\n"))
		if !found {
			return fmt.Errorf("%s: the last line is not whole", short(name))
		}
		text = rest
		o, err := r.object(one)
		if err != nil {
			return fmt.Errorf("%s: line %d: %w", short(name), line, err)
		}
		r.objects = append(r.objects, o)
	}
	return nil
}

func (r *reader) object(line []byte) (*inventory.Object, error) {
	var rec struct {
		record
		Object json.RawMessage `json:"object"`
	}
	if err := json.Unmarshal(line, &rec); err != nil {
		return nil, errors.New("it is no object of a snapshot")
	}
	var content map[string]any
	if err := kjson.Unmarshal(rec.Object, &content); err != nil || content == nil {
		return nil, errors.New("it is no object of a snapshot")
	}
	o := &inventory.Object{
		Ref: ownRef(content), Content: content, NamespaceAssumed: rec.NamespaceAssumed, Default: rec.Default,
	}
	if rec.Ref != nil {
		o.Ref = *rec.Ref
	}
	if rec.Origin != nil {
		o.Origin = r.origin(*rec.Origin)
	}
	if rec.Places != nil {
		tree, err := yamlpath.NewTree(content, rec.Places)
		if err != nil {
			return nil, err
		}
		o.Locate = tree.Locate
	}
	return o, nil
}

// origin keeps one copy of each file's name.
func (r *reader) origin(p finding.Position) finding.Position {
	if shared, ok := r.files[p.File]; ok {
		p.File = shared
	} else {
		r.files[p.File] = p.File
	}
	return p
}
