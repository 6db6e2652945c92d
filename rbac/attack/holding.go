package attack

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// A holding tells which subjects hold something and where. It leaves out who holds everything everywhere: he needs no
// further technique.
type holding struct {
	subjects func() []rbac.Subject         // who a binding gives it to, each once
	of       func(s rbac.Subject) []holder // what the subject holds, by its own bindings and its groups'
	limited  bool                          // some rule that gives it has resourceNames
}

// holding is how subjects hold a right.
func (b *builder) holding(r right) holding {
	roles := map[*rbac.Role][]match{}
	var order []*rbac.Role
	for _, m := range b.matches(r) {
		if roles[m.role] == nil {
			order = append(order, m.role)
		}
		roles[m.role] = append(roles[m.role], m)
	}
	return holding{
		limited:  slices.ContainsFunc(b.matches(r), func(m match) bool { return m.names != nil }),
		subjects: func() []rbac.Subject { return b.boundTo(r, order) },
		of: func(s rbac.Subject) []holder {
			if len(order) == 0 {
				return nil
			}
			return b.heldThrough(s, roles, r.cluster)
		},
	}
}

func grantsEverything(rule *rbac.Rule) bool {
	return len(rule.ResourceNames) == 0 && slices.Contains(rule.Verbs, "*") && slices.Contains(rule.APIGroups, "*") &&
		slices.Contains(rule.Resources, "*")
}

// boundTo are the subjects of the bindings to the roles that give a right, each once.
func (b *builder) boundTo(r right, roles []*rbac.Role) []rbac.Subject {
	key, cluster := boundKey{r.key(), r.cluster}, r.cluster
	if known, ok := b.bound[key]; ok {
		return known
	}
	b.numbers.begin()
	var out []rbac.Subject
	for _, role := range roles {
		for _, binding := range b.bindingsOf[role] {
			if cluster && binding.Namespace != "" || binding.Namespace == "" && isAdmin(role) {
				continue
			}
			for _, s := range binding.Subjects {
				if b.numbers.first(s) {
					out = append(out, s)
				}
			}
		}
	}
	b.bound[key] = out
	return out
}

type boundKey struct {
	right   string
	cluster bool
}

// heldThrough are the subject's holdings by bindings to the roles.
func (b *builder) heldThrough(s rbac.Subject, roles map[*rbac.Role][]match, cluster bool) []holder {
	var out []holder
	for _, in := range b.memberships(s) {
		binding := in.binding
		if cluster && binding.Namespace != "" {
			continue
		}
		for _, m := range roles[binding.Role] {
			if binding.Namespace == "" && grantsEverything(&binding.Role.Rules[m.rule]) {
				continue
			}
			out = append(out, holder{s, binding.Namespace, m.names, []rbac.Grant{{Binding: binding, Rule: m.rule, Subject: in.member}}})
		}
	}
	return out
}

// creating is how subjects may make an object of which they choose the name. A rule with resourceNames allows that too,
// with server-side apply: its request names the object, and so does the check for create that follows it.
func (b *builder) creating(group, resource string, cluster bool) holding {
	free := b.holding(right{verbs: []string{"create"}, group: group, resource: resource, cluster: cluster})
	named := b.holding(right{verbs: []string{"create"}, group: group, resource: resource, named: true, cluster: cluster})
	apply := b.holding(right{verbs: []string{"patch", "update"}, group: group, resource: resource, named: true, cluster: cluster})
	return holding{
		subjects: named.subjects,
		of: func(s rbac.Subject) []holder {
			out := free.of(s)
			if !named.limited {
				return out
			}
			for _, h := range named.of(s) {
				if h.names == nil {
					continue
				}
				for _, a := range apply.of(s) {
					if joined, ok := h.and(a); ok {
						out = append(out, joined)
					}
				}
			}
			return out
		},
	}
}

// changing is how subjects may change objects that exist.
func (b *builder) changing(group, resource string, cluster bool) holding {
	return b.holding(right{verbs: []string{"update", "patch"}, group: group, resource: resource, named: true, cluster: cluster})
}

// either joins ways of holding something.
func either(ways ...holding) holding {
	return holding{
		subjects: func() []rbac.Subject {
			seen := map[rbac.Subject]bool{}
			var out []rbac.Subject
			for _, w := range ways {
				for _, s := range w.subjects() {
					if !seen[s] {
						seen[s] = true
						out = append(out, s)
					}
				}
			}
			return out
		},
		of: func(s rbac.Subject) []holder {
			var out []holder
			for _, w := range ways {
				out = append(out, w.of(s)...)
			}
			return out
		},
	}
}

// in leaves out what is held in other namespaces than some; what is held everywhere stays.
func (h holding) in(some func(namespace string) bool) holding {
	of := h.of
	h.of = func(s rbac.Subject) []holder {
		return slices.DeleteFunc(of(s), func(h holder) bool { return h.namespace != "" && !some(h.namespace) })
	}
	return h
}

// and joins two holdings of a subject: where both count, on the names that both cover. ok is false when there is no
// such place or name.
func (h holder) and(o holder) (joined holder, ok bool) {
	joined = h
	switch {
	case h.namespace == "":
		joined.namespace = o.namespace
	case o.namespace != "" && o.namespace != h.namespace:
		return holder{}, false
	}
	switch {
	case h.names == nil:
		joined.names = o.names
	case o.names != nil:
		joined.names = intersect(h.names, o.names)
		if len(joined.names) == 0 {
			return holder{}, false
		}
	}
	joined.grants = append(slices.Clone(h.grants), o.grants...)
	return joined, true
}

// with is the holding of another right in the same place, whose names do not matter to the first.
func (h holder) with(o holder) (joined holder, ok bool) {
	o.names = nil
	return h.and(o)
}

func intersect(a, b []string) []string {
	var out []string
	for _, v := range a {
		if slices.Contains(b, v) {
			out = append(out, v)
		}
	}
	return out
}

// own says that at least one grant is the subject's own. Steps that groups alone allow are the groups'.
func (h holder) own() bool {
	return slices.ContainsFunc(h.grants, func(g rbac.Grant) bool { return g.Subject == h.subject })
}

// covers says whether the holder's names cover one.
func (h holder) covers(name string) bool { return h.names == nil || slices.Contains(h.names, name) }

// joint are the subjects that hold all of it in one place, at least one by their own bindings. The names are the
// first's; the others' do not matter.
func (b *builder) joint(first holding, others ...holding) []holder {
	return b.combine(holder.with, first, others)
}

// jointOnNames is joint for rights over the same object: the names are those that all cover.
func (b *builder) jointOnNames(first holding, others ...holding) []holder {
	return b.combine(holder.and, first, others)
}

func (b *builder) combine(join func(h, o holder) (holder, bool), first holding, others []holding) []holder {
	var out, room []holder
	seen := map[string]bool{}
	for _, s := range b.candidates(append([]holding{first}, others...)...) {
		held := first.of(s)
		for _, other := range others {
			if len(held) == 0 {
				break
			}
			next := room[:0]
			more := other.of(s)
			for _, h := range held {
				for _, o := range more {
					if joined, ok := join(h, o); ok {
						next = append(next, joined)
					}
				}
			}
			held, room = next, held
		}
		clear(seen)
		for _, h := range held {
			if !h.own() {
				continue
			}
			if len(held) == 1 {
				out = append(out, h)
			} else if key := h.key(); !seen[key] {
				seen[key] = true
				out = append(out, h)
			}
		}
	}
	return out
}

// addCluster adds a step to the whole set, or to what its names stand for, of things that lie in no namespace.
func (b *builder) addCluster(h holder, all finding.Ref, named func(name string) (to finding.Ref, ok bool)) {
	if h.names == nil {
		b.add(subject(h), all, h.proof())
		return
	}
	for _, name := range h.names {
		if to, ok := named(name); ok {
			b.add(subject(h), to, h.proof())
		}
	}
}
