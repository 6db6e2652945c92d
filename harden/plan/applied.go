package plan

import (
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// Applied is the inventory as it would be with all steps taken. Objects keep their place; new ones follow.
func (p *Plan) Applied(inv *inventory.Inventory) *inventory.Inventory {
	changed := map[finding.Ref]map[string]any{}
	var order []finding.Ref
	for _, step := range p.Steps {
		for i := range step.Changes {
			c := &step.Changes[i]
			key := keyOf(c.Object)
			was, touched := changed[key]
			if !touched {
				order = append(order, key)
			}
			if now := c.after(was); now != nil || c.Action == Remove {
				changed[key] = now
			} else {
				changed[key] = merged(was, c.Object) // of what was not read only this is known
			}
		}
	}
	there := map[finding.Ref]bool{}
	var objects []*inventory.Object
	for _, o := range inv.All() {
		key := keyOf(o.Content)
		if key.Namespace == "" {
			key.Namespace = o.Namespace // the manifest did not say it
		}
		there[key] = true
		content, touched := changed[key]
		switch {
		case !touched:
			objects = append(objects, o)
		case content != nil:
			after := *o
			after.Content, after.Default = content, false
			objects = append(objects, &after)
		}
	}
	for _, key := range order {
		if content := changed[key]; content != nil && !there[key] {
			objects = append(objects, &inventory.Object{Ref: RefOf(content), Content: content})
		}
	}
	return inventory.New(inv.Source, inv.Taken, inv.Version, objects, inv.Gaps)
}
