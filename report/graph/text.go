package graph

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// How much of a text is kept, in characters.
const (
	mostLabel = 120
	mostTitle = 200
	mostLine  = 600
	mostText  = 2000
)

// visible makes text from hostile places safe to show on one line: characters that cannot be seen or that change how
// others are read become escapes, and at most so many characters stay. Every writer passes all text through it.
func visible(s string, most int) string {
	if len(s) > 8*most {
		s = s[:8*most] // enough for the characters that stay; a cut one shows as broken, and is cut away
	}
	plain := utf8.ValidString(s) && strings.IndexFunc(s, hidden) < 0
	if plain && len(s) <= most {
		return s
	}
	var b strings.Builder
	count := 0
	for _, r := range s { // a broken byte comes as U+FFFD
		text := string(r)
		if hidden(r) {
			text = fmt.Sprintf(`\u%04x`, r)
		}
		if count += utf8.RuneCountInString(text); count > most {
			return truncate(b.String(), most-1) + "…"
		}
		b.WriteString(text)
	}
	return b.String()
}

// truncate keeps at most so many characters.
func truncate(s string, most int) string {
	for i := range s {
		if most == 0 {
			return s[:i]
		}
		most--
	}
	return s
}

// hidden tells characters that print nothing by themselves. Some letters and symbols print nothing as well.
func hidden(r rune) bool {
	switch {
	case r == ' ':
		return false
	case !unicode.IsPrint(r):
		return true
	case r == '\u115f', r == '\u1160', r == '\u2800', r == '\u3164', r == '\uffa0', r == '\ufffc':
		return true
	}
	return unicode.Is(unicode.Variation_Selector, r)
}

// columns measures text the same way on every machine, whatever its locale says.
var columns = &runewidth.Condition{EastAsianWidth: false, StrictEmojiNeutral: true}

// fit cuts text to a width in columns.
func fit(s string, width int) string { return columns.Truncate(s, width, "…") }

// wrap breaks text into lines of at most so many columns.
func wrap(s string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		switch {
		case line == "":
			line = fit(word, width)
		case columns.StringWidth(line)+1+columns.StringWidth(word) <= width:
			line += " " + word
		default:
			lines, line = append(lines, line), fit(word, width)
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// thousands writes a number with commas.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// counted writes a number of things: "1 node", "2,000 nodes".
func counted(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "y") && !strings.HasSuffix(noun, "ay") && !strings.HasSuffix(noun, "ey"):
		return thousands(n) + " " + strings.TrimSuffix(noun, "y") + "ies"
	}
	return thousands(n) + " " + noun + "s"
}
