package report

import (
	"fmt"
	"strings"

	"github.com/plimsoll-io/plimsoll/internal/display"
)

// missed shows what was not judged; without Verbose in few lines.
func (t *table) missed() []string {
	all := missed(t.d.Report, !t.all)
	if len(all) == 0 {
		return nil
	}
	head := "ATTENTION: not everything was judged"
	switch {
	case countsOf(t.d.Report.Summary).Coverage >= 100:
		head = "ATTENTION"
	case t.nothing():
		head = "ATTENTION: nothing could be judged"
	}
	if t.all {
		return append(t.heading(head), t.missedRows(all, "")...)
	}
	most := 5 // lines
	if len(t.d.Assessments) < 6 {
		most = 7
	}
	for n := most; ; n-- {
		picked, left := sample(all, n)
		if rows := t.missedRows(picked, left); len(rows) <= most || n == 1 {
			return append(t.heading(head), rows...)
		}
	}
}

// missedRows gives each miss one line, or two where the terminal is narrow and the reason long.
func (t *table) missedRows(rows []miss, left string) []string {
	const what = 9
	room, about := t.width-1-what, 0
	for _, m := range rows {
		about = max(about, display.Width(display.Clean(m.about)))
	}
	about = min(about, max(20, t.width*2/5))
	var out []string
	for _, m := range rows {
		subject, why := display.Clean(m.about), display.Clean(m.why)
		paint := t.doubt
		if m.what == "unset" {
			paint = t.dim
		}
		start := " " + paint(display.Pad(m.what, what))
		long := display.Width(subject) > about || display.Width(why) > room-about-2
		switch {
		case t.all:
			out = append(out, start+display.Pad(subject, about)+"  "+why)
		case long && t.width < wide:
			out = append(out, start+display.CutMiddle(subject, room), strings.Repeat(" ", what+3)+display.Cut(why, room-2))
		default:
			out = append(out, start+display.Pad(display.CutMiddle(subject, about), about+2)+display.Cut(why, room-about-2))
		}
	}
	if left != "" {
		out = append(out, " "+t.doubt(display.Cut("… and "+left+"; -v shows all", t.width-1)))
	}
	return out
}

// fixFirst names the few controls that remove most.
func (t *table) fixFirst(n int) []string {
	if len(t.failed) == 0 {
		return nil
	}
	chosen := fixFirst(t.failed, n)
	out := t.heading(fmt.Sprintf("FIX FIRST: %s, %d of %s", display.Plural(len(chosen), "control"), findingsOf(chosen),
		display.Plural(findingsOf(t.failed), "finding")))
	id, fix := 0, 0
	for i := range chosen {
		id = max(id, display.Width(display.Clean(chosen[i].Control.ID)))
		fix = max(fix, len(chosen[i].fixWords())+2)
	}
	id = min(id, max(20, t.width*2/5))
	for i := range chosen {
		f := &chosen[i]
		text := fmt.Sprintf("%d  %s  %s  ", i+1, display.Pad(display.Cut(display.Clean(f.Control.ID), id), id), display.Pad(display.Plural(len(f.Findings), "finding"), 12))
		room := t.width - 1 - display.Width(text)
		if room >= fix+40 {
			out = append(out, " "+text+t.good(display.Pad(f.fixWords(), fix))+t.dim(display.Cut(display.Clean(firstSentence(f.Control.Remedy)), room-fix)))
			continue
		}
		out = append(out, " "+text+t.good(display.Pad(display.Cut(f.fixWords(), room), min(fix, room)))+t.dim(t.example(f, room-fix)))
	}
	return out
}

// example is the place of a control's worst finding, the end of which tells most, where there is room for it.
func (t *table) example(f *ranked, room int) string {
	for i := range f.Findings {
		p := f.Findings[i].Position
		if f.Findings[i].Severity == f.worst && p.File != "" && room >= 12 {
			p.File = withinSource(p.File, &t.d.Report.Inventory.Source)
			return display.CutFolders(display.Clean(p.String()), room)
		}
	}
	return ""
}

func firstSentence(s string) string {
	first, _, more := strings.Cut(s, ". ")
	if more {
		first += "."
	}
	return first
}

// next says what to do now.
func (t *table) next() []string {
	r := t.d.Report
	source := &r.Inventory.Source
	cluster := source.Kind == "cluster"
	var steps []string
	switch {
	case t.nothing() && len(r.Inventory.Gaps) == 0 && cluster:
		steps = []string{"Next: no object was found in the cluster.", "Check --context and -n; `plimsoll snapshot` shows what can be read."}
	case t.nothing() && len(r.Inventory.Gaps) == 0:
		steps = []string{"Next: no Kubernetes object was found there. Name a folder of manifests, a chart",
			"or a kustomization: plimsoll scan PATH. Without PATH it scans the cluster."}
	case len(t.failed) == 0 && len(r.Inventory.Gaps) > 0 && cluster:
		steps = []string{"Next: let this identity read what is named above, then scan again. All rights that a",
			"scan needs are in the project's deploy/rbac.yaml."}
	case len(t.failed) == 0 && len(r.Inventory.Gaps) > 0:
		steps = []string{"Next: mend what could not be read, then scan again; -v names every gap"}
	case len(t.failed) == 0 && countsOf(r.Summary).Coverage < 100:
		steps = []string{"Next: look at what could not be judged; -v names everything"}
	case len(t.failed) == 0:
		steps = []string{"Next: keep it so with this command in CI  ·  -f html -o report.html to share it"}
	default:
		steps = []string{t.explain()}
	}
	out := []string{""}
	for _, step := range steps {
		out = append(out, " "+display.Cut(step, t.width-1))
	}
	return out
}

func (t *table) explain() string {
	text := "Next: plimsoll explain " + display.Clean(fixFirst(t.failed, 1)[0].Control.ID)
	if !t.all {
		text += "  ·  -v every finding"
	}
	if share := "  ·  -f html -o report.html"; display.Width(text+share) < t.width {
		text += share
	}
	return text
}
