// Package answer shows an answer to a question: as a table on a terminal, for spreadsheets, pull requests and programs,
// as a page, and drawn. An answer is a Document, which each format shows in its own way; packages beside this one make
// them: report/access about rights, report/network about the network.
package answer

import (
	"io"
	"iter"
	"slices"

	"github.com/plimsoll-io/plimsoll/report/graph"
)

// A Document is one answer.
type Document struct {
	// Body is the machine-readable answer; it starts with a Header.
	Body any
	// Items are the members of the list "items" where there are too many to hold them all; that list of Body is then empty.
	Items iter.Seq[any]
	// Also are further lists of Body, in its order, whose members are too many to hold them all. They follow "items".
	Also []List
	// Source says what was read and when, for documents that are kept.
	Source string
	// Tables are the answer for people, and for spreadsheets.
	Tables []Table
	// Notes are what a reader must know of this answer.
	Notes []string
	// Remarks are what could not be read and what was odd: all of it, or the first of each sort. They follow the notes.
	Remarks func(all bool) []string
	// Unseen is what this kind of answer can never show. Terminals only tell of it, as Limits says: a sentence to which
	// the number of limits is added.
	Unseen []string
	Limits string
	// Text writes the answer for terminals where a table is not the best form; nil means the tables.
	Text func(*Terminal)
	// Picture draws the answer; nil means that there is nothing to draw. A page can be searched, so that it may hold more
	// than other pictures.
	Picture func(page bool) *graph.Graph
	// Manifest writes the answer as Kubernetes objects; where it is set, the format yaml means these.
	Manifest func(io.Writer) error
}

// A List is the members of a list of the machine-readable answer, which is empty in its Body.
type List struct {
	Name  string
	Items iter.Seq[any]
}

// lists are all lists that are written one member after the other.
func (d *Document) lists() []List {
	if d.Items == nil {
		return d.Also
	}
	return append([]List{{"items", d.Items}}, d.Also...)
}

// AllNotes are the notes and the remarks: all, or the first of them.
func (d *Document) AllNotes(all bool) []string {
	if d.Remarks == nil {
		return d.Notes
	}
	return append(slices.Clone(d.Notes), d.Remarks(all)...)
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
