package scan

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy"
)

// Options say what to judge and how.
type Options struct {
	Controls []control.Control
	// Compiled is what Compile made of Controls; nil when Run shall compile them.
	Compiled   *policy.Set
	Settings   control.Settings
	Exceptions []finding.Exception
	// HonourAnnotations makes the ignore annotations of other scanners count as exceptions.
	HonourAnnotations bool
	Scope             Scope
	// Now decides which exceptions have expired; zero means the time at which the inventory was taken.
	Now  time.Time
	Tool Tool
}

// Run judges an inventory. The only error is a cancelled context: what could not be judged is part of the report.
func Run(ctx context.Context, inv *inventory.Inventory, opts Options) (*Report, error) {
	if opts.Now.IsZero() {
		opts.Now = inv.Taken
	}
	facts := control.NewFacts(inv, opts.Settings)
	results := make([]Result, len(opts.Controls))
	for i, c := range opts.Controls {
		results[i] = Result{Control: c}
	}
	var checks sync.WaitGroup // beside the policies: a check has one thread, and they have the others
	checks.Go(func() { runChecks(ctx, facts, opts.Scope, results) })
	err := judgePolicies(ctx, facts, opts, results)
	checks.Wait()
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	weigh(facts, results)
	exceptions := newExceptions(opts)
	for i := range results {
		noteGaps(inv, &results[i])
		exceptions.apply(inv, &results[i])
	}
	var ends sync.WaitGroup
	for i := range results {
		ends.Go(func() { finish(&results[i]) })
	}
	ends.Wait()
	report := &Report{
		Tool: opts.Tool, Scope: opts.Scope, Inventory: describe(inv), Results: results, Exceptions: exceptions.uses(),
	}
	report.Summary = summarise(report)
	return report, nil
}

// runChecks runs every Go control, until the context ends.
func runChecks(ctx context.Context, facts *control.Facts, scope Scope, results []Result) {
	for i := range results {
		if results[i].Control.Check != nil && ctx.Err() == nil {
			runCheck(facts, scope, &results[i])
		}
	}
}

// runCheck runs a Go control, unless a gap forbids it.
func runCheck(facts *control.Facts, scope Scope, r *Result) {
	if gap, incomplete := facts.Incomplete(r.Control.Reads...); incomplete && !r.Control.PerObject {
		r.Skipped = "needs what could not be read: " + gap.Reason
		return
	}
	j := r.Control.Check(facts)
	r.Skipped = j.Skipped
	hit := map[finding.Ref]int{}
	for _, f := range j.Findings {
		o := facts.Get(f.Object.Group(), f.Object.Kind, f.Object.Namespace, f.Object.Name)
		if !scope.Includes(f.Object) || o != nil && o.Default {
			continue
		}
		hit[f.Object]++
		r.Findings = append(r.Findings, complete(r.Control, f, o))
	}
	for _, e := range j.Errors {
		if scope.Includes(e.Object) {
			hit[e.Object]++
			r.Errors = append(r.Errors, e)
		}
	}
	for _, o := range j.Examined {
		if hit[o.Ref] == 0 && !o.Default && scope.Includes(o.Ref) {
			r.Passed = append(r.Passed, o.Ref)
		}
	}
}

// complete fills in what a control may leave zero.
func complete(c control.Control, f finding.Finding, o *inventory.Object) finding.Finding {
	f.Control = c.ID
	if f.Severity == finding.None {
		f.Severity = c.Severity
	}
	if f.Message == "" {
		f.Message = c.Title + subject(f.Path.Steps())
	}
	if f.Position == (finding.Position{}) && o != nil {
		f.Position = o.Position(f.Path)
	}
	if f.Fix == nil {
		f.Fix = c.Fix
	}
	return f
}

// noteGaps makes sure that a control which could not see everything does not pass.
func noteGaps(inv *inventory.Inventory, r *Result) {
	if r.Skipped != "" {
		return
	}
	if gap, incomplete := inv.Incomplete(r.Control.Reads...); incomplete {
		r.Skipped = "could not look everywhere: " + gap.Reason
	}
}

// finish sorts what a control concluded and derives its status: the worst that holds.
func finish(r *Result) {
	slices.SortStableFunc(r.Passed, finding.Ref.Compare)
	slices.SortStableFunc(r.Findings, compareFindings)
	slices.SortStableFunc(r.Excepted, func(a, b Excepted) int { return compareFindings(a.Finding, b.Finding) })
	slices.SortStableFunc(r.Errors, func(a, b control.ObjectError) int { return a.Object.Compare(b.Object) })
	switch {
	case len(r.Findings) > 0:
		r.Status = Fail
	case len(r.Errors) > 0:
		r.Status = Error
	case r.Skipped != "":
		r.Status = Skipped
	case len(r.Excepted) > 0:
		r.Status = ExceptedOnly
	case len(r.Passed) > 0:
		r.Status = Pass
	default:
		r.Status = NotApplicable
	}
}

// compareFindings orders findings worst first, then by object, path and place.
func compareFindings(a, b finding.Finding) int {
	if a.Severity != b.Severity {
		return int(b.Severity - a.Severity)
	}
	if c := a.Object.Compare(b.Object); c != 0 {
		return c
	}
	if a.Path != b.Path {
		return cmpStrings(string(a.Path), string(b.Path))
	}
	if a.Position.File != b.Position.File {
		return cmpStrings(a.Position.File, b.Position.File)
	}
	return a.Position.Line - b.Position.Line
}

func cmpStrings(a, b string) int {
	if a < b {
		return -1
	}
	return 1
}

func describe(inv *inventory.Inventory) Inventory {
	namespaces := map[string]int{}
	for _, o := range inv.All() {
		namespaces[o.Namespace]++
	}
	return Inventory{
		Source: inv.Source, Taken: inv.Taken, Version: inv.Version,
		Objects: len(inv.All()), Namespaces: namespaces, Gaps: inv.Gaps,
	}
}

func summarise(r *Report) Summary {
	s := Summary{Controls: map[Status]int{}, Findings: map[finding.Severity]int{}}
	incomplete := 0
	for _, res := range r.Results {
		s.Controls[res.Status]++
		s.Excepted += len(res.Excepted)
		s.Errors += len(res.Errors)
		s.Passed += len(res.Passed)
		for _, f := range res.Findings {
			s.Findings[f.Severity]++
		}
		if len(res.Errors) > 0 || res.Skipped != "" && !res.NotConfigured() {
			incomplete++
		}
	}
	s.Coverage = coverage(len(r.Results), incomplete, len(r.Inventory.Gaps))
	return s
}

// coverage is the share of controls that could look everywhere. A gap that no selected control minds still keeps it
// below 100, so that an unreadable file never goes unnoticed.
func coverage(controls, incomplete, gaps int) float64 {
	if controls == 0 {
		return 0
	}
	percent := 100 * float64(controls-incomplete) / float64(controls)
	if gaps > 0 {
		percent = min(percent, 99.9)
	}
	return percent
}

// NotConfigured says that the control was skipped because a setting is missing, which is no lack of coverage.
func (r Result) NotConfigured() bool {
	return len(r.Skipped) >= len(notConfigured) && r.Skipped[:len(notConfigured)] == notConfigured
}

const notConfigured = "not configured"

// subject names the container, volume or item that a path goes through: `: container "web"`.
func subject(steps []finding.Step) string {
	for i, s := range steps {
		if s.Key == "" || i == 0 {
			continue
		}
		if noun, ok := itemNouns[steps[i-1].Field]; ok {
			return ": " + noun + " " + strconv.Quote(s.Value)
		}
	}
	return ""
}

var itemNouns = map[string]string{
	"containers": "container", "initContainers": "init container", "ephemeralContainers": "ephemeral container",
	"volumes": "volume", "webhooks": "webhook", "subjects": "subject", "ports": "port",
}
