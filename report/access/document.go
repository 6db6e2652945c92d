// Package access writes the answers about rights: who can do what, how they could become admin, what they use of it.
// Every answer is a Document, which each format shows in its own way.
package access

import (
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/graph"
)

// A Document is one answer.
type Document struct {
	// Body is the machine-readable answer; it starts with a Header.
	Body any
	// Items are the members of the list "items" where there are too many to hold them all; that list of Body is then empty.
	Items iter.Seq[any]
	// Source says what was read and when, for documents that are kept.
	Source string
	// Tables are the answer for people, and for spreadsheets.
	Tables []Table
	// Notes are what a reader must know of this answer; gaps and warnings of its Header follow them.
	Notes []string
	// Unseen is what no RBAC object shows; terminals only say that there is such a thing.
	Unseen []string
	// Text writes the answer for terminals where a table is not the best form; nil means the tables.
	Text func(*Terminal)
	// Picture draws the answer; nil means that there is nothing to draw. A page can be searched, so that it may hold more
	// than other pictures.
	Picture func(page bool) *graph.Graph
	// Manifest writes the answer as Kubernetes objects; where it is set, the format yaml means these.
	Manifest func(io.Writer) error

	header Header
}

// answer starts the document of a body with this header.
func answer(h Header, body any, tables ...Table) *Document {
	return &Document{Body: body, Tables: tables, Unseen: h.Unseen, Source: h.source(), header: h}
}

// notes are the notes, and the gaps and warnings: all, or the first of them.
func (d *Document) notes(all bool) []string {
	return append(slices.Clone(d.Notes), d.header.notes(all)...)
}

// A Table is a title, columns and rows of plain text.
type Table struct {
	Title   string
	Columns []string
	Rows    [][]string
	// Long yields the rows where there are too many to hold them all; Rows is then empty.
	Long iter.Seq[[]string]
	// Empty is what to say when there are no rows.
	Empty string
}

// All yields the rows.
func (t *Table) All() iter.Seq[[]string] {
	if t.Long != nil {
		return t.Long
	}
	return slices.Values(t.Rows)
}

// None says whether there are no rows.
func (t *Table) None() bool {
	for range t.All() {
		return false
	}
	return true
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
	Source  inventory.Source `json:"source"`
	Version string           `json:"version,omitempty"`
	Taken   time.Time        `json:"taken"`
	Gaps    []inventory.Gap  `json:"gaps"`
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
		Inventory: Inventory{Source: inv.Source, Version: inv.Version, Taken: inv.Taken, Gaps: []inventory.Gap{}},
	}
	for _, g := range inv.Gaps {
		for _, gk := range rbac.Reads() {
			if g.Covers(gk) {
				h.Inventory.Gaps = append(h.Inventory.Gaps, g)
				break
			}
		}
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
	parts := []string{strings.Join(inv.Source.Names, ", ")}
	if inv.Version != "" {
		parts = append(parts, "Kubernetes "+strings.TrimPrefix(inv.Version, "v"))
	}
	parts = append(parts, "read "+inv.Taken.UTC().Format(time.DateTime)+" UTC")
	if inv.Source.Identity != "" {
		parts = append(parts, "by "+inv.Source.Identity)
	}
	return strings.Join(parts, " · ")
}
