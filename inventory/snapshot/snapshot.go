// Package snapshot keeps an inventory in one file, so that a report can be made again, byte for byte, where the
// cluster or the files cannot be reached.
//
// A snapshot is a tar file of these members, in this order and with no others:
//
//	plimsoll-snapshot/inventory.json.gz      where it comes from, when it was taken, and its gaps
//	plimsoll-snapshot/objects-00001.jsonl.gz one object a line, in reading order; about 1 MiB of text each
//	plimsoll-snapshot/objects-00002.jsonl.gz …
//	plimsoll-snapshot/manifest.json          the SHA-256 hash and the size of every member before it
//
// The same inventory gives the same bytes. Every byte is checked when a snapshot is read: what is not exactly what
// Write writes is refused. The hashes show accidents and careless edits; who means to deceive can compute them anew,
// so evidence is signed (package evidence).
//
// Members are compressed one by one, and not the file as a whole, because gzip's own checksum leaves some of its bits
// unguarded, because hashes of the members can then be checked with common tools, and because reading needs one
// member in memory at a time.
//
// A snapshot holds what the inventory holds, and the inventory's secrets were replaced when it was read.
package snapshot

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

const (
	version = 1

	folder        = "plimsoll-snapshot/"
	inventoryName = folder + "inventory.json.gz"
	manifestName  = folder + "manifest.json"

	chunkBytes = 1 << 20  // text of the objects in one member
	maxText    = 64 << 20 // text of any member: a chunk and the largest object that may follow
)

// Extension is how the name of a snapshot commonly ends.
const Extension = ".plimsoll"

// HeadSize is how many bytes of a file Is wants to see.
const HeadSize = len(inventoryName)

// Is says whether a file that starts with head is a snapshot.
func Is(head []byte) bool { return bytes.HasPrefix(head, []byte(inventoryName)) }

func objectsName(i int) string { return fmt.Sprintf("%sobjects-%05d.jsonl.gz", folder, i) }

// header is the content of inventory.json.
type header struct {
	Format     int              `json:"format"`
	Source     inventory.Source `json:"source"`
	Taken      time.Time        `json:"taken"`
	Kubernetes string           `json:"kubernetes"`
	Objects    int              `json:"objects"`
	Gaps       []gap            `json:"gaps"`
}

// A gap is an inventory.Gap with the field that reports leave out.
type gap struct {
	inventory.Gap
	AnyGroup bool `json:"anyGroup,omitempty"`
}

// A record is one line of objects: an object and what is known besides its content.
type record struct {
	Object map[string]any `json:"object"`
	// Ref is left out when it is what the object itself says.
	Ref              *finding.Ref      `json:"ref,omitempty"`
	NamespaceAssumed bool              `json:"namespaceAssumed,omitempty"`
	Default          bool              `json:"default,omitempty"`
	Origin           *finding.Position `json:"origin,omitempty"`
	// Places are line and column of every value in the object, as yamlpath.Places orders them.
	Places []int `json:"places,omitempty"`
}

// ownRef is how an object names itself.
func ownRef(content map[string]any) finding.Ref {
	return finding.Ref{
		APIVersion: inventory.String(content, "apiVersion"), Kind: inventory.String(content, "kind"),
		Namespace: inventory.String(content, "metadata", "namespace"), Name: inventory.String(content, "metadata", "name"),
	}
}

// A member is one line of the manifest.
type member struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// manifest is the content of manifest.json, which follows from the members alone.
func manifest(members []member) []byte {
	text, err := json.MarshalIndent(struct {
		APIVersion string   `json:"apiVersion"`
		Kind       string   `json:"kind"`
		Format     int      `json:"format"`
		Members    []member `json:"members"`
	}{"plimsoll.io/v1", "SnapshotManifest", version, members}, "", "  ")
	if err != nil {
		panic("snapshot: " + err.Error()) // strings and numbers always have a JSON form
	}
	return append(text, '\n')
}

// short is a member's name without its folder, for errors.
func short(name string) string { return strings.TrimPrefix(name, folder) }
