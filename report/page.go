package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/scan"
)

// What a page holds at most, so that browsers open it at once. Its counts are always those of the whole report.
const (
	pageFindings = 20_000
	pagePassed   = 250_000
)

// A page is what of a report a page holds.
type page struct {
	report  *scan.Report
	fresh   func(*finding.Finding) bool // whether one of its findings is new
	leftOut string                      // what it has no room for, in words; "" if it holds everything
}

func pageOf(r *scan.Report, findings, passed int) *page {
	p := &page{}
	p.report, p.fresh = trim(r, findings, passed)
	p.leftOut = leftOut(r, p.report)
	return p
}

// writePageData writes the document as WriteJSON does, but objects are numbers in a table, new findings are marked,
// nothing in it can end the script element, and a very large report is cut to its worst findings.
func writePageData(w io.Writer, d *Document, p *page) error {
	held := *d
	held.Report = p.report
	j := &jsonWriter{w: w, html: true, refs: &refTable{index: map[finding.Ref]int{}}, fresh: p.fresh}
	j.raw(`<script type="application/json" id="report">{` + "\n")
	for _, s := range sections(&held) {
		j.name(true, s.name)
		s.write(j)
		j.raw(",\n")
		j.flush()
	}
	j.name(true, "totals")
	j.value(pageTotalsOf(d.Report))
	j.field(false, "leftOut", p.leftOut)
	j.raw(",\n")
	j.name(true, "objects")
	table := j.refs.refs
	j.refs = nil
	list(j, table, "", j.ref)
	j.raw("\n}</script>\n")
	return j.close()
}

// A pageTally counts what one control or one namespace has in the whole report.
type pageTally struct {
	Critical int `json:"critical"`
	High     int `json:"high"`
	Medium   int `json:"medium"`
	Low      int `json:"low"`
	Excepted int `json:"excepted"`
	Passed   int `json:"passed"`
}

func (t *pageTally) add(s finding.Severity) {
	switch s {
	case finding.Critical:
		t.Critical++
	case finding.High:
		t.High++
	case finding.Medium:
		t.Medium++
	case finding.Low:
		t.Low++
	}
}

// pageTotals are the counts behind the page's lists. The key of what is in no namespace is "-".
type pageTotals struct {
	Controls   map[string]*pageTally `json:"controls"`
	Namespaces map[string]*pageTally `json:"namespaces"`
}

func pageTotalsOf(r *scan.Report) pageTotals {
	totals := pageTotals{Controls: map[string]*pageTally{}, Namespaces: map[string]*pageTally{}}
	at := func(tallies map[string]*pageTally, key string) *pageTally {
		if tallies[key] == nil {
			tallies[key] = &pageTally{}
		}
		return tallies[key]
	}
	for i := range r.Results {
		result := &r.Results[i]
		c := at(totals.Controls, result.Control.ID)
		for j := range result.Findings {
			f := &result.Findings[j]
			c.add(f.Severity)
			at(totals.Namespaces, fallback(f.Object.Namespace, "-")).add(f.Severity)
		}
		c.Excepted += len(result.Excepted)
		for j := range result.Excepted {
			at(totals.Namespaces, fallback(result.Excepted[j].Object.Namespace, "-")).Excepted++
		}
		c.Passed += len(result.Passed)
		for j := range result.Passed {
			at(totals.Namespaces, fallback(result.Passed[j].Namespace, "-")).Passed++
		}
	}
	return totals
}

// leftOut says in words what of a report the page does not hold, "" if it holds everything.
func leftOut(whole, held *scan.Report) string {
	findings, passed := amounts(whole)
	heldFindings, heldPassed := amounts(held)
	var parts []string
	if heldFindings < findings {
		parts = append(parts, fmt.Sprintf("the worst %s of %s findings", thousands(heldFindings), thousands(findings)))
	}
	if heldPassed < passed {
		parts = append(parts, fmt.Sprintf("%s of %s checks that passed", thousands(heldPassed), thousands(passed)))
	}
	if len(parts) == 0 {
		return ""
	}
	return "This page lists only " + strings.Join(parts, ", and ") + ". The overview, controls, namespaces and frameworks count all. " +
		"The whole is in the JSON: add -f json=report.json to the scan."
}

// amounts counts the findings, accepted ones too, and the passed pairs of control and object.
func amounts(r *scan.Report) (findings, passed int) {
	for i := range r.Results {
		findings += len(r.Results[i].Findings) + len(r.Results[i].Excepted)
		passed += len(r.Results[i].Passed)
	}
	return findings, passed
}

// trim gives the report with at most so many findings and names of what passed, and the function that says which of
// its findings are new. The worst findings stay, accepted ones last; where those of one severity are too many, every
// control keeps equally many of them, so that none disappears.
func trim(r *scan.Report, most, mostPassed int) (*scan.Report, func(*finding.Finding) bool) {
	fresh := freshness(r)
	total, passed := amounts(r)
	if total <= most && passed <= mostPassed {
		return r, fresh
	}
	quota := quotas(r, most)
	passedQuota := share(lengths(r, func(x *scan.Result) int { return len(x.Passed) }), mostPassed)
	out := *r
	out.Results = slices.Clone(r.Results)
	isNew := map[*finding.Finding]bool{}
	for i := range out.Results {
		result := &out.Results[i]
		var kept []finding.Finding
		var marks []bool
		taken := map[finding.Severity]int{}
		for j := range r.Results[i].Findings {
			f := &r.Results[i].Findings[j]
			mark := fresh(f) // asked for every finding: it counts
			if taken[f.Severity]++; taken[f.Severity] <= quota[f.Severity.String()] {
				kept, marks = append(kept, *f), append(marks, mark)
			}
		}
		for j, mark := range marks {
			if mark {
				isNew[&kept[j]] = true
			}
		}
		result.Findings = kept
		result.Excepted = result.Excepted[:min(len(result.Excepted), quota["excepted"])]
		result.Passed = result.Passed[:min(len(result.Passed), passedQuota)]
	}
	return &out, func(f *finding.Finding) bool { return isNew[f] }
}

// quotas says how many findings of each severity, and how many "excepted", every control may keep.
func quotas(r *scan.Report, most int) map[string]int {
	out := map[string]int{}
	take := func(key string, counts []int) {
		out[key] = share(counts, most)
		for _, n := range counts {
			most -= min(n, out[key])
		}
	}
	for _, s := range finding.Severities() {
		take(s.String(), lengths(r, func(x *scan.Result) int {
			n := 0
			for i := range x.Findings {
				if x.Findings[i].Severity == s {
					n++
				}
			}
			return n
		}))
	}
	take("excepted", lengths(r, func(x *scan.Result) int { return len(x.Excepted) }))
	return out
}

func lengths(r *scan.Report, length func(*scan.Result) int) []int {
	out := make([]int, len(r.Results))
	for i := range r.Results {
		out[i] = length(&r.Results[i])
	}
	return out
}

// share is the largest k such that all counts, each cut to k, add up to at most room.
func share(counts []int, room int) int {
	sorted := slices.Clone(counts)
	slices.Sort(sorted)
	for i, n := range sorted {
		left := len(sorted) - i
		if n*left > room {
			return room / left
		}
		room -= n
	}
	if len(sorted) == 0 {
		return 0
	}
	return sorted[len(sorted)-1]
}

// thousands writes 312345 as "312,345".
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// thousandsOf writes "1 finding" or "312,345 findings".
func thousandsOf(n int, noun string) string {
	_, noun, _ = strings.Cut(display.Plural(n, noun), " ")
	return thousands(n) + " " + noun
}
