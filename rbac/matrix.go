package rbac

import (
	"cmp"
	"iter"
	"slices"
	"strings"
)

// A Cell is one place of the matrix of who may do what: the verbs of a subject on one resource in one scope.
type Cell struct {
	Subject   Subject
	Namespace string // "" is everywhere
	// Group is the API group, "*" for all; Resource is "pods", "pods/exec", "*/scale" or "*". Wildcards stay as they are.
	// Rules with thousands of parts are not taken apart: there both hold several, joined by commas, and Names too.
	Group, Resource string
	Path            string   // of rights that are about no resource; Group and Resource are then ""
	Names           []string // nil is every name
	Verbs           []string // "*" is every verb
	Grants          []Grant
}

// A Filter chooses cells of the matrix. The zero Filter chooses all.
type Filter struct {
	Subject   func(Subject) bool // nil chooses every subject
	Namespace string             // chooses what counts in this namespace, rights everywhere included
	Verb      string             // chooses cells with this verb or "*"; their other verbs stay
	Group     string             // of Resource, when that is not ""
	Resource  string             // chooses cells that cover this resource, "pods/exec"
	// NoDefaults leaves out what only the bindings grant that Kubernetes itself installs.
	NoDefaults bool
	// Effective includes the rights of the groups that authentication gives, with each subject again.
	Effective bool
}

// Matrix yields the cells that are not empty, by subject, scope and resource. It holds one subject's cells at a time.
func (a *Authorizer) Matrix(f Filter) iter.Seq[Cell] {
	return func(yield func(Cell) bool) {
		for _, s := range a.Subjects() {
			if f.Subject != nil && !f.Subject(s) {
				continue
			}
			for _, c := range a.row(s, f) {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// row are the cells of one subject.
func (a *Authorizer) row(s Subject, f Filter) []Cell {
	from := a.ownBoxes(s)
	if f.Effective {
		from = a.boxesOf(s.Identity())
	}
	if f.NoDefaults {
		from = slices.DeleteFunc(from, func(b box) bool { return b.grants[0].Binding != nil && b.grants[0].Binding.Default })
	}
	from = slices.DeleteFunc(from, func(b box) bool { return !f.reaches(b.namespace) })
	var out []Cell
	for _, c := range joinNames(cells(from)) {
		if !f.chooses(c) {
			continue
		}
		one := Cell{Subject: s, Namespace: c.namespace, Names: c.names, Verbs: c.verbs, Grants: c.grants}
		if c.path {
			one.Path = c.resources[0]
		} else {
			one.Group, one.Resource = strings.Join(c.groups, ","), strings.Join(c.resources, ",")
		}
		out = append(out, one)
	}
	slices.SortFunc(out, func(x, y Cell) int {
		return cmp.Or(strings.Compare(x.Namespace, y.Namespace), strings.Compare(x.Path, y.Path), strings.Compare(x.Group, y.Group),
			strings.Compare(x.Resource, y.Resource), slices.Compare(x.Names, y.Names))
	})
	return out
}

func (f *Filter) reaches(namespace string) bool {
	return f.Namespace == "" || namespace == "" || namespace == f.Namespace
}

func (f *Filter) chooses(c *cell) bool {
	if f.Verb != "" && !has(c.verbs, f.Verb) {
		return false
	}
	if f.Resource == "" {
		return true
	}
	resources := words{list: c.resources}
	return !c.path && has(c.groups, f.Group) && resources.resource(f.Resource)
}
