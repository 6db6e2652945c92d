// Package inventorytest reads the objects of tests.
package inventorytest

import (
	"testing"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
)

// Objects are those of a YAML text, all of which has to be readable. Their positions are in a file of this name.
func Objects(t testing.TB, file, text string) []*inventory.Object {
	t.Helper()
	objects, gaps := manifest.ReadBytes(file, []byte(text), manifest.Options{})
	if len(gaps) > 0 {
		t.Fatalf("read %s: %v", file, gaps)
	}
	return objects
}
