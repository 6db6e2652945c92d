package plan

import (
	"maps"
	"reflect"
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A Revert takes one change back.
type Revert struct {
	Action Action
	// Object is what to create, whole; of an update the fields as they were, as a JSON merge patch, in which null takes a
	// field away; of a removal apiVersion, kind and name.
	Object map[string]any
	// Unknown says why the object cannot be put back as it was; "" when it can.
	Unknown string
}

// Reverts take step i back, in this order, to what there was before it: the sources, and what the steps before it made of
// them.
func (p *Plan) Reverts(i int) []Revert {
	if i < 0 || i >= len(p.Steps) {
		return nil
	}
	before := map[finding.Ref]map[string]any{}
	for _, step := range slices.Concat(p.earlier, p.Steps[:i]) {
		for _, c := range step.Changes {
			before[keyOf(c.Object)] = c.after(before[keyOf(c.Object)])
		}
	}
	changes := p.Steps[i].Changes
	out := make([]Revert, 0, len(changes))
	for _, c := range slices.Backward(changes) {
		was, touched := before[keyOf(c.Object)]
		if !touched && c.Source != nil {
			was = c.Source.Content
		}
		out = append(out, c.revert(was))
	}
	return out
}

// RefOf names an object that is to be applied.
func RefOf(o map[string]any) finding.Ref {
	return finding.Ref{
		APIVersion: inventory.String(o, "apiVersion"), Kind: inventory.String(o, "kind"),
		Namespace: inventory.String(o, "metadata", "namespace"), Name: inventory.String(o, "metadata", "name"),
	}
}

// keyOf names an object whatever version it is written in.
func keyOf(o map[string]any) finding.Ref {
	r := RefOf(o)
	r.APIVersion = r.Group()
	return r
}

// after is the object after the change; was is what earlier steps made of it, nil when none touched it.
func (c *Change) after(was map[string]any) map[string]any {
	switch {
	case c.Action == Remove:
		return nil
	case c.Action == Create:
		return c.Object
	case was == nil && c.Source != nil:
		was = c.Source.Content
	case was == nil:
		return nil // what the object has besides is not known
	}
	return merged(was, c.Object)
}

func (c *Change) revert(was map[string]any) Revert {
	switch {
	case c.Action == Create && was == nil:
		return Revert{Action: Remove, Object: identity(c.Object)}
	case c.Action == Remove && was == nil:
		return Revert{Action: Create, Object: identity(c.Object), Unknown: "the object as it is now was not read"}
	case c.Action == Remove:
		return Revert{Action: Create, Object: restorable(was)}
	case was == nil:
		return Revert{Action: Update, Object: identity(c.Object), Unknown: "the fields as they are now were not read"}
	}
	patch := merged(restored(c.Object, was), identity(c.Object))
	return Revert{Action: Update, Object: patch}
}

// merged is a with the fields of b set in it; neither is written to.
func merged(a, b map[string]any) map[string]any {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]any{}
	}
	for key, value := range b {
		from, isMap := out[key].(map[string]any)
		if to, ok := value.(map[string]any); ok && isMap {
			value = merged(from, to)
		}
		out[key] = value
	}
	return out
}

// restored are the fields of now that was has otherwise, as was has them; what it does not have is null.
func restored(now, was map[string]any) map[string]any {
	out := map[string]any{}
	for key, value := range now {
		old, there := was[key]
		to, isMap := value.(map[string]any)
		from, wasMap := old.(map[string]any)
		switch {
		case isMap && (wasMap || !there):
			if part := restored(to, from); len(part) > 0 {
				out[key] = part
			}
		case !reflect.DeepEqual(value, old) || !there:
			out[key] = old
		}
	}
	return out
}

// identity names an object, as an object.
func identity(o map[string]any) map[string]any {
	r := RefOf(o)
	meta := map[string]any{"name": r.Name}
	if r.Namespace != "" {
		meta["namespace"] = r.Namespace
	}
	return map[string]any{"apiVersion": r.APIVersion, "kind": r.Kind, "metadata": meta}
}

// restorable is a live object without what only the API server writes.
func restorable(o map[string]any) map[string]any {
	out := maps.Clone(o)
	delete(out, "status")
	if meta, ok := out["metadata"].(map[string]any); ok {
		meta = maps.Clone(meta)
		for _, field := range []string{"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink",
			"deletionTimestamp", "deletionGracePeriodSeconds"} {
			delete(meta, field)
		}
		if notes, ok := meta["annotations"].(map[string]any); ok {
			notes = maps.Clone(notes)
			delete(notes, "kubectl.kubernetes.io/last-applied-configuration")
			meta["annotations"] = notes
			if len(notes) == 0 {
				delete(meta, "annotations")
			}
		}
		out["metadata"] = meta
	}
	return out
}
