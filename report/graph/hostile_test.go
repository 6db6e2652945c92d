package graph

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/plimsoll-io/plimsoll/internal/webpage"
)

// withText is a graph that has one text everywhere.
func withText(s string) *Graph {
	section := []Section{{s, []string{s, s}}}
	return &Graph{
		Title: s, Caption: s, Note: s, GroupNoun: s, EdgeNoun: s,
		Nodes: []Node{
			{ID: s, Label: s, Kind: s, Group: s, Tone: Tone(s), Sections: section},
			{ID: s + "2", Label: s, Kind: s, Group: s + "2", Tone: Danger, Rank: -1, Weight: 3},
			{ID: s + "3", Tone: Goal},
		},
		Edges: []Edge{
			{From: s, To: s + "2", Label: s, Lines: []string{s}, Tone: Tone(s)},
			{From: s + "2", To: s + "3", Label: s, Cut: s},
			{From: s, To: s, Label: s},
		},
	}
}

var hostile = []string{
	"", "plain", `quote " and ' and \ and \N`, "</script><script>alert(1)</script>", "<!--<script>", "]]>", "&lt;b&gt;&amp;",
	"line\nbreak\r\ttab\x00nul\x1b[31m", "\u202egnp.exe\u2066\u200b\u00ad\ufeff", "\xff\xfe broken", "\ud7ff\uffff\U0010ffff",
	`"]; click n0 "javascript:alert(1)"`, "%%{init: {'theme':'forest'}}%%", "end", "`md` **bold** 1. list", "#quot; #35;",
	"a|b{c}(d)[e]<f>g--&gt;h==>i", "' onload='x", `" onmouseover="alert(1)`, "javascript:alert(1)", "n0 -> n1; }", strings.Repeat("x", 10_000),
	strings.Repeat("\u202e", 10_000), strings.Repeat("漢", 5000), "e\u0301\u0302", "\u3164\u2800\ufe0f", "{{.Title}}", "$&$1",
}

// TestHostileText sends every hostile text through every writer.
func TestHostileText(t *testing.T) {
	for _, s := range hostile {
		checkText(t, s)
	}
}

func FuzzText(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkText(t, s) })
}

func checkText(t *testing.T, s string) {
	t.Helper()
	g := withText(s)
	for format, write := range writers {
		text := render(t, write, g)
		if !utf8.ValidString(text) {
			t.Errorf("%s of %.40q is no UTF-8", format, s)
		}
		for _, r := range text {
			if r != '\n' && hidden(r) {
				t.Errorf("%s of %.40q holds the character %U", format, s, r)
				break
			}
		}
		if strings.Contains(text, strings.Repeat("x", mostText+1)) {
			t.Errorf("%s of %.40q is not cut", format, s)
		}
	}
	checkDOT(t, s, render(t, DOT, g))
	checkMermaid(t, s, render(t, Mermaid, g))
	checkXML(t, s, render(t, SVG, g))
	checkHTML(t, s, render(t, HTML, g))
}

// checkXML reads a picture as XML and checks that no text became an element or an attribute.
func checkXML(t *testing.T, s, text string) {
	t.Helper()
	known := regexp.MustCompile(`^(svg|title|desc|style|rect|text|g|path)$`)
	attributes := regexp.MustCompile(`^(xmlns|viewBox|width|height|role|aria-labelledby|id|class|x|y|rx|d|transform)$`)
	decoder := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("svg of %.40q: %v", s, err)
		}
		if start, ok := token.(xml.StartElement); ok {
			if !known.MatchString(start.Name.Local) {
				t.Errorf("svg of %.40q has the element %s", s, start.Name.Local)
			}
			for _, a := range start.Attr {
				if !attributes.MatchString(a.Name.Local) {
					t.Errorf("svg of %.40q has the attribute %s", s, a.Name.Local)
				}
			}
		}
	}
}

// checkDOT takes the strings out of a graph; what is left must be what every such graph has.
func checkDOT(t *testing.T, s, text string) {
	t.Helper()
	rest := regexp.MustCompile(`"(?:[^"\\\n]|\\.)*"`).ReplaceAllString(text, "S")
	line := regexp.MustCompile(`^\s*(digraph plimsoll \{|\}|rankdir=LR;|charset=S;|label=S;|labelloc=t;|(node|edge) \[[\w=, S]*\];` +
		`|subgraph cluster_\d+ \{|S \[label=S[\w=, ]*\];|S -> S \[label=S[\w=, ]*\];|)$`)
	for l := range strings.Lines(rest) {
		if !line.MatchString(strings.TrimRight(l, "\n")) {
			t.Errorf("dot of %.40q has the line %q", s, l)
		}
	}
}

func checkMermaid(t *testing.T, s, text string) {
	t.Helper()
	const quoted = `"[^"\x60<>%{}|\[\]\\]*"`
	line := regexp.MustCompile(`^\s*(flowchart LR|accTitle: [^"<>{};%]*|subgraph g\d+\[` + quoted + `\]|end|n\d+\[` +
		`"[^"\x60<>%{}|\[\]\\]*(<br>[^"\x60<>%{}|\[\]\\]*)?"\](:::\w+)?|n\d+ (-->|-\.->)(\|` + quoted + `\|)? n\d+|note\[` + quoted +
		`\]|style note fill:none,stroke:none|classDef \w+ [\w:#,]+)$`)
	for l := range strings.Lines(text) {
		if !line.MatchString(strings.TrimRight(l, "\n")) {
			t.Errorf("mermaid of %.40q has the line %q", s, l)
		}
	}
}

// checkHTML checks that a page has the parts it should have and no others, whatever its texts are.
func checkHTML(t *testing.T, s, text string) {
	t.Helper()
	assets, err := webpage.Bundle(htmlFiles, scripts, compact)
	if err != nil {
		t.Fatal(err)
	}
	script := assets.Script
	data := regexp.MustCompile(`(?s)<script type="application/json" id="graph">(.*?)</script>`).FindStringSubmatch(text)
	if data == nil {
		t.Fatalf("the page of %.40q has no data", s)
	}
	var held pageJSON
	if err := json.Unmarshal([]byte(data[1]), &held); err != nil {
		t.Fatalf("the data of %.40q: %v", s, err)
	}
	if len(held.Nodes) != 3 || len(held.Edges) != 3 || strings.ContainsAny(data[1], "<>&") {
		t.Errorf("the data of %.40q has %d nodes and %d edges", s, len(held.Nodes), len(held.Edges))
	}
	page := strings.Replace(strings.Replace(text, script, "", 1), data[1], "", 1)
	if n := strings.Count(page, "<script"); n != 2 {
		t.Errorf("the page of %.40q has %d scripts", s, n)
	}
	_, body, _ := strings.Cut(page, "<body>")
	for _, tag := range regexp.MustCompile(`<([a-zA-Z]\w*)([^<>]*)>`).FindAllStringSubmatch(body, -1) {
		if bad := regexp.MustCompile(`(?i)^(link|iframe|object|embed|img|base|form|meta|style|b|f)$`); bad.MatchString(tag[1]) {
			t.Errorf("the page of %.40q has the element %s", s, tag[0])
		}
		outside := regexp.MustCompile(`"[^"]*"`).ReplaceAllString(tag[2], "")
		if regexp.MustCompile(`(?i)\s(on\w+|src|style)\s*=?`).MatchString(outside) {
			t.Errorf("the page of %.40q has the element %s", s, tag[0])
		}
	}
}
