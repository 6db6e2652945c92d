// Package access writes the answers about rights: who can do what, how they could become admin, what they use of it.
// Each is a document that package answer shows.
package access

import (
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// document starts the answer of a body with this header.
func document(h Header, body any, tables ...answer.Table) *answer.Document {
	return &answer.Document{
		Body: body, Tables: tables, Unseen: h.Unseen, Limits: "RBAC objects do not show everything", Source: h.source(), Remarks: h.remarks,
	}
}

// A Header starts every machine-readable answer.
type Header struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Inventory  Inventory `json:"inventory"`
	// Unseen is what RBAC objects do not show: other authorizers, cloud grants.
	Unseen   []string       `json:"unseen"`
	Warnings []rbac.Warning `json:"warnings"`
}

// An Inventory says what the answer was read from.
type Inventory struct {
	answer.Inventory
	// Roles and Bindings count what was read, without what Kubernetes itself installs.
	Roles    int `json:"roles"`
	Bindings int `json:"bindings"`
}

// A Subject is whom a binding names, as the command line's contract has it.
type Subject struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// A Ref names an object in the same way.
type Ref = Subject

// HeaderOf starts an answer about an inventory. Only the gaps that can hide something of these kinds are named.
func HeaderOf(kind string, inv *inventory.Inventory, a *rbac.Authorizer) Header {
	h := Header{
		APIVersion: report.APIVersion, Kind: kind, Unseen: append([]string{}, rbac.Unseen(inv)...), Warnings: append([]rbac.Warning{}, a.Warnings()...),
		Inventory: Inventory{Inventory: answer.InventoryOf(inv, rbac.Reads())},
	}
	for _, r := range a.Roles() {
		if !r.Default {
			h.Inventory.Roles++
		}
	}
	for _, b := range a.Bindings() {
		if !b.Default {
			h.Inventory.Bindings++
		}
	}
	return h
}

// source says in a line what was read, when and by whom.
func (h Header) source() string {
	inv := &h.Inventory
	if inv.Source.Identity != "" {
		return inv.Line("by " + inv.Source.Identity)
	}
	return inv.Line()
}

// remarks are what people must know of what was read.
func (h Header) remarks(all bool) []string {
	var out []string
	if h.empty() {
		out = append(out, "no Role and no binding was found there: the answer is about what Kubernetes itself installs")
	}
	return append(out, answer.Remarks(h.Inventory.Gaps, h.Warnings, all, rbac.LookAlike)...)
}

// empty says whether files held no RBAC object at all, as when the wrong folder was named.
func (h Header) empty() bool {
	return h.Inventory.Roles+h.Inventory.Bindings == 0 && h.Inventory.Source.Kind == "files" && len(h.Inventory.Gaps) == 0
}
