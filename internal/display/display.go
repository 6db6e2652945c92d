// Package display makes text from hostile places fit to show: on terminals, in tables and in spreadsheets.
package display

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// Invisible says whether a rune could change how a terminal or a viewer shows the text around it: control
// characters, marks of writing direction, line separators, zero-width characters.
func Invisible(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r <= 0x9f:
		return true
	case r == 0xad, r == 0x61c, r == 0xfeff, r == 0xfffe, r == 0xffff:
		return true
	case r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f:
		return true
	}
	return false
}

// Clean makes text from hostile places safe to print on one line: what Invisible names is written as an escape that
// people can see. Everything else stays.
func Clean(s string) string {
	if strings.IndexFunc(s, Invisible) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s { // a broken byte comes as U+FFFD
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case Invisible(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// columns measures text the same way on every machine, whatever its locale says.
var columns = &runewidth.Condition{EastAsianWidth: false, StrictEmojiNeutral: true}

// Cut shortens text to at most width columns and ends it with "…" when something is missing.
func Cut(s string, width int) string {
	if width <= 0 {
		return ""
	}
	return columns.Truncate(s, width, "…")
}

// CutMiddle shortens text in the middle, for paths and names whose ends tell most.
func CutMiddle(s string, width int) string {
	if columns.StringWidth(s) <= width {
		return s
	}
	if width < 8 {
		return Cut(s, width)
	}
	head := columns.Truncate(s, (width-1)/3, "")
	runes := []rune(s)
	room := width - 1 - columns.StringWidth(head)
	from := len(runes)
	for from > 0 && room >= columns.RuneWidth(runes[from-1]) {
		from--
		room -= columns.RuneWidth(runes[from])
	}
	return head + "…" + string(runes[from:])
}

// CutFolders shortens a path by whole folders from the left: "…/shop/web.yaml:27".
func CutFolders(s string, width int) string {
	for rest := s; columns.StringWidth(s) > width; {
		_, tail, ok := strings.Cut(rest, "/")
		if !ok {
			return CutMiddle(rest, width)
		}
		rest, s = tail, "…/"+tail
	}
	return s
}

// Pad fills text with blanks to width columns.
func Pad(s string, width int) string { return columns.FillRight(s, width) }

// PadLeft fills text with leading blanks to width columns.
func PadLeft(s string, width int) string { return columns.FillLeft(s, width) }

// Plural writes "1 finding" or "3 findings".
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "y") {
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(noun, "y"))
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Cell makes text safe for spreadsheets.
func Cell(s string) string {
	s = Clean(s)
	if trimmed := strings.TrimLeft(s, " "); trimmed != "" && strings.ContainsRune("=+-@|%", rune(trimmed[0])) {
		return "'" + s
	}
	return s
}

// Width is how many columns of a terminal the text takes.
func Width(s string) int {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return columns.StringWidth(s)
		}
	}
	return len(s) // what nearly all text is takes no tables
}
