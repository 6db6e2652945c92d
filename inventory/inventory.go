// Package inventory holds every object of a cluster, or of a set of files, at one moment, together with what could
// not be read. It does no I/O: the packages below it say where an inventory comes from.
//
// Objects are plain JSON shapes (map[string]any, []any, string, int64, float64, bool, nil), shared and read-only.
// By the time an object is in an inventory its secrets have been replaced (package internal/secretscan).
package inventory

import (
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
)

// An Inventory is what was there at one moment, and what we failed to see. It is immutable once built and safe for
// concurrent use.
type Inventory struct {
	Source Source
	// Taken is when reading began, in UTC.
	Taken time.Time
	// Version is the Kubernetes version of the API server or of the target ("v1.37.2"); "" when unknown.
	Version string
	// Gaps are what could not be read; never silently empty.
	Gaps []Gap

	objects []*Object
	byKind  map[schema.GroupKind]*kindObjects
}

// A Source says where an inventory came from.
type Source struct {
	Kind string `json:"kind"` // "files", "cluster" or "mixed"
	// Names are the paths as given, or the cluster's context name.
	Names []string `json:"names"`
	// Identity is the user that read the cluster, as the API server names it; "" for files.
	Identity string `json:"identity,omitempty"`
	// Requests counts the API requests made; 0 for files.
	Requests int `json:"requests,omitempty"`
}

// An Object is one Kubernetes object.
type Object struct {
	finding.Ref
	// NamespaceAssumed says that the manifest named no namespace and the default was filled in.
	NamespaceAssumed bool
	// Content is the whole object, as JSON decodes it. Never write to it.
	Content map[string]any
	// Origin is the file and line where the object starts; zero for live objects.
	Origin finding.Position
	// Locate finds the line and column of a path, or of its nearest existing ancestor; nil when not known.
	Locate func(finding.Path) (line, column int)
	// Default says that the object is one that this version of Kubernetes itself installs, unchanged (compared by
	// content). Controls do not judge it.
	Default bool
}

// GroupKind is the object's API group and kind.
func (o *Object) GroupKind() schema.GroupKind {
	return schema.GroupKind{Group: o.Group(), Kind: o.Kind}
}

// Position is where path lies in the object's file.
func (o *Object) Position(path finding.Path) finding.Position {
	p := o.Origin
	if o.Locate != nil {
		p.Line, p.Column = o.Locate(path)
	}
	return p
}

// The objects of one kind. Their index by name is made when it is first needed: few kinds are ever asked for one object.
type kindObjects struct {
	all    []*Object
	index  sync.Once
	byName map[objectName]*Object
}

type objectName struct{ namespace, name string }

// get returns the first object with a name, or nil.
func (k *kindObjects) get(name objectName) *Object {
	k.index.Do(func() {
		k.byName = make(map[objectName]*Object, len(k.all))
		for _, o := range slices.Backward(k.all) {
			k.byName[objectName{o.Namespace, o.Name}] = o
		}
	})
	return k.byName[name]
}

// All yields every object in reading order.
func (inv *Inventory) All() []*Object { return inv.objects }

// Of returns the objects of a kind, of whatever version, in reading order.
func (inv *Inventory) Of(group, kind string) []*Object {
	if k := inv.byKind[schema.GroupKind{Group: group, Kind: kind}]; k != nil {
		return k.all
	}
	return nil
}

// Get returns the first object with this name, or nil. Namespace is "" for cluster-scoped kinds.
func (inv *Inventory) Get(group, kind, namespace, name string) *Object {
	if k := inv.byKind[schema.GroupKind{Group: group, Kind: kind}]; k != nil {
		return k.get(objectName{namespace, name})
	}
	return nil
}

// Kinds lists the kinds that have objects, sorted by group and kind.
func (inv *Inventory) Kinds() []schema.GroupKind {
	kinds := make([]schema.GroupKind, 0, len(inv.byKind))
	for k := range inv.byKind {
		kinds = append(kinds, k)
	}
	slices.SortFunc(kinds, compareKinds)
	return kinds
}

// New builds an inventory from objects and gaps in reading order.
func New(source Source, taken time.Time, version string, objects []*Object, gaps []Gap) *Inventory {
	inv := &Inventory{
		Source: source, Taken: taken.UTC(), Version: version, Gaps: gaps, objects: objects,
		byKind: map[schema.GroupKind]*kindObjects{},
	}
	var gk schema.GroupKind
	var k *kindObjects
	for _, o := range objects {
		if own := o.GroupKind(); own != gk || k == nil { // mostly the same as the one before
			if gk, k = own, inv.byKind[own]; k == nil {
				k = &kindObjects{}
				inv.byKind[gk] = k
			}
		}
		k.all = append(k.all, o)
	}
	return inv
}
