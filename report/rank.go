package report

import (
	"cmp"
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/scan"
)

// A ranked is a failed control with what decides its place in lists.
type ranked struct {
	*scan.Result
	worst   finding.Severity
	weight  int           // findings weighed by severity
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
		out.weight += weights[f.Severity]
		if f.Fix != nil {
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

// fixFirst chooses at most n failed controls that together weigh most: few controls, many or bad findings.
func fixFirst(all []ranked, n int) []ranked {
	out := slices.Clone(all)
	slices.SortStableFunc(out, func(a, b ranked) int { return cmp.Compare(b.weight, a.weight) })
	return out[:min(n, len(out))]
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
