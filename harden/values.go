package harden

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/yamledit"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// maxRenders bounds how often a chart is rendered in the search for values.
const maxRenders = 200

// A candidate is a place in the values of a chart that may drive a field, and what to put there.
type candidate struct {
	at    finding.Path // in the values
	under finding.Path // the key of the values that fits by its name
	fix   finding.Fix
}

// values finds values that mend findings, by trying: keys whose names fit are set, the chart is rendered with them, and
// only what changes the intended fields and nothing else is kept. It returns them with what the chart then renders.
func (j *job) values(ctx context.Context, base *state) (map[string]any, *state, error) {
	again, err := j.shop.Renderer.Render(ctx, j.source, "") // what differs now comes from chance, not from values
	if err != nil {
		return nil, nil, err
	}
	t := newTrial(base, again.Objects)
	var proved []candidate
	for _, group := range groups(candidates(base.Values, base.changes)) {
		good, err := j.prove(ctx, t, group)
		if err != nil {
			return nil, nil, err
		}
		proved = append(proved, good...)
	}
	for ; len(proved) > 0; proved = proved[:len(proved)-1] {
		values, err := valuesOf(base.Values, proved)
		if err != nil {
			continue
		}
		ok, rendering, err := j.try(ctx, t, values)
		if err != nil {
			return nil, nil, err
		}
		if !ok {
			continue
		}
		after, err := j.judge(ctx, rendering)
		if err != nil {
			return nil, nil, err
		}
		if worse(base, after) == nil && len(gone(base, after)) > 0 {
			return j.fewer(ctx, t, proved, values, after)
		}
	}
	return nil, base, nil
}

// fewer leaves out what another candidate does, too: a profile for the pod need not be said for its container again.
func (j *job) fewer(ctx context.Context, t *trial, proved []candidate, values map[string]any, now *state) (map[string]any, *state, error) {
	mended := len(gone(t.base, now))
	for i := 0; i < len(proved) && j.renders < maxRenders; i++ {
		twin := slices.ContainsFunc(proved, func(c candidate) bool {
			return c.at != proved[i].at && c.last() == proved[i].last() && reflect.DeepEqual(c.fix, proved[i].fix)
		})
		without := slices.Delete(slices.Clone(proved), i, i+1)
		tried, err := valuesOf(t.base.Values, without)
		if !twin || err != nil {
			continue
		}
		ok, rendering, err := j.try(ctx, t, tried)
		if err != nil {
			return nil, nil, err
		}
		if !ok {
			continue
		}
		after, err := j.judge(ctx, rendering)
		if err != nil {
			return nil, nil, err
		}
		if worse(t.base, after) == nil && len(gone(t.base, after)) == mended {
			proved, values, now = without, tried, after
			i--
		}
	}
	return values, now, nil
}

// last is the field that a candidate sets.
func (c candidate) last() string {
	at := string(c.at)
	return at[strings.LastIndex(at, ".")+1:]
}

// prove tries the candidates below one key together and, when that does not work, one by one.
func (j *job) prove(ctx context.Context, t *trial, group []candidate) ([]candidate, error) {
	if values, err := valuesOf(t.base.Values, group); err == nil && j.renders < maxRenders {
		ok, _, err := j.try(ctx, t, values)
		if ok || err != nil {
			return group, err
		}
	}
	var good []candidate
	for _, c := range group {
		values, err := valuesOf(t.base.Values, []candidate{c})
		if err != nil || len(group) == 1 || j.renders >= maxRenders {
			continue
		}
		ok, _, err := j.try(ctx, t, values)
		if err != nil {
			return nil, err
		}
		if ok {
			good = append(good, c)
		}
	}
	return good, nil
}

// try renders with values and says whether they change what is intended and nothing else.
func (j *job) try(ctx context.Context, t *trial, values map[string]any) (bool, Rendering, error) {
	text, err := yaml.Marshal(values)
	if err != nil {
		return false, Rendering{}, fmt.Errorf("write values: %w", err)
	}
	j.renders++
	r, err := j.shop.Renderer.Render(ctx, j.source, string(text))
	if err != nil {
		return false, Rendering{}, err
	}
	return r.Gaps <= t.base.Gaps && t.intended(r.Objects), r, nil
}

// candidates are the keys of the values whose names fit a field on the way to an edit: "podSecurityContext" fits
// "securityContext", and "pullPolicy" fits "imagePullPolicy".
func candidates(values map[string]any, changes []Change) []candidate {
	var out []candidate
	seen := map[string]bool{}
	for _, c := range changes {
		chain := below(c)
		if len(chain) == 0 || c.Fix.Op == finding.Remove {
			continue
		}
		eachKey(values, "", 0, func(at finding.Path, key string, v any) {
			for i, field := range chain {
				m, isMap := v.(map[string]any)
				if !fits(key, field) || i < len(chain)-1 && v != nil && !isMap || i == len(chain)-1 && isMap && len(m) > 0 {
					continue
				}
				path := at
				for _, f := range chain[i+1:] {
					path = path.Field(f)
				}
				id := string(path) + "\x00" + string(c.Fix.Op) + fmt.Sprint(c.Fix.Value)
				if !seen[id] {
					seen[id] = true
					out = append(out, candidate{at: path, under: at, fix: c.Fix})
				}
			}
		})
	}
	return out
}

// below are the fields of an edit after its last list item, without the way to the pod.
func below(c Change) []string {
	_, at := c.Object.PodSpec()
	path := c.Path
	if rest, ok := strings.CutPrefix(string(path), string(at)+"."); ok && at != "" {
		path = finding.Path(rest)
	}
	var out []string
	for _, s := range path.Steps() {
		if s.Field == "" {
			out = nil
		} else {
			out = append(out, s.Field)
		}
	}
	return out
}

const (
	maxValuesDepth = 8
	shortestKey    = len("pullPolicy")
)

func fits(key, field string) bool {
	key, field = strings.ToLower(key), strings.ToLower(field)
	return strings.HasSuffix(key, field) || len(key) >= shortestKey && strings.HasSuffix(field, key)
}

// eachKey visits the keys of values, in order.
func eachKey(values map[string]any, at finding.Path, depth int, visit func(at finding.Path, key string, v any)) {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if strings.ContainsAny(key, ".[]=\"") {
			continue
		}
		path := at.Field(key)
		visit(path, key, values[key])
		if m, ok := values[key].(map[string]any); ok && depth < maxValuesDepth {
			eachKey(m, path, depth+1, visit)
		}
	}
}

// groups gathers candidates by the key that they lie below.
func groups(all []candidate) [][]candidate {
	at := map[finding.Path]int{}
	var out [][]candidate
	for _, c := range all {
		i, ok := at[c.under]
		if !ok {
			i = len(out)
			at[c.under] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], c)
	}
	return out
}

// valuesOf writes candidates as values. A list is written whole, since Helm replaces lists.
func valuesOf(have map[string]any, proved []candidate) (map[string]any, error) {
	var out any = map[string]any{}
	for _, c := range proved {
		fix := finding.Fix{Op: finding.Set, Value: c.fix.Value}
		if c.fix.Op == finding.Append {
			list, _ := valueAt(out, c.at)
			if list == nil {
				list, _ = valueAt(have, c.at)
			}
			l, _ := list.([]any)
			fix.Value = append(slices.Clone(l), c.fix.Value)
		}
		var err error
		if out, err = yamledit.Change(out, c.at, fix); err != nil {
			return nil, err
		}
	}
	m, _ := out.(map[string]any)
	return m, nil
}

// A trial holds what values may change: towards what the edits would make.
type trial struct {
	base     *state
	wanted   []*inventory.Object
	unstable map[string]bool // what differs without a reason: random names, dates
}

func newTrial(base *state, again []*inventory.Object) *trial {
	of := byObject(base.changes)
	t := &trial{base: base, unstable: map[string]bool{}}
	for i, o := range base.Objects {
		w, _ := edited(o, of[o])
		t.wanted = append(t.wanted, w)
		if i < len(again) {
			diverge(o.Content, again[i].Content, "", func(path finding.Path, _ any) { t.unstable[fmt.Sprint(i, path)] = true })
		}
	}
	return t
}

// intended says that objects differ from the base only towards what is wanted, and do differ.
func (t *trial) intended(objects []*inventory.Object) bool {
	if len(objects) != len(t.base.Objects) {
		return false
	}
	moved, ok := false, true
	for i, o := range objects {
		if o.Ref != t.base.Objects[i].Ref {
			return false
		}
		diverge(t.base.Objects[i].Content, o.Content, "", func(path finding.Path, now any) {
			switch {
			case t.unstable[fmt.Sprint(i, path)], empty(now) && t.absent(i, path):
			case t.wants(i, path, now):
				moved = true
			default:
				ok = false
			}
		})
	}
	return ok && moved
}

// wants says that an object shall have a value at a path: itself, or for its pod as a whole.
func (t *trial) wants(i int, path finding.Path, now any) bool {
	if v, found := valueAt(t.wanted[i].Content, path); found && reflect.DeepEqual(v, now) {
		return true
	}
	_, at := t.wanted[i].PodSpec()
	rest, inPod := strings.CutPrefix(string(path), string(at)+".")
	_, field, inContainer := strings.Cut(rest, "].")
	if at == "" || !inPod || !inContainer || !strings.Contains(field, "ecurityContext.") {
		return false
	}
	whole := at + "." + finding.Path(field)
	v, found := valueAt(t.wanted[i].Content, whole)
	had, _ := valueAt(t.base.Objects[i].Content, whole)
	return found && reflect.DeepEqual(v, now) && !reflect.DeepEqual(had, now)
}

func (t *trial) absent(i int, path finding.Path) bool {
	_, had := valueAt(t.base.Objects[i].Content, path)
	return !had
}

func empty(v any) bool {
	m, ok := v.(map[string]any)
	return ok && len(m) == 0
}

// diverge tells where b differs from a: the smallest values, lists whole where their lengths differ. A field that is
// gone has the value nil.
func diverge(a, b any, path finding.Path, differs func(path finding.Path, now any)) {
	if reflect.DeepEqual(a, b) {
		return
	}
	x, isMap := a.(map[string]any)
	y, both := b.(map[string]any)
	if both && (isMap || a == nil) && len(y) > 0 {
		for _, key := range slices.Sorted(maps.Keys(x)) {
			if _, stays := y[key]; !stays {
				differs(path.Field(key), nil)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(y)) {
			diverge(x[key], y[key], path.Field(key), differs)
		}
		return
	}
	l, isList := a.([]any)
	m, bothLists := b.([]any)
	if isList && bothLists && len(l) == len(m) {
		for i := range l {
			at := path.Index(i)
			if item, ok := m[i].(map[string]any); ok {
				if name, ok := item["name"].(string); ok {
					at = path.Item("name", name)
				}
			}
			diverge(l[i], m[i], at, differs)
		}
		return
	}
	differs(path, b)
}
