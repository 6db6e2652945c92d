package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/scan"
)

// A ranked is a failed control with what decides its place in lists.
type ranked struct {
	*scan.Result
	worst   finding.Severity
	gain    int           // findings weighed by severity, twice where the fix is known
	fixes   int           // findings whose fix is known
	objects []finding.Ref // the objects with findings, each once, worst first
	fresh   int           // findings that the baseline does not have
}

// weights say how many findings of the next lower severity one finding outweighs when choosing what to fix first.
var weights = map[finding.Severity]int{finding.Critical: 64, finding.High: 16, finding.Medium: 4, finding.Low: 1}

// failed returns the controls with findings, worst first: by worst severity, then by number of findings.
func failed(r *scan.Report) []ranked {
	fresh := freshness(r)
	var out []ranked
	for i := range r.Results {
		if len(r.Results[i].Findings) > 0 {
			out = append(out, rank(&r.Results[i], fresh))
		}
	}
	slices.SortStableFunc(out, func(a, b ranked) int {
		return cmp.Or(
			cmp.Compare(b.worst, a.worst),
			cmp.Compare(len(b.Findings), len(a.Findings)),
			cmp.Compare(a.Control.ID, b.Control.ID),
		)
	})
	return out
}

func rank(r *scan.Result, fresh func(*finding.Finding) bool) ranked {
	out := ranked{Result: r}
	seen := map[finding.Ref]bool{}
	for i := range r.Findings {
		f := &r.Findings[i]
		out.worst = max(out.worst, f.Severity)
		out.gain += weights[f.Severity]
		if f.Fix != nil {
			out.gain += weights[f.Severity]
			out.fixes++
		}
		if !seen[f.Object] {
			seen[f.Object] = true
			out.objects = append(out.objects, f.Object)
		}
		if fresh(f) {
			out.fresh++
		}
	}
	return out
}

// umbrellas are the controls that say again, for a whole standard, what others say one by one.
var umbrellas = map[string]bool{"pod-security-baseline": true, "pod-security-restricted": true}

// fixFirst chooses at most n failed controls whose mending removes the most findings, weighed by severity. A finding
// whose fix is known counts double: an edit is less work than a decision. A control is passed over when most of its
// findings lie where a chosen one is mended already (the same field of the same object), since one edit mends both.
// Umbrellas come only when nothing else is left: who mends the others has mended them.
func fixFirst(all []ranked, n int) []ranked {
	order := slices.Clone(all)
	slices.SortStableFunc(order, func(a, b ranked) int {
		if ua, ub := umbrellas[a.Control.ID], umbrellas[b.Control.ID]; ua != ub {
			if ua {
				return 1
			}
			return -1
		}
		return cmp.Compare(b.gain, a.gain)
	})
	type place struct {
		object finding.Ref
		path   finding.Path
	}
	mended := map[place]bool{}
	var out []ranked
	for _, f := range order {
		if len(out) == n {
			break
		}
		repeated := 0
		for i := range f.Findings {
			if at := (place{f.Findings[i].Object, f.Findings[i].Path}); at.path != "" && mended[at] {
				repeated++
			}
		}
		if 2*repeated > len(f.Findings) {
			continue
		}
		out = append(out, f)
		for i := range f.Findings {
			mended[place{f.Findings[i].Object, f.Findings[i].Path}] = true
		}
	}
	return out
}

// fixWords says whether the fixes of a control's findings are known: "has a fix", "3 have a fix", "".
func (r *ranked) fixWords() string {
	switch {
	case r.fixes == 0:
		return ""
	case r.fixes == len(r.Findings):
		return "has a fix"
	case r.fixes == 1:
		return "1 has a fix"
	}
	return fmt.Sprintf("%d have a fix", r.fixes)
}

// freshness returns a function that says, asked once for each finding in the report's order, whether the baseline
// lacks it. Of several findings with one id the last ones are the new ones.
func freshness(r *scan.Report) func(*finding.Finding) bool {
	if r.Baseline == nil || len(r.Baseline.NewIDs) == 0 {
		return func(*finding.Finding) bool { return false }
	}
	known := map[string]int{} // of the ids that are new at all, how many are not
	for i := range r.Results {
		for j := range r.Results[i].Findings {
			id := r.Results[i].Findings[j].ID()
			if r.Baseline.NewIDs[id] > 0 {
				known[id]++
			}
		}
	}
	for id := range known {
		known[id] -= r.Baseline.NewIDs[id]
	}
	return func(f *finding.Finding) bool {
		id := f.ID()
		if r.Baseline.NewIDs[id] == 0 {
			return false
		}
		known[id]--
		return known[id] < 0
	}
}
