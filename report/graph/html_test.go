package graph

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/internal/webpage"
)

// TestHTMLIsOffline checks that the page needs nothing from elsewhere and lets nothing but its own parts run.
func TestHTMLIsOffline(t *testing.T) {
	text := render(t, HTML, shop())
	assets, err := webpage.Bundle(htmlFiles, scripts, compact)
	if err != nil {
		t.Fatal(err)
	}
	style, script := assets.Style, assets.Script
	for _, want := range []string{
		"default-src 'none'", webpage.Hash(style), webpage.Hash(script), "<style>" + style + "</style>", "<script>" + script + "</script>",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %.60q", want)
		}
	}
	for _, bad := range []string{
		"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "fetch(", "XMLHttpRequest", "import(",
		"localStorage",
	} {
		if strings.Contains(script, bad) {
			t.Errorf("the script uses %s", bad)
		}
	}
	if strings.Contains(style, "url(") || strings.Contains(style, "@import") {
		t.Error("the style loads something")
	}
	for _, address := range regexp.MustCompile(`https?://[^"']*`).FindAllString(text, -1) {
		if address != "http://www.w3.org/2000/svg" {
			t.Errorf("the page names %s", address)
		}
	}
	if len(script) > 40<<10 {
		t.Errorf("the script has %d bytes, want at most 40 KiB", len(script))
	}
}

// TestScriptsHaveNoTextsOfSeveralLines checks what compact relies on.
func TestScriptsHaveNoTextsOfSeveralLines(t *testing.T) {
	for _, name := range scripts {
		text, err := htmlFiles.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "`") || strings.Contains(string(text), "/*") {
			t.Errorf("%s has a template or a comment of several lines", name)
		}
	}
}

// TestHTMLIsReadableWithoutScripts checks that the picture is in the markup.
func TestHTMLIsReadableWithoutScripts(t *testing.T) {
	text, _, _ := strings.Cut(render(t, HTML, big(2000)), `<script type="application/json"`)
	for _, want := range []string{
		"Ways to cluster-admin", "<noscript>", ">kube-system</text>", ">secrets of kube-system</text>", `class="h"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// TestHTMLIsBounded checks that a page stays small, whatever the graph, and says what it left out.
func TestHTMLIsBounded(t *testing.T) {
	if n := len(render(t, HTML, big(2000))); n > 2<<20 {
		t.Errorf("2,000 subjects: %d bytes", n)
	}
	detailed := &Graph{}
	for i := range 3000 {
		n := Node{ID: fmt.Sprint(i), Kind: "k", Group: fmt.Sprint("g", i%50)}
		for j := range 150 {
			n.Sections = append(n.Sections, Section{"s", []string{fmt.Sprintf("line %d of %d, which is long enough to matter", j, i)}})
		}
		detailed.Nodes = append(detailed.Nodes, n)
	}
	wide := random(3, 21_000, 40_000)
	for name, c := range map[string]struct {
		g    *Graph
		says string
	}{"details": {detailed, "lines of its details"}, "nodes": {wide, "are drawn as"}} {
		var out strings.Builder
		if err := HTML(&out, c.g); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		if len(text) > 5<<20 || !strings.Contains(text, c.says) {
			t.Errorf("%s: %d bytes, says %q: %v", name, len(text), c.says, strings.Contains(text, c.says))
		}
	}
}
