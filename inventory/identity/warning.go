package identity

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/plimsoll-io/plimsoll/internal/lookalike"
)

// A Warning is a part of a file that was not understood, or that is likely to mislead.
type Warning struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"` // 0 when unknown
	// Reason is one sentence without a final dot. Names in it are quoted and cut; it holds no other values.
	Reason string `json:"reason"`
}

// maxWarnings bounds the warnings of one file. The rest are counted.
const maxWarnings = 100

// warnings collects the warnings of one file.
type warnings struct {
	file  string
	all   []Warning
	more  int
	tally []tally
}

// A tally is a warning that is given once, with how often it held.
type tally struct {
	what  string
	line  int // of the first time
	times int
}

func (w *warnings) warn(line int, format string, args ...any) {
	if len(w.all) >= maxWarnings {
		w.more++
		return
	}
	w.all = append(w.all, Warning{File: w.file, Line: line, Reason: fmt.Sprintf(format, args...)})
}

// count notes that something held once more. What must be one of few texts, with no names in it.
func (w *warnings) count(line int, what string) {
	i := slices.IndexFunc(w.tally, func(t tally) bool { return t.what == what })
	if i < 0 {
		w.tally = append(w.tally, tally{what: what, line: line, times: 1})
		return
	}
	w.tally[i].times++
}

// list returns the warnings in the order of lines.
func (w *warnings) list() []Warning {
	for _, t := range w.tally {
		reason := t.what
		if t.times > 1 {
			reason += " (" + strconv.Itoa(t.times) + " times)"
		}
		w.all = append(w.all, Warning{File: w.file, Line: t.line, Reason: reason})
	}
	slices.SortStableFunc(w.all, func(a, b Warning) int { return a.Line - b.Line })
	if w.more > 0 {
		w.all = append(w.all, Warning{File: w.file, Reason: strconv.Itoa(w.more) + " more warnings like these"})
	}
	return w.all
}

// quote shows a name: quoted, in ASCII so that nothing in it can mislead, and not too long.
func quote(name string) string {
	const most = 200
	if len(name) > most {
		name = strings.ToValidUTF8(name[:most], "") + "…"
	}
	return strconv.QuoteToASCII(name)
}

// compareNames warns of names that read like others: look-alike letters, and other letter case only.
func (w *warnings) compareNames(d *Directory) {
	for _, kind := range []struct {
		what  string
		index map[string]int32
	}{{"user", d.users}, {"group", d.groups}} {
		names := make([]string, 0, len(kind.index))
		exotic := false
		for name := range kind.index {
			names = append(names, name)
			exotic = exotic || !isASCII(name)
		}
		slices.Sort(names)
		w.compare(names, kind.what, "only in letter case, and Kubernetes tells them apart", strings.ToLower, func(string) bool { return true })
		if !exotic {
			continue
		}
		for _, name := range names {
			if reason, suspicious := lookalike.Of(name); suspicious && !strings.ContainsRune(name, utf8.RuneError) {
				// Broken characters had a warning when they were read.
				w.warn(0, "%s %s may not be what it looks like: %s", kind.what, quote(name), reason)
			}
		}
		w.compare(names, kind.what, "only in letters that look alike", lookalike.Skeleton, func(name string) bool { return !isASCII(name) })
	}
}

// compare warns of names that one form makes equal, when matters holds for one of them.
func (w *warnings) compare(names []string, what, differ string, form func(string) string, matters func(string) bool) {
	first := make(map[string]string, len(names))
	for _, name := range names {
		key := form(name)
		if other, ok := first[key]; !ok {
			first[key] = name
		} else if matters(name) || matters(other) {
			w.warn(0, "%ss %s and %s differ %s", what, quote(other), quote(name), differ)
		}
	}
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
