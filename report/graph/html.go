package graph

import (
	"bufio"
	"embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/plimsoll-io/plimsoll/internal/webpage"
)

//go:embed html
var htmlFiles embed.FS

// scripts are the parts of the page's program, in the order in which they run.
var scripts = []string{
	"html/data.js", "html/fold.js", "html/layout.js", "html/picture.js", "html/view.js", "html/list.js", "html/details.js", "html/main.js",
}

// What the page draws at first.
const (
	pageBoxes  = 40
	pageArrows = 120
)

// HTML writes one page that needs nothing else: no network, no other file. Its content policy lets only its own script
// and style run. It holds the whole graph as JSON, up to some megabytes; what there is no room for it says. Without
// scripts it shows the folded picture.
func HTML(w io.Writer, g *Graph) error {
	held, data, err := pageData(g)
	if err != nil {
		return fmt.Errorf("write html: %w", err)
	}
	first, err := shown(withMost(held, pageBoxes), pageBoxes, pageArrows)
	if err != nil {
		return err
	}
	page, err := template.ParseFS(htmlFiles, "html/page.html")
	if err != nil {
		return fmt.Errorf("write html: %w", err)
	}
	assets, err := webpage.Bundle(htmlFiles, scripts, compact)
	if err != nil {
		return fmt.Errorf("write html: %w", err)
	}
	out := bufio.NewWriter(w)
	if err := assets.Head(out, xmlText("Plimsoll: "+orElse(first.title, "graph")), ""); err != nil {
		return fmt.Errorf("write html: %w", err)
	}
	view := struct{ Title, Caption, Note string }{orElse(first.title, "Graph"), first.caption, visible(held.Note, mostText)}
	if err := page.ExecuteTemplate(out, "page.html", view); err != nil {
		return fmt.Errorf("write html: %w", err)
	}
	l := arrange(first, first.sizer())
	p := &pen{w: out}
	p.printf("<svg viewBox=\"%d %d %d %d\" role=\"img\" aria-label=\"%s\">\n", -margin, -margin, l.width+2*margin, l.height+2*margin,
		xmlText(first.describe()))
	p.picture(first, l)
	p.printf("</svg>\n")
	if err := page.ExecuteTemplate(out, "foot", nil); err != nil {
		return fmt.Errorf("write html: %w", err)
	}
	p.printf("<script type=\"application/json\" id=\"graph\">%s</script>\n<script>%s</script>\n</body>\n</html>\n", data, assets.Script)
	return out.Flush()
}

func withMost(g *Graph, most int) *Graph {
	out := *g
	out.Most = most
	return &out
}

// compact leaves out a script's indentation and its lines of comment. Our scripts have no texts of several lines.
func compact(script string) string {
	var b strings.Builder
	for line := range strings.Lines(script) {
		if line = strings.TrimLeft(line, " "); !strings.HasPrefix(line, "//") {
			b.WriteString(line)
		}
	}
	return b.String()
}
