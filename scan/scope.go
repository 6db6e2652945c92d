package scan

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
)

// A Scope says which objects are judged. Those outside are still there for controls that join objects.
type Scope struct {
	// Namespaces, when not empty, are the only ones judged; cluster-scoped objects but these Namespaces are then left out.
	Namespaces []string `json:"namespaces"`
	// Excluded namespaces are never judged.
	Excluded []string `json:"excludedNamespaces"`
}

// Includes says whether an object is judged.
func (s Scope) Includes(ref finding.Ref) bool {
	ns := ref.Namespace
	if ref.Kind == "Namespace" && ref.Group() == "" {
		ns = ref.Name
	}
	if slices.Contains(s.Excluded, ns) && ns != "" {
		return false
	}
	return len(s.Namespaces) == 0 || slices.Contains(s.Namespaces, ns)
}
