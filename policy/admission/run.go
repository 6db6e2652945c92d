package admission

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A CaseResult is what came of one test case.
type CaseResult struct {
	Test     string           `json:"test"`
	Case     string           `json:"case"`
	Policies []string         `json:"policies"` // that looked at the object
	Resource finding.Ref      `json:"resource"`
	Position finding.Position `json:"position,omitzero"`
	Expected Verdict          `json:"expected"`
	// Got is the verdict; "" when there is none, because something is not known.
	Got     Verdict `json:"got"`
	Result  Outcome `json:"result"`
	Message string  `json:"message"`
	// Patch is what mutating policies change.
	Patch []Operation `json:"patch,omitempty"`
}

// Run runs the cases of a test by the policies of a set. Namespaces and parameters that a case does not have itself are
// looked up in the inventory, and among params.
func (t *Test) Run(ctx context.Context, s *Set, inv *inventory.Inventory, params []*inventory.Object) ([]CaseResult, error) {
	of, err := s.Only(t.Policies)
	if err != nil {
		return nil, fmt.Errorf("run policy test %s: %w", t.Name, err)
	}
	out := make([]CaseResult, 0, len(t.Cases))
	for i := range t.Cases {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c := &t.Cases[i]
		w := World{Inventory: inv, Params: slices.Concat(c.Params, params), Complete: true, Redact: t.redact}
		results, after := of.review(ctx, w, c.Request)
		r := c.judge(results, after)
		if c.Request.Object != nil {
			r.Patch = w.patch(c.Request.Object, after)
		}
		if broken := of.broken(); broken != nil {
			r.Got, r.Result, r.Message = "", Error, fmt.Sprintf("the policy %s cannot be used: %s", broken.Policy, broken.Message)
		}
		r.Test, r.Position = t.Name, c.Request.Position
		out = append(out, r)
	}
	return out, nil
}

// broken is the first reason why a policy of the set cannot be used.
func (s *Set) broken() *Result {
	for _, p := range s.Policies {
		if len(p.problems) > 0 {
			return &p.problems[0]
		}
	}
	return nil
}

// judge compares what policies said with what is expected.
func (c *Case) judge(results []Result, after map[string]any) CaseResult {
	out := CaseResult{Case: c.Name, Policies: []string{}, Resource: c.Request.Ref, Expected: c.Expect.Verdict}
	for _, r := range results {
		if !slices.Contains(out.Policies, r.Policy) {
			out.Policies = append(out.Policies, r.Policy)
		}
	}
	out.Got, out.Result, out.Message = c.compare(results)
	if out.Result == Pass && c.Expect.Object != nil {
		if at, why := differs("", c.Expect.Object, after); why != "" {
			out.Result, out.Message = Fail, "of the object afterwards, "+at+" "+why
		}
	}
	return out
}

func (c *Case) compare(results []Result) (Verdict, Outcome, string) {
	got := VerdictOf(results)
	for _, r := range results {
		switch {
		case r.Result == Error && (c.Expect.Error == "" || !strings.Contains(r.err, c.Expect.Error)):
			return got, Error, said(r)
		case (r.Result == Skip || r.Result == Unsupported) && (got != Deny || r.mutating):
			return "", r.Result, said(r) // it may still be refused, or changed so that it is not
		}
	}
	switch {
	case got != c.Expect.Verdict:
		return got, Fail, fmt.Sprintf("expected %s, got %s: %s", c.Expect.Verdict, got, summary(results))
	case c.Expect.Error != "" && !slices.ContainsFunc(results, func(r Result) bool { return r.Result == Error }):
		return got, Fail, fmt.Sprintf("expected an error with %q: %s", c.Expect.Error, summary(results))
	case c.Expect.Message != "" && !slices.ContainsFunc(results, c.says):
		return got, Fail, fmt.Sprintf("expected a message with %q: %s", c.Expect.Message, summary(results))
	case len(results) == 0:
		return got, Pass, "no policy looks at the request"
	}
	return got, Pass, ""
}

// says says whether a result is what the verdict comes from, and has the message.
func (c *Case) says(r Result) bool {
	return VerdictOf([]Result{r}) == c.Expect.Verdict && (r.Result == Fail || r.Result == Error) && strings.Contains(r.Message, c.Expect.Message)
}

// VerdictOf is what an API server does: the strongest of what the results ask for.
func VerdictOf(results []Result) Verdict {
	rank := map[Verdict]int{Allow: 0, Audit: 1, Warn: 2, Deny: 3}
	out := Allow
	for _, r := range results {
		if v := r.verdict(); rank[v] > rank[out] {
			out = v
		}
	}
	return out
}

func (r *Result) verdict() Verdict {
	switch {
	case r.denied:
		return Deny
	case r.Result != Fail && (r.Result != Error || r.ignored):
		return Allow
	case slices.Contains(r.Actions, "Warn"):
		return Warn
	case slices.Contains(r.Actions, "Audit"):
		return Audit
	}
	return Allow
}

func said(r Result) string { return "policy " + r.Policy + ": " + r.Message }

func summary(results []Result) string {
	var parts []string
	for _, r := range results {
		if r.Result != Pass {
			parts = append(parts, said(r))
		}
	}
	switch {
	case len(results) == 0:
		return "no policy looks at the request"
	case len(parts) == 0:
		return "every policy that looks at it lets it through"
	}
	return strings.Join(parts, "; ")
}
