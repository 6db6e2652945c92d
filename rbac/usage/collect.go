package usage

import (
	"context"
	"maps"
	"slices"

	"github.com/plimsoll-io/plimsoll/auditlog"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// Options bound what Collect keeps.
type Options struct {
	// Names is how many objects' names are kept for each right of each subject; 100 if 0.
	Names int
	// Rights is how many rights are kept for each subject, used and denied each; 5,000 if 0. An anonymous caller that
	// tries paths would otherwise fill the memory.
	Rights int
	// Log says how to read the logs; only what rights depend on is read.
	Log auditlog.Options
	// Removed says, to Compare, who will not be able to authenticate any more; nil is nobody.
	Removed func(user string) bool
}

func (o Options) withDefaults() Options {
	if o.Names <= 0 {
		o.Names = 100
	}
	if o.Rights <= 0 {
		o.Rights = 5000
	}
	o.Log.RightsOnly = true
	return o
}

// A Usage is what subjects did in a time.
type Usage struct {
	// Summary is of the logs: the window, gaps, and what was broken.
	Summary *auditlog.Summary
	// Unclear is how many events do not tell who asked for what.
	Unclear  int64
	options  Options
	subjects map[string]*Subject // by user name
}

// Collect reads logs and notes for every user which rights it used and which it was refused. Of an impersonated request
// the impersonated user is who acted, and the other one used the right to impersonate. The memory is bounded by the
// subjects and their rights, however long the logs are. The error is that of ctx.
func Collect(ctx context.Context, inputs []auditlog.Input, options Options) (*Usage, error) {
	options = options.withDefaults()
	var parts []*collector
	summary, err := auditlog.Read(ctx, inputs, options.Log, func() auditlog.Consumer {
		c := &collector{Usage: Usage{options: options, subjects: map[string]*Subject{}}}
		parts = append(parts, c)
		return c
	})
	if err != nil {
		return nil, err
	}
	usage := &Usage{Summary: summary, options: options, subjects: map[string]*Subject{}}
	for _, part := range parts {
		usage.join(&part.Usage)
	}
	return usage, nil
}

// Subjects are all users and service accounts that made requests, sorted.
func (u *Usage) Subjects() []*Subject {
	return slices.SortedFunc(maps.Values(u.subjects), func(a, b *Subject) int { return a.Compare(b.Subject) })
}

// Of is what a subject did; nil when it was never seen. A group did what its members did.
func (u *Usage) Of(s rbac.Subject) *Subject {
	if s.Kind != rbac.GroupKind {
		return u.subjects[s.UserName()]
	}
	var all *Subject
	for _, member := range u.Subjects() {
		if !slices.Contains(member.Identity().Groups, s.Name) {
			continue
		}
		if all == nil {
			all = newSubject(s)
		}
		all.join(member, u.options)
	}
	if all != nil {
		all.Groups, all.Always = nil, nil
	}
	return all
}

func newSubject(s rbac.Subject) *Subject {
	return &Subject{Subject: s, used: map[Right]*Use{}, denied: map[Right]*Use{}}
}

// A collector is the part of one worker.
type collector struct{ Usage }

// Consume notes what an event tells of rights.
func (c *collector) Consume(e *auditlog.Event) {
	if !e.Final() {
		return
	}
	ok := allowed(e)
	told := requests(e, func(user *auditlog.User, r rbac.Request) {
		if user == e.Actor() {
			c.note(e, user, r, ok, authorizerOf(e))
			return
		}
		c.note(e, user, r, true, Unknown) // or the log would have no impersonated user
	})
	if !told {
		c.Unclear++
	}
}

func (c *collector) note(e *auditlog.Event, user *auditlog.User, r rbac.Request, ok bool, authorizer string) {
	s := c.subjects[user.Name]
	if s == nil {
		s = newSubject(rbac.SubjectOfUser(user.Name))
		c.subjects[user.Name] = s
	}
	s.inGroups(user.Groups)
	s.seen(e.Time)
	uses, more := s.used, &s.MoreUsed
	if !ok {
		uses, more = s.denied, &s.MoreDenied
	}
	key := rightOf(r)
	use := uses[key]
	if use == nil {
		if len(uses) >= c.options.Rights {
			*more++
			return
		}
		use = &Use{Right: key}
		uses[key] = use
	}
	if e.Stage == auditlog.ResponseStarted {
		use.started++
	} else {
		use.ended++
	}
	use.at(e.Time)
	use.name(r.Name, c.options.Names)
	if ok {
		use.authorizedBy(authorizer)
	}
}

func (u *Usage) join(o *Usage) {
	u.Unclear += o.Unclear
	for name, theirs := range o.subjects {
		ours := u.subjects[name]
		if ours == nil {
			u.subjects[name] = theirs
			continue
		}
		ours.join(theirs, u.options)
	}
}

// join adds what another one did.
func (s *Subject) join(o *Subject, options Options) {
	always := s.Always
	if s.lastGroups == nil {
		always = o.Always
	}
	s.inGroups(o.Groups)
	s.Always = slices.DeleteFunc(slices.Clone(always), func(g string) bool { return !slices.Contains(o.Always, g) })
	s.seen(o.First)
	s.seen(o.Last)
	s.MoreUsed += joinUses(s.used, o.used, options)
	s.MoreDenied += joinUses(s.denied, o.denied, options)
	s.MoreUsed += o.MoreUsed
	s.MoreDenied += o.MoreDenied
}

func joinUses(into, from map[Right]*Use, options Options) (more int64) {
	for _, theirs := range sorted(from) {
		ours := into[theirs.Right]
		if ours == nil {
			if len(into) >= options.Rights {
				more += theirs.Count()
				continue
			}
			ours = &Use{Right: theirs.Right}
			into[theirs.Right] = ours
		}
		ours.join(theirs, options.Names)
	}
	return more
}
