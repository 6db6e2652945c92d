package usage

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// A Mode says what generated roles are to what there is.
type Mode string

// The modes.
const (
	Missing Mode = "missing" // beside what there is: only what the subject needs and does not have
	Replace Mode = "replace" // instead of what there is
)

// GenerateOptions say how to generate roles.
type GenerateOptions struct {
	Mode Mode // Missing if ""
	// GeneralizeNames grants verbs on all objects of a resource where single ones were used.
	GeneralizeNames bool
	// NamesAbove generalizes only where more objects than this were used; 0 never does.
	NamesAbove int
	// Name is the name of the roles; one made from the subject's if "".
	Name string
	// Warn says what is too little to go by.
	Warn WarnOptions
}

// A Plan is a least set of roles for a subject, as objects to apply.
type Plan struct {
	Subject rbac.Subject `json:"subject"`
	Mode    Mode         `json:"mode"`
	// Objects are Roles, ClusterRoles and their bindings, ready to be written as YAML; sorted.
	Objects []map[string]any `json:"objects"`
	// Replaces are the bindings from which the subject is to be removed in mode Replace. Those of its groups stay.
	Replaces []*rbac.Binding `json:"-"`
	// Rights is how many rights the roles grant, Covered how many used ones need no role of their own.
	Rights  int `json:"rights"`
	Covered int `json:"covered"`
	// Ungrantable were used and cannot be granted by rules that allow nothing else.
	Ungrantable []Right   `json:"ungrantable,omitempty"`
	Warnings    []Warning `json:"warnings"`
}

// Generate makes the least set of roles by which a subject could have done what it did. existing is what is granted now;
// nil is nothing. It never grants more than was used, but for objects' names when the options say so, or when there were
// more of them than were kept.
func (u *Usage) Generate(subject rbac.Subject, existing *rbac.Authorizer, options GenerateOptions) *Plan {
	p := &planner{options: options, plan: &Plan{Subject: subject, Mode: cmp.Or(options.Mode, Missing)}, scopes: map[string][]need{}}
	seen := u.Of(subject)
	if seen == nil {
		seen = newSubject(subject)
		p.plan.warn(NeverSeen, fmt.Sprintf("%s made no request in the log", subject))
	}
	// What a group has is only there when the subject is in it.
	p.existing, p.identity = existing, subject.Identity().With(seen.Always...)
	p.plan.Warnings = append(p.plan.Warnings, u.windowWarnings(options.Warn)...)
	for _, use := range seen.Used() {
		p.use(use)
	}
	p.plan.Warnings = append(p.plan.Warnings, seen.warnings(options.Warn)...)
	p.objects()
	p.replace()
	return p.plan
}

// A planner collects what is needed where: by namespace, "" is everywhere.
type planner struct {
	options  GenerateOptions
	plan     *Plan
	existing *rbac.Authorizer
	identity rbac.Identity
	scopes   map[string][]need
}

// use notes what a use needs, unless there is a grant that stays.
func (p *planner) use(u *Use) {
	names := u.Names()
	if p.generalize(u, len(names)) {
		names = nil
	}
	if u.Unnamed > 0 || len(names) == 0 {
		names = []string{""}
	}
	ungrantable := false
	for _, name := range names {
		if p.stays(u.Request(name)) {
			p.plan.Covered++
			continue
		}
		if !grantable(u.Right) || strings.Contains(name, "\x00") {
			ungrantable = true
			continue
		}
		n := need{verb: u.Verb, group: u.Group, resource: u.Resource, name: name, path: u.Path}
		if u.Subresource != "" {
			n.resource += "/" + u.Subresource
		}
		p.scopes[u.Namespace] = append(p.scopes[u.Namespace], n)
	}
	if ungrantable {
		p.plan.Ungrantable = append(p.plan.Ungrantable, u.Right)
		p.plan.warn(Wildcard, fmt.Sprintf("%s was allowed, but no rule allows just that", quoted(u.Right)))
	}
}

func (p *planner) generalize(u *Use, names int) bool {
	if u.OtherNames > 0 {
		p.plan.warn(ManyNames, fmt.Sprintf("%s: more objects than were kept, so it is granted for all", u.Right))
		return true
	}
	return p.options.GeneralizeNames || p.options.NamesAbove > 0 && names > p.options.NamesAbove
}

// stays says whether a grant that is there allows the request and stays: any in mode Missing; in mode Replace what
// Kubernetes itself grants to a group of the subject, as everybody has that.
func (p *planner) stays(r rbac.Request) bool {
	if p.existing == nil {
		return false
	}
	if p.plan.Mode == Missing {
		_, ok := p.existing.Can(p.identity, r)
		return ok
	}
	for _, g := range p.existing.Grants(p.identity, r) {
		if g.Binding != nil && g.Binding.Default && g.Subject.Kind == rbac.GroupKind {
			return true
		}
	}
	return false
}

// objects writes the roles. What is needed everywhere is not granted in namespaces again.
func (p *planner) objects() {
	everywhere := minimalRules(p.scopes[""])
	for _, namespace := range slices.Sorted(maps.Keys(p.scopes)) {
		needs := p.scopes[namespace]
		if namespace != "" {
			needs = slices.DeleteFunc(needs, func(n need) bool { return allowedBy(everywhere, n) })
		}
		p.plan.Rights += len(needs)
		if rules := minimalRules(needs); len(rules) > 0 {
			name := p.freeName(namespace)
			p.plan.Objects = append(p.plan.Objects, role(namespace, name, rules), binding(namespace, name, p.plan.Subject))
		}
	}
}

// freeName is a name that no role and no binding there has, so that applying the objects overwrites nothing: what an
// earlier plan granted would be lost. A replacement may overwrite an earlier one.
func (p *planner) freeName(namespace string) string {
	name := cmp.Or(p.options.Name, roleName(p.plan.Subject))
	if p.existing == nil {
		return name
	}
	for free, n := name, 2; ; free, n = fmt.Sprintf("%s-%d", name, n), n+1 {
		if !p.taken(namespace, free) {
			return free
		}
	}
}

func (p *planner) taken(namespace, name string) bool {
	for _, r := range p.existing.Roles() {
		if r.Namespace == namespace && r.Name == name && (p.plan.Mode != Replace || !managed(r.Object)) {
			return true
		}
	}
	return slices.ContainsFunc(p.existing.Bindings(), func(b *rbac.Binding) bool {
		return b.Namespace == namespace && b.Name == name && !p.own(b)
	})
}

// own says whether the binding is that of an earlier replacement for the subject, and would be overwritten by this one.
func (p *planner) own(b *rbac.Binding) bool {
	return p.plan.Mode == Replace && managed(b.Object) && len(b.Subjects) == 1 && b.Subjects[0] == p.plan.Subject &&
		b.RoleRef.Name == b.Name && (b.RoleRef.Kind == "ClusterRole") == (b.Namespace == "")
}

// replace names the bindings that the plan stands for.
func (p *planner) replace() {
	if p.plan.Mode != Replace || p.existing == nil {
		return
	}
	written := map[string]bool{}
	for _, o := range p.plan.Objects {
		written[inventory.String(o, "metadata", "namespace")+"/"+inventory.String(o, "metadata", "name")] = true
	}
	for _, b := range p.existing.BindingsOf(p.plan.Subject) {
		if !b.Default && !(p.own(b) && written[b.Namespace+"/"+b.Name]) {
			p.plan.Replaces = append(p.plan.Replaces, b)
		}
	}
}

func allowedBy(rules []rbac.Rule, n need) bool {
	r := rbac.Request{Verb: n.verb, Group: n.group, Resource: n.resource, Name: n.name, Path: n.path}
	r.Resource, r.Subresource, _ = strings.Cut(n.resource, "/")
	return slices.ContainsFunc(rules, func(rule rbac.Rule) bool { return rule.Allows(r) })
}
