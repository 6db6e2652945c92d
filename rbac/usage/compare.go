package usage

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-io/plimsoll/auditlog"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// An Outcome is what requests of one user for one right would come to.
type Outcome struct {
	Use
	User string
	// Identity is the user with the groups of the first of the requests.
	Identity rbac.Identity
	// Object is one that the requests named; "" if they named none.
	Object string
	// AuditIDs are those of the earliest requests.
	AuditIDs []string
	// Reason is what the log says of who allowed it; "" if it does not.
	Reason string

	earliest []stamped
}

type stamped struct {
	at time.Time
	id string
}

// maxIDs is how many audit IDs are kept of an outcome.
const maxIDs = 3

// A Comparison is what the requests of logs would come to under other rights.
type Comparison struct {
	Summary *auditlog.Summary
	// Requests were allowed by RBAC when they were made, as far as the log tells. Elsewhere were allowed by other
	// authorizers, or bypass RBAC. Unclear events do not tell who asked for what; More were for more rights than are kept.
	Requests, Elsewhere, Unclear, More int64
	// Lost were allowed, are allowed by the old rights and not by the new ones. Gone were allowed when they were made and
	// are by neither. Gained were refused, by the old rights too, and the new ones allow them. Sorted.
	Lost, Gone, Gained []*Outcome
}

// Compare replays what everybody asked for against two sets of rights. The error is that of ctx.
func Compare(ctx context.Context, inputs []auditlog.Input, old, new *rbac.Authorizer, options Options) (*Comparison, error) {
	options = options.withDefaults()
	options.Log.RightsOnly = false // for the audit IDs
	var parts []*comparer
	summary, err := auditlog.Read(ctx, inputs, options.Log, func() auditlog.Consumer {
		c := &comparer{old: old, new: new, options: options, answers: map[asked]verdict{}, groups: map[string]groups{}}
		for i := range c.found {
			c.found[i] = map[outcomeKey]*Outcome{}
		}
		parts = append(parts, c)
		return c
	})
	if err != nil {
		return nil, err
	}
	out := &Comparison{Summary: summary}
	var all [changes]map[outcomeKey]*Outcome
	for i := range all {
		all[i] = map[outcomeKey]*Outcome{}
	}
	for _, part := range parts {
		out.Requests += part.Requests
		out.Elsewhere += part.Elsewhere
		out.Unclear += part.Unclear
		out.More += part.More
		for i := range all {
			joinOutcomes(all[i], part.found[i], options)
		}
	}
	out.Lost, out.Gone, out.Gained = sortedOutcomes(all[lost]), sortedOutcomes(all[gone]), sortedOutcomes(all[gained])
	return out, nil
}

// Warnings say what the logs cannot show: the window, gaps, and CronJobs of service accounts that need not have run.
func (c *Comparison) Warnings(inv *inventory.Inventory, subjects []rbac.Subject, options WarnOptions) []Warning {
	u := &Usage{Summary: c.Summary, Unclear: c.Unclear}
	out := u.windowWarnings(options)
	for _, s := range subjects {
		out = append(out, cronWarnings(inv, s, c.Summary.Window())...)
	}
	return out
}

// What became of a request.
const (
	lost = iota
	gone
	gained
	changes // how many there are
)

type outcomeKey struct {
	user string
	Right
}

// asked is a question that was answered before.
type asked struct {
	user, groups string
	request      rbac.Request
}

type verdict struct{ old, new bool }

// groups are those of a user's last request.
type groups struct {
	list []string
	key  string
}

const maxUsers = 1 << 16

// A comparer is the part of one worker.
type comparer struct {
	Comparison
	old, new *rbac.Authorizer
	options  Options
	found    [changes]map[outcomeKey]*Outcome
	answers  map[asked]verdict
	groups   map[string]groups
}

// Consume asks both authorizers for what the event needed.
func (c *comparer) Consume(e *auditlog.Event) {
	if !e.Final() {
		return
	}
	ok, authorizer := allowed(e), authorizerOf(e)
	own := true // the first is the request itself
	told := requests(e, func(user *auditlog.User, r rbac.Request) {
		by := authorizer
		if !own || user != e.Actor() {
			by = Unknown
		}
		c.judge(e, user, r, ok || user != e.Actor(), by)
		own = false
	})
	if !told {
		c.Unclear++
	}
}

// judge notes what becomes of one request. That of which the log does not say who allowed it counts if RBAC allows it today.
func (c *comparer) judge(e *auditlog.Event, user *auditlog.User, r rbac.Request, ok bool, authorizer string) {
	id := rbac.SubjectOfUser(user.Name).Identity().With(user.Groups...)
	if ok && user == &e.User && c.options.Removed != nil && c.options.Removed(user.Name) {
		c.Requests++
		c.note(lost, e, user, id, r)
		return
	}
	if slices.Contains(id.Groups, rbac.Masters) || ok && authorizer != RBAC && authorizer != Unknown {
		c.Elsewhere++
		return
	}
	v := c.ask(user, id, r)
	switch {
	case !ok && !v.old && v.new:
		c.note(gained, e, user, id, r)
	case !ok:
	case v.new:
		c.Requests++
	case v.old:
		c.Requests++
		c.note(lost, e, user, id, r)
	case authorizer == RBAC:
		c.Requests++
		c.note(gone, e, user, id, r)
	default:
		c.Elsewhere++
	}
}

// ask remembers answers.
func (c *comparer) ask(user *auditlog.User, id rbac.Identity, r rbac.Request) verdict {
	g, known := c.groups[user.Name]
	if !known || !slices.Equal(g.list, user.Groups) {
		if len(c.groups) >= maxUsers {
			clear(c.groups)
		}
		g = groups{slices.Clone(user.Groups), strings.Join(user.Groups, "\x00")}
		c.groups[user.Name] = g
	}
	key := asked{user.Name, g.key, r}
	v, known := c.answers[key]
	if !known {
		if len(c.answers) >= maxAnswers {
			clear(c.answers)
		}
		_, v.old = c.old.Can(id, r)
		_, v.new = c.new.Can(id, r)
		c.answers[key] = v
	}
	return v
}

// maxOutcomes bounds what is kept, of all users.
const maxOutcomes = 100_000

func (c *comparer) note(change int, e *auditlog.Event, user *auditlog.User, id rbac.Identity, r rbac.Request) {
	key := outcomeKey{user.Name, rightOf(r)}
	o := c.found[change][key]
	if o == nil {
		if len(c.found[change]) >= maxOutcomes {
			c.More++
			return
		}
		o = &Outcome{Use: Use{Right: key.Right}, User: user.Name, Identity: id, Object: r.Name}
		if user == e.Actor() {
			o.Reason = e.Annotation(auditlog.ReasonAnnotation)
			o.Reason = strings.ToValidUTF8(o.Reason[:min(len(o.Reason), 1000)], "")
		}
		c.found[change][key] = o
	}
	if e.Stage == auditlog.ResponseStarted {
		o.started++
	} else {
		o.ended++
	}
	o.at(e.Time)
	o.name(r.Name, c.options.Names)
	o.stamp(stamped{e.Time, e.AuditID})
}

// stamp keeps the earliest IDs, so that what is said does not depend on how the work was shared out.
func (o *Outcome) stamp(s stamped) {
	if s.id == "" {
		return
	}
	at, known := slices.BinarySearchFunc(o.earliest, s, func(a, b stamped) int { return cmp.Or(a.at.Compare(b.at), strings.Compare(a.id, b.id)) })
	if known || at == maxIDs {
		return
	}
	o.earliest = slices.Insert(o.earliest, at, s)
	o.earliest = o.earliest[:min(len(o.earliest), maxIDs)]
}

func joinOutcomes(into, from map[outcomeKey]*Outcome, options Options) {
	for key, theirs := range from {
		ours := into[key]
		if ours == nil {
			into[key] = theirs
			continue
		}
		if s, t := theirs.first(), ours.first(); s.at.Before(t.at) || s.at.Equal(t.at) && s.id < t.id {
			ours, theirs = theirs, ours // whose groups and reason are told
			into[key] = ours
		}
		ours.join(&theirs.Use, options.Names)
		for _, s := range theirs.earliest {
			ours.stamp(s)
		}
	}
}

// first is the earliest request.
func (o *Outcome) first() stamped {
	if len(o.earliest) == 0 {
		return stamped{at: o.First}
	}
	return o.earliest[0]
}

func sortedOutcomes(found map[outcomeKey]*Outcome) []*Outcome {
	out := slices.Collect(maps.Values(found))
	slices.SortFunc(out, func(a, b *Outcome) int { return cmp.Or(strings.Compare(a.User, b.User), a.Right.Compare(b.Right)) })
	for _, o := range out {
		for _, s := range o.earliest {
			if !slices.Contains(o.AuditIDs, s.id) {
				o.AuditIDs = append(o.AuditIDs, s.id)
			}
		}
	}
	return out
}
