// Package access writes the answers about rights: who can do what, how they could become admin, what they use of it.
// Every answer is a Document, which each format shows in its own way.
package access

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/graph"
)

// A Document is one answer.
type Document struct {
	// Body is the machine-readable answer; it starts with a Header.
	Body any
	// Source says what was read and when, for documents that are kept.
	Source string
	// Tables are the answer for people, and for spreadsheets.
	Tables []Table
	// Notes are what a reader must know to trust the answer: gaps, what RBAC does not show, warnings.
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
}

// A Table is a title, columns and rows of plain text.
type Table struct {
	Title   string
	Columns []string
	Rows    [][]string
	// Empty is what to say when there are no rows.
	Empty string
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

// notes are what people must know of the header.
func (h Header) notes() []string {
	var out []string
	for _, g := range h.Inventory.Gaps {
		out = append(out, "could not be read: "+g.Reason)
	}
	const most = 5
	for i, w := range h.Warnings {
		if i == most {
			out = append(out, fmt.Sprintf("and %d more warnings: see -f json", len(h.Warnings)-most))
			break
		}
		out = append(out, "warning: "+w.Object.String()+": "+w.Message)
	}
	return out
}

// A Format is one way to show a document.
type Format struct {
	Name  string
	Write func(io.Writer, *Document, report.Options) error
}

// Formats are all formats; Of says which of them a document has.
func Formats() []Format {
	return []Format{
		{"table", writeTable},
		{"json", writeJSON},
		{"yaml", writeYAML},
		{"csv", writeCSV},
		{"markdown", writeMarkdown},
		{"html", writeHTML},
		{"dot", picture(graph.DOT)},
		{"mermaid", picture(graph.Mermaid)},
		{"svg", picture(graph.SVG)},
	}
}

// Find returns the format of a name.
func Find(name string) (Format, bool) {
	for _, f := range Formats() {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}

func writeJSON(w io.Writer, d *Document, _ report.Options) error {
	buffered := bufio.NewWriter(w)
	encoder := json.NewEncoder(buffered)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(d.Body); err != nil {
		return err
	}
	return buffered.Flush()
}

func writeYAML(w io.Writer, d *Document, _ report.Options) error {
	if d.Manifest != nil {
		return d.Manifest(w)
	}
	text, err := yaml.Marshal(d.Body)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

func picture(write func(io.Writer, *graph.Graph) error) func(io.Writer, *Document, report.Options) error {
	return func(w io.Writer, d *Document, _ report.Options) error {
		if d.Picture == nil {
			return fmt.Errorf("this answer has no picture: use table, json, yaml, csv, markdown or html")
		}
		return write(w, d.Picture(false))
	}
}
