package access

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// A Grant is the proof of a right: who binds whom to which role, and the rule of it.
type Grant struct {
	Binding *Ref       `json:"binding,omitempty"` // none for members of system:masters, who bypass RBAC
	Role    *Ref       `json:"role,omitempty"`
	Rule    *rbac.Rule `json:"rule,omitempty"`
	// Index is the rule's place in the role, from 0.
	Index   int     `json:"index"`
	Subject Subject `json:"subject"` // as the binding names it: the caller or one of its groups
	// Default says that Kubernetes itself installs the binding.
	Default bool `json:"default,omitempty"`
}

func refOf(r finding.Ref) *Ref { return &Ref{Kind: r.Kind, Namespace: r.Namespace, Name: r.Name} }

func subjectOf(s rbac.Subject) Subject {
	return Subject{Kind: s.Kind, Namespace: s.Namespace, Name: s.Name}
}

func grantOf(g rbac.Grant) Grant {
	out := Grant{Index: g.Rule, Subject: subjectOf(g.Subject)}
	if g.Binding != nil {
		out.Binding, out.Role, out.Rule, out.Default = refOf(g.Binding.Ref), refOf(g.Binding.RoleRef), g.Of(), g.Binding.Default
	}
	return out
}

func grantsOf(list []rbac.Grant) []Grant {
	out := make([]Grant, 0, len(list))
	for _, g := range list {
		out = append(out, grantOf(g))
	}
	return out
}

// Holders answers who can do something.
type Holders struct {
	Header
	Request Request  `json:"request"`
	Items   []Access `json:"items"`
}

// A Request is what was asked about.
type Request struct {
	Verb        string `json:"verb"`
	Group       string `json:"group"`
	Resource    string `json:"resource,omitempty"`
	Subresource string `json:"subresource,omitempty"`
	Namespace   string `json:"namespace"`
	Name        string `json:"name,omitempty"`
	Path        string `json:"path,omitempty"`
}

// An Access is a subject that can, and why.
type Access struct {
	Subject Subject `json:"subject"`
	// People are the members of a group that an identity file names.
	People []string `json:"people,omitempty"`
	Via    []Grant  `json:"via"`
}

// WhoCan is the answer to "who can"; people names the members of a group, as far as anybody knows.
func WhoCan(h Header, r rbac.Request, list []rbac.Access, people func(group string) []string) *answer.Document {
	body := Holders{Header: h, Request: requestOf(r), Items: make([]Access, 0, len(list))}
	table := answer.Table{
		Title: "Who can " + r.String(), Columns: []string{"subject", "by", "role", "rule"},
		Empty: "Nobody that a binding names can.",
	}
	for _, a := range list {
		item := Access{Subject: subjectOf(a.Subject), Via: grantsOf(a.Via)}
		if a.Subject.Kind == rbac.GroupKind && people != nil {
			item.People = people(a.Subject.Name)
		}
		body.Items = append(body.Items, item)
		for i, g := range a.Via {
			who := a.Subject.String()
			if len(item.People) > 0 {
				who += " (" + peopleText(item.People) + ")"
			}
			if i > 0 {
				who = ""
			}
			table.Rows = append(table.Rows, append([]string{who}, grantCells(g)...))
		}
	}
	doc := document(h, body, table)
	doc.Text = func(t *answer.Terminal) {
		t.Heading(table.Title, display.Plural(len(list), "subject"))
		for i, a := range list {
			who := a.Subject.String()
			if people := body.Items[i].People; len(people) > 0 {
				who += " (" + peopleText(people) + ")"
			}
			t.Line("")
			t.Text(0, who)
			grantLines(t, a.Via, a.Subject)
		}
	}
	return doc
}

// grants writes how a subject has a right, one grant a line.
func grantLines(t *answer.Terminal, list []rbac.Grant, own rbac.Subject) {
	for _, g := range list {
		if g.Binding == nil {
			t.Wrapped(2, "", "bypasses RBAC")
			continue
		}
		text := g.Binding.String() + " → " + g.Binding.RoleRef.String() + ", rule " + strconv.Itoa(g.Rule) + ": " + ruleText(g.Of())
		if g.Subject != own {
			text = "as " + g.Subject.String() + ": " + text
		}
		if g.Binding.Default {
			text += " (installed by Kubernetes)"
		}
		t.Wrapped(2, "", text)
	}
}

// peopleText names a few and counts the rest.
func peopleText(people []string) string {
	const most = 5
	if len(people) <= most {
		return strings.Join(people, ", ")
	}
	return strings.Join(people[:most], ", ") + fmt.Sprintf(" and %d more", len(people)-most)
}

func requestOf(r rbac.Request) Request {
	return Request{
		Verb: r.Verb, Group: r.Group, Resource: r.Resource, Subresource: r.Subresource, Namespace: r.Namespace, Name: r.Name, Path: r.Path,
	}
}

// grantCells are a grant's binding, role and rule for people.
func grantCells(g rbac.Grant) []string {
	if g.Binding == nil {
		return []string{"bypasses RBAC", "", ""}
	}
	return []string{g.Binding.String(), g.Binding.RoleRef.String(), "rule " + strconv.Itoa(g.Rule) + ": " + ruleText(g.Of())}
}

// ruleText is a rule in a few words: "get list secrets (named a, b)".
func ruleText(r *rbac.Rule) string {
	parts := []string{strings.Join(r.Verbs, " ")}
	for _, path := range r.NonResourceURLs {
		if path == "*" {
			path = "every path"
		}
		parts = append(parts, path)
	}
	parts = append(parts, resourcesText(r)...)
	if len(r.ResourceNames) > 0 {
		parts = append(parts, "(named "+strings.Join(r.ResourceNames, ", ")+")")
	}
	return strings.TrimSpace(strings.Join(parts, " "))
}

// resourcesText names each resource with its group. Where there are many groups, which each would have to be repeated
// with, it names the groups once.
func resourcesText(r *rbac.Rule) []string {
	const many = 4
	if len(r.APIGroups) > many && len(r.Resources) > 1 {
		groups := make([]string, 0, len(r.APIGroups))
		for _, group := range r.APIGroups {
			if group == "" {
				group = "the core group"
			}
			groups = append(groups, group)
		}
		return append(slices.Clone(r.Resources), "of "+strings.Join(groups, ", "))
	}
	var out []string
	for _, resource := range r.Resources {
		for _, group := range r.APIGroups {
			switch {
			case group == "*" && resource == "*":
				out = append(out, "everything")
			case group != "":
				out = append(out, resource+"."+group)
			default:
				out = append(out, resource)
			}
		}
	}
	return out
}
