package answer

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// An Inventory says what an answer was read from.
type Inventory struct {
	Source  inventory.Source `json:"source"`
	Version string           `json:"version,omitempty"`
	Taken   time.Time        `json:"taken"`
	Gaps    []inventory.Gap  `json:"gaps"`
}

// InventoryOf describes an inventory. Only the gaps that can hide something of these kinds are named.
func InventoryOf(inv *inventory.Inventory, kinds []schema.GroupKind) Inventory {
	out := Inventory{Source: inv.Source, Version: inv.Version, Taken: inv.Taken, Gaps: []inventory.Gap{}}
	for _, g := range inv.Gaps {
		if slices.ContainsFunc(kinds, g.Covers) {
			out.Gaps = append(out.Gaps, g)
		}
	}
	return out
}

// Line says what was read and when, and further things.
func (i *Inventory) Line(more ...string) string {
	parts := []string{strings.Join(i.Source.Names, ", ")}
	if i.Version != "" {
		parts = append(parts, "Kubernetes "+strings.TrimPrefix(i.Version, "v"))
	}
	parts = append(parts, "read "+i.Taken.UTC().Format(time.DateTime)+" UTC")
	return strings.Join(append(parts, more...), " · ")
}
