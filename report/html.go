package report

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"io/fs"

	"github.com/plimsoll-io/plimsoll/internal/display"
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
	style, script, err := assets()
	if err != nil {
		return fmt.Errorf("write html: %w", err)
	}
	policy := fmt.Sprintf("default-src 'none'; style-src %s; script-src %s; img-src data:; base-uri 'none'; form-action 'none'",
		sourceHash(style), sourceHash(script))
	if _, err := fmt.Fprintf(w, pageHead, policy, template.HTMLEscapeString(pageTitle(d)), style); err != nil {
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
	_, err = fmt.Fprintf(w, "<script>%s</script>\n</body>\n</html>\n", script)
	return err
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

func pageTitle(d *Document) string {
	return "Plimsoll: " + display.Clean(sourceNames(&d.Report.Inventory))
}

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
		out += string(text)
	}
	return "\n" + string(css), out + "})();\n", nil
}

// sourceHash names an inline script or style in a content security policy.
func sourceHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
