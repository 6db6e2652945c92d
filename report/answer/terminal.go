package answer

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
	cut   bool // that something did not fit
}

// tall is how many lines a cell or a paragraph on a terminal has at most, unless everything is asked for.
const tall = 12

// Shown is how many rows a table on a terminal has at most, unless everything is asked for.
const Shown = 60

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
	notes := d.AllNotes(t.all)
	if t.cut {
		notes = append(notes, "… ends what is cut: --verbose shows all of it")
	}
	if len(notes)+len(d.Unseen) > 0 {
		t.Line("")
	}
	for _, note := range notes {
		t.Wrapped(2, "· ", note)
	}
	switch {
	case t.all:
		for _, u := range d.Unseen {
			t.Wrapped(2, "· ", "not seen: "+u)
		}
	case len(d.Unseen) > 0:
		t.Wrapped(2, "· ", d.Limits+": --verbose names "+display.Plural(len(d.Unseen), "limit"))
	}
	return t.out.Flush()
}

// All says whether everything is asked for, so that nothing is to be cut.
func (t *Terminal) All() bool { return t.all }

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
	for i, line := range t.lines(s, room) {
		if i > 0 {
			lead = strings.Repeat(" ", display.Width(lead))
		}
		t.Line(strings.Repeat(" ", indent) + t.Dim(lead+line))
	}
}

// Text writes text as it is where it fits on one line, else wrapped, with the further lines indented.
func (t *Terminal) Text(indent int, s string) { t.Lead(indent, Lead{}, s) }

// A Lead is a painted word that starts a line.
type Lead struct {
	Word  string
	Paint func(string) string
}

// Lead writes a word, two blanks and a text, which stands in a column of its own where it takes several lines.
func (t *Terminal) Lead(indent int, l Lead, s string) {
	s = display.Clean(s)
	at, first, rest := strings.Repeat(" ", indent), "", 2
	if l.Word != "" {
		first, rest = l.Paint(l.Word)+"  ", display.Width(l.Word)+2
	}
	used := indent + rest
	if l.Word == "" {
		used = indent
	}
	if used+display.Width(s) <= t.width {
		t.Line(at + first + s)
		return
	}
	for i, line := range t.lines(s, t.width-indent-rest) {
		if i > 0 {
			first = strings.Repeat(" ", rest)
		}
		t.Line(at + first + line)
	}
}

// Heading writes a title, and a remark behind it.
func (t *Terminal) Heading(title, remark string) {
	title = display.Clean(title)
	if display.Width(title)+2+display.Width(remark) <= t.width {
		t.Line(t.Bold(title) + "  " + remark)
		return
	}
	for _, line := range t.lines(title, t.width) {
		t.Line(t.Bold(line))
	}
	t.Text(2, remark)
}

// lines wraps text from hostile places.
func (t *Terminal) lines(s string, width int) []string {
	most := tall
	if t.all {
		most = 0
	}
	lines, cut := wrap(display.Clean(s), width, most)
	t.cut = t.cut || cut
	return lines
}

// Table writes a table whose columns fit the terminal; cells that do not fit wrap.
func (t *Terminal) Table(table *Table) {
	if table.Title != "" {
		t.Heading(table.Title, "")
	}
	rows, more := t.shown(table)
	if len(rows) == 0 {
		t.Text(0, table.Empty)
		return
	}
	if widths, ok := t.widths(table.Columns, rows); ok {
		header := make([]string, len(table.Columns))
		for i, c := range table.Columns {
			header[i] = strings.ToUpper(c)
		}
		t.row(header, widths, t.Dim)
		for _, row := range rows {
			t.row(row, widths, nil)
		}
	} else {
		t.records(table.Columns, rows)
	}
	if more > 0 {
		t.Wrapped(0, "", fmt.Sprintf("… and %s: --verbose shows all", display.Plural(more, "more row")))
	}
}

// shown are the rows to show, and how many more there are.
func (t *Terminal) shown(table *Table) (rows [][]string, more int) {
	for row := range table.All() {
		if len(rows) < Shown || t.all {
			rows = append(rows, row)
		} else {
			more++
		}
	}
	return rows, more
}

// narrow is how narrow a column may get.
const narrow = 10

// widths gives each column what its widest cell needs, and takes from the widest where the terminal is too narrow; ok
// says that they fit.
func (t *Terminal) widths(columns []string, rows [][]string) (widths []int, ok bool) {
	widths = make([]int, len(columns))
	total := 2 * (len(columns) - 1)
	for i, c := range columns {
		widths[i] = display.Width(c)
		for _, row := range rows {
			widths[i] = max(widths[i], display.Width(display.Clean(row[i])))
		}
		total += widths[i]
	}
	for total > t.width {
		widest := 0
		for i, w := range widths {
			if w > widths[widest] {
				widest = i
			}
		}
		if widths[widest] <= narrow {
			return nil, false
		}
		less := min(total-t.width, max(1, widths[widest]/10), widths[widest]-narrow)
		widths[widest] -= less
		total -= less
	}
	return widths, true
}

// records writes each row as a paragraph, for terminals that are too narrow for columns.
func (t *Terminal) records(columns []string, rows [][]string) {
	wide := 0
	for _, c := range columns {
		wide = max(wide, display.Width(c))
	}
	for _, row := range rows {
		t.Line("")
		for i, cell := range row {
			if cell != "" {
				t.Lead(0, Lead{display.Pad(strings.ToUpper(columns[i]), wide), t.Dim}, cell)
			}
		}
	}
}

func (t *Terminal) row(cells []string, widths []int, paint func(string) string) {
	lines := make([][]string, len(cells))
	height := 1
	for i, c := range cells {
		lines[i] = t.lines(c, widths[i])
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
