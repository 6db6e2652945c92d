// Package manifest reads an inventory from files: YAML and JSON manifests, folders, standard input, Helm charts and
// kustomizations.
//
// Whatever cannot be read becomes an inventory.Gap with file, line and reason, and the rest is still read. Files that
// hold no Kubernetes objects are passed over silently. No input, however hostile, makes this package panic or use
// memory without bound: documents are measured before they are parsed, aliases and nesting are limited, and charts
// and kustomizations are rendered in a child process (RenderMain).
package manifest

import (
	"github.com/plimsoll-io/plimsoll/inventory"
)

// Options say how manifests are read. The zero Options are good defaults.
type Options struct {
	// Namespace is what namespaced objects get whose manifest names none; "" means "default".
	Namespace string
	// Redact replaces the secret values in an object, in place, and says how many. It is called once for every
	// object before anybody else sees it. nil leaves the objects as they are.
	Redact func(map[string]any) int
	// MaxDocument is the size in bytes above which one document is refused before it is parsed; 0 means 32 MiB.
	// A List may be larger, since it is read item by item.
	MaxDocument int
}

const (
	defaultMaxDocument = 32 << 20
	defaultNamespace   = "default"
)

func (o Options) maxDocument() int {
	if o.MaxDocument > 0 {
		return o.MaxDocument
	}
	return defaultMaxDocument
}

// ReadBytes reads the objects in data, a file that reports call name. It does no I/O. Objects and gaps are in the
// order of the file.
func ReadBytes(name string, data []byte, opts Options) ([]*inventory.Object, []inventory.Gap) {
	f := newFile(name, opts)
	f.read(data)
	assumeNamespaces(f.objects, f.scopes, opts.Namespace)
	return f.objects, f.gaps
}
