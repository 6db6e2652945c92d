package framework

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/scan"
)

// Assess says what a report proves about each requirement of a framework:
//
//   - not met: a control of a direct row fails, or an exception accepts what would fail
//   - met: every direct row is complete, and all its controls pass, or had nothing to judge while another passed
//   - partly: some pass, while rows are open, or the report is about files, which cannot show a cluster
//   - inherited, manual: the provider or people answer
//   - unknown: nothing that was read shows it
//
// Supporting rows never decide; their controls are listed.
func Assess(f Framework, r *scan.Report) Assessment {
	a := assessor{results: map[string]*scan.Result{}, platform: platform(r.Inventory.Version)}
	a.files = r.Inventory.Source.Kind != "cluster"
	a.narrow = len(r.Scope.Namespaces) > 0 || len(r.Scope.Excluded) > 0
	for i := range r.Results {
		res := &r.Results[i]
		a.results[res.Control.ID] = res
		if res.Control.Severity >= finding.Medium {
			a.byCapability(res.Control)
		}
	}
	out := Assessment{Framework: f, Answers: make([]Answer, 0, len(f.Requirements))}
	for _, q := range f.Requirements {
		out.Answers = append(out.Answers, a.answer(q))
	}
	return out
}

type assessor struct {
	results  map[string]*scan.Result
	capable  map[control.Capability][]string
	platform string
	files    bool // the report is about files
	narrow   bool // some namespaces were left out
}

func (a *assessor) byCapability(c control.Control) {
	if a.capable == nil {
		a.capable = map[control.Capability][]string{}
	}
	a.capable[c.Capability] = append(a.capable[c.Capability], c.ID)
}

// platform names the managed platform that a version string gives away; "" when it does not.
func platform(version string) string {
	switch {
	case strings.Contains(version, "-eks-"):
		return "eks"
	case strings.Contains(version, "-gke."):
		return "gke"
	}
	return ""
}

// A row is what one row of a requirement came to.
type rowAnswer struct {
	controls []string
	failing  []string
	passing  bool     // at least one control passed
	open     []string // what keeps the row from being shown
	blind    []string // the controls that could not look everywhere
	why      string   // the first reason among them
}

func (a *assessor) answer(q Requirement) Answer {
	out := Answer{Requirement: q, Kind: Kind(q)}
	if a.platform != "" && slices.Contains(q.Providers, a.platform) {
		out.Kind, out.Status = ByProvider, Inherited
		out.Missing = []string{"the provider answers for it on " + strings.ToUpper(a.platform)}
		return out
	}
	var direct []rowAnswer
	for _, row := range q.Rows {
		ra := a.row(row)
		out.Controls = appendNew(out.Controls, ra.controls...)
		if !row.Direct {
			continue
		}
		direct = append(direct, ra)
		out.Failing = appendNew(out.Failing, ra.failing...)
		out.Missing = appendNew(out.Missing, ra.open...)
	}
	for _, id := range out.Failing {
		for _, f := range a.results[id].Findings {
			out.Findings++
			out.Worst = max(out.Worst, f.Severity)
		}
	}
	out.Status = a.status(out, direct)
	if out.Status == Partly && len(out.Missing) == 0 {
		out.Missing = []string{a.limit()}
	}
	return out
}

func (a *assessor) status(out Answer, direct []rowAnswer) Status {
	passing := slices.ContainsFunc(direct, func(r rowAnswer) bool { return r.passing })
	open := len(direct) == 0 || slices.ContainsFunc(direct, func(r rowAnswer) bool { return len(r.open) > 0 || !r.passing })
	switch {
	case len(out.Failing) > 0:
		return NotMet
	case !open && a.limit() == "":
		return Met
	case passing:
		return Partly
	case out.Kind == ByHand:
		return Manual
	}
	return Unknown
}

// limit says why a report cannot show that a cluster meets anything; "" if it can.
func (a *assessor) limit() string {
	switch {
	case a.files:
		return "judged from files: a cluster may hold more"
	case a.narrow:
		return "some namespaces were not judged"
	}
	return ""
}

func (a *assessor) row(row Row) rowAnswer {
	ra := rowAnswer{controls: row.Controls}
	if row.Join != "" {
		ra.controls = appendNew(slices.Clone(row.Controls), a.capable[row.Capability]...)
	}
	for _, n := range row.Needs {
		if why, ok := otherSources[n]; ok {
			ra.open = append(ra.open, why)
		}
	}
	if len(ra.controls) == 0 && slices.Contains(row.Needs, "api") {
		ra.open = append(ra.open, "no control judges it yet: "+row.Evidence)
	} else if len(ra.controls) > 0 && !row.Complete {
		ra.open = append(ra.open, "the controls show a part only of: "+row.Evidence)
	}
	for _, id := range ra.controls {
		a.ask(id, &ra)
	}
	switch n := len(ra.blind); {
	case n == 1:
		ra.open = append(ra.open, fmt.Sprintf("control %s: %s", ra.blind[0], ra.why))
	case n > 1:
		ra.open = append(ra.open, fmt.Sprintf("%d controls, %s first: %s", n, ra.blind[0], ra.why))
	}
	return ra
}

// ask adds what one control says to a row.
func (a *assessor) ask(id string, ra *rowAnswer) {
	res, ok := a.results[id]
	switch {
	case !ok:
		ra.open = append(ra.open, fmt.Sprintf("control %s was not run", id))
		return
	case res.Status == scan.Fail:
		ra.failing = append(ra.failing, id)
	case res.Status == scan.ExceptedOnly:
		ra.open = append(ra.open, fmt.Sprintf("control %s has accepted exceptions", id))
	case res.Status == scan.Error:
		ra.open = append(ra.open, fmt.Sprintf("control %s could not judge every object", id))
	case res.Status == scan.Pass:
		ra.passing = true
	}
	if res.Skipped != "" {
		ra.blind = append(ra.blind, id)
		ra.why = or(ra.why, res.Skipped)
	}
}

// or is text, or instead when it is empty.
func or(text, instead string) string {
	if text == "" {
		return instead
	}
	return text
}

// otherSources are the sources of evidence that this program does not read.
var otherSources = map[string]string{
	"mirror-pod": "needs the flags of the control plane's own pods",
	"node":       "needs files of the nodes",
	"configz":    "needs the kubelets' configuration",
	"scm":        "needs the source repository",
	"ci":         "needs the build pipeline",
	"process":    "needs people's records",
	"manual":     "needs a person's judgement",
}

// Kind says how a requirement can be answered at all, before anything is read.
func Kind(q Requirement) AnswerKind {
	people, computable := true, false
	for _, row := range q.Rows {
		if !row.Direct && len(q.Rows) > 1 {
			continue
		}
		if len(row.Controls) > 0 || row.Join != "" {
			computable = true
		}
		if slices.ContainsFunc(row.Needs, func(n string) bool { return n != "process" && n != "manual" }) {
			people = false
		}
	}
	switch {
	case computable:
		return Computed
	case people:
		return ByHand
	}
	return NotCovered
}

func appendNew(list []string, items ...string) []string {
	for _, item := range items {
		if !slices.Contains(list, item) {
			list = append(list, item)
		}
	}
	return list
}
