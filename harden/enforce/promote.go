package enforce

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A Period is what audit logs span.
type Period struct {
	// First and Last are the times of the first and the last event; zero when no log was given.
	First, Last time.Time
	// Complete says that the logs could be read to their end.
	Complete bool
	// Gaps are stretches without any event that are far longer than usual.
	Gaps int
}

// A PromoteRequest says which stages to leave, and by which evidence.
type PromoteRequest struct {
	// Controls are ids; none means every control that is installed below To.
	Controls []string
	// To is the stage to reach; "" means the next one of each control.
	To Stage
	// Days is how long the present stage must have been watched without a violation; 0 asks for no audit log.
	Days     int
	Observed []Observation // since Days ago
	Period   Period
	// Inventory is what is there.
	Inventory *inventory.Inventory
	Settings  control.Settings
	Now       time.Time
}

// A Promotion is one control's way to the next stage.
type Promotion struct {
	Control string `json:"control"`
	From    Stage  `json:"from"`
	To      Stage  `json:"to"`
	Scope   Scope  `json:"scope"`
	// Blockers are what stands in the way, object by object; empty when nothing does.
	Blockers []Blocker `json:"blockers"`

	record record
	live   []map[string]any
}

// A Blocker is one thing in the way of the next stage.
type Blocker struct {
	// Object is what violates the policy; nil when it is not about an object.
	Object *finding.Ref `json:"object,omitempty"`
	Why    string       `json:"why"` // a sentence without a final dot
}

// Promotions says which controls can go to their next stage, and what stands in the way of the others.
func Promotions(ctx context.Context, status *Status, req PromoteRequest) ([]Promotion, error) {
	out := []Promotion{}
	for i := range status.Controls {
		c := &status.Controls[i]
		if len(req.Controls) > 0 && !slices.Contains(req.Controls, c.Control) {
			continue
		}
		out = append(out, c.promotions(req)...)
	}
	if err := rehearseAll(ctx, out, req); err != nil {
		return nil, err
	}
	for i := range out {
		out[i].observe(req)
	}
	return out, nil
}

// rehearseAll judges what is there once for all controls, and again only for those that are at two stages.
func rehearseAll(ctx context.Context, all []Promotion, req PromoteRequest) error {
	left := make([]*Promotion, len(all))
	for i := range all {
		left[i] = &all[i]
	}
	for len(left) > 0 {
		batch, rest := map[string]*Promotion{}, []*Promotion{}
		var items []Rehearsed
		for _, p := range left {
			if batch[p.Control] != nil {
				rest = append(rest, p)
				continue
			}
			batch[p.Control] = p
			items = append(items, Rehearsed{Control: p.record.control, Bindings: p.live})
		}
		r, err := Rehearse(ctx, req.Inventory, items, req.Settings, req.Now)
		if err != nil {
			return err
		}
		for _, b := range r.Breaks {
			batch[b.Control].block(&b.Object, "it violates the policy at %s", list(pathTexts(b.Paths)))
		}
		for _, u := range r.Unknown {
			batch[u.Control].block(nil, "not known: %s", u.Why)
		}
		left = rest
	}
	return nil
}

// promotions are one for each stage of a control that is below the wanted one.
func (c *ControlStatus) promotions(req PromoteRequest) []Promotion {
	byStage := map[Stage]*Promotion{}
	for _, b := range c.live {
		r, ok := c.recordOf(b)
		if !ok {
			continue
		}
		p := byStage[r.stage]
		if p == nil {
			to := req.To
			if next, ok := r.stage.Next(); to == "" && ok {
				to = next
			}
			if !r.stage.Before(to) {
				continue
			}
			p = &Promotion{Control: c.Control, From: r.stage, To: to, Scope: r.scope, Blockers: []Blocker{}, record: r}
			byStage[r.stage] = p
		}
		p.live = append(p.live, b)
	}
	var out []Promotion
	for _, stage := range Stages() {
		if p := byStage[stage]; p != nil {
			p.drifted(c)
			out = append(out, *p)
		}
	}
	return out
}

func (p *Promotion) block(object *finding.Ref, format string, args ...any) {
	p.Blockers = append(p.Blockers, Blocker{object, fmt.Sprintf(format, args...)})
}

// drifted blocks what is not as it was installed: what was watched is then not what would be enforced.
func (p *Promotion) drifted(c *ControlStatus) {
	for _, problem := range c.Problems {
		p.block(nil, "%s", problem)
	}
	for _, d := range c.Drift {
		p.block(nil, "the policy was edited at %s: install the control again", d.Path)
	}
	for _, b := range c.Bindings {
		if b.Stage == p.To && b.Scope != nil && !p.Scope.covers(*b.Scope) {
			p.block(nil, "stage %s holds already elsewhere (%s), which would be lost: install it for both", p.To, b.Scope)
		}
		if b.Stage != p.From {
			continue
		}
		for _, problem := range b.Problems {
			p.block(nil, "%s: %s", b.Name, problem)
		}
		for _, d := range b.Drift {
			p.block(nil, "%s was edited at %s: install the control again", b.Name, d.Path)
		}
		for _, g := range b.Exceptions {
			if g.Expired {
				p.block(nil, "the exception %s expired on %s: renew it and install the control again", g.Name, g.Expires)
			}
		}
	}
	slices.SortFunc(p.Blockers, func(a, b Blocker) int { return cmp.Compare(a.Why, b.Why) })
	p.Blockers = slices.CompactFunc(p.Blockers, func(a, b Blocker) bool { return a.Why == b.Why })
}

func pathTexts(paths []finding.Path) []string {
	out := make([]string, len(paths))
	for i, path := range paths {
		out[i] = string(path)
		if path == "" {
			out[i] = "the whole object"
		}
	}
	return out
}

// slack is how old the newest event of a log may be that is taken to reach to now.
const slack = 24 * time.Hour

// observe blocks what the audit log shows, and where it does not reach far enough.
func (p *Promotion) observe(req PromoteRequest) {
	if req.Days <= 0 {
		return
	}
	since := req.Now.AddDate(0, 0, -req.Days)
	p.outside(req, since)
	for _, b := range p.live {
		made, err := time.Parse(time.RFC3339, inventory.String(b, "metadata", "creationTimestamp"))
		if err != nil || made.After(since) {
			p.block(nil, "%s has not been there for %d days yet", RefOf(b).Name, req.Days)
		}
	}
	for i := range req.Observed {
		o := &req.Observed[i]
		if o.Policy != policyPrefix+p.Control {
			continue
		}
		for _, one := range o.Objects {
			name := one.Name
			if name == "" {
				name = "(of a generated name)"
			}
			ref := finding.Ref{Kind: one.Resource, Namespace: o.Namespace, Name: name}
			p.block(&ref, "it violated the policy %d times, last %s by %s", one.Count, when(one.Last), one.User)
		}
	}
}

// outside blocks what the logs cannot show.
func (p *Promotion) outside(req PromoteRequest, since time.Time) {
	period := req.Period
	switch {
	case period.First.IsZero():
		p.block(nil, "nothing shows what the policy met in the last %d days: give the audit log with --audit, or --days 0", req.Days)
		return
	case period.First.After(since):
		p.block(nil, "the audit log begins %s, less than %d days ago", when(period.First), req.Days)
	}
	if req.Now.Sub(period.Last) > slack {
		p.block(nil, "the audit log ends %s, more than a day ago", when(period.Last))
	}
	if !period.Complete {
		p.block(nil, "the audit log could not be read completely")
	}
	if period.Gaps > 0 {
		p.block(nil, "the audit log has %d stretches without events that are longer than usual", period.Gaps)
	}
}

func when(t time.Time) string {
	if t.IsZero() {
		return "at an unknown time"
	}
	return "on " + t.UTC().Format("2006-01-02 15:04")
}

// Install is the installation that takes the controls of promotions without blockers to their stage: the same scope and
// exceptions, and the policy as it is in the catalogue.
func Install(promotions []Promotion, settings control.Settings) ([]*Installation, error) {
	var out []*Installation
	for _, p := range promotions {
		if len(p.Blockers) > 0 {
			continue
		}
		r := p.record
		r.stage = p.To
		var exemptions []exemption
		for _, g := range r.grants {
			e, concerned, refusal := exempt(g, r.control, control.Settings{})
			if refusal != nil {
				return nil, fmt.Errorf("exception %s of %s: %s", g.Name, p.Control, refusal.why)
			}
			if concerned {
				exemptions = append(exemptions, e)
			}
		}
		// The parameters that are there stay: they are not part of what is promoted.
		bundle, err := r.bundle(exemptions, settings)
		if err != nil {
			return nil, err
		}
		bundle.Params = nil
		out = append(out, &Installation{
			Request: Request{Stage: p.To, Scope: Scope{Namespaces: r.scope.Namespaces, Excluded: r.scope.Excluded, System: true}, Settings: settings},
			Bundles: []Bundle{bundle},
		})
	}
	return out, nil
}
