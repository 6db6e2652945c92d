package snapshot

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/yamlpath"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// Write writes an inventory to w. It holds about one member in memory.
func Write(w io.Writer, inv *inventory.Inventory) error {
	out := &writer{to: w}
	if err := out.header(inv); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	var chunk []byte
	for _, o := range inv.All() {
		before := len(chunk)
		chunk = appendRecord(chunk, o)
		if len(chunk)-before > maxText-chunkBytes {
			return fmt.Errorf("write snapshot: %s is too large: %d bytes", o.Ref, len(chunk)-before)
		}
		if len(chunk) >= chunkBytes {
			if err := out.compressed(objectsName(len(out.members)), chunk); err != nil {
				return fmt.Errorf("write snapshot: %w", err)
			}
			chunk = chunk[:0]
		}
	}
	if len(chunk) > 0 {
		if err := out.compressed(objectsName(len(out.members)), chunk); err != nil {
			return fmt.Errorf("write snapshot: %w", err)
		}
	}
	if err := out.finish(); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	return nil
}

type writer struct {
	to      io.Writer
	members []member
}

func (w *writer) header(inv *inventory.Inventory) error {
	h := header{
		Format: version, Source: inv.Source, Taken: inv.Taken, Kubernetes: inv.Version, Objects: len(inv.All()),
		Gaps: make([]gap, 0, len(inv.Gaps)),
	}
	for _, g := range inv.Gaps {
		h.Gaps = append(h.Gaps, gap{g, g.AnyGroup})
	}
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if len(text) > maxText {
		return fmt.Errorf("there are too many gaps to keep: %d", len(inv.Gaps))
	}
	return w.compressed(inventoryName, text)
}

// compressed writes a member and remembers its hash.
func (w *writer) compressed(name string, text []byte) error {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	if _, err := zip.Write(text); err != nil {
		return err
	}
	if err := zip.Close(); err != nil {
		return err
	}
	w.members = append(w.members, describe(name, packed.Bytes()))
	return writeMember(w.to, name, packed.Bytes())
}

func (w *writer) finish() error {
	if err := writeMember(w.to, manifestName, manifest(w.members)); err != nil {
		return err
	}
	_, err := w.to.Write(make([]byte, 2*block))
	return err
}

func describe(name string, content []byte) member {
	sum := sha256.Sum256(content)
	return member{Name: name, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(content))}
}

// appendRecord appends an object as one line.
func appendRecord(out []byte, o *inventory.Object) []byte {
	out = append(out, `{"object":`...)
	out = appendJSON(out, o.Content)
	field := func(name string, v any) {
		text, err := json.Marshal(v)
		if err != nil {
			panic("snapshot: " + err.Error()) // strings, numbers and booleans always have a JSON form
		}
		out = append(append(append(append(out, `,"`...), name...), `":`...), text...)
	}
	if o.Ref != ownRef(o.Content) {
		field("ref", o.Ref)
	}
	if o.NamespaceAssumed {
		field("namespaceAssumed", true)
	}
	if o.Default {
		field("default", true)
	}
	if o.Origin != (finding.Position{}) {
		field("origin", o.Origin)
	}
	if o.Locate != nil {
		field("places", yamlpath.Places(o.Content, o.Locate))
	}
	return append(out, "}\n"...)
}
