package usage

import (
	"context"

	"github.com/plimsoll-io/plimsoll/auditlog"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// A Replayed is what would have become of a log's requests under other roles.
type Replayed struct {
	Summary *auditlog.Summary
	// Requests were allowed when they were made; Denials of them would not have been, by right.
	Requests int64
	Denials  []*Use
}

// Replay asks an authorizer for everything that a subject, or a member of a group, was allowed in the logs. The error is
// that of ctx.
func Replay(ctx context.Context, inputs []auditlog.Input, a *rbac.Authorizer, subject rbac.Subject, options Options) (*Replayed, error) {
	options = options.withDefaults()
	var parts []*replayer
	summary, err := auditlog.Read(ctx, inputs, options.Log, func() auditlog.Consumer {
		r := &replayer{authorizer: a, subject: subject, options: options, denied: map[Right]*Use{}, answers: map[answer]bool{}}
		parts = append(parts, r)
		return r
	})
	if err != nil {
		return nil, err
	}
	out := &Replayed{Summary: summary}
	denied := map[Right]*Use{}
	for _, part := range parts {
		out.Requests += part.requests
		joinUses(denied, part.denied, options)
	}
	out.Denials = sorted(denied)
	return out, nil
}

// An answer was given before.
type answer struct {
	user    string
	request rbac.Request
}

const maxAnswers = 1 << 16

type replayer struct {
	authorizer *rbac.Authorizer
	subject    rbac.Subject
	options    Options
	requests   int64
	denied     map[Right]*Use
	answers    map[answer]bool
}

// Consume asks for what the event needed.
func (p *replayer) Consume(e *auditlog.Event) {
	if !e.Final() {
		return
	}
	ok := allowed(e)
	requests(e, func(user *auditlog.User, r rbac.Request) {
		if user == e.Actor() && !ok {
			return
		}
		identity := rbac.SubjectOfUser(user.Name).Identity().With(user.Groups...)
		if !p.concerns(user, identity) {
			return
		}
		p.requests++
		if p.can(identity, r) {
			return
		}
		use := p.denied[rightOf(r)]
		if use == nil {
			if len(p.denied) >= p.options.Rights {
				return
			}
			use = &Use{Right: rightOf(r)}
			p.denied[rightOf(r)] = use
		}
		use.ended++
		use.at(e.Time)
		use.name(r.Name, p.options.Names)
	})
}

func (p *replayer) concerns(user *auditlog.User, id rbac.Identity) bool {
	if p.subject.Kind != rbac.GroupKind {
		return user.Name == p.subject.UserName()
	}
	for _, g := range id.Groups {
		if g == p.subject.Name {
			return true
		}
	}
	return false
}

// can remembers answers. Groups are taken to be the same for all requests of a user: the roles that are tried are bound to
// the subject itself.
func (p *replayer) can(id rbac.Identity, r rbac.Request) bool {
	key := answer{id.User, r}
	ok, known := p.answers[key]
	if !known {
		if len(p.answers) >= maxAnswers {
			clear(p.answers)
		}
		_, ok = p.authorizer.Can(id, r)
		p.answers[key] = ok
	}
	return ok
}
