// Package usage compares the rights that subjects used, by the audit log, with those they are granted: what is unused,
// and which roles would have been enough.
package usage

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-io/plimsoll/rbac"
)

// A Right is a request without the name of the object.
type Right struct {
	Verb        string `json:"verb"`
	Group       string `json:"group,omitempty"`
	Resource    string `json:"resource,omitempty"`
	Subresource string `json:"subresource,omitempty"`
	Namespace   string `json:"namespace,omitempty"` // "" for cluster-scoped resources and for all namespaces
	Path        string `json:"path,omitempty"`      // of requests for no resource
}

func rightOf(r rbac.Request) Right {
	return Right{Verb: r.Verb, Group: r.Group, Resource: r.Resource, Subresource: r.Subresource, Namespace: r.Namespace, Path: r.Path}
}

// Request is the right as a request for an object, "" for none.
func (r Right) Request(name string) rbac.Request {
	return rbac.Request{
		Verb: r.Verb, Group: r.Group, Resource: r.Resource, Subresource: r.Subresource, Namespace: r.Namespace, Path: r.Path, Name: name,
	}
}

// String is the right in a few words, "get pods/log in shop".
func (r Right) String() string { return r.Request("").String() }

// Compare orders rights by path, namespace, group, resource and verb.
func (r Right) Compare(o Right) int {
	return cmp.Or(strings.Compare(r.Path, o.Path), strings.Compare(r.Namespace, o.Namespace), strings.Compare(r.Group, o.Group),
		strings.Compare(r.Resource, o.Resource), strings.Compare(r.Subresource, o.Subresource), strings.Compare(r.Verb, o.Verb))
}

// A Use is how a right was used.
type Use struct {
	Right
	// First and Last are when; zero when the log has no times.
	First, Last time.Time
	// Unnamed is how many requests named no object. OtherNames is how many named one beyond those that were kept.
	Unnamed, OtherNames int64
	// Authorizers allowed the requests: RBAC, system:masters, or what the log says. Sorted.
	Authorizers []string

	started, ended int64
	names          map[string]struct{}
}

// Count is how many requests there were; of long-running ones, whose start and end are both logged, at least how many.
func (u *Use) Count() int64 { return max(u.started, u.ended) }

// Names are the objects that requests named, sorted; no more than Options.Names of them.
func (u *Use) Names() []string { return slices.Sorted(maps.Keys(u.names)) }

// MarshalJSON writes the use with its names and count.
func (u *Use) MarshalJSON() ([]byte, error) { return marshalUse(u) }

// maxAuthorizers bounds the different reasons that are kept for a right.
const maxAuthorizers = 4

func (u *Use) authorizedBy(authorizer string) {
	if i, known := slices.BinarySearch(u.Authorizers, authorizer); !known && len(u.Authorizers) < maxAuthorizers {
		u.Authorizers = slices.Insert(u.Authorizers, i, authorizer)
	}
}

func (u *Use) at(t time.Time) {
	if t.IsZero() {
		return
	}
	if u.First.IsZero() || t.Before(u.First) {
		u.First = t
	}
	if t.After(u.Last) {
		u.Last = t
	}
}

func (u *Use) name(name string, limit int) {
	if name == "" {
		u.Unnamed++
		return
	}
	if _, known := u.names[name]; known {
		return
	}
	if len(u.names) >= limit {
		u.OtherNames++
		return
	}
	if u.names == nil {
		u.names = map[string]struct{}{}
	}
	u.names[name] = struct{}{}
}

// join adds another worker's part.
func (u *Use) join(o *Use, limit int) {
	u.started += o.started
	u.ended += o.ended
	u.Unnamed += o.Unnamed
	u.OtherNames += o.OtherNames
	u.at(o.First)
	u.at(o.Last)
	for _, a := range o.Authorizers {
		u.authorizedBy(a)
	}
	for _, name := range o.Names() {
		u.name(name, limit)
	}
}

// A Subject is what a user or service account did.
type Subject struct {
	rbac.Subject
	// Groups are those it was seen in, Always those it was in with every request; sorted.
	Groups, Always []string
	// First and Last are when it was seen.
	First, Last time.Time
	// MoreRights is how many requests were for rights beyond those that were kept, see Options.Rights. What they used or
	// were refused is not known.
	MoreUsed, MoreDenied int64

	used, denied map[Right]*Use
	lastGroups   []string
}

// Used are the rights it used, sorted; Denied those that it was refused.
func (s *Subject) Used() []*Use { return sorted(s.used) }

// Denied are the rights that it asked for and was refused, sorted.
func (s *Subject) Denied() []*Use { return sorted(s.denied) }

func sorted(uses map[Right]*Use) []*Use {
	return slices.SortedFunc(maps.Values(uses), func(a, b *Use) int { return a.Right.Compare(b.Right) })
}

// Identity is how the API server sees the subject: with the groups that it was seen in.
func (s *Subject) Identity() rbac.Identity {
	return s.Subject.Identity().With(s.Groups...)
}

// maxGroups bounds the groups that are kept of a subject.
const maxGroups = 200

func (s *Subject) inGroups(groups []string) {
	if s.lastGroups != nil && slices.Equal(groups, s.lastGroups) {
		return
	}
	if s.lastGroups == nil {
		s.Always = slices.Sorted(slices.Values(groups))
	}
	s.Always = slices.DeleteFunc(s.Always, func(g string) bool { return !slices.Contains(groups, g) })
	s.lastGroups = append(s.lastGroups[:0], groups...)
	if s.lastGroups == nil {
		s.lastGroups = []string{} // seen, in no group
	}
	for _, g := range groups {
		if i, known := slices.BinarySearch(s.Groups, g); !known && len(s.Groups) < maxGroups {
			s.Groups = slices.Insert(s.Groups, i, g)
		}
	}
}

func (s *Subject) seen(t time.Time) {
	if !t.IsZero() && (s.First.IsZero() || t.Before(s.First)) {
		s.First = t
	}
	if t.After(s.Last) {
		s.Last = t
	}
}
