package access

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// A RightsList answers what a subject may do.
type RightsList struct {
	Header
	Subject Subject  `json:"subject"`
	Groups  []string `json:"groups"`
	Items   []Right  `json:"items"`
}

// A Right is a rule in one scope, with all that grants it.
type Right struct {
	Namespace string    `json:"namespace"` // "" is everywhere
	Rule      rbac.Rule `json:"rule"`
	ByGroup   bool      `json:"byGroup"`
	Via       []Grant   `json:"via"`
}

func rightOf(r rbac.Right) Right {
	return Right{Namespace: r.Namespace, Rule: r.Rule, ByGroup: r.ByGroup(), Via: grantsOf(r.Grants)}
}

// Rights is the answer to what a subject may do.
func Rights(h Header, s rbac.Subject, id rbac.Identity, list []rbac.Right) *answer.Document {
	body := RightsList{Header: h, Subject: subjectOf(s), Groups: append([]string{}, id.Groups...), Items: make([]Right, 0, len(list))}
	table := answer.Table{
		Title: "What " + s.String() + " may do", Columns: []string{"where", "what", "by"}, Empty: "Nothing, as far as bindings say.",
	}
	for _, r := range list {
		body.Items = append(body.Items, rightOf(r))
		table.Rows = append(table.Rows, []string{scopeText(r.Namespace), ruleText(&r.Rule), bindingsText(r.Grants, s)})
	}
	doc := document(h, body, table)
	if len(id.Groups) > 0 {
		doc.Notes = append(doc.Notes, "counted as a member of "+strings.Join(id.Groups, ", "))
	}
	return doc
}

func scopeText(namespace string) string {
	if namespace == "" {
		return "everywhere"
	}
	return namespace
}

// bindingsText names the bindings of grants, each once, and the group by which they count.
func bindingsText(grants []rbac.Grant, own rbac.Subject) string {
	var out []string
	seen := map[string]bool{}
	for _, g := range grants {
		text := "system:masters, which bypasses RBAC"
		if g.Binding != nil {
			text = g.Binding.String()
		}
		if g.Subject != own && g.Binding != nil {
			text += " (as " + g.Subject.String() + ")"
		}
		if !seen[text] {
			seen[text] = true
			out = append(out, text)
		}
	}
	return strings.Join(out, ", ")
}

// A RightsMatrix is the documentation of access rights: who may do what to what, which roles there are, and who has
// them. Items are written one by one.
type RightsMatrix struct {
	Header
	Items       []Cell       `json:"items"`
	Roles       []RoleEntry  `json:"roles"`
	Assignments []Assignment `json:"assignments"`
}

// A Cell is the verbs of a subject on one resource in one scope.
type Cell struct {
	Subject   Subject  `json:"subject"`
	Namespace string   `json:"namespace"`
	Group     string   `json:"group"`
	Resource  string   `json:"resource"`
	Path      string   `json:"path,omitempty"`
	Names     []string `json:"names,omitempty"`
	Verbs     []string `json:"verbs"`
	Bindings  []Ref    `json:"bindings"`
}

// A RoleEntry defines a role.
type RoleEntry struct {
	Role           Ref         `json:"role"`
	Default        bool        `json:"default"`
	AggregatedFrom []string    `json:"aggregatedFrom,omitempty"`
	Bindings       int         `json:"bindings"`
	Rules          []rbac.Rule `json:"rules"`
}

// An Assignment gives a role to a subject.
type Assignment struct {
	Subject Subject    `json:"subject"`
	People  []string   `json:"people,omitempty"`
	Role    Ref        `json:"role"`
	Scope   string     `json:"namespace"` // "" is everywhere
	Binding Ref        `json:"binding"`
	Since   *time.Time `json:"since,omitempty"`
}

// MatrixOptions say what a matrix holds.
type MatrixOptions struct {
	Filter rbac.Filter
	// People names the members of a group, as far as anybody knows.
	People func(group string) []string
}

// Matrix is the documentation of access rights, as auditors ask for it.
func Matrix(h Header, a *rbac.Authorizer, opts MatrixOptions) *answer.Document {
	m := &matrix{body: RightsMatrix{Header: h, Items: []Cell{}, Roles: []RoleEntry{}, Assignments: []Assignment{}}}
	m.tables = append(m.tables, matrixTable(a, opts.Filter))
	m.roles(a, opts.Filter)
	m.assignments(a, opts)
	doc := document(h, m.body, m.tables...)
	doc.Items = func(yield func(any) bool) {
		for c := range a.Matrix(opts.Filter) {
			if !yield(cellOf(c)) {
				return
			}
		}
	}
	return doc
}

type matrix struct {
	body   RightsMatrix
	tables []answer.Table
}

// matrixTable is the matrix for people.
func matrixTable(a *rbac.Authorizer, f rbac.Filter) answer.Table {
	return answer.Table{
		Title: "Access matrix", Columns: []string{"subject", "where", "resource", "names", "verbs", "by"}, Empty: "No rights.",
		Long: func(yield func([]string) bool) {
			for c := range a.Matrix(f) {
				row := []string{
					c.Subject.String(), scopeText(c.Namespace), cellResource(c), strings.Join(c.Names, ", "), strings.Join(c.Verbs, " "),
					bindingsText(c.Grants, c.Subject),
				}
				if !yield(row) {
					return
				}
			}
		},
	}
}

func cellOf(c rbac.Cell) Cell {
	cell := Cell{
		Subject: subjectOf(c.Subject), Namespace: c.Namespace, Group: c.Group, Resource: c.Resource, Path: c.Path, Names: c.Names,
		Verbs: c.Verbs, Bindings: make([]Ref, 0, 1),
	}
	for _, g := range c.Grants {
		if g.Binding == nil {
			continue
		}
		if ref := *refOf(g.Binding.Ref); !slices.Contains(cell.Bindings, ref) {
			cell.Bindings = append(cell.Bindings, ref)
		}
	}
	return cell
}

func cellResource(c rbac.Cell) string {
	switch {
	case c.Path == "*":
		return "every path"
	case c.Path != "":
		return c.Path
	case c.Group == "":
		return c.Resource
	case c.Group == "*" && c.Resource == "*":
		return "everything"
	}
	return c.Resource + "." + c.Group
}

func (m *matrix) roles(a *rbac.Authorizer, f rbac.Filter) {
	table := answer.Table{Title: "Role definitions", Columns: []string{"role", "origin", "bindings", "rules"}, Empty: "No roles."}
	for _, d := range a.Definitions() {
		if f.NoDefaults && d.Role.Default || f.Namespace != "" && d.Role.Namespace != "" && d.Role.Namespace != f.Namespace {
			continue
		}
		entry := RoleEntry{
			Role: *refOf(d.Role.Ref), Default: d.Role.Default, Bindings: d.Bindings, Rules: append([]rbac.Rule{}, d.Role.Rules...),
		}
		origin := "own"
		if d.Role.Default {
			origin = "Kubernetes"
		}
		for _, from := range d.AggregatedFrom {
			entry.AggregatedFrom = append(entry.AggregatedFrom, from.Name)
		}
		if len(entry.AggregatedFrom) > 0 {
			origin += ", aggregates " + strings.Join(entry.AggregatedFrom, ", ")
		}
		rules := make([]string, 0, len(entry.Rules))
		for i := range entry.Rules {
			rules = append(rules, ruleText(&entry.Rules[i]))
		}
		m.body.Roles = append(m.body.Roles, entry)
		table.Rows = append(table.Rows, []string{d.Role.String(), origin, fmt.Sprint(d.Bindings), strings.Join(rules, "; ")})
	}
	m.tables = append(m.tables, table)
}

func (m *matrix) assignments(a *rbac.Authorizer, opts MatrixOptions) {
	table := answer.Table{Title: "Role assignments", Columns: []string{"subject", "people", "role", "where", "by", "since"}, Empty: "No role is assigned."}
	f := opts.Filter
	for _, as := range a.Assignments() {
		if f.NoDefaults && as.Binding.Default || f.Subject != nil && !f.Subject(as.Subject) ||
			f.Namespace != "" && as.Binding.Namespace != "" && as.Binding.Namespace != f.Namespace {
			continue
		}
		entry := Assignment{
			Subject: subjectOf(as.Subject), Role: *refOf(as.Binding.RoleRef), Scope: as.Binding.Namespace, Binding: *refOf(as.Binding.Ref),
		}
		since := ""
		if !as.Since.IsZero() {
			entry.Since, since = &as.Since, as.Since.Format(time.DateOnly)
		}
		if as.Subject.Kind == rbac.GroupKind && opts.People != nil {
			entry.People = opts.People(as.Subject.Name)
		}
		m.body.Assignments = append(m.body.Assignments, entry)
		table.Rows = append(table.Rows, []string{
			as.Subject.String(), strings.Join(entry.People, ", "), as.Binding.RoleRef.String(), scopeText(entry.Scope), as.Binding.String(), since,
		})
	}
	m.tables = append(m.tables, table)
}

// A Diff answers which rights and paths differ between two states.
type Diff struct {
	Header
	Items  []Change `json:"items"`
	Opened []Path   `json:"opened"`
	Closed []Path   `json:"closed"`
}

// A Change is what a subject gained and lost.
type Change struct {
	Subject Subject `json:"subject"`
	Gained  []Delta `json:"gained"`
	Lost    []Delta `json:"lost"`
}

// A Delta is a right that one state has and the other does not; Besides is what of it the other had as well.
type Delta struct {
	Right
	Besides []string `json:"besides,omitempty"`
}

func deltasOf(list []rbac.Delta) []Delta {
	out := make([]Delta, 0, len(list))
	for _, d := range list {
		delta := Delta{Right: rightOf(d.Right)}
		for _, b := range d.Besides {
			delta.Besides = append(delta.Besides, ruleText(&b.Rule)+" "+scopeWords(b.Namespace))
		}
		out = append(out, delta)
	}
	return out
}

func scopeWords(namespace string) string {
	if namespace == "" {
		return "everywhere"
	}
	return "in " + namespace
}

// deltaText is a right in words: "get secrets in shop (besides …)".
func deltaText(d rbac.Delta) string {
	text := ruleText(&d.Rule) + " " + scopeWords(d.Namespace)
	if len(d.Besides) > 0 {
		text += fmt.Sprintf(" (part of it was there: %s)", display.Plural(len(d.Besides), "right"))
	}
	return text
}
