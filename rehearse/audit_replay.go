package rehearse

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-io/plimsoll/auditlog"
	"github.com/plimsoll-io/plimsoll/auditlog/auditpolicy"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
)

// A rejudger judges recorded events by a new policy.
type rejudger struct {
	*auditRun
	judged  int64
	kept    int64 // would be recorded
	higher  int64 // would be recorded with more
	unknown int64 // depend on groups that the log does not tell
	unlevel int64 // do not tell their level
	more    int64
	found   map[auditKey]*auditLoss
}

// An auditLoss is events of one sort that would be recorded otherwise.
type auditLoss struct {
	count    int64
	last     time.Time
	name     string
	several  bool
	earliest []stampedID
}

type stampedID struct {
	at time.Time
	id string
}

func (a stampedID) compare(b stampedID) int {
	return cmp.Or(a.at.Compare(b.at), strings.Compare(a.id, b.id))
}

// maxAuditSorts bounds how many sorts of events are kept.
const maxAuditSorts = 20_000

func newRejudger(r *auditRun) *rejudger {
	return &rejudger{auditRun: r, found: map[auditKey]*auditLoss{}}
}

// Consume judges one event. Of a request that leaves several events, each counts.
func (p *rejudger) Consume(e *auditlog.Event) {
	a := auditpolicy.AttributesOf(e)
	if a.Verb == "" {
		p.unknown++
		return
	}
	p.judged++
	if len(a.Groups) == 0 && a.User != "" && p.policy.DependsOnGroups(a) {
		p.unknown++
		return
	}
	level := e.Level
	if auditpolicy.Compare(level, "") <= 0 {
		p.unlevel++
		level = auditpolicy.Metadata // or it would not be there
	}
	d := p.policy.Judge(a)
	to := d.Level
	if !d.Records(e.Stage) {
		to = auditpolicy.None
	} else {
		p.kept++
	}
	key := auditKey{user: a.User, verb: a.Verb, namespace: a.Namespace, from: level, to: to}
	if key.resource = resourceText(a.Group, a.Resource, a.Subresource); a.Resource == "" {
		key.resource, key.path = "", a.Path
	}
	switch change := auditpolicy.Compare(to, level); {
	case change == 0:
		return
	case change < 0:
		if to == auditpolicy.None && p.elsewhere(e, d) {
			return
		}
	default:
		p.higher++
		if !tells(a, to) || tells(a, level) || p.generally(a) {
			return
		}
		key.secret = auditpolicy.Confidential(a.Group, a.Resource, a.Subresource)
	}
	p.note(key, e)
}

// elsewhere says that another event of the same request is recorded still: the one of when it was received says nothing that
// its answer does not.
func (p *rejudger) elsewhere(e *auditlog.Event, d auditpolicy.Decision) bool {
	return e.Stage != auditlog.ResponseComplete && e.Stage != auditlog.Panic && d.Records(auditlog.ResponseComplete)
}

// generally says that the same is said of anybody.
func (p *rejudger) generally(a auditpolicy.Attributes) bool {
	a.User, a.Groups, a.Namespace, a.Name = somebody, []string{"system:authenticated"}, "default", ""
	if a.Group != "" {
		a.Namespace = ""
	}
	if a.Subresource == "token" {
		a.Name = "x"
	}
	return tells(a, p.policy.Judge(a).Level)
}

func (p *rejudger) note(key auditKey, e *auditlog.Event) {
	loss := p.found[key]
	if loss == nil {
		if len(p.found) >= maxAuditSorts {
			p.more++
			return
		}
		loss = &auditLoss{name: e.Object.Name}
		p.found[key] = loss
	}
	loss.several = loss.several || loss.name != e.Object.Name
	loss.count++
	if e.Time.After(loss.last) {
		loss.last = e.Time
	}
	loss.stamp(stampedID{e.Time, e.AuditID})
}

func (l *auditLoss) stamp(s stampedID) {
	const most = 3
	if at, known := slices.BinarySearchFunc(l.earliest, s, stampedID.compare); !known && at < most && s.id != "" {
		l.earliest = slices.Insert(l.earliest, at, s)
		l.earliest = l.earliest[:min(len(l.earliest), most)]
	}
}

func (p *rejudger) join(o *rejudger) {
	p.judged, p.kept, p.higher, p.unknown = p.judged+o.judged, p.kept+o.kept, p.higher+o.higher, p.unknown+o.unknown
	p.unlevel, p.more = p.unlevel+o.unlevel, p.more+o.more
	for key, theirs := range o.found {
		ours := p.found[key]
		if ours == nil {
			p.found[key] = theirs
			continue
		}
		ours.count += theirs.count
		ours.several = ours.several || theirs.several || ours.name != theirs.name
		if theirs.last.After(ours.last) {
			ours.last = theirs.last
		}
		for _, s := range theirs.earliest {
			ours.stamp(s)
		}
	}
}

// tell turns what was found into breaks, doubts and notes.
func (p *rejudger) tell(out *part) {
	ref := p.change.Ref()
	for _, key := range slices.SortedFunc(maps.Keys(p.found), auditKey.compare) {
		loss := p.found[key]
		e := &Event{User: key.user, Verb: key.verb, Resource: key.resource, Namespace: key.namespace, Path: key.path}
		if !loss.several {
			e.Name = loss.name
		}
		for _, s := range loss.earliest {
			if !slices.Contains(e.AuditIDs, s.id) {
				e.AuditIDs = append(e.AuditIDs, s.id)
			}
		}
		out.breaks = append(out.breaks, Break{Changes: []finding.Ref{ref}, Sort: auditSort, Event: e, Count: loss.count, Last: loss.last, Reason: key.reason()})
	}
	if p.unknown > 0 {
		out.doubts = append(out.doubts, Doubt{Changes: []finding.Ref{ref}, Sort: auditSort, Object: refOf(p.change.New), Count: p.unknown,
			Reason: display.Plural(int(p.unknown), "event") + " without the groups of the user, or the verb, on which the policy depends"})
	}
	if p.unlevel > 0 {
		out.cannotKnow = append(out.cannotKnow, fmt.Sprintf("At which level %d events are recorded today: the log does not say.", p.unlevel))
	}
	out.notes = append(out.notes, fmt.Sprintf("%d of %d recorded events would be recorded, %d of them with more", p.kept, p.judged, p.higher))
}

func (k auditKey) reason() string {
	switch {
	case k.secret != "":
		return fmt.Sprintf("%s would be written to the audit log, at level %s", k.secret, k.to)
	case k.to == auditpolicy.None:
		return "they would not be recorded any more"
	}
	return fmt.Sprintf("they would be recorded at level %s instead of %s", k.to, k.from)
}
