package rehearse

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/rbac/usage"
)

// blame are the changes that take away what allowed a request, and a sentence on the first of them.
func (r *rightsRun) blame(o *usage.Outcome) (refs []finding.Ref, reason string) {
	request := o.Request(o.Object)
	for _, a := range []*rbac.Authorizer{r.sources, r.old} {
		grants := a.Grants(o.Identity, request)
		if refs = r.blameGrants(grants, &request); len(refs) > 0 {
			break
		}
		if refs = r.blameGrants(grants, nil); len(refs) > 0 {
			break
		}
	}
	if len(refs) == 0 {
		return r.everything(), "nothing allows it any more"
	}
	if r.changed[identity(refs[0])].New == nil {
		return refs, refs[0].String() + " allows it, and is removed"
	}
	return refs, refs[0].String() + " allows it no more"
}

func (r *rightsRun) everything() []finding.Ref {
	var refs []finding.Ref
	for _, c := range r.changes {
		refs = append(refs, c.Ref())
	}
	return refs
}

// blameGrants are the changes of the objects that grants are made of, bindings first. With a request, only those count that
// stand in its way: a binding that still gives the same role to the same subject does not, and a role that still allows it.
func (r *rightsRun) blameGrants(grants []rbac.Grant, request *rbac.Request) (refs []finding.Ref) {
	add := func(ref finding.Ref) {
		if c, changed := r.changed[identity(ref)]; changed && !slices.Contains(refs, c.Ref()) {
			refs = append(refs, c.Ref())
		}
	}
	for _, g := range grants {
		if g.Binding == nil {
			continue
		}
		if request == nil || !r.stillBinds(g) {
			add(g.Binding.Ref)
		}
		if role := g.Binding.Role; role != nil && (request == nil || !r.stillAllows(g, *request)) {
			add(role.Ref)
			if source, _ := role.Source(g.Rule); source != nil {
				add(source.Ref)
			}
		}
	}
	return refs
}

// stillBinds says whether a binding gives the same role to the same subject after the change.
func (r *rightsRun) stillBinds(g rbac.Grant) bool {
	return slices.ContainsFunc(r.holders[identity(g.Binding.Ref)], func(b *rbac.Binding) bool {
		return identity(b.RoleRef) == identity(g.Binding.RoleRef) && slices.Contains(b.Subjects, g.Subject)
	})
}

// stillAllows says whether the role of a grant allows a request after the change, whoever it is bound to.
func (r *rightsRun) stillAllows(g rbac.Grant, request rbac.Request) bool {
	for _, role := range r.new.Roles() {
		if identity(role.Ref) == identity(g.Binding.Role.Ref) {
			return slices.ContainsFunc(role.Rules, func(rule rbac.Rule) bool { return rule.Allows(request) })
		}
	}
	return false
}

// named are new objects of the change that the log's reason names: they may take the place of what was not read.
func (r *rightsRun) named(reason string) []finding.Ref {
	var out []finding.Ref
	for _, c := range r.changes {
		if c.Old != nil || reason == "" {
			continue
		}
		name := c.New.Name
		if c.New.Kind == "RoleBinding" {
			name += "/" + c.New.Namespace
		}
		if strings.Contains(reason, fmt.Sprintf("%s %q", c.New.Kind, name)) {
			out = append(out, c.Ref())
		}
	}
	return out
}

// unknown makes a doubt of every right that is lost, and of every account.
func (r *rightsRun) unknown(diff []rbac.Change, removed map[string]*inventory.Object, reason string) {
	for _, c := range diff {
		for _, d := range c.Lost {
			refs := r.blameGrants(d.Grants, nil)
			if len(refs) == 0 {
				refs = r.everything()
			}
			r.out.doubts = append(r.out.doubts, Doubt{Changes: refs, Sort: rbacSort, Event: rightEvent(c.Subject, d.Right), Reason: reason})
		}
	}
	for _, c := range r.changes {
		account := c.Old
		if c.New != nil || !isServiceAccount(c.Ref()) || removed[rbac.Account(account.Namespace, account.Name).UserName()] == nil {
			continue
		}
		r.out.doubts = append(r.out.doubts, Doubt{Changes: []finding.Ref{account.Ref}, Sort: rbacSort, Object: &account.Ref, Count: 1, Reason: reason})
	}
}

// rightEvent is a right as requests of one sort, wildcards and all.
func rightEvent(s rbac.Subject, right rbac.Right) *Event {
	e := &Event{User: s.String(), Verb: strings.Join(right.Rule.Verbs, ","), Namespace: right.Namespace}
	if len(right.Rule.NonResourceURLs) > 0 {
		e.Path = strings.Join(right.Rule.NonResourceURLs, ",")
		return e
	}
	var resources []string
	for _, group := range right.Rule.APIGroups {
		for _, resource := range right.Rule.Resources {
			resource, sub, _ := strings.Cut(resource, "/")
			resources = append(resources, resourceText(group, resource, sub))
		}
	}
	e.Resource, e.Name = strings.Join(resources, ","), strings.Join(right.Rule.ResourceNames, ",")
	return e
}

// gains are notes: a right more breaks nothing, and a person should know.
func (r *rightsRun) gains(diff []rbac.Change) {
	const most = 20
	shown, more := 0, 0
	for _, c := range diff {
		for _, d := range c.Gained {
			if shown == most {
				more++
				continue
			}
			shown++
			e := rightEvent(c.Subject, d.Right)
			text := e.User + " gains " + e.Verb + " " + e.Resource + e.Path
			if e.Name != "" {
				text += " " + e.Name
			}
			if e.Namespace != "" {
				text += " in " + e.Namespace
			}
			r.out.notes = append(r.out.notes, text)
		}
	}
	if more > 0 {
		r.out.notes = append(r.out.notes, display.Plural(more, "more right")+" gained: plimsoll rbac diff lists all")
	}
	if shown > 0 {
		r.out.cannotKnow = append(r.out.cannotKnow,
			"Whether who applies the change may grant these rights: the API server asks for each of them, or for the verbs escalate and bind.")
	}
}

// validity finds what the API server would refuse of the change itself.
func (r *rightsRun) validity() {
	for _, c := range r.changes {
		if c.Old != nil && c.New != nil && strings.HasSuffix(c.New.Kind, "Binding") && roleRef(c.Old) != roleRef(c.New) {
			r.refuse(c.New, "roleRef", "roleRef of a binding cannot be changed: it has to be removed and made again")
		}
		if c.Old != nil && c.Old.Annotations()["rbac.authorization.kubernetes.io/autoupdate"] == "true" && c.New != nil {
			r.out.notes = append(r.out.notes, c.Ref().String()+" is kept by the API server: what is missing is added again whenever it starts")
		}
	}
	type known struct {
		finding.Ref
		message string
	}
	before := map[known]bool{}
	for _, w := range r.old.Warnings() {
		before[known{identity(w.Object), w.Message}] = true
	}
	told := map[finding.Ref]bool{}
	for _, w := range r.new.Warnings() {
		c, changed := r.changed[identity(w.Object)]
		if !changed || c.New == nil {
			continue
		}
		if w.Fact == rbac.Refused {
			if !told[identity(w.Object)] {
				r.refuse(c.New, w.Path, w.Message)
			}
			told[identity(w.Object)] = true
			continue
		}
		if !before[known{identity(w.Object), w.Message}] {
			r.out.notes = append(r.out.notes, c.Ref().String()+": "+w.Message)
		}
	}
}

func (r *rightsRun) refuse(o *inventory.Object, path finding.Path, reason string) {
	r.out.breaks = append(r.out.breaks, Break{
		Changes: []finding.Ref{o.Ref}, Sort: rbacSort, Object: &o.Ref, Path: path, Position: o.Origin, Count: 1, Reason: "the API server refuses it: " + reason,
	})
}

// roleRef is the role that a binding refers to.
func roleRef(o *inventory.Object) string {
	return inventory.String(o.Content, "roleRef", "kind") + "/" + inventory.String(o.Content, "roleRef", "name")
}
