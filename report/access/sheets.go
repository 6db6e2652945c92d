package access

import (
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
	several := len(d.Tables) > 1
	for _, t := range d.Tables {
		if err := out.Write(cells(t.Columns, several, "table")); err != nil {
			return err
		}
		for _, row := range t.Rows {
			if err := out.Write(cells(row, several, t.Title)); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

func cells(row []string, several bool, first string) []string {
	var out []string
	if several {
		out = append(out, display.Cell(first))
	}
	for _, c := range row {
		out = append(out, display.Cell(c))
	}
	return out
}

// writeMarkdown writes tables that pull requests show.
func writeMarkdown(w io.Writer, d *Document, _ report.Options) error {
	var b strings.Builder
	for _, t := range d.Tables {
		if t.Title != "" {
			fmt.Fprintf(&b, "### %s\n\n", escapeMarkdown(t.Title))
		}
		if len(t.Rows) == 0 {
			fmt.Fprintf(&b, "%s\n\n", escapeMarkdown(t.Empty))
			continue
		}
		markdownRow(&b, t.Columns)
		b.WriteString(strings.Repeat("|---", len(t.Columns)) + "|\n")
		for _, row := range t.Rows {
			markdownRow(&b, row)
		}
		b.WriteByte('\n')
	}
	for _, note := range d.Notes {
		fmt.Fprintf(&b, "- %s\n", escapeMarkdown(note))
	}
	for _, u := range d.Unseen {
		fmt.Fprintf(&b, "- not seen: %s\n", escapeMarkdown(u))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func markdownRow(b *strings.Builder, row []string) {
	for _, c := range row {
		b.WriteString("| " + escapeMarkdown(c) + " ")
	}
	b.WriteString("|\n")
}

// escapeMarkdown keeps names from being read as markup: RBAC names may hold nearly anything.
func escapeMarkdown(s string) string {
	s = display.Clean(s)
	return strings.NewReplacer("\\", "\\\\", "|", "\\|", "*", "\\*", "_", "\\_", "`", "\\`", "[", "\\[", "]", "\\]", "<", "&lt;",
		">", "&gt;", "#", "\\#", "@", "@\u200b", "~", "\\~", "!", "\\!").Replace(s)
}
