package rehearse

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/rbac/usage"
)

const rbacSort = "rbac"

func concernsRBAC(c Change) bool {
	ref := c.Ref()
	return slices.Contains(rbac.Reads(), changedKind(c)) && ref.Group() == rbac.Group || isServiceAccount(ref)
}

func isServiceAccount(ref finding.Ref) bool { return ref.Group() == "" && ref.Kind == "ServiceAccount" }

// A rightsRun is one rehearsal of rights.
type rightsRun struct {
	*state
	changes []Change
	changed map[finding.Ref]Change // by identity
	// old are the rights of today, new those of tomorrow; sources are those of today with where aggregated rules come from.
	old, new, sources *rbac.Authorizer
	holders           map[finding.Ref][]*rbac.Binding // of new, by identity
	out               part
}

// rehearseRBAC replays recorded requests against the rights after the change. Without a log, all that is lost is doubtful.
func rehearseRBAC(ctx context.Context, s *state, changes []Change) (part, error) {
	r := &rightsRun{
		state: s, changes: changes, changed: map[finding.Ref]Change{},
		old: rbac.New(s.before), new: rbac.NewSettled(s.after), sources: rbac.NewSettled(s.before),
	}
	for _, c := range changes {
		r.changed[identity(c.Ref())] = c
	}
	r.holders = map[finding.Ref][]*rbac.Binding{}
	for _, b := range r.new.Bindings() {
		r.holders[identity(b.Ref)] = append(r.holders[identity(b.Ref)], b)
	}
	if gap, incomplete := s.before.Incomplete(rbac.Reads()...); incomplete {
		r.out.incomplete = true
		r.out.cannotKnow = append(r.out.cannotKnow, "Rights that could not be read: "+gap.Reason+".")
	}
	r.validity()
	r.accounts()
	diff := rbac.Diff(r.old, r.new)
	r.gains(diff)
	r.out.cannotKnow = append(r.out.cannotKnow, unseenRights(s.before)...)
	return r.out, r.replay(ctx, diff)
}

// unseenRights is what RBAC objects do not show. That files are not the whole cluster is said by another sentence.
func unseenRights(before *inventory.Inventory) []string {
	return rbac.Unseen(before)
}

// replay asks for every recorded request.
func (r *rightsRun) replay(ctx context.Context, diff []rbac.Change) error {
	covered := Coverage{Sort: rbacSort, Changes: len(r.changes)}
	defer func() { r.out.covered = append(r.out.covered, covered) }()
	var losers []rbac.Subject
	for _, c := range diff {
		if len(c.Lost) > 0 {
			losers = append(losers, c.Subject)
		}
	}
	removed := r.removedAccounts()
	if len(r.evidence.Audit) == 0 {
		covered.What = "rights compared, no audit log"
		r.unknown(diff, removed, "no audit log says whether anybody uses it")
		return nil
	}
	c, err := usage.Compare(ctx, r.evidence.Audit, r.old, r.new, usage.Options{Removed: func(user string) bool { return removed[user] != nil }})
	if err != nil {
		return err
	}
	covered.Judged = c.Requests
	covered.What = fmt.Sprintf("%s of %s", display.Plural(int(c.Requests), "request"), display.Plural(int(c.Summary.Events), "event"))
	if c.Summary.Events == 0 {
		r.unknown(diff, removed, "the audit log holds no event, so that nothing says whether anybody uses it")
	}
	r.out.incomplete = r.out.incomplete || !c.Summary.Complete() || c.More > 0
	r.denied(c, removed)
	r.window(c, losers)
	return nil
}

// denied turns what the log shows into breaks.
func (r *rightsRun) denied(c *usage.Comparison, removed map[string]*inventory.Object) {
	for _, o := range c.Lost {
		b := Break{Sort: rbacSort, Event: eventOf(o), Count: o.Count(), Last: o.Last}
		if account := removed[o.User]; account != nil {
			b.Changes, b.Reason = []finding.Ref{account.Ref}, account.String()+" is removed, and its tokens with it"
		} else {
			b.Changes, b.Reason = r.blame(o)
		}
		r.out.breaks = append(r.out.breaks, b)
	}
	var unseen int64
	complete := r.before.Source.Kind == "cluster" && !r.out.incomplete
	for _, o := range c.Gone {
		switch about := r.named(o.Reason); {
		case len(about) > 0:
			r.out.doubts = append(r.out.doubts, Doubt{Sort: rbacSort, Changes: about, Event: eventOf(o), Count: o.Count(),
				Reason: "the log says that it was allowed by an object of this name, which is not among what was read"})
		case complete:
			r.out.breaks = append(r.out.breaks, Break{Sort: rbacSort, Event: eventOf(o), Count: o.Count(), Last: o.Last, Already: true,
				Reason: "what allowed it then is gone today"})
		default:
			unseen += o.Count()
		}
	}
	if unseen > 0 {
		r.out.cannotKnow = append(r.out.cannotKnow, fmt.Sprintf(
			"%s allowed by roles or bindings that are not in what was read, and that this change does not name.", were(unseen, "request")))
	}
	var gained int64
	for _, o := range c.Gained {
		gained += o.Count()
	}
	if gained > 0 {
		o := c.Gained[0]
		r.out.notes = append(r.out.notes, fmt.Sprintf("%s refused and would be allowed, such as %s: %s", were(gained, "request"), o.User, o.Request(o.Object)))
	}
	if c.Elsewhere > 0 {
		r.out.notes = append(r.out.notes, fmt.Sprintf("%s not allowed by RBAC but by something else, which stays", were(c.Elsewhere, "request")))
	}
}

// were starts a sentence about what happened n times.
func were(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun + " was"
	}
	return fmt.Sprintf("%d %ss were", n, noun)
}

// window says what the log cannot show.
func (r *rightsRun) window(c *usage.Comparison, losers []rbac.Subject) {
	for _, w := range c.Warnings(r.before, losers, usage.WarnOptions{}) {
		r.out.cannotKnow = append(r.out.cannotKnow, sentence(w.Message))
	}
	if len(losers) > 0 {
		r.out.cannotKnow = append(r.out.cannotKnow, "Whether rights that are lost are needed outside of the time of the audit log: "+
			"who loses some is "+list(losers)+".")
	}
}

func sentence(text string) string {
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// list names the first few.
func list(subjects []rbac.Subject) string {
	const few = 5
	var names []string
	for _, s := range subjects[:min(len(subjects), few)] {
		names = append(names, s.String())
	}
	if more := len(subjects) - few; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}

func eventOf(o *usage.Outcome) *Event {
	e := &Event{User: o.User, Verb: o.Verb, Namespace: o.Namespace, Path: o.Path, AuditIDs: o.AuditIDs}
	if o.Resource != "" {
		e.Resource = resourceText(o.Group, o.Resource, o.Subresource)
	}
	if names := o.Names(); len(names) == 1 && o.Unnamed == 0 && o.OtherNames == 0 {
		e.Name = names[0]
	}
	return e
}

// resourceText is a resource as people write it: "pods/exec", "deployments.apps/scale".
func resourceText(group, resource, subresource string) string {
	if group != "" {
		resource += "." + group
	}
	if subresource != "" {
		resource += "/" + subresource
	}
	return resource
}
