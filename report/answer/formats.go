package answer

import (
	"errors"
	"io"

	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/graph"
)

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

func picture(write func(io.Writer, *graph.Graph) error) func(io.Writer, *Document, report.Options) error {
	return func(w io.Writer, d *Document, _ report.Options) error {
		if d.Picture == nil {
			return errors.New("this answer has no picture: use table, json, yaml, csv, markdown or html")
		}
		return write(w, d.Picture(false))
	}
}
