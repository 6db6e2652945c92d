package harden

import (
	"context"
	"fmt"
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/yamledit"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/scan"
)

// A File is a file before and after the edits.
type File struct {
	Name     string
	Old, New []byte
}

// A Workshop is what Mend works with.
type Workshop struct {
	// Load returns the text of a file by the name that its objects carry.
	Load func(name string) ([]byte, error)
	// Read returns the objects in a text, as the inventory was read.
	Read func(name string, text []byte) []*inventory.Object
	// Scan judges an inventory.
	Scan func(ctx context.Context, inv *inventory.Inventory) (*scan.Report, error)
	// Renderer is what remedies are tried with; nil leaves what is rendered alone.
	Renderer Renderer
}

// maxRounds bounds how often edits can lead to further findings.
const maxRounds = 4

// Mend plans the edits for a report, makes them in the texts, judges the edited objects again, and goes on until
// nothing is left to edit. It returns the plan of all that was done and the files that differ, in order of their names.
func Mend(ctx context.Context, inv *inventory.Inventory, report *scan.Report, opts Options, shop Workshop) (*Plan, []File, error) {
	m := &mender{shop: shop, files: map[string]*File{}, made: map[string]bool{}, failed: map[string]bool{}}
	plan := New(inv, report, opts)
	done := *plan
	done.Changes = nil
	for round := 0; len(plan.Changes) > 0; round++ {
		if round == maxRounds {
			return nil, nil, fmt.Errorf("plan edits: the edits do not come to an end")
		}
		made, refused, edited := m.edit(plan.Changes)
		done.Changes = append(done.Changes, made...)
		done.Refused = append(done.Refused, refused...)
		if len(edited) == 0 {
			break
		}
		inv = m.reread(inv, edited)
		again, err := shop.Scan(ctx, part(inv, edited))
		if err != nil {
			return nil, nil, err
		}
		done.Manual = stillFound(done.Manual, again, edited)
		plan = New(inv, again, opts)
		plan.Changes = slices.DeleteFunc(plan.Changes, func(c Change) bool {
			if m.made[key(c)] {
				c.Reason = "the edit was made, and the finding is still there"
				done.Refused = append(done.Refused, c)
			}
			return m.made[key(c)] || m.failed[key(c)]
		})
	}
	// Objects that were read again are others than those of the plan, and have no edits left but those kept back.
	done.NeedsRisky = sameObjects(inv, done.NeedsRisky)
	if err := tryEdits(ctx, inv, &done, shop.Scan); err != nil {
		return nil, nil, err
	}
	if shop.Renderer != nil {
		if err := outside(ctx, inv, &done, opts, shop); err != nil {
			return nil, nil, err
		}
	}
	return &done, m.changed(), nil
}

// sameObjects points edits at the objects as they are now.
func sameObjects(inv *inventory.Inventory, changes []Change) []Change {
	now := map[string][]*inventory.Object{}
	there := map[*inventory.Object]bool{}
	for _, o := range inv.All() {
		now[objectKey(o)] = append(now[objectKey(o)], o)
		there[o] = true
	}
	for i, c := range changes {
		if at := now[objectKey(c.Object)]; !there[c.Object] && len(at) == 1 {
			changes[i].Object = at[0]
		}
	}
	return changes
}

// stillFound leaves out findings that edits for others have mended. Only controls that judge object by object can say
// so from a part of the inventory.
func stillFound(findings []finding.Finding, again *scan.Report, edited map[string]bool) []finding.Finding {
	exact, left := standing(again)
	return slices.DeleteFunc(findings, func(f finding.Finding) bool {
		return edited[f.Position.File] && !f.Position.Rendered && exact[f.Control] && !left[f.ID()]
	})
}

type mender struct {
	shop  Workshop
	files map[string]*File
	// made and failed are the edits that were made, and those that were refused, by key.
	made, failed map[string]bool
}

// key names an edit across rounds.
func key(c Change) string {
	return c.Object.Origin.File + "\x00" + c.Object.Ref.String() + "\x00" + string(c.Path) + "\x00" + string(c.Fix.Op) + fmt.Sprint(c.Fix.Value)
}

// edit makes edits, which are in the order of the files. edited are the files whose text became another.
func (m *mender) edit(changes []Change) (made, refused []Change, edited map[string]bool) {
	edited = map[string]bool{}
	for len(changes) > 0 {
		name := changes[0].Object.Origin.File
		n := slices.IndexFunc(changes, func(c Change) bool { return c.Object.Origin.File != name })
		if n < 0 {
			n = len(changes)
		}
		why, differs := m.editFile(name, changes[:n])
		for i, c := range changes[:n] {
			if why[i] == nil {
				made = append(made, c)
				m.made[key(c)] = true
				continue
			}
			c.Reason = why[i].Error()
			m.failed[key(c)] = true
			refused = append(refused, c)
		}
		if differs {
			edited[name] = true
		}
		changes = changes[n:]
	}
	return made, refused, edited
}

func (m *mender) editFile(name string, changes []Change) (why []error, differs bool) {
	f := m.files[name]
	if f == nil {
		text, err := m.shop.Load(name)
		if err != nil {
			why = make([]error, len(changes))
			for i := range why {
				why[i] = err
			}
			return why, false
		}
		f = &File{Name: name, Old: text, New: text}
		m.files[name] = f
	}
	edits := make([]yamledit.Edit, len(changes))
	for i, c := range changes {
		edits[i] = yamledit.Edit{Line: c.Object.Origin.Line, Column: c.Object.Origin.Column, Path: c.Path, Fix: c.Fix}
	}
	text, why := yamledit.Apply(f.New, edits)
	differs = string(text) != string(f.New)
	f.New = text
	return why, differs
}

// reread replaces the objects of edited files. A namespace that was assumed stays: a single file does not tell it.
func (m *mender) reread(inv *inventory.Inventory, edited map[string]bool) *inventory.Inventory {
	var kept []*inventory.Object
	before := map[string][]*inventory.Object{}
	for _, o := range inv.All() {
		if o.Origin.Rendered || !edited[o.Origin.File] {
			kept = append(kept, o)
			continue
		}
		before[o.Origin.File] = append(before[o.Origin.File], o)
	}
	for name, old := range before {
		objects := m.shop.Read(name, m.files[name].New)
		for i, o := range objects {
			if len(objects) == len(old) && old[i].Kind == o.Kind && old[i].Name == o.Name {
				o.Namespace, o.NamespaceAssumed, o.Default = old[i].Namespace, old[i].NamespaceAssumed, old[i].Default
			}
		}
		kept = append(kept, objects...)
	}
	return inventory.New(inv.Source, inv.Taken, inv.Version, kept, inv.Gaps)
}

// part is what is judged again: the edited objects, and those that say something about them.
func part(inv *inventory.Inventory, edited map[string]bool) *inventory.Inventory {
	var kept []*inventory.Object
	for _, o := range inv.All() {
		if isContext(o) || !o.Origin.Rendered && edited[o.Origin.File] {
			kept = append(kept, o)
		}
	}
	return inventory.New(inv.Source, inv.Taken, inv.Version, kept, nil)
}

func (m *mender) changed() []File {
	var out []File
	for _, f := range m.files {
		if string(f.Old) != string(f.New) {
			out = append(out, *f)
		}
	}
	slices.SortFunc(out, func(a, b File) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return out
}

// Mended counts the findings that edits mend.
func Mended(changes []Change) int {
	n := 0
	for _, c := range changes {
		n += len(c.Findings)
	}
	return n
}

// Controls lists the controls whose findings an edit mends, each once.
func (c Change) Controls() []string {
	var out []string
	for _, f := range c.Findings {
		if !slices.Contains(out, f.Control) {
			out = append(out, f.Control)
		}
	}
	slices.Sort(out)
	return out
}

// Severity is the worst of the findings that an edit mends.
func (c Change) Severity() finding.Severity {
	worst := finding.None
	for _, f := range c.Findings {
		worst = max(worst, f.Severity)
	}
	return worst
}
