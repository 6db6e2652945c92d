package graph

import (
	"bufio"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"strings"
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
	style, script, err := assets()
	if err != nil {
		return fmt.Errorf("write html: %w", err)
	}
	out := bufio.NewWriter(w)
	policy := fmt.Sprintf("default-src 'none'; style-src %s; script-src %s; base-uri 'none'; form-action 'none'",
		sourceHash(style), sourceHash(script))
	fmt.Fprintf(out, pageHead, policy, xmlText("Plimsoll: "+orElse(first.title, "graph")), style)
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
	p.printf("<script type=\"application/json\" id=\"graph\">%s</script>\n<script>%s</script>\n</body>\n</html>\n", data, script)
	return out.Flush()
}

func withMost(g *Graph, most int) *Graph {
	out := *g
	out.Most = most
	return &out
}

const pageHead = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="%s">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>%s</title>
<style>%s</style>
</head>
<body>
`

// assets returns the page's style and script.
func assets() (style, script string, err error) {
	css, err := fs.ReadFile(htmlFiles, "html/style.css")
	if err != nil {
		return "", "", err
	}
	out := "\n\"use strict\";\n(() => {\n"
	for _, name := range scripts {
		text, err := fs.ReadFile(htmlFiles, name)
		if err != nil {
			return "", "", err
		}
		out += compact(string(text))
	}
	return "\n" + string(css), out + "})();\n", nil
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

// sourceHash names an inline script or style in a content security policy.
func sourceHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
