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
	grants := r.sources.Grants(o.Identity, request)
	if refs, reason = r.blameGrants(grants); len(refs) > 0 {
		return refs, reason
	}
	if refs, reason = r.blameGrants(r.old.Grants(o.Identity, request)); len(refs) > 0 {
		return refs, reason
	}
	for _, c := range r.changes {
		refs = append(refs, c.Ref())
	}
	return refs, "nothing allows it any more"
}

// blameGrants are the changes of the objects that grants are made of: bindings first, for whoever removes both has to undo
// both.
func (r *rightsRun) blameGrants(grants []rbac.Grant) (refs []finding.Ref, reason string) {
	add := func(ref finding.Ref) {
		c, changed := r.changed[identity(ref)]
		if !changed || slices.Contains(refs, c.Ref()) {
			return
		}
		refs = append(refs, c.Ref())
		if reason == "" {
			reason = c.Ref().String() + " allows it no more"
			if c.New == nil {
				reason = c.Ref().String() + " allows it, and is removed"
			}
		}
	}
	for _, g := range grants {
		if g.Binding == nil {
			continue
		}
		add(g.Binding.Ref)
		if role := g.Binding.Role; role != nil {
			add(role.Ref)
			if source, _ := role.Source(g.Rule); source != nil {
				add(source.Ref)
			}
		}
	}
	return refs, reason
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
			refs, _ := r.blameGrants(d.Grants)
			if len(refs) == 0 {
				for _, one := range r.changes {
					refs = append(refs, one.Ref())
				}
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
		r.out.notes = append(r.out.notes, c.Ref().String()+": "+w.Message)
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
