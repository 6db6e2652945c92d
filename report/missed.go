package report

import (
	"fmt"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/scan"
)

// A miss is something that keeps a report from being the whole truth, or an exception that no longer holds.
type miss struct {
	what  string // "expired", "gap", "error", "skipped", "partly", "unset", "broad" or "unused"
	about string
	why   string
}

// missed lists what was not judged, the most surprising first. Controls that were skipped for the same reason share
// one entry. With brief so do all that were skipped because of a gap, which is in the list itself, and files are named
// within what was scanned.
func missed(r *scan.Report, brief bool) []miss {
	var out []miss
	for _, x := range r.Exceptions {
		if x.State == scan.Expired {
			out = append(out, miss{"expired", "exception " + x.Name, fmt.Sprintf("on %s; %s again",
				x.Expires.UTC().Format("2006-01-02"), counts(x.Matched))})
		}
	}
	for _, g := range r.Inventory.Gaps {
		if brief {
			g.File = withinSource(g.File, &r.Inventory.Source)
		}
		out = append(out, miss{"gap", gapSubject(g), g.Reason})
	}
	for i := range r.Results {
		for _, e := range r.Results[i].Errors {
			out = append(out, miss{"error", r.Results[i].Control.ID, e.Object.String() + ": " + e.Message})
		}
	}
	out = append(out, skips(r, brief)...)
	for _, x := range r.Exceptions {
		if x.TooBroad != "" {
			out = append(out, miss{"broad", "exception " + x.Name, x.TooBroad})
		}
		if x.State == scan.Unused {
			out = append(out, miss{"unused", "exception " + x.Name, "it accepts nothing: remove it"})
		}
	}
	return out
}

func counts(findings int) string {
	if findings == 1 {
		return "1 finding counts"
	}
	return fmt.Sprintf("%d findings count", findings)
}

// gapSubject names what could not be read: "Secret in payments", "deploy/broken.yaml:7".
func gapSubject(g inventory.Gap) string {
	var parts []string
	if g.File != "" {
		parts = append(parts, finding.Position{File: g.File, Line: g.Line}.String())
	}
	if g.Kind != "" {
		parts = append(parts, g.Kind)
	}
	if g.Namespace != "" {
		parts = append(parts, "in "+g.Namespace)
	}
	if len(parts) == 0 {
		return "any kind"
	}
	return strings.Join(parts, " ")
}

// withinSource leaves out the folder that was scanned, which every short form names, when its path is absolute. Paths
// relative to the working directory stay as they are, so that they can be opened.
func withinSource(file string, source *inventory.Source) string {
	if len(source.Names) == 1 && strings.HasPrefix(source.Names[0], "/") {
		return strings.TrimPrefix(file, source.Names[0]+"/")
	}
	return file
}

// skips groups the controls that could not look, or not everywhere, by their reason.
func skips(r *scan.Report, brief bool) []miss {
	type group struct{ what, why string }
	controls := map[group][]string{}
	var order []group
	for _, what := range []string{"skipped", "partly", "unset"} {
		for i := range r.Results {
			result := &r.Results[i]
			if result.Skipped == "" || skipKind(result) != what {
				continue
			}
			g := group{what, skipReason(r, result, brief)}
			if controls[g] == nil {
				order = append(order, g)
			}
			controls[g] = append(controls[g], result.Control.ID)
		}
	}
	var out []miss
	for _, g := range order {
		out = append(out, miss{g.what, some(controls[g]), g.why})
	}
	return out
}

// skipReason says why a control was skipped, without what the entry's own word says.
func skipReason(r *scan.Report, result *scan.Result, brief bool) string {
	if result.NotConfigured() {
		if _, what, ok := strings.Cut(result.Skipped, ": "); ok {
			return what
		}
		return result.Skipped
	}
	if brief {
		for i := range r.Inventory.Gaps {
			if reason := r.Inventory.Gaps[i].Reason; reason != "" && strings.HasSuffix(result.Skipped, reason) {
				return "because of what could not be read"
			}
		}
	}
	return result.Skipped
}

// skipKind says how a control was skipped: for lack of a setting, wholly, or only in part.
func skipKind(r *scan.Result) string {
	switch {
	case r.NotConfigured():
		return "unset"
	case r.Status == scan.Skipped:
		return "skipped"
	default:
		return "partly"
	}
}

// some is the only one, or how many there are: "host-path", "12 controls".
func some(controls []string) string {
	if len(controls) == 1 {
		return controls[0]
	}
	return display.Plural(len(controls), "control")
}

// sample picks at most n of the misses, the first of each sort before any second one, in their order; left says in
// words what it leaves out.
func sample(all []miss, n int) (picked []miss, left string) {
	if len(all) <= n {
		return all, ""
	}
	chosen := make([]bool, len(all))
	seen := map[string]bool{}
	for i, m := range all {
		if n > 0 && !seen[m.what] {
			seen[m.what], chosen[i] = true, true
			n--
		}
	}
	var kinds []string
	counts := map[string]int{}
	for i, m := range all {
		if !chosen[i] && n > 0 {
			chosen[i] = true
			n--
		}
		if chosen[i] {
			picked = append(picked, m)
			continue
		}
		if counts[m.what] == 0 {
			kinds = append(kinds, m.what)
		}
		counts[m.what]++
	}
	for i, kind := range kinds {
		kinds[i] = fmt.Sprintf("%d %s", counts[kind], kind)
		if kind == "gap" || kind == "error" {
			kinds[i] = display.Plural(counts[kind], kind)
		}
	}
	return picked, strings.Join(kinds, ", ")
}
