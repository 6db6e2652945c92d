package harden

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// The kinds of sources.
const (
	Chart         = "chart"
	Kustomization = "kustomization"
)

// A Source renders objects, so that they have no text to edit.
type Source struct {
	Kind string // Chart or Kustomization
	Name string // the path of its folder or archive
	// Release is the name of the release that a chart is rendered as; objects are found by names that hold it.
	Release string
}

// A Rendering is what a source renders.
type Rendering struct {
	Objects []*inventory.Object
	Gaps    int            // how much could not be rendered
	Values  map[string]any // all that a chart was rendered with
}

// A Renderer renders sources and builds overlays.
type Renderer interface {
	// Source is what renders the objects that carry the name of a file; false when that is not known.
	Source(file string) (Source, bool)
	// Render renders a source. values is the text of a values file for a chart, "" for none.
	Render(ctx context.Context, source Source, values string) (Rendering, error)
	// Build builds the kustomization that lies in some files.
	Build(ctx context.Context, files []File) ([]*inventory.Object, error)
}

// A Remedy mends what a source renders, from outside: by values for a chart, then by patches of what comes out. Both
// are proved: the source was rendered with the values, the patches were built, and the objects judged again.
type Remedy struct {
	Source Source
	// Values are to be given to a chart after all others; nil when it exposes no field that helps.
	Values   map[string]any
	ByValues []Change
	// Patches are of the objects as the values leave them.
	Patches   []Patch
	ByPatches []Change
}

// outside finds remedies for what is rendered; what they do not mend stays in plan.Rendered with a reason.
func outside(ctx context.Context, inv *inventory.Inventory, plan *Plan, opts Options, shop Workshop) error {
	of := map[Source]map[string]bool{}
	var order []Source
	var left []Change
	for _, c := range plan.Rendered {
		source, ok := shop.Renderer.Source(c.Object.Origin.File)
		if !ok {
			c.Reason = "what renders the object was not found"
			left = append(left, c)
			continue
		}
		if of[source] == nil {
			of[source] = map[string]bool{}
			order = append(order, source)
		}
		for _, f := range c.Findings {
			of[source][f.ID()] = true
		}
	}
	for _, source := range order {
		j := &job{source: source, wanted: of[source], opts: opts, shop: shop, inv: inv, skip: map[string]string{}}
		for _, o := range inv.All() {
			s, ok := shop.Renderer.Source(o.Origin.File)
			if isContext(o) && !(o.Origin.Rendered && ok && s == source) {
				j.context = append(j.context, o)
			}
		}
		remedy, rest, err := j.run(ctx)
		if err != nil {
			return fmt.Errorf("mend the %s %s: %w", source.Kind, source.Name, err)
		}
		if remedy != nil {
			plan.Remedies = append(plan.Remedies, *remedy)
		}
		left = append(left, rest...)
	}
	plan.Rendered = left
	return nil
}

// A job is the search for the remedy of one source.
type job struct {
	source  Source
	wanted  map[string]bool // the findings to mend, by ID
	opts    Options
	shop    Workshop
	inv     *inventory.Inventory
	context []*inventory.Object
	renders int
	skip    map[string]string // edits that are not made in memory, by key, and why
}

// A state is what a source renders, judged.
type state struct {
	Rendering
	changes []Change // that the plan wants
	found   map[string]finding.Finding
}

func (j *job) run(ctx context.Context) (*Remedy, []Change, error) {
	first, err := j.state(ctx, "")
	if err != nil {
		return nil, nil, err
	}
	remedy := &Remedy{Source: j.source}
	base := first
	if j.source.Kind == Chart && len(first.changes) > 0 {
		if remedy.Values, base, err = j.values(ctx, first); err != nil {
			return nil, nil, err
		}
		remedy.ByValues = gone(first, base)
	}
	left, err := j.patches(ctx, remedy, base)
	if err != nil {
		return nil, nil, err
	}
	if remedy.Values == nil && len(remedy.Patches) == 0 {
		return nil, left, nil
	}
	return remedy, left, nil
}

// gone are the edits of one state whose findings another one does not have.
func gone(before, after *state) []Change {
	var out []Change
	for _, c := range before.changes {
		if !slices.ContainsFunc(c.Findings, func(f finding.Finding) bool { _, still := after.found[f.ID()]; return still }) {
			out = append(out, c)
		}
	}
	return out
}

// state renders and judges.
func (j *job) state(ctx context.Context, values string) (*state, error) {
	j.renders++
	r, err := j.shop.Renderer.Render(ctx, j.source, values)
	if err != nil {
		return nil, err
	}
	return j.judge(ctx, r)
}

func (j *job) judge(ctx context.Context, r Rendering) (*state, error) {
	objects := slices.Concat(r.Objects, j.context)
	inv := inventory.New(j.inv.Source, j.inv.Taken, j.inv.Version, objects, nil)
	report, err := j.shop.Scan(ctx, inv)
	if err != nil {
		return nil, err
	}
	s := &state{Rendering: r, found: map[string]finding.Finding{}}
	mine := map[*inventory.Object]bool{}
	for _, o := range r.Objects {
		mine[o] = true
	}
	for _, result := range report.Results {
		for _, f := range result.Findings {
			s.found[f.ID()] = f
		}
	}
	for _, c := range New(inv, report, j.opts).Rendered {
		if mine[c.Object] {
			s.changes = append(s.changes, c)
		}
	}
	return s, nil
}

// worse is a finding that a state has and the one before did not have. Both hold the same objects, so this is true of
// all controls.
func worse(before, after *state) (news *finding.Finding) {
	for _, id := range slices.Sorted(maps.Keys(after.found)) {
		if _, had := before.found[id]; !had {
			f := after.found[id]
			return &f
		}
	}
	return nil
}
