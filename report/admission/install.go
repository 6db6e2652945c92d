package admission

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden/enforce"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// A PolicyInstallation is what is to be installed, and what came of it.
type PolicyInstallation struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Cluster is the kubeconfig context that was asked; "" when none was.
	Cluster string        `json:"cluster"`
	Stage   enforce.Stage `json:"stage"`
	Written bool          `json:"written"`
	// Blocked says that the rehearsal keeps the stage from being written.
	Blocked  bool               `json:"blocked"`
	Controls []InstalledControl `json:"controls"`
	// Changes are what the API server makes of it; empty when none was asked.
	Changes  []Change          `json:"changes"`
	Refused  []enforce.Refusal `json:"refused"`
	LeftOut  []enforce.LeftOut `json:"leftOut"`
	Warnings []string          `json:"warnings"`
	// Rehearsal is what the policies say of the objects that are there; nil when nothing was read.
	Rehearsal *enforce.Rehearsal `json:"rehearsal,omitempty"`
}

// An InstalledControl is one control that is to be installed.
type InstalledControl struct {
	Control    string          `json:"control"`
	Policy     string          `json:"policy"`
	Digest     string          `json:"digest"`
	Scope      enforce.Scope   `json:"scope"`
	Bindings   []string        `json:"bindings"`
	Exceptions []enforce.Grant `json:"exceptions"`
}

// A Change is what becomes of one object in the cluster.
type Change struct {
	Object    finding.Ref `json:"object"`
	Action    string      `json:"action"` // create, update, remove or keep
	Conflicts []Conflict  `json:"conflicts"`
	Error     string      `json:"error,omitempty"`
	Untried   string      `json:"untried,omitempty"`
	Written   bool        `json:"written"`
	// Diff is how the object changes, as a unified diff of YAML.
	Diff string `json:"diff,omitempty"`
}

// A Conflict is a field that somebody else owns.
type Conflict struct {
	Field string `json:"field"`
	Owner string `json:"owner"`
}

// NewInstallation starts the answer about an installation.
func NewInstallation(inst *enforce.Installation) *PolicyInstallation {
	body := &PolicyInstallation{
		APIVersion: report.APIVersion, Kind: "PolicyInstallation", Stage: inst.Request.Stage, Controls: []InstalledControl{}, Changes: []Change{},
		Refused: append([]enforce.Refusal{}, inst.Refused...), LeftOut: append([]enforce.LeftOut{}, inst.LeftOut...),
		Warnings: append([]string{}, inst.Warnings...),
	}
	for _, b := range inst.Bundles {
		c := InstalledControl{
			Control: b.Control.ID, Policy: b.Control.Policy.Source.Name, Digest: b.Digest, Bindings: []string{},
			Exceptions: append([]enforce.Grant{}, b.Grants...), Scope: inst.ScopeOf(b.Control),
		}
		for _, o := range b.Bindings {
			c.Bindings = append(c.Bindings, enforce.RefOf(o).Name)
		}
		body.Controls = append(body.Controls, c)
	}
	return body
}

// Installation is the answer to what is, or would be, installed.
func Installation(body *PolicyInstallation, manifests func(io.Writer) error) *answer.Document {
	controls := answer.Table{Title: "Controls", Columns: []string{"control", "stage", "where", "bindings", "exceptions"}, Empty: "Nothing is to be installed."}
	for _, c := range body.Controls {
		controls.Rows = append(controls.Rows, []string{c.Control, string(body.Stage), c.Scope.String(), strings.Join(c.Bindings, " "), grantNames(c.Exceptions)})
	}
	doc := &answer.Document{
		Body: body, Manifest: manifests, Source: body.Cluster,
		Tables: []answer.Table{controls, changeTable(body.Changes), refusalTable(body.Refused), breakTable(body.Rehearsal)},
		Notes:  body.Notes(),
	}
	doc.Text = func(t *answer.Terminal) { installText(t, body) }
	return doc
}

// Notes are what a reader must know of the installation.
func (body *PolicyInstallation) Notes() []string {
	var notes []string
	left := func(id string) bool {
		return slices.ContainsFunc(body.LeftOut, func(l enforce.LeftOut) bool { return l.Control == id })
	}
	if slices.ContainsFunc(body.Refused, func(r enforce.Refusal) bool { return !left(r.Control) }) {
		notes = append(notes, "nothing is installed: mend the exceptions, or leave their controls out with --skip-refused")
	}
	if body.Blocked {
		notes = append(notes, "stage deny is not written while objects violate a policy or could not be judged: mend or except them, or give --unrehearsed")
	}
	notes = append(notes, body.Warnings...)
	notes = append(notes, leftOut(body.LeftOut)...)
	if body.Rehearsal != nil {
		for _, u := range body.Rehearsal.Unknown {
			notes = append(notes, "not known: "+u.Control+": "+u.Why)
		}
	}
	return notes
}

// leftOut says which controls are left out, those for the same reason together.
func leftOut(all []enforce.LeftOut) []string {
	controls := map[string][]string{}
	var order, out []string
	for _, l := range all {
		if controls[l.Why] == nil {
			order = append(order, l.Why)
		}
		controls[l.Why] = append(controls[l.Why], l.Control)
	}
	for _, why := range order {
		out = append(out, fmt.Sprintf("left out: %s: %s", strings.Join(controls[why], ", "), why))
	}
	return out
}

func grantNames(grants []enforce.Grant) string {
	var out []string
	for _, g := range grants {
		out = append(out, g.Name+" (until "+g.Expires+")")
	}
	return strings.Join(out, ", ")
}

func changeTable(changes []Change) answer.Table {
	table := answer.Table{Title: "Changes", Columns: []string{"action", "object", "written", "what stands in the way"}, Empty: "Nothing changes."}
	for _, c := range changes {
		table.Rows = append(table.Rows, []string{c.Action, c.Object.String(), yesNo(c.Written), inTheWay(c)})
	}
	return table
}

func inTheWay(c Change) string {
	var out []string
	for _, x := range c.Conflicts {
		out = append(out, fmt.Sprintf("%s belongs to %s", x.Field, x.Owner))
	}
	if c.Error != "" {
		out = append(out, c.Error)
	}
	if c.Untried != "" {
		out = append(out, "not tried: "+c.Untried)
	}
	return strings.Join(out, "; ")
}

func refusalTable(refused []enforce.Refusal) answer.Table {
	table := answer.Table{Title: "Exceptions that cannot be installed", Columns: []string{"exception", "control", "why", "instead"}, Empty: "There is none."}
	for _, r := range refused {
		table.Rows = append(table.Rows, []string{r.Exception, r.Control, r.Why, r.Instead})
	}
	return table
}

func breakTable(r *enforce.Rehearsal) answer.Table {
	table := answer.Table{Title: "What is there and violates it", Columns: []string{"control", "object", "at"}, Empty: "Nothing."}
	if r == nil {
		table.Empty = "No cluster was read."
		return table
	}
	for _, b := range r.Breaks {
		table.Rows = append(table.Rows, []string{b.Control, b.Object.String(), paths(b.Paths)})
	}
	return table
}

func paths(all []finding.Path) string {
	out := make([]string, len(all))
	for i, p := range all {
		out[i] = string(p)
	}
	return strings.Join(out, " ")
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func installText(t *answer.Terminal, body *PolicyInstallation) {
	t.Heading(fmt.Sprintf("Stage %s", body.Stage), display.Plural(len(body.Controls), "control"))
	if len(body.Controls) == 0 {
		t.Line("Nothing is to be installed.")
	}
	for _, group := range sameScope(body.Controls) {
		t.Wrapped(2, "where     ", group[0].Scope.String())
		var ids []string
		for _, c := range group {
			ids = append(ids, c.Control)
		}
		t.Wrapped(2, "controls  ", strings.Join(ids, ", "))
	}
	grantText(t, body)
	refusalText(t, body.Refused)
	if len(body.Changes) > 0 {
		t.Line("")
		changeText(t, body.Changes, body.Written)
	}
	if body.Rehearsal != nil {
		breakText(t, body)
	}
}

// sameScope groups controls that hold in the same places, in order.
func sameScope(controls []InstalledControl) [][]InstalledControl {
	var out [][]InstalledControl
	at := map[string]int{}
	for _, c := range controls {
		key := c.Scope.String()
		if _, ok := at[key]; !ok {
			at[key] = len(out)
			out = append(out, nil)
		}
		out[at[key]] = append(out[at[key]], c)
	}
	return out
}

func grantText(t *answer.Terminal, body *PolicyInstallation) {
	controls := map[string][]string{}
	var order []enforce.Grant
	for _, c := range body.Controls {
		for _, g := range c.Exceptions {
			if controls[g.Name] == nil {
				order = append(order, g)
			}
			controls[g.Name] = append(controls[g.Name], c.Control)
		}
	}
	if len(order) == 0 {
		return
	}
	t.Line("")
	t.Heading("Exceptions", fmt.Sprint(len(order)))
	for _, g := range order {
		t.Text(2, t.Bold(g.Name)+"  until "+g.Expires+"  "+t.Dim(strings.Join(controls[g.Name], ", ")))
	}
}

// refusalText shows refusals, each reason once.
func refusalText(t *answer.Terminal, refused []enforce.Refusal) {
	if len(refused) == 0 {
		return
	}
	type reason struct{ exception, why, instead string }
	controls := map[reason][]string{}
	var order []reason
	for _, r := range refused {
		key := reason{r.Exception, r.Why, r.Instead}
		if controls[key] == nil {
			order = append(order, key)
		}
		controls[key] = append(controls[key], r.Control)
	}
	t.Line("")
	t.Heading("Exceptions that cannot be installed", fmt.Sprint(len(order)))
	for _, r := range order {
		t.Text(2, t.Bad(r.exception)+"  "+t.Dim(strings.Join(controls[r], ", ")))
		t.Wrapped(4, "why      ", r.why)
		t.Wrapped(4, "instead  ", r.instead)
	}
}

func changeText(t *answer.Terminal, changes []Change, written bool) {
	done, kept := 0, 0
	for _, c := range changes {
		if c.Action == "keep" {
			kept++
		} else if c.Written {
			done++
		}
	}
	what := "not written"
	if written {
		what = fmt.Sprintf("%d written", done)
	}
	t.Heading("Changes", fmt.Sprintf("%d, %s", len(changes)-kept, what))
	for _, c := range changes {
		if c.Action == "keep" && !t.All() && inTheWay(c) == "" {
			continue
		}
		t.Lead(2, answer.Lead{Word: display.Pad(c.Action, len("update")), Paint: t.Dim}, c.Object.String())
		if why := inTheWay(c); why != "" {
			t.Text(10, t.Bad(why))
		}
	}
	if kept > 0 && !t.All() {
		text := "1 object is as it should be"
		if kept > 1 {
			text = display.Plural(kept, "object") + " are as they should be"
		}
		t.Text(2, t.Dim(text))
	}
}

func breakText(t *answer.Terminal, body *PolicyInstallation) {
	t.Line("")
	r := body.Rehearsal
	verb := map[enforce.Stage]string{enforce.Deny: "refused", enforce.Warn: "warned about", enforce.Audit: "audited"}[body.Stage]
	t.Heading("Rehearsal", fmt.Sprintf("%d of %s would be %s", len(r.Breaks), display.Plural(r.Judged, "judgement"), verb))
	for i, b := range r.Breaks {
		if i == answer.Shown && !t.All() {
			t.Text(2, t.Dim(fmt.Sprintf("and %d more: see -v", len(r.Breaks)-i)))
			break
		}
		t.Text(2, t.Bad(b.Control)+"  "+b.Object.String()+"  "+t.Dim(paths(b.Paths)))
	}
}
