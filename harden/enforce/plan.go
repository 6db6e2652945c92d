package enforce

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy/admission"
)

// A Present is an object that is in the cluster.
type Present struct {
	Content map[string]any
	// Ours says that we wrote it, by the API server's record of who owns its fields.
	Ours bool
}

// Plan is what to write and to remove so that the cluster holds what was asked for: parameters and policies before the
// bindings that need them. present are the policies, bindings and parameters that are there; nil when nothing is known.
// Bindings of the same control are removed where they are ours and either of the same stage, or of another one whose
// whole scope the new ones cover.
func (inst *Installation) Plan(present []Present) *plan.Plan {
	p := &plan.Plan{Title: fmt.Sprintf("%d controls at stage %s", len(inst.Bundles), inst.Request.Stage)}
	params := plan.Step{Name: "1-parameters", Title: "Parameters of policies"}
	policies := plan.Step{Name: "2-policies", Title: "Policies", Why: "They do nothing by themselves: bindings make them act."}
	bindings := plan.Step{Name: "3-bindings", Title: "Bindings", Why: "They say where a policy holds, and what happens to violations."}
	if ns := inst.Namespace(); ns != nil && !isThere(ns, present) {
		params.Changes = append(params.Changes, change(ns, present))
	}
	for _, b := range inst.Bundles {
		if b.Params != nil {
			params.Changes = append(params.Changes, change(b.Params, present))
		}
		policies.Changes = append(policies.Changes, change(b.Policy, present))
		for _, binding := range b.Bindings {
			bindings.Changes = append(bindings.Changes, change(binding, present))
		}
		bindings.Changes = append(bindings.Changes, inst.obsolete(b, present)...)
	}
	for _, s := range []plan.Step{params, policies, bindings} {
		if len(s.Changes) > 0 {
			p.Steps = append(p.Steps, s)
		}
	}
	for _, r := range inst.Refused {
		d := plan.Decision{Question: fmt.Sprintf("the exception %s cannot be installed for %s: %s", r.Exception, r.Control, r.Why), Because: []string{r.Instead}}
		if r.Object != nil {
			d.Object = *r.Object
		}
		p.Decisions = append(p.Decisions, d)
	}
	return p
}

func isThere(object map[string]any, present []Present) bool {
	return slices.ContainsFunc(present, func(p Present) bool { return same(RefOf(p.Content), RefOf(object)) })
}

func change(object map[string]any, present []Present) plan.Change {
	c := plan.Change{Action: plan.Create, Object: object}
	ref := RefOf(object)
	for _, there := range present {
		if same(RefOf(there.Content), ref) {
			c.Action, c.Source = plan.Update, &inventory.Object{Ref: ref, Content: there.Content}
		}
	}
	return c
}

// obsolete are the removals of bindings that the new ones of a bundle take the place of.
func (inst *Installation) obsolete(b Bundle, present []Present) []plan.Change {
	var out []plan.Change
	scope := inst.Request.Scope.of(b.Control)
	for _, there := range present {
		if !there.Ours || !isBinding(there.Content) || inventory.String(there.Content, "metadata", "labels", controlLabel) != b.Control.ID {
			continue
		}
		ref := RefOf(there.Content)
		if slices.ContainsFunc(b.Bindings, func(o map[string]any) bool { return same(RefOf(o), ref) }) {
			continue
		}
		stage, old := stageOf(there.Content), scopeOf(there.Content)
		var why string
		switch {
		case stage == inst.Request.Stage:
			why = "it is not needed any more"
		case old != nil && scope.covers(*old):
			why = fmt.Sprintf("stage %s takes the place of %s there", inst.Request.Stage, stage)
		default:
			continue
		}
		out = append(out, removal(there.Content, why))
	}
	return out
}

// Lost says where a control holds at the stage now and would not any more: the last word on a stage is its whole scope.
func (inst *Installation) Lost(present []Present) []string {
	var out []string
	for _, b := range inst.Bundles {
		scope := inst.Request.Scope.of(b.Control)
		for _, there := range present {
			old := scopeOf(there.Content)
			if !isBinding(there.Content) || inventory.String(there.Content, "metadata", "labels", controlLabel) != b.Control.ID ||
				stageOf(there.Content) != inst.Request.Stage || old == nil || scope.covers(*old) {
				continue
			}
			out = append(out, fmt.Sprintf("%s holds at stage %s for: %s; after this only for: %s; name both to keep both", b.Control.ID, inst.Request.Stage, old, scope))
			break
		}
	}
	return out
}

func removal(content map[string]any, why string) plan.Change {
	ref := RefOf(content)
	return plan.Change{Action: plan.Remove, Object: content, Source: &inventory.Object{Ref: ref, Content: content}, Because: []string{why}}
}

// RefOf names an object.
func RefOf(content map[string]any) finding.Ref {
	return finding.Ref{
		APIVersion: inventory.String(content, "apiVersion"), Kind: inventory.String(content, "kind"),
		Namespace: inventory.String(content, "metadata", "namespace"), Name: inventory.String(content, "metadata", "name"),
	}
}

func same(a, b finding.Ref) bool {
	return a.Group() == b.Group() && a.Kind == b.Kind && a.Namespace == b.Namespace && a.Name == b.Name
}

func isBinding(content map[string]any) bool {
	return inventory.String(content, "kind") == admission.ValidatingBindingKind && strings.HasPrefix(inventory.String(content, "apiVersion"), admission.Group+"/")
}

// PolicyOf names the policy of a binding; the zero Ref for other objects.
func PolicyOf(content map[string]any) finding.Ref {
	if !isBinding(content) {
		return finding.Ref{}
	}
	return finding.Ref{APIVersion: admission.Group + "/v1", Kind: admission.ValidatingKind, Name: inventory.String(content, "spec", "policyName")}
}

// ControlOf is the id of the control that an object of ours is for, by its name.
func ControlOf(content map[string]any) string {
	return strings.TrimPrefix(RefOf(content).Name, policyPrefix)
}

func isPolicy(content map[string]any) bool {
	return inventory.String(content, "kind") == admission.ValidatingKind && strings.HasPrefix(inventory.String(content, "apiVersion"), admission.Group+"/")
}

func stageOf(content map[string]any) Stage {
	return Stage(inventory.String(content, "metadata", "labels", stageLabel))
}

// scopeOf is the scope that a binding was installed with; nil when it does not say.
func scopeOf(content map[string]any) *Scope {
	var s Scope
	if json.Unmarshal([]byte(note(content, scopeNote)), &s) != nil {
		return nil
	}
	return &s
}

// grantsOf are the exceptions that a binding was installed with.
func grantsOf(content map[string]any) ([]Grant, error) {
	text := note(content, exceptionsNote)
	if text == "" {
		return nil, nil
	}
	var out []Grant
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return nil, fmt.Errorf("read annotation %s: %w", exceptionsNote, err)
	}
	return out, nil
}

func note(content map[string]any, key string) string {
	return inventory.String(content, "metadata", "annotations", key)
}
