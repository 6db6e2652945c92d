package inventory

import (
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// A Gap is something that could not be read. Its consequences: a control that joins objects is skipped when a kind
// that it reads has a gap, and a per-object control never passes.
type Gap struct {
	// Kind is the kind that may be missing, "Secret"; "" means that any kind may be.
	Kind string `json:"kind"`
	// Group is the API group of Kind. For files, where only the kind is known, AnyGroup is set.
	Group    string `json:"group,omitempty"`
	AnyGroup bool   `json:"-"`
	// Namespace is the namespace that could not be read; "" means all of them.
	Namespace string `json:"namespace,omitempty"`
	File      string `json:"file"` // "" for a cluster
	Line      int    `json:"line,omitempty"`
	// Reason is one sentence without a final dot: "secrets is forbidden: list is not allowed for …".
	Reason string `json:"reason"`
}

// Covers says whether the gap may hide objects of this kind.
func (g Gap) Covers(gk schema.GroupKind) bool {
	return g.Kind == "" || g.Kind == gk.Kind && (g.AnyGroup || g.Group == gk.Group)
}

// Incomplete returns the first gap that may hide objects of one of these kinds.
func (inv *Inventory) Incomplete(kinds ...schema.GroupKind) (Gap, bool) {
	for _, g := range inv.Gaps {
		for _, gk := range kinds {
			if g.Covers(gk) {
				return g, true
			}
		}
	}
	return Gap{}, false
}

func compareKinds(a, b schema.GroupKind) int {
	if c := strings.Compare(a.Group, b.Group); c != 0 {
		return c
	}
	return strings.Compare(a.Kind, b.Kind)
}
