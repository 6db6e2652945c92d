package harden

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// Written is the first line of every file that harden makes, by which it knows its own.
const Written = "# Written by plimsoll harden.\n"

// ValuesFile is the text of the values file of a chart.
func (r Remedy) ValuesFile() []byte {
	var out strings.Builder
	out.WriteString(Written)
	fmt.Fprintf(&out, "# Give it to the chart after its other values:\n#   helm upgrade --install %s %s --values FILE\n", line(r.Source.Release), line(r.Source.Name))
	out.WriteString("# What it mends, as found by rendering the chart with it:\n")
	comment(&out, r.ByValues)
	text, err := yaml.Marshal(r.Values)
	if err != nil {
		return nil // maps of JSON shapes can always be written
	}
	out.Write(text)
	return []byte(out.String())
}

// Overlay is a kustomization with its patches, for a resource: a kustomization to build on, or the file that holds what
// a chart renders.
func (r Remedy) Overlay(resource string) []File {
	var out strings.Builder
	out.WriteString(Written)
	if r.Source.Kind == Chart {
		fmt.Fprintf(&out, "# Put what the chart renders into %s, and build the rest from it:\n", line(resource))
		values := ""
		if r.Values != nil {
			values = " --values harden-values.yaml"
		}
		fmt.Fprintf(&out, "#   helm template %s %s%s >%s\n#   kubectl kustomize .\n", line(r.Source.Release), line(r.Source.Name), values, line(resource))
		out.WriteString("# As a post-renderer of Helm, a script does the same with: cat >" + line(resource) + " && kubectl kustomize .\n")
		out.WriteString("# The names of the objects are those of this release.\n")
	}
	if len(r.ByPatches) > 0 {
		out.WriteString("# What the patches mend:\n")
		comment(&out, r.ByPatches)
	}
	k := map[string]any{"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": []any{resource}}
	var list []any
	var files []File
	used := map[string]bool{"kustomization": true}
	for _, p := range r.Patches {
		name := patchName(p, used)
		target := map[string]any{"kind": p.Target.Kind, "name": exactly(p.Target.Name)}
		if group := p.Target.Group(); group != "" {
			target["group"] = group
		}
		if p.Target.Namespace != "" {
			target["namespace"] = exactly(p.Target.Namespace)
		}
		list = append(list, map[string]any{"path": name, "target": target})
		var body any = p.Body
		if p.Ops != nil {
			body = p.Ops
		}
		text, err := yaml.Marshal(body)
		if err != nil {
			continue // maps of JSON shapes can always be written
		}
		files = append(files, File{Name: name, New: append([]byte(Written), text...)})
	}
	k["patches"] = list
	text, err := yaml.Marshal(k)
	if err != nil {
		return nil
	}
	out.Write(text)
	return append([]File{{Name: "kustomization.yaml", New: []byte(out.String())}}, files...)
}

// exactly makes a regular expression of a name, which is what kustomize reads in a target.
func exactly(name string) string { return strings.ReplaceAll(name, ".", `\.`) }

func patchName(p Patch, used map[string]bool) string {
	base := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, strings.ToLower(p.Target.Kind+"-"+p.Target.Name))
	if len(base) > 100 {
		base = base[:100]
	}
	name := base
	for n := 2; used[name]; n++ {
		name = fmt.Sprintf("%s-%d", base, n)
	}
	used[name] = true
	return name + ".yaml"
}

// comment lists the controls of edits by object.
func comment(out *strings.Builder, changes []Change) {
	var order []string
	controls := map[string][]string{}
	for _, c := range changes {
		name := line(c.Object.Kind + " " + c.Object.Name)
		if controls[name] == nil {
			order = append(order, name)
		}
		for _, id := range c.Controls() {
			if !slices.Contains(controls[name], id) {
				controls[name] = append(controls[name], id)
			}
		}
	}
	for _, name := range order {
		slices.Sort(controls[name])
		at := "#   " + name + ":"
		for i, id := range controls[name] {
			if i > 0 {
				id = "," + " " + id
			} else {
				id = " " + id
			}
			if len(at)+len(id) > 118 {
				out.WriteString(at + ",\n")
				at, id = "#    ", strings.TrimPrefix(id, ",")
			}
			at += id
		}
		out.WriteString(at + "\n")
	}
}

// line keeps a text that others wrote on one line.
func line(text string) string { return strings.Join(strings.Fields(text), " ") }
