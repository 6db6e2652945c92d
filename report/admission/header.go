// Package admission writes the answers of policy commands: what people's own admission policies say of objects, how their
// tests went, and which policies there are. Each is a document that package answer shows.
package admission

import (
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// A Header starts every machine-readable answer.
type Header struct {
	APIVersion string           `json:"apiVersion"`
	Kind       string           `json:"kind"`
	Inventory  answer.Inventory `json:"inventory"`
	// KubernetesVersion is the minor version whose policy language the policies were compiled with.
	KubernetesVersion string `json:"kubernetesVersion"`
	// TypeChecked says whether expressions were held to the schemas of the kinds that they are about: "no", or against what.
	TypeChecked string   `json:"typeChecked"`
	Warnings    []string `json:"warnings"`
}

// HeaderOf starts an answer about an inventory and further things that could not be read.
func HeaderOf(kind string, inv *inventory.Inventory, more []inventory.Gap, minor string, warnings []string) Header {
	h := Header{
		APIVersion: report.APIVersion, Kind: kind, KubernetesVersion: minor, TypeChecked: notChecked,
		Warnings:  append([]string{}, warnings...),
		Inventory: answer.Inventory{Source: inv.Source, Taken: inv.Taken, Gaps: append(append([]inventory.Gap{}, inv.Gaps...), more...)},
	}
	return h
}

// notChecked says that no schemas were there.
const notChecked = "no"

// compiled says what was done with expressions before anything was judged by them.
func (h Header) compiled() string {
	types := h.TypeChecked
	if types == notChecked {
		types = "no (field names were not held to the schemas of kinds: --openapi, or a cluster, has them)"
	}
	return "expressions were compiled for Kubernetes " + h.KubernetesVersion + "; type-checked: " + types
}

func (h Header) document(body any, tables ...answer.Table) *answer.Document {
	return &answer.Document{
		Body: body, Tables: tables, Notes: h.Warnings, Source: h.Inventory.Line(),
		Remarks: func(all bool) []string {
			return append(answer.Remarks(h.Inventory.Gaps, nil, all), h.compiled())
		},
	}
}
