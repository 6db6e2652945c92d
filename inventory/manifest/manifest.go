// Package manifest reads an inventory from files: YAML and JSON manifests, folders, standard input, Helm charts and
// kustomizations.
//
// Whatever cannot be read becomes an inventory.Gap with file, line and reason, and the rest is still read. Files that
// hold no Kubernetes objects are passed over silently. No input, however hostile, makes this package panic or use
// memory without bound: documents are measured before they are parsed, aliases and nesting are limited, and charts
// and kustomizations are rendered in a child process (RenderMain) that has limits of time and memory and no network.
package manifest

import (
	"io"
	"time"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// Options say how manifests are read. The zero Options are good defaults.
type Options struct {
	// Namespace is what namespaced objects get whose manifest names none, and the namespace of Helm releases; ""
	// means "default".
	Namespace string
	// Redact replaces the secret values in an object, in place, and says how many. It is called once for every
	// object before anybody else sees it, by several goroutines at once. When it is nil, Read makes a secretscan
	// of its own, and ReadBytes leaves the objects as they are.
	Redact func(map[string]any) int
	// MaxDocument is the size in bytes above which one document is refused before it is parsed; 0 means 32 MiB.
	// A List may be larger, since it is read item by item.
	MaxDocument int
	// MaxMemory is how many bytes of memory the objects of one file may take, by a rough count; 0 means 256 MiB. What
	// comes after is a gap.
	MaxMemory int
	// AuditPolicies keeps audit policies, which are files of the API server and no objects of its API. Each is named
	// "audit-policy", for an API server has one.
	AuditPolicies bool
	// Stdin is what the path "-" reads; nil means standard input.
	Stdin io.Reader
	// Chart says how Helm charts are rendered.
	Chart ChartOptions
	// Limits bound the rendering of one chart or kustomization.
	Limits RenderLimits
}

// ChartOptions are what Helm would be told on its command line.
type ChartOptions struct {
	ValuesFiles []string // --values, later ones win; "-" is not supported
	Set         []string // --set
	SetString   []string // --set-string
	ReleaseName string   // "" means "release-name"
	// KubeVersion is the Kubernetes version that charts are rendered for, "1.36" or "v1.36.2"; "" means the newest
	// that this program knows.
	KubeVersion string
	// APIVersions are added to the built-in ones that charts can ask for, "monitoring.coreos.com/v1".
	APIVersions []string
}

// RenderLimits bound one rendering. Zero fields take the defaults.
type RenderLimits struct {
	Time   time.Duration // wall clock, default 60 s
	Memory int           // bytes of the child process, default 256 MiB
	Output int           // bytes of rendered text, default 64 MiB

	// Command runs RenderMain; empty means this program with the argument "__render".
	Command []string
}

const (
	defaultMaxDocument = 32 << 20
	defaultNamespace   = "default"
	defaultRelease     = "release-name"
	defaultKubeVersion = "v1.37.0"
)

func (o Options) maxDocument() int  { return or(o.MaxDocument, defaultMaxDocument) }
func (o Options) namespace() string { return or(o.Namespace, defaultNamespace) }

// or is value, or instead when value is zero.
func or[T comparable](value, instead T) T {
	var zero T
	if value == zero {
		return instead
	}
	return value
}

// ReadBytes reads the objects in data, a file that reports call name. It does no I/O. Objects and gaps are in the
// order of the file.
func ReadBytes(name string, data []byte, opts Options) ([]*inventory.Object, []inventory.Gap) {
	f := newFile(name, opts)
	f.read(data)
	assumeNamespaces(f.objects, f.scopes, opts.namespace())
	return f.objects, f.gaps
}
