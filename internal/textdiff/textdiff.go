// Package textdiff shows how two texts differ, line by line, as "diff -u" and git do.
package textdiff

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

const (
	around = 3   // unchanged lines around a change
	sync   = 2   // equal lines that end a difference
	reach  = 600 // lines that are looked ahead for them
)

// A line is a line of one or both texts: ' ' in both, '-' only in the old one, '+' only in the new one.
type line struct {
	kind byte
	text string
	hide bool
}

// Hidden stands for a changed line that must not be shown.
const Hidden = "(this line is not shown: it holds a secret value)"

// Unified writes the difference of two texts as a unified diff of the file name; nothing when they are equal. Lines
// that hide names are not shown: as context they are left out, and in their own place Hidden stands for them. A file
// whose text before is nil is new.
func Unified(w io.Writer, name string, before, after []byte, hide func(line string) bool) error {
	lines := compare(split(before), split(after))
	if !slices.ContainsFunc(lines, func(l line) bool { return l.kind != ' ' }) {
		return nil
	}
	for i := range lines {
		lines[i].hide = hide != nil && hide(lines[i].text)
	}
	name = strings.TrimPrefix(name, "/")
	from := "a/" + name
	if before == nil {
		from = "/dev/null"
	}
	if _, err := fmt.Fprintf(w, "--- %s\n+++ b/%s\n", from, name); err != nil {
		return err
	}
	shown := choose(lines)
	old, now := 1, 1
	for i := 0; i < len(lines); {
		j := i
		for j < len(lines) && shown[j] {
			j++
		}
		if j > i {
			if err := writeHunk(w, lines[i:j], old, now); err != nil {
				return err
			}
		}
		j = max(j, i+1)
		o, n := count(lines[i:j])
		old, now, i = old+o, now+n, j
	}
	return nil
}

// split cuts a text into lines with their line breaks.
func split(text []byte) []string { return slices.Collect(strings.Lines(string(text))) }

// compare finds lines that stay. At each difference it looks for the nearest place where both texts go on alike.
func compare(a, b []string) []line {
	var out []line
	for len(a) > 0 || len(b) > 0 {
		if len(a) > 0 && len(b) > 0 && a[0] == b[0] {
			out = append(out, line{kind: ' ', text: a[0]})
			a, b = a[1:], b[1:]
			continue
		}
		i, j := nearest(a, b)
		for _, text := range a[:i] {
			out = append(out, line{kind: '-', text: text})
		}
		for _, text := range b[:j] {
			out = append(out, line{kind: '+', text: text})
		}
		a, b = a[i:], b[j:]
	}
	return out
}

// nearest is how many lines to skip in each text until they are alike.
func nearest(a, b []string) (i, j int) {
	for d := 1; d <= min(reach, len(a)+len(b)); d++ {
		for i := max(0, d-len(b)); i <= min(d, len(a)); i++ {
			if alike(a[i:], b[d-i:]) {
				return i, d - i
			}
		}
	}
	return len(a), len(b)
}

func alike(a, b []string) bool {
	if len(a) < sync || len(b) < sync {
		return slices.Equal(a, b)
	}
	return slices.Equal(a[:sync], b[:sync])
}

// choose marks the lines to show: the changes and those around them, up to a line that is hidden.
func choose(lines []line) []bool {
	shown := make([]bool, len(lines))
	for i, l := range lines {
		if l.kind == ' ' {
			continue
		}
		shown[i] = true
		for _, step := range []int{-1, 1} {
			for n, k := 1, i+step; n <= around && k >= 0 && k < len(lines); n, k = n+1, k+step {
				if lines[k].kind == ' ' && lines[k].hide {
					break
				}
				shown[k] = true
			}
		}
	}
	return shown
}

func count(lines []line) (before, after int) {
	for _, l := range lines {
		if l.kind != '+' {
			before++
		}
		if l.kind != '-' {
			after++
		}
	}
	return before, after
}

func writeHunk(w io.Writer, lines []line, old, now int) error {
	o, n := count(lines)
	if o == 0 {
		old--
	}
	if n == 0 {
		now--
	}
	if _, err := fmt.Fprintf(w, "@@ -%s +%s @@\n", span(old, o), span(now, n)); err != nil {
		return err
	}
	for _, l := range lines {
		text := l.text
		if l.hide {
			text = Hidden + "\n"
		}
		if !strings.HasSuffix(text, "\n") {
			text += "\n\\ No newline at end of file\n"
		}
		if _, err := io.WriteString(w, string(l.kind)+text); err != nil {
			return err
		}
	}
	return nil
}

func span(start, lines int) string {
	if lines == 1 {
		return fmt.Sprint(start)
	}
	return fmt.Sprintf("%d,%d", start, lines)
}
