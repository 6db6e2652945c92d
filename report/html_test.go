package report

import (
	"regexp"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/internal/webpage"
)

// TestHTMLIsOffline checks that the page needs nothing from elsewhere and lets nothing but its own parts run.
func TestHTMLIsOffline(t *testing.T) {
	for name, d := range documents() {
		text := render(t, WriteHTML, d, Options{})
		assets, err := webpage.Bundle(htmlFiles, scripts, nil)
		if err != nil {
			t.Fatal(err)
		}
		style, script := assets.Style, assets.Script
		for _, want := range []string{
			"default-src 'none'", webpage.Hash(style), webpage.Hash(script), "<style>" + style + "</style>", "<script>" + script + "</script>",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the page lacks %.60q", name, want)
			}
		}
		page := strings.Replace(strings.Replace(text, script, "", 1), embedded(t, text), "", 1)
		if bad := regexp.MustCompile(`(?i)<(?:link|iframe|object|embed|img)\b|<[a-z][^<>]*\s(?:src|style|on[a-z]+)\s*=|@import|url\(`).
			FindString(page); bad != "" {
			t.Errorf("%s: the page holds %q", name, bad)
		}
		for _, href := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			if !strings.HasPrefix(href[1], "#") {
				t.Errorf("%s: the page links to %q", name, href[1])
			}
		}
		if n := strings.Count(text, "<script"); n != 2 {
			t.Errorf("%s: %d script elements, want 2", name, n)
		}
		for _, bad := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "fetch(", "XMLHttpRequest"} {
			if strings.Contains(script, bad) {
				t.Errorf("the script uses %s", bad)
			}
		}
	}
}

// TestHTMLIsReadableWithoutScripts checks that the overview has the counts in its markup.
func TestHTMLIsReadableWithoutScripts(t *testing.T) {
	d := shop()
	text, _, _ := strings.Cut(render(t, WriteHTML, d, Options{}), `<script type="application/json"`)
	for _, want := range []string{
		"6 findings", "deploy, charts/shop", "4 failed", "1 error", "2 skipped", "1 excepted", "1 passed", "72.5 %", "<b>3</b><span>medium",
		"<dt>excepted</dt><dd>2</dd>", "secrets is forbidden", "House rules 2026", "Remove privileged",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the overview lacks %q", want)
		}
	}
}
