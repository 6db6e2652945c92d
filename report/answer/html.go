package answer

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/internal/webpage"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/graph"
)

var (
	//go:embed page/page.html
	pageHTML string
	//go:embed page/style.css
	pageStyle string
	//go:embed page/filter.js
	pageScript string
)

// writeHTML writes one page that needs nothing else: the picture where there is one, else the tables with a filter.
func writeHTML(w io.Writer, d *Document, _ report.Options) error {
	if d.Picture != nil {
		return graph.HTML(w, d.Picture(true))
	}
	page, err := template.New("page").Funcs(template.FuncMap{"clean": display.Clean}).Parse(pageHTML)
	if err != nil {
		return fmt.Errorf("write html: %w", err)
	}
	return page.Execute(w, map[string]any{
		"Title": "Plimsoll: " + d.title(), "Heading": d.title(), "Tables": pointers(d.Tables), "Source": d.Source, "Notes": d.AllNotes(true), "Unseen": d.Unseen, "Limits": d.Limits,
		"Style": template.CSS(pageStyle), "Script": template.JS(pageScript), // #nosec G203 -- our own files
		"Policy": webpage.Assets{Style: pageStyle, Script: pageScript}.Policy(""),
	})
}

func (d *Document) title() string {
	if len(d.Tables) > 0 && d.Tables[0].Title != "" {
		return display.Clean(d.Tables[0].Title)
	}
	return "answer"
}

// pointers let the page call the methods of tables.
func pointers(tables []Table) []*Table {
	out := make([]*Table, len(tables))
	for i := range tables {
		out[i] = &tables[i]
	}
	return out
}
