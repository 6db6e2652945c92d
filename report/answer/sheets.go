package answer

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/report"
)

// writeCSV writes all tables; where there are several, a first column names the table and each has its own header.
func writeCSV(w io.Writer, d *Document, _ report.Options) error {
	out := csv.NewWriter(w)
	several, wide := len(d.Tables) > 1, 0
	for _, t := range d.Tables {
		wide = max(wide, len(t.Columns))
	}
	for _, t := range d.Tables {
		if err := out.Write(cells(t.Columns, several, "table", wide)); err != nil {
			return err
		}
		for row := range t.All() {
			if err := out.Write(cells(row, several, t.Title, wide)); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

// cells are safe for spreadsheets; all records of a file have as many, as readers of CSV expect.
func cells(row []string, several bool, first string, wide int) []string {
	out := make([]string, 0, wide+1)
	if several {
		out = append(out, display.Cell(first))
	}
	for _, c := range row {
		out = append(out, display.Cell(c))
	}
	for range wide - len(row) {
		out = append(out, "")
	}
	return out
}

// writeMarkdown writes tables that pull requests show.
func writeMarkdown(w io.Writer, d *Document, opts report.Options) error {
	b := bufio.NewWriter(w)
	for i := range d.Tables {
		t := &d.Tables[i]
		if t.Title != "" {
			fmt.Fprintf(b, "### %s\n\n", escapeMarkdown(t.Title))
		}
		if t.None() {
			fmt.Fprintf(b, "%s\n\n", escapeMarkdown(t.Empty))
			continue
		}
		markdownRow(b, t.Columns)
		fmt.Fprintf(b, "%s|\n", strings.Repeat("|---", len(t.Columns)))
		for row := range t.All() {
			markdownRow(b, row)
		}
		fmt.Fprintln(b)
	}
	for _, note := range d.AllNotes(opts.Verbose) {
		fmt.Fprintf(b, "- %s\n", escapeMarkdown(note))
	}
	for _, u := range d.Unseen {
		fmt.Fprintf(b, "- not seen: %s\n", escapeMarkdown(u))
	}
	return b.Flush()
}

func markdownRow(b *bufio.Writer, row []string) {
	for _, c := range row {
		fmt.Fprintf(b, "| %s ", escapeMarkdown(c))
	}
	fmt.Fprintln(b, "|")
}

// A comment breaks what code hosts would turn into links and mentions of their own accord.
var markdownEscapes = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;", "|", "&#124;", `\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "~", `\~`,
	"[", `\[`, "]", `\]`, "!", `\!`, "@", "@<!-- -->", "#", "#<!-- -->", "://", ":<!-- -->//", "www.", "www<!-- -->.",
	"$", "&#36;",
)

// Markdown is a text as Markdown shows it, word for word.
func Markdown(s string) string { return escapeMarkdown(s) }

// escapeMarkdown keeps names from being read as markup: names of RBAC may hold nearly anything.
func escapeMarkdown(s string) string { return markdownEscapes.Replace(display.Clean(s)) }
