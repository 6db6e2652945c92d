package admission

import (
	"fmt"
	"strings"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/policy/admission"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// A CatalogueList is the controls that are policies.
type CatalogueList struct {
	APIVersion string           `json:"apiVersion"`
	Kind       string           `json:"kind"`
	Items      []CatalogueEntry `json:"items"`
}

// A CatalogueEntry is one control as a policy.
type CatalogueEntry struct {
	ID       string           `json:"id"`
	Policy   string           `json:"policy"` // its name in a cluster
	Severity finding.Severity `json:"severity"`
	Title    string           `json:"title"`
	Kinds    []string         `json:"kinds"`
	// Parameters is the kind of the parameters, "ConfigMap"; "" when it has none.
	Parameters string `json:"parameters"`
}

// Catalogue is the answer to which controls are policies that an API server can enforce.
func Catalogue(controls []control.Control) *answer.Document {
	body := CatalogueList{APIVersion: report.APIVersion, Kind: "PolicyCatalogue", Items: []CatalogueEntry{}}
	table := answer.Table{Title: "Controls that are policies", Columns: []string{"id", "severity", "what", "kinds", "parameters"}, Empty: "There is none."}
	others := 0
	for _, c := range controls {
		if c.Policy == nil {
			others++
			continue
		}
		e := CatalogueEntry{ID: c.ID, Policy: c.Policy.Source.Name, Severity: c.Severity, Title: c.Title, Kinds: []string{}}
		for _, gk := range c.Policy.Kinds() {
			e.Kinds = append(e.Kinds, gk.Kind)
		}
		if kind := c.Policy.Source.Spec.ParamKind; kind != nil {
			e.Parameters = kind.Kind
		}
		body.Items = append(body.Items, e)
		table.Rows = append(table.Rows, []string{e.ID, e.Severity.String(), e.Title, kinds(e.Kinds), e.Parameters})
	}
	return &answer.Document{Body: body, Tables: []answer.Table{table}, Notes: []string{
		fmt.Sprintf("%s no policies, since they join several objects: plimsoll controls list has them all", areOthers(others)),
	}, Text: func(t *answer.Terminal) { catalogueText(t, body.Items) }}
}

func areOthers(n int) string {
	if n == 1 {
		return "1 further control is"
	}
	return display.Plural(n, "further control") + " are"
}

func catalogueText(t *answer.Terminal, items []CatalogueEntry) {
	t.Heading("Controls that are policies", fmt.Sprint(len(items)))
	for _, e := range items {
		paint := t.Dim
		if e.Severity >= finding.High {
			paint = t.Bad
		}
		t.Lead(0, answer.Lead{Word: display.Pad(e.Severity.String(), len("critical")), Paint: paint}, t.Bold(e.ID)+"  "+e.Title)
		about := kinds(e.Kinds)
		if t.All() {
			about = strings.Join(e.Kinds, " ")
		}
		if e.Parameters != "" {
			about += "; parameters: " + e.Parameters
		}
		t.Text(10, t.Dim(about))
	}
}

// kinds names some kinds, and counts the others.
func kinds(all []string) string {
	const shown = 3
	if len(all) <= shown+1 {
		return strings.Join(all, " ")
	}
	return fmt.Sprintf("%s +%d", strings.Join(all[:shown], " "), len(all)-shown)
}

// A PolicyList is the policies and bindings that are there.
type PolicyList struct {
	Header
	Items []PolicyEntry `json:"items"`
	// Problems are policies and bindings that cannot be used.
	Problems []admission.Result `json:"problems"`
}

// A PolicyEntry is one policy and what binds it.
type PolicyEntry struct {
	Kind     string           `json:"kind"`
	Name     string           `json:"name"`
	Bindings []BindingEntry   `json:"bindings"`
	Position finding.Position `json:"position,omitzero"`
	// Parameters is the kind of the parameters, "ConfigMap"; "" when it has none.
	Parameters string `json:"parameters"`
}

// A BindingEntry is one binding of a policy.
type BindingEntry struct {
	Name    string   `json:"name"`
	Actions []string `json:"actions"`
}

// List is the answer to which policies are there.
func List(h Header, set *admission.Set) *answer.Document {
	body := PolicyList{Header: h, Items: []PolicyEntry{}, Problems: append([]admission.Result{}, set.Problems...)}
	table := answer.Table{Title: "Policies", Columns: []string{"kind", "name", "bindings", "parameters", "place"}, Empty: "There is no admission policy."}
	for _, p := range set.Policies {
		e := PolicyEntry{Kind: p.Object.Kind, Name: p.Object.Name, Bindings: []BindingEntry{}, Position: p.Object.Origin, Parameters: p.Parameters()}
		var bound []string
		for _, b := range p.Bindings {
			e.Bindings = append(e.Bindings, BindingEntry{b.Object.Name, append([]string{}, b.Actions()...)})
			bound = append(bound, strings.TrimSuffix(b.Object.Name+" ("+strings.Join(b.Actions(), ", ")+")", " ()"))
		}
		if bound == nil {
			bound = []string{"none: it enforces nothing"}
		}
		body.Items = append(body.Items, e)
		table.Rows = append(table.Rows, []string{e.Kind, e.Name, strings.Join(bound, "; "), e.Parameters, e.Position.String()})
	}
	doc := h.document(body, table)
	doc.Text = func(t *answer.Terminal) { listText(t, body.Items) }
	for _, p := range set.Problems {
		doc.Notes = append(doc.Notes, strings.TrimSpace(p.Policy+" "+p.Rule)+" cannot be used: "+p.Message)
	}
	return doc
}

func listText(t *answer.Terminal, items []PolicyEntry) {
	t.Heading("Policies", fmt.Sprint(len(items)))
	if len(items) == 0 {
		t.Line("There is no admission policy.")
	}
	for _, e := range items {
		t.Text(0, strings.TrimRight(t.Bold(e.Name)+"  "+e.Kind+"  "+t.Dim(e.Position.String()), " "))
		if e.Parameters != "" {
			t.Text(2, t.Dim("parameters: "+e.Parameters))
		}
		for _, b := range e.Bindings {
			t.Text(2, strings.TrimSpace("bound by "+b.Name+" "+strings.ToLower(strings.Join(b.Actions, ", "))))
		}
		if len(e.Bindings) == 0 {
			t.Text(2, t.Bad("no binding: it enforces nothing"))
		}
	}
}
