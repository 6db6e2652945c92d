package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/framework"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/scan"
)

// An overview is what the page's template shows.
type overview struct {
	Tool, Source, Facts, Taken string
	Verdict, VerdictClass      string
	Counts                     Counts
	Total, Controls            int
	Coverage                   string
	Complete                   bool
	Severities                 []tile
	SeverityBar, StatusBar     []segment
	Statuses                   []tile
	Baseline                   *scan.Comparison
	First                      []fixRow
	FirstShare                 string
	ByControl, ByNamespace     []bar
	Frameworks                 []bar
	FrameworkLegend            []tile
	Missed                     []miss
	MoreMissed                 string // what is left out, in words
	LeftOut                    string // what the page has no room for, in words
	Levels                     []levelRow
}

type tile struct {
	Name, Class string
	Count       int
}

// A segment is a part of a bar, in percent of its width.
type segment struct {
	Class, Label string
	X, Width     string
}

type bar struct {
	Key, Label string
	Total      int
	Segments   []segment
	Text       string // what the bar shows, in words
}

// A levelRow names the capabilities of one level.
type levelRow struct {
	Level string
	Names []string
}

type fixRow struct {
	ID, Title, Remedy, Worst string
	Findings, Objects        int
	Fix                      string
}

func (m miss) What() string  { return m.what }
func (m miss) About() string { return display.Clean(m.about) }
func (m miss) Why() string   { return display.Clean(m.why) }

const shownMissed, shownBars = 6, 10

func overviewOf(d *Document) *overview {
	r := d.Report
	c := countsOf(r.Summary)
	o := &overview{
		Tool: display.Clean(strings.TrimSpace("Plimsoll " + r.Tool.Version)), Source: display.Clean(sourceNames(&r.Inventory)),
		Facts: factsOf(&r.Inventory), Counts: c, Total: c.total(), Controls: c.controls(), Baseline: r.Baseline,
		Coverage: percent(c.Coverage), Complete: c.Coverage >= 100,
	}
	if !r.Inventory.Taken.IsZero() {
		o.Taken = r.Inventory.Taken.UTC().Format("2 January 2006, 15:04 UTC")
	}
	o.Verdict, o.VerdictClass = verdict(r, c)
	for _, s := range finding.Severities() {
		o.Severities = append(o.Severities, tile{s.String(), s.String(), c.Findings[s.String()]})
	}
	for _, s := range scan.Statuses() {
		o.Statuses = append(o.Statuses, tile{statusLabels[s], string(s), c.Controls[s]})
	}
	o.SeverityBar, o.StatusBar = segments(o.Severities, o.Total), segments(o.Statuses, o.Controls)
	all := failed(r)
	o.first(all)
	o.ByControl, o.ByNamespace = controlBars(all), namespaceBars(r)
	for _, s := range frameworkStatuses() {
		o.FrameworkLegend = append(o.FrameworkLegend, tile{Name: frameworkWords[s], Class: string(s)})
	}
	for i := range d.Assessments {
		o.Frameworks = append(o.Frameworks, frameworkBar(&d.Assessments[i]))
	}
	o.Levels = levelRows(d.Levels)
	o.Missed, o.MoreMissed = sample(missed(r, true), shownMissed)
	return o
}

func levelRows(levels []framework.Capability) []levelRow {
	var out []levelRow
	for _, c := range lowestFirst(levels) {
		if len(out) == 0 || out[len(out)-1].Level != string(c.Level) {
			out = append(out, levelRow{Level: string(c.Level)})
		}
		row := &out[len(out)-1]
		row.Names = append(row.Names, display.Clean(string(c.Capability)))
	}
	return out
}

func sourceNames(inv *scan.Inventory) string {
	names := strings.Join(inv.Source.Names, ", ")
	if inv.Source.Kind == "cluster" {
		return "cluster " + names
	}
	return names
}

// factsOf is how much was read: "42 objects in 2 namespaces · Kubernetes 1.37.2".
func factsOf(inv *scan.Inventory) string {
	namespaces := len(inv.Namespaces)
	if _, clusterWide := inv.Namespaces[""]; clusterWide {
		namespaces--
	}
	facts := thousandsOf(inv.Objects, "object") + " in " + thousandsOf(namespaces, "namespace")
	if inv.Version != "" {
		facts += " · Kubernetes " + display.Clean(strings.TrimPrefix(inv.Version, "v"))
	}
	return facts
}

// verdict is the report in a sentence. It is good only when everything was judged.
func verdict(r *scan.Report, c Counts) (text, class string) {
	switch {
	case c.total() > 0:
		return thousandsOf(c.total(), "finding"), "bad"
	case c.controls() == 0 || r.Inventory.Objects == 0:
		return "nothing was judged", "doubt"
	case c.Coverage < 100:
		return "no findings in what could be judged", "doubt"
	}
	return "no findings", "good"
}

var statusLabels = map[scan.Status]string{
	scan.Fail: "failed", scan.Error: "error", scan.Skipped: "skipped", scan.ExceptedOnly: "excepted",
	scan.Pass: "passed", scan.NotApplicable: "nothing to judge",
}

func (o *overview) first(all []ranked) {
	chosen := fixFirst(all, 5)
	for _, f := range chosen {
		row := fixRow{
			ID: display.Clean(f.Control.ID), Title: display.Clean(f.Control.Title), Remedy: display.Clean(f.Control.Remedy), Worst: f.worst.String(),
			Findings: len(f.Findings), Objects: len(f.objects), Fix: f.fixWords(),
		}
		o.First = append(o.First, row)
	}
	if o.Total > 0 {
		o.FirstShare = percent(float64(100*findingsOf(chosen)) / float64(o.Total))
	}
}

// segments turns counts into parts of a bar that is as wide as total.
func segments(tiles []tile, total int) []segment {
	var out []segment
	x := 0.0
	for _, t := range tiles {
		if t.Count == 0 || total == 0 {
			continue
		}
		width := 100 * float64(t.Count) / float64(total)
		out = append(out, segment{t.Class, fmt.Sprintf("%d %s", t.Count, t.Name), fmt.Sprintf("%.3f%%", x), fmt.Sprintf("%.3f%%", width)})
		x += width
	}
	return out
}

// severityBar is a bar of findings whose full width is widest.
func severityBar(key, label string, n map[finding.Severity]int, widest int) bar {
	b := bar{Key: key, Label: label}
	var tiles []tile
	var words []string
	for _, s := range finding.Severities() {
		b.Total += n[s]
		tiles = append(tiles, tile{s.String(), s.String(), n[s]})
		if n[s] > 0 {
			words = append(words, fmt.Sprintf("%d %s", n[s], s))
		}
	}
	b.Segments, b.Text = segments(tiles, widest), strings.Join(words, ", ")
	return b
}

func controlBars(all []ranked) []bar {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b ranked) int { return cmp.Compare(len(b.Findings), len(a.Findings)) })
	var out []bar
	for _, f := range all[:min(shownBars, len(all))] {
		n := map[finding.Severity]int{}
		for i := range f.Findings {
			n[f.Findings[i].Severity]++
		}
		out = append(out, severityBar(f.Control.ID, display.Clean(f.Control.Title), n, len(all[0].Findings)))
	}
	return out
}

func namespaceBars(r *scan.Report) []bar {
	counts := map[string]map[finding.Severity]int{}
	totals := map[string]int{}
	for i := range r.Results {
		for j := range r.Results[i].Findings {
			f := &r.Results[i].Findings[j]
			if counts[f.Object.Namespace] == nil {
				counts[f.Object.Namespace] = map[finding.Severity]int{}
			}
			counts[f.Object.Namespace][f.Severity]++
			totals[f.Object.Namespace]++
		}
	}
	var names []string
	for name := range counts {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(totals[b], totals[a]), cmp.Compare(a, b)) })
	var out []bar
	for _, name := range names[:min(shownBars, len(names))] {
		label := display.Clean(name)
		if name == "" {
			label = "cluster-wide"
		}
		out = append(out, severityBar(fallback(name, "-"), label, counts[name], totals[names[0]]))
	}
	return out
}

func frameworkBar(a *framework.Assessment) bar {
	tally := tallyOf(a)
	b := bar{Key: a.Framework.ID, Label: display.Clean(frameworkTitle(a)), Total: len(a.Answers)}
	var tiles []tile
	var words []string
	for _, s := range frameworkStatuses() {
		tiles = append(tiles, tile{frameworkWords[s], string(s), tally[s]})
		if tally[s] > 0 {
			words = append(words, fmt.Sprintf("%d %s", tally[s], frameworkWords[s]))
		}
	}
	b.Segments, b.Text = segments(tiles, len(a.Answers)), strings.Join(words, ", ")
	return b
}

// barGroup is what the template's "bars" shows: which bars, the view that they lead to, and its filter.
type barGroup struct {
	Kind, View string
	Bars       []bar
}

// BarsBy returns the bars of "control", "namespace" or "framework" for the template.
func (o *overview) BarsBy(kind string) barGroup {
	switch kind {
	case "control":
		return barGroup{kind, "findings", o.ByControl}
	case "namespace":
		return barGroup{kind, "findings", o.ByNamespace}
	default:
		return barGroup{kind, "frameworks", o.Frameworks}
	}
}
