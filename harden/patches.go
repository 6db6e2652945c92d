package harden

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A Patch changes one object that is rendered.
type Patch struct {
	Target finding.Ref // the namespace is "" where the rendered text names none
	// Body is a strategic merge patch, which stays right when the source adds containers; nil when Ops is used.
	Body map[string]any
	// Ops is a JSON patch (RFC 6902), for what a merge cannot say.
	Ops []any
}

// patches mends in memory what the values leave, writes the differences as patches, and proves them by building them.
// What is left over is returned with a reason.
func (j *job) patches(ctx context.Context, remedy *Remedy, base *state) ([]Change, error) {
	start := make([]*inventory.Object, len(base.Objects))
	copy(start, base.Objects)
	now, all, left, err := j.mendWithoutHarm(ctx, base)
	if err != nil || len(all) == 0 {
		return left, err
	}
	refuse := func(i int, why string) {
		now.Objects[i] = start[i]
		all = slices.DeleteFunc(all, func(c Change) bool {
			if objectKey(c.Object) == objectKey(start[i]) {
				c.Reason = why
				left = append(left, c)
				return true
			}
			return false
		})
	}
	var made []int // which objects have patches
	var patches []Patch
	for i := range start {
		if reflect.DeepEqual(start[i].Content, now.Objects[i].Content) {
			continue
		}
		p, why := j.prove1(ctx, start[i], now.Objects[i], namesake(start, i))
		if why == "" && ambiguous(start, i) {
			why = "the source renders several objects of this kind and name"
		}
		if why != "" {
			refuse(i, why)
			continue
		}
		made, patches = append(made, i), append(patches, p)
	}
	if len(made) == 0 {
		return left, nil
	}
	built := Rendering{Objects: now.Objects}
	after, err := j.judge(ctx, built)
	if err != nil {
		return nil, err
	}
	if news := worse(base, after); news != nil {
		for _, c := range all {
			c.Reason = "the patches would bring a new finding: " + news.Control
			left = append(left, c)
		}
		return left, nil
	}
	remedy.Patches, remedy.ByPatches = patches, all
	return left, ctx.Err()
}

// mendWithoutHarm mends in memory and leaves out single edits that would bring new findings: a pod that leaves the
// network of its node comes under network policies, and what those allow counts from then on.
func (j *job) mendWithoutHarm(ctx context.Context, base *state) (now *state, all, left []Change, err error) {
	now, all, left, err = j.mendInMemory(ctx, base)
	for tries := 0; err == nil && tries < maxHarm; tries++ {
		news := worse(base, now)
		if news == nil {
			break
		}
		found := false
		for _, c := range all {
			j.skip[key(c)] = "the edit would bring a new finding: " + news.Control
			n, a, l, err := j.mendInMemory(ctx, base)
			if err != nil {
				return nil, nil, nil, err
			}
			if _, still := n.found[news.ID()]; !still {
				now, all, left, found = n, a, l, true
				break
			}
			delete(j.skip, key(c))
		}
		if !found {
			break
		}
	}
	return now, all, left, err
}

// maxHarm bounds how many edits are left out for the findings that they would bring.
const maxHarm = 10

// mendInMemory makes the edits, judges again, and goes on until nothing is left to edit.
func (j *job) mendInMemory(ctx context.Context, base *state) (now *state, all, left []Change, err error) {
	now = base
	made := map[string]bool{}
	for range maxRounds {
		next := now.Rendering
		next.Objects = slices.Clone(now.Objects)
		of := byObject(now.changes)
		progress := false
		for i, o := range next.Objects {
			var todo []Change
			for _, c := range of[o] {
				if why := j.skip[key(c)]; why != "" {
					if !made[key(c)] {
						c.Reason = why
						left = append(left, c)
					}
					made[key(c)] = true
				} else if made[key(c)] {
					c.Reason = "the edit was made, and the finding is still there"
					left = append(left, c)
				} else {
					todo = append(todo, c)
				}
			}
			out, refused := edited(o, todo)
			for k, c := range todo {
				made[key(c)] = true
				if refused[k] != nil {
					c.Reason = refused[k].Error()
					left = append(left, c)
					continue
				}
				all, progress = append(all, c), true
			}
			next.Objects[i] = out
		}
		if !progress {
			break
		}
		if now, err = j.judge(ctx, next); err != nil {
			return nil, nil, nil, err
		}
	}
	return now, all, left, nil
}

// namesake says that another object has the same kind and name, in another namespace.
func namesake(objects []*inventory.Object, i int) bool {
	return slices.ContainsFunc(objects, func(o *inventory.Object) bool {
		return o.Kind == objects[i].Kind && o.Name == objects[i].Name && o.Namespace != objects[i].Namespace
	})
}

// ambiguous says that another object has the same kind and name: then a patch has no single target.
func ambiguous(objects []*inventory.Object, i int) bool {
	for k, o := range objects {
		if k != i && o.Kind == objects[i].Kind && o.Name == objects[i].Name && o.Namespace == objects[i].Namespace && o.Group() == objects[i].Group() {
			return true
		}
	}
	return false
}

// prove1 writes the patch of one object and builds it: as a merge patch or, when that gives something else, as a JSON
// patch. why says why there is none.
func (j *job) prove1(ctx context.Context, from, to *inventory.Object, namesake bool) (p Patch, why string) {
	if from.Name == "" {
		return p, "the object has no name to find it by"
	}
	target := from.Ref
	target.Namespace = ""
	if namesake { // else the patch holds for a release in any namespace
		target.Namespace = inventory.String(from.Content, "metadata", "namespace")
	}
	id := map[string]any{"apiVersion": from.APIVersion, "kind": from.Kind, "metadata": map[string]any{"name": from.Name}}
	if target.Namespace != "" {
		id["metadata"].(map[string]any)["namespace"] = target.Namespace
	}
	if body, ok := mergePatch(from.Content, to.Content, "").(map[string]any); ok {
		maps.Copy(body, map[string]any{"apiVersion": id["apiVersion"], "kind": id["kind"]})
		meta, _ := body["metadata"].(map[string]any)
		if meta == nil {
			meta = map[string]any{}
		}
		maps.Copy(meta, id["metadata"].(map[string]any))
		body["metadata"] = meta
		p = Patch{Target: target, Body: body}
		if j.builds(ctx, p, from, to) {
			return p, ""
		}
	}
	p = Patch{Target: target, Ops: jsonPatch(from.Content, to.Content, "")}
	if j.builds(ctx, p, from, to) {
		return p, ""
	}
	return p, "no patch makes this edit and nothing else"
}

// redactedText marks values that inventory readers have replaced; a patch that wrote one back would destroy a secret.
const redactedText = "<redacted:"

// builds says that a patch turns one object into another.
func (j *job) builds(ctx context.Context, p Patch, from, to *inventory.Object) bool {
	object, err := yaml.Marshal(from.Content)
	if err != nil {
		return false
	}
	overlay := Remedy{Patches: []Patch{p}}.Overlay("rendered.yaml")
	for _, f := range overlay {
		if strings.Contains(string(f.New), redactedText) {
			return false
		}
	}
	got, err := j.shop.Renderer.Build(ctx, append(overlay, File{Name: "rendered.yaml", New: object}))
	return err == nil && len(got) == 1 && reflect.DeepEqual(withoutNulls(got[0].Content), withoutNulls(to.Content))
}

// withoutNulls leaves out fields that are null: the API server reads them as absent, and kustomize drops some.
func withoutNulls(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, item := range v {
			if item != nil {
				out[name] = withoutNulls(item)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = withoutNulls(item)
		}
		return out
	}
	return v
}

// mergeKeys are the lists that a strategic merge goes into, by the field that tells their items apart.
var mergeKeys = map[string]string{
	"containers": "name", "initContainers": "name", "ephemeralContainers": "name", "volumes": "name", "webhooks": "name", "env": "name",
	"volumeMounts": "mountPath", "ports": "containerPort",
}

// mergePatch is what has to be merged into a for b; nil when they are equal. field is the name of the list or map.
func mergePatch(a, b any, field string) any {
	x, isMap := a.(map[string]any)
	y, both := b.(map[string]any)
	if isMap && both {
		out := map[string]any{}
		for name := range x {
			if _, stays := y[name]; !stays {
				out[name] = nil
			}
		}
		for name := range y {
			if _, had := x[name]; had && reflect.DeepEqual(x[name], y[name]) {
				continue
			}
			out[name] = mergePatch(x[name], y[name], name)
		}
		return out
	}
	l, isList := a.([]any)
	m, bothLists := b.([]any)
	id := mergeKeys[field]
	if !isList || !bothLists || id == "" || len(l) != len(m) {
		return b
	}
	var out []any
	for i := range l {
		if reflect.DeepEqual(l[i], m[i]) {
			continue
		}
		was, _ := l[i].(map[string]any)
		is, _ := m[i].(map[string]any)
		if was == nil || is == nil || was[id] == nil || !reflect.DeepEqual(was[id], is[id]) {
			return b
		}
		item, _ := mergePatch(was, is, "").(map[string]any)
		item[id] = is[id]
		out = append(out, item)
	}
	return out
}

// jsonPatch is the same as operations. Items of lists are tested by their names first, so that the patch fails rather
// than change another one.
func jsonPatch(a, b any, at string) []any {
	if reflect.DeepEqual(a, b) {
		return nil
	}
	op := func(name, path string, value any) []any {
		o := map[string]any{"op": name, "path": path}
		if name != "remove" {
			o["value"] = value
		}
		return []any{o}
	}
	x, isMap := a.(map[string]any)
	y, both := b.(map[string]any)
	var out []any
	if isMap && both {
		for _, name := range slices.Sorted(maps.Keys(x)) {
			if _, stays := y[name]; !stays {
				out = append(out, op("remove", at+"/"+pointer(name), nil)...)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(y)) {
			if _, had := x[name]; !had {
				out = append(out, op("add", at+"/"+pointer(name), y[name])...)
				continue
			}
			out = append(out, jsonPatch(x[name], y[name], at+"/"+pointer(name))...)
		}
		return out
	}
	l, isList := a.([]any)
	m, bothLists := b.([]any)
	if !isList || !bothLists || len(l) != len(m) {
		return op("replace", at, b)
	}
	for i := range l {
		ops := jsonPatch(l[i], m[i], at+"/"+strconv.Itoa(i))
		if item, ok := l[i].(map[string]any); ok && len(ops) > 0 && item["name"] != nil {
			out = append(out, op("test", fmt.Sprintf("%s/%d/name", at, i), item["name"])...)
		}
		out = append(out, ops...)
	}
	return out
}

// pointer escapes a name for a JSON pointer.
func pointer(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
