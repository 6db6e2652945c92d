package lint_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/plimsoll-io/plimsoll/network/lint"
)

// TestDocs holds the handbook to the kinds that there are.
func TestDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/network-lint.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range lint.Kinds() {
		row := regexp.MustCompile(`(?m)^\|[^|]*\b` + string(k.Kind) + `\b[^|]*\| [^|]*` + k.Severity.String())
		if !row.Match(text) {
			t.Errorf("docs/network-lint.md has no row for %s with the severity %s", k.Kind, k.Severity)
		}
	}
}
