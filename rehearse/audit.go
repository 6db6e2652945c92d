package rehearse

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/auditlog"
	"github.com/plimsoll-io/plimsoll/auditlog/auditpolicy"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
)

const auditSort = "audit"

func concernsAudit(c Change) bool {
	gk := changedKind(c)
	return gk.Group == auditpolicy.Group && gk.Kind == auditpolicy.Kind
}

// rehearseAudit judges what an API server would record under another audit policy: recorded requests are judged again. What
// is recorded now is what the log says.
func rehearseAudit(ctx context.Context, s *state, changes []Change) (part, error) {
	var out part
	for _, c := range changes {
		if err := rehearseAuditPolicy(ctx, s, c, &out); err != nil {
			return out, err
		}
	}
	return out, nil
}

func rehearseAuditPolicy(ctx context.Context, s *state, c Change, out *part) error {
	covered := Coverage{Sort: auditSort, Changes: 1, What: "the policy itself"}
	defer func() { out.covered = append(out.covered, covered) }()
	if c.New == nil {
		out.breaks = append(out.breaks, Break{Changes: []finding.Ref{c.Ref()}, Sort: auditSort, Object: refOf(c.Old), Count: 1,
			Reason: "an API server without an audit policy records nothing"})
		return nil
	}
	policy := auditPolicyOf(c.New, out)
	if policy == nil {
		return nil
	}
	run := &auditRun{change: c, policy: policy}
	if c.Old != nil {
		run.old = auditPolicyOf(c.Old, nil)
	}
	run.confide(out)
	if len(s.evidence.Audit) == 0 {
		out.doubts = append(out.doubts, Doubt{Changes: []finding.Ref{c.Ref()}, Sort: auditSort, Object: refOf(c.New), Count: 1,
			Reason: "no audit log says what is recorded today: what would no longer be is not known"})
		return nil
	}
	return run.replay(ctx, s, out, &covered)
}

func refOf(o *inventory.Object) *finding.Ref { return &o.Ref }

// auditPolicyOf parses a policy; its problems become breaks and notes of out, which may be nil.
func auditPolicyOf(o *inventory.Object, out *part) *auditpolicy.Policy {
	data, err := json.Marshal(o.Content)
	var problems []auditpolicy.Problem
	var policy *auditpolicy.Policy
	if err != nil {
		problems = []auditpolicy.Problem{{Message: err.Error(), Fatal: true}}
	} else {
		policy, problems = auditpolicy.Parse(data)
	}
	if out == nil {
		return policy
	}
	for _, p := range problems {
		if !p.Fatal {
			out.notes = append(out.notes, o.String()+": "+p.String())
			continue
		}
		out.breaks = append(out.breaks, Break{Changes: []finding.Ref{o.Ref}, Sort: auditSort, Object: &o.Ref, Path: finding.Path(p.Field),
			Position: o.Origin, Count: 1, Reason: "an API server does not start with it: " + p.String()})
	}
	return policy
}

// An auditRun is the rehearsal of one policy.
type auditRun struct {
	change Change
	policy *auditpolicy.Policy
	old    *auditpolicy.Policy // nil when it is not known
}

// secretRequests are what anybody may ask for of resources whose bodies hold secrets.
var secretRequests = []auditpolicy.Attributes{
	{Resource: "secrets"}, {Resource: "serviceaccounts", Subresource: "token", Name: "x"}, {Group: "authentication.k8s.io", Resource: "tokenreviews"},
}

// somebody is a user of whom no rule says anything special.
const somebody = "somebody"

// confide finds secrets that would be written to the log from then on, whatever was recorded so far.
func (r *auditRun) confide(out *part) {
	for _, a := range secretRequests {
		var verbs []string
		level := ""
		already := false
		for _, verb := range [...]string{"get", "list", "create", "update", "patch"} {
			a.User, a.Groups, a.Verb, a.Namespace = somebody, []string{"system:authenticated"}, verb, "default"
			if a.Group != "" {
				a.Namespace = ""
			}
			if d := r.policy.Judge(a); tells(a, d.Level) {
				verbs, level = append(verbs, verb), d.Level
				already = already || r.old != nil && tells(a, r.old.Judge(a).Level)
			}
		}
		if len(verbs) == 0 {
			continue
		}
		out.breaks = append(out.breaks, Break{
			Changes: []finding.Ref{r.change.Ref()}, Sort: auditSort, Count: 1, Already: already,
			Event:  &Event{User: "anybody", Verb: strings.Join(verbs, ","), Resource: resourceText(a.Group, a.Resource, a.Subresource)},
			Reason: fmt.Sprintf("%s would be written to the audit log, at level %s", auditpolicy.Confidential(a.Group, a.Resource, a.Subresource), level),
		})
	}
}

// tells says whether an event of a level holds a secret: that of a request, or that of its answer.
func tells(a auditpolicy.Attributes, level string) bool {
	if auditpolicy.Confidential(a.Group, a.Resource, a.Subresource) == "" || auditpolicy.Compare(level, auditpolicy.Request) < 0 {
		return false
	}
	if a.Subresource == "token" {
		return level == auditpolicy.RequestResponse && a.Verb == "create"
	}
	switch a.Verb {
	case "create", "update", "patch":
		return true
	case "get", "list":
		return level == auditpolicy.RequestResponse && a.Resource == "secrets"
	}
	return false
}

// replay judges every recorded event again.
func (r *auditRun) replay(ctx context.Context, s *state, out *part, covered *Coverage) error {
	var parts []*rejudger
	summary, err := auditlog.Read(ctx, s.evidence.Audit, auditlog.Options{}, func() auditlog.Consumer {
		p := newRejudger(r)
		parts = append(parts, p)
		return p
	})
	if err != nil {
		return err
	}
	all := newRejudger(r)
	for _, p := range parts {
		all.join(p)
	}
	covered.Judged, covered.What = all.judged, display.Plural(int(summary.Events), "event")
	out.incomplete = out.incomplete || !summary.Complete() || all.more > 0
	if summary.Events == 0 {
		out.doubts = append(out.doubts, Doubt{Changes: []finding.Ref{r.change.Ref()}, Sort: auditSort, Object: refOf(r.change.New), Count: 1,
			Reason: "the audit log holds no event, so that nothing says what is recorded today"})
	}
	all.tell(out)
	out.cannotKnow = append(out.cannotKnow, "Requests that are not recorded today: they are not in the log, and the new policy may record them.")
	return nil
}

// auditKey is what makes events one sort.
type auditKey struct {
	user, verb, resource, namespace, path string
	from, to                              string // levels
	secret                                string
}

func (k auditKey) compare(o auditKey) int {
	return slices.Compare([]string{k.user, k.verb, k.resource, k.namespace, k.path, k.from, k.to, k.secret},
		[]string{o.user, o.verb, o.resource, o.namespace, o.path, o.from, o.to, o.secret})
}
