package access

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/report"
)

// A Terminal writes lines for people. It keeps the first error for the end.
type Terminal struct {
	out   *bufio.Writer
	width int
	color bool
	all   bool
}

// shown is how many rows a table on a terminal has at most, unless everything is asked for.
const shown = 60

func writeTable(w io.Writer, d *Document, opts report.Options) error {
	t := &Terminal{out: bufio.NewWriter(w), width: max(opts.Width, 40), color: opts.Color, all: opts.Verbose}
	if opts.Width == 0 {
		t.width = 80
	}
	if d.Text != nil {
		d.Text(t)
	} else {
		for i := range d.Tables {
			if i > 0 {
				t.Line("")
			}
			t.Table(&d.Tables[i])
		}
	}
	if len(d.Notes)+len(d.Unseen) > 0 {
		t.Line("")
	}
	for _, note := range d.Notes {
		t.Wrapped(2, "· ", note)
	}
	switch {
	case t.all:
		for _, u := range d.Unseen {
			t.Wrapped(2, "· ", "not seen: "+u)
		}
	case len(d.Unseen) > 0:
		t.Wrapped(2, "· ", "RBAC objects do not show everything: --verbose names "+display.Plural(len(d.Unseen), "limit"))
	}
	return t.out.Flush()
}

// Line writes one line.
func (t *Terminal) Line(s string) { fmt.Fprintln(t.out, strings.TrimRight(s, " ")) }

// Bold is for what matters most. Like Dim, Good and Bad it changes nothing where colours are not wanted.
func (t *Terminal) Bold(s string) string { return t.paint("1", s) }

// Dim is for what matters less.
func (t *Terminal) Dim(s string) string { return t.paint("2", s) }

// Bad is for what should not be.
func (t *Terminal) Bad(s string) string { return t.paint("31", s) }

// Good is for what should be.
func (t *Terminal) Good(s string) string { return t.paint("32", s) }

func (t *Terminal) paint(code, s string) string {
	if !t.color || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// Wrapped writes text over as many lines as it takes; the first starts with lead, all are indented.
func (t *Terminal) Wrapped(indent int, lead, s string) {
	room := t.width - indent - display.Width(lead)
	for i, line := range wrap(display.Clean(s), room) {
		if i > 0 {
			lead = strings.Repeat(" ", display.Width(lead))
		}
		t.Line(strings.Repeat(" ", indent) + t.Dim(lead+line))
	}
}

// Table writes a table whose columns fit the terminal; cells that do not fit wrap.
func (t *Terminal) Table(table *Table) {
	if table.Title != "" {
		t.Line(t.Bold(display.Clean(table.Title)))
	}
	if len(table.Rows) == 0 {
		t.Line(table.Empty)
		return
	}
	rows := table.Rows
	if !t.all && len(rows) > shown {
		rows = rows[:shown]
	}
	widths := t.widths(table.Columns, rows)
	header := make([]string, len(table.Columns))
	for i, c := range table.Columns {
		header[i] = strings.ToUpper(c)
	}
	t.row(header, widths, t.Dim)
	for _, row := range rows {
		t.row(row, widths, nil)
	}
	if more := len(table.Rows) - len(rows); more > 0 {
		t.Line(t.Dim(fmt.Sprintf("… and %s: --verbose shows all", display.Plural(more, "more row"))))
	}
}

// widths gives each column what its widest cell needs, and takes from the widest where the terminal is too narrow.
func (t *Terminal) widths(columns []string, rows [][]string) []int {
	widths := make([]int, len(columns))
	for i, c := range columns {
		widths[i] = display.Width(c)
		for _, row := range rows {
			widths[i] = max(widths[i], display.Width(display.Clean(row[i])))
		}
	}
	for {
		total, widest := 2*(len(widths)-1), 0
		for i, w := range widths {
			total += w
			if w > widths[widest] {
				widest = i
			}
		}
		if total <= t.width || widths[widest] <= 10 {
			return widths
		}
		widths[widest] -= min(total-t.width, max(1, widths[widest]/10))
	}
}

func (t *Terminal) row(cells []string, widths []int, paint func(string) string) {
	lines := make([][]string, len(cells))
	height := 1
	for i, c := range cells {
		lines[i] = wrap(display.Clean(c), widths[i])
		height = max(height, len(lines[i]))
	}
	for y := range height {
		var b strings.Builder
		for i := range cells {
			text := ""
			if y < len(lines[i]) {
				text = lines[i][y]
			}
			if i < len(cells)-1 {
				text = display.Pad(text, widths[i]+2)
			}
			b.WriteString(text)
		}
		line := strings.TrimRight(b.String(), " ")
		if paint != nil {
			line = paint(line)
		}
		t.Line(line)
	}
}

// wrap breaks text at blanks and, where a word is too long, after a punctuation mark or anywhere.
func wrap(s string, width int) []string {
	width = max(width, 8)
	var out []string
	line := ""
	for word := range strings.FieldsSeq(s) {
		for display.Width(word) > width {
			room := width
			if line != "" {
				room = width - display.Width(line) - 1
			}
			head := breakWord(word, room)
			if head == "" {
				out = append(out, line)
				line = ""
				continue
			}
			out = append(out, strings.TrimLeft(line+" "+head, " "))
			line, word = "", word[len(head):]
		}
		switch {
		case line == "":
			line = word
		case display.Width(line)+1+display.Width(word) <= width:
			line += " " + word
		default:
			out = append(out, line)
			line = word
		}
	}
	return append(out, line)
}

// breakWord is the part of a long word that fits, preferably up to a mark where names break well; "" when too little fits.
func breakWord(word string, room int) string {
	if room < 8 {
		return ""
	}
	head := ""
	for _, r := range word {
		if display.Width(head+string(r)) > room {
			break
		}
		head += string(r)
	}
	if i := strings.LastIndexAny(head, "/.:,-"); i >= len(head)/2 {
		return head[:i+1]
	}
	return head
}
