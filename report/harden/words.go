package harden

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// nothing is what a plan without steps says.
func nothing(p *plan.Plan) string {
	if len(p.Decisions) > 0 {
		return "There is no step to take before the decisions below."
	}
	return "There is nothing to do."
}

// sentences joins sentences without a final dot to one.
func sentences(list []string) string {
	var out []string
	for _, s := range list {
		if s = strings.TrimRight(strings.TrimSpace(s), "."); s != "" {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return ""
	}
	return strings.Join(out, "; ") + "."
}

// about says what a decision is about, and where that is.
func about(d *plan.Decision) string {
	text := ""
	if d.Object != (finding.Ref{}) {
		text = d.Object.String()
	}
	if d.Path != "" {
		text = strings.TrimSpace(text + " " + string(d.Path))
	}
	if at := d.Position.String(); at != "" {
		text += " (" + at + ")"
	}
	if text == "" {
		return "the cluster"
	}
	return text
}

// question is what a decision asks, as a sentence.
func question(d *plan.Decision) string {
	if q := strings.TrimSpace(d.Question); q == "" || strings.HasSuffix(q, "?") || strings.HasSuffix(q, ".") {
		return q
	}
	return d.Question + "."
}

// longest is how much of a value is shown.
const longest = 60

// changed says in a few words what a change sets: the fields, with what they were.
func changed(c *plan.Change) string {
	if c.Action == plan.Remove {
		return ""
	}
	var out []string
	for _, path := range c.Fields {
		steps := path.Steps()
		now, there := at(c.Object, steps)
		text := short(steps) + ": " + value(now, there)
		if c.Source != nil {
			if was, there := at(c.Source.Content, steps); there {
				text += " (was " + value(was, there) + ")"
			}
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

// short is the last name of a path: paths of labels are long, and the names of labels tell.
func short(steps []finding.Step) string {
	for _, s := range slices.Backward(steps) {
		if s.Field != "" {
			return s.Field
		}
	}
	return "all of it"
}

// at is what a path of fields leads to.
func at(o map[string]any, steps []finding.Step) (found any, there bool) {
	found = o
	for _, s := range steps {
		m, ok := found.(map[string]any)
		if !ok || s.Field == "" {
			return nil, false
		}
		if found, there = m[s.Field]; !there {
			return nil, false
		}
	}
	return found, true
}

// value is a value in a few words.
func value(v any, there bool) string {
	switch v := v.(type) {
	case nil:
		if !there {
			return "other"
		}
	case string:
		return v
	case []any:
		if len(v) != 1 {
			return fmt.Sprintf("%d items", len(v))
		}
	}
	text, err := json.Marshal(v)
	if err != nil || len(text) > longest {
		return "other"
	}
	return string(text)
}

// commands take a step back, in the order to run them, but for the objects to create again, which restore counts.
func commands(reverts []plan.Revert, restore string) (lines []string) {
	created := false
	for _, r := range reverts {
		switch {
		case r.Unknown != "":
			lines = append(lines, "# "+plan.RefOf(r.Object).String()+": "+r.Unknown)
		case r.Action == plan.Create:
			if !created {
				lines, created = append(lines, "kubectl apply --server-side -f "+word(restore)), true
			}
		case r.Action == plan.Remove:
			lines = append(lines, "kubectl delete --ignore-not-found "+target(r.Object))
		default:
			lines = append(lines, "kubectl patch "+target(r.Object)+" --type=merge -p "+word(patchOf(r.Object)))
		}
	}
	return lines
}

// patchOf is a merge patch without what kubectl is told beside it.
func patchOf(o map[string]any) string {
	patch := map[string]any{}
	for key, v := range o {
		switch key {
		case "apiVersion", "kind":
			continue
		case "metadata":
			meta, rest := inventory.Map(o, "metadata"), map[string]any{}
			for k, v := range meta {
				if k != "name" && k != "namespace" {
					rest[k] = v
				}
			}
			if len(rest) == 0 {
				continue
			}
			v = rest
		}
		patch[key] = v
	}
	text, err := json.Marshal(patch)
	if err != nil {
		return "{}"
	}
	return string(text)
}

// target names an object for kubectl, of its API version: other groups may have kinds of the same name.
func target(o map[string]any) string {
	r := plan.RefOf(o)
	kind := strings.ToLower(r.Kind)
	if group, version, ok := strings.Cut(r.APIVersion, "/"); ok {
		kind += "." + version + "." + group
	}
	text := word(kind) + " " + word(r.Name)
	if r.Namespace != "" {
		text = "-n " + word(r.Namespace) + " " + text
	}
	return text
}

// word is a text as a shell reads it as one word.
func word(s string) string {
	plain := s != ""
	for i := range len(s) {
		c := s[i]
		plain = plain && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._/:,=@%+", c) >= 0)
	}
	if plain && s[0] != '-' {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
