package harden

import (
	"context"
	"errors"
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/yamledit"
	"github.com/plimsoll-io/plimsoll/internal/yamlpath"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/scan"
)

// valueAt is the value at a path in decoded content; found is false where there is none.
func valueAt(value any, path finding.Path) (v any, found bool) {
	for _, s := range path.Steps() {
		switch l, isList := value.([]any); {
		case s.Field != "":
			m, _ := value.(map[string]any)
			if value, found = m[s.Field]; !found {
				return nil, false
			}
		case !isList:
			return nil, false
		case s.Key != "":
			i := slices.IndexFunc(l, func(item any) bool {
				m, _ := item.(map[string]any)
				return m[s.Key] != nil && yamlpath.Text(m[s.Key]) == s.Value
			})
			if i < 0 {
				return nil, false
			}
			value = l[i]
		case s.Index < 0 || s.Index >= len(l):
			return nil, false
		default:
			value = l[s.Index]
		}
	}
	return value, true
}

// edited is an object with edits made in memory, and why some could not be made. The object itself stays.
func edited(o *inventory.Object, changes []Change) (*inventory.Object, []error) {
	var content any = o.Content
	refused := make([]error, len(changes))
	for i, c := range changes {
		next, err := yamledit.Change(content, c.Path, c.Fix)
		if refused[i] = err; err == nil {
			content = next
		}
	}
	out := *o
	m, ok := content.(map[string]any)
	if !ok {
		for i := range refused {
			refused[i] = errors.New("an edit would leave no object")
		}
		return o, refused
	}
	out.Content = m
	if version, ok := m["apiVersion"].(string); ok {
		out.APIVersion = version
	}
	return &out, refused
}

// tryEdits judges the objects again with edits made in memory that are not made in the files, and takes the findings
// that go away with them out of those that a person has to decide.
func tryEdits(ctx context.Context, inv *inventory.Inventory, plan *Plan, judge func(context.Context, *inventory.Inventory) (*scan.Report, error)) error {
	of := byObject(slices.Concat(plan.NeedsRisky, plan.Rendered))
	if len(of) == 0 || len(plan.Manual) == 0 {
		return nil
	}
	var objects []*inventory.Object
	var ids = map[string]bool{} // of objects that several share are not told apart
	for _, o := range inv.All() {
		changes, touched := of[o]
		switch {
		case touched:
			tried, _ := edited(o, changes)
			objects = append(objects, tried)
			ids[objectKey(o)] = true
		case isContext(o):
			objects = append(objects, o)
		}
	}
	again, err := judge(ctx, inventory.New(inv.Source, inv.Taken, inv.Version, objects, nil))
	if err != nil {
		return err
	}
	exact, left := standing(again)
	plan.Manual = slices.DeleteFunc(plan.Manual, func(f finding.Finding) bool {
		goes := ids[f.Position.File+"\x00"+f.Object.String()] && exact[f.Control] && !left[f.ID()]
		if goes {
			plan.Along = append(plan.Along, f)
		}
		return goes
	})
	return nil
}

func objectKey(o *inventory.Object) string { return o.Origin.File + "\x00" + o.Ref.String() }

func byObject(changes []Change) map[*inventory.Object][]Change {
	out := map[*inventory.Object][]Change{}
	for _, c := range changes {
		out[c.Object] = append(out[c.Object], c)
	}
	return out
}

// isContext says that an object says something about others, which are not judged rightly without it.
func isContext(o *inventory.Object) bool {
	return o.Group() == "" && (o.Kind == "Namespace" || o.Kind == "ServiceAccount")
}

// standing are the controls that judge object by object, so that a part of an inventory shows what they find, and the
// findings that are left, by ID.
func standing(report *scan.Report) (exact, left map[string]bool) {
	exact, left = map[string]bool{}, map[string]bool{}
	for _, r := range report.Results {
		exact[r.Control.ID] = (r.Control.Policy != nil || r.Control.PerObject) && len(r.Errors) == 0
		for _, f := range r.Findings {
			left[f.ID()] = true
		}
	}
	return exact, left
}
