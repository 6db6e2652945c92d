package answer

import (
	"strings"
	"unicode/utf8"

	"github.com/plimsoll-io/plimsoll/internal/display"
)

// least is how narrow a column of text may be, and how little of a word is worth to be put on a line.
const least = 8

// wrap breaks text at blanks and, where a word is too long, after a punctuation mark or anywhere. It gives at most so many
// lines, 0 being no limit, and says whether it has cut the text. It takes time in proportion to what it gives.
func wrap(s string, width, most int) (lines []string, cut bool) {
	width = max(width, least)
	line := ""
	for word := range strings.FieldsSeq(s) {
		for !fits(word, width) {
			if most > 0 && len(lines) == most {
				return ended(lines, width), true
			}
			room := width
			if line != "" {
				room = width - display.Width(line) - 1
			}
			head, atMark := breakWord(word, room)
			if line != "" && !atMark {
				lines, line = append(lines, line), ""
				continue
			}
			lines = append(lines, strings.TrimLeft(line+" "+head, " "))
			line, word = "", word[len(head):]
		}
		switch {
		case line == "":
			line = word
		case display.Width(line)+1+display.Width(word) <= width:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
		if most > 0 && len(lines) >= most {
			return ended(lines[:most], width), true
		}
	}
	return append(lines, line), false
}

// ended marks the last line as cut.
func ended(lines []string, width int) []string {
	last := len(lines) - 1
	lines[last] = display.Cut(lines[last]+" …", width)
	return lines
}

// fits says whether a word takes no more columns; it looks at no more of it than that takes.
func fits(word string, width int) bool {
	if len(word) <= width {
		return true // no character takes more columns than bytes
	}
	_, all := prefix(word, width)
	return all
}

// prefix is how many bytes of a word fit, and whether that is all of it.
func prefix(word string, width int) (size int, all bool) {
	used := 0
	for i, r := range word {
		one := 1
		if r >= utf8.RuneSelf {
			one = display.Width(string(r))
		}
		if used += one; used > width {
			return i, false
		}
	}
	return len(word), true
}

// breakWord is the part of a long word that fits, preferably up to a mark where names break well; "" when too little fits.
func breakWord(word string, room int) (head string, atMark bool) {
	if room < least {
		return "", false
	}
	size, _ := prefix(word, room)
	if size == 0 { // cannot be: no character is that wide
		_, size = utf8.DecodeRuneInString(word)
	}
	head = word[:size]
	if i := strings.LastIndexAny(head, "/.:,-"); i >= len(head)/2 {
		return head[:i+1], true
	}
	return head, false
}
