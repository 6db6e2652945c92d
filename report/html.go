package report

import (
	"embed"
	"fmt"
	"html/template"
	"io"

	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/internal/webpage"
)

//go:embed html
var htmlFiles embed.FS

// scripts are the parts of the page's program, in the order in which they run.
var scripts = []string{"html/base.js", "html/finding.js", "html/views.js", "html/maturity.js", "html/main.js"}

// WriteHTML writes one page that needs nothing else: no network, no other file. Its content policy lets only its own
// script and style run. The overview is readable without scripts; the other views are built from the report's data,
// which the page holds as JSON.
func WriteHTML(w io.Writer, d *Document, _ Options) error {
	overview, err := template.New("page.html").Funcs(template.FuncMap{"n": thousands}).ParseFS(htmlFiles, "html/page.html")
	if err != nil {
		return fmt.Errorf("write html: %w", err)
	}
	assets, err := webpage.Bundle(htmlFiles, scripts, nil)
	if err != nil {
		return fmt.Errorf("write html: %w", err)
	}
	if err := assets.Head(w, template.HTMLEscapeString(pageTitle(d)), "img-src data:; "); err != nil {
		return err
	}
	page := pageOf(d.Report, pageFindings, pagePassed)
	view := overviewOf(d)
	view.LeftOut = page.leftOut
	if err := overview.Execute(w, view); err != nil {
		return fmt.Errorf("write html: %w", err)
	}
	if err := writePageData(w, d, page); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "<script>%s</script>\n</body>\n</html>\n", assets.Script)
	return err
}

func pageTitle(d *Document) string {
	return "Plimsoll: " + display.Clean(sourceNames(&d.Report.Inventory))
}
