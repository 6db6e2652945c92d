package kyverno

import (
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// Remarks are what people should know of objects that look like Kyverno's: one sentence each.
func Remarks(objects []*inventory.Object) []string {
	var out []string
	for _, o := range objects {
		switch {
		case o.GroupKind().Kind == "PolicyException" && (o.Group() == Group || o.Group() == CELGroup):
			out = append(out, "the PolicyException "+o.Name+" is left out: what it exempts is judged, and the converted policies deny it")
		case o.Group() == "" && o.Kind == "ConfigMap":
			if key, kind := wrapped(inventory.Map(o.Content, "data")); key != "" {
				out = append(out, "ConfigMap/"+o.Name+" holds a "+kind+" of Kyverno as text ("+key+"): it enforces nothing")
			}
		}
	}
	return out
}

// wrapped finds the text of a policy among the values of a ConfigMap.
func wrapped(data map[string]any) (key, kind string) {
	for k, text := range inventory.Strings(data) {
		if !strings.Contains(text, "kyverno.io/v") || key != "" && key < k {
			continue
		}
		for line := range strings.Lines(text) {
			name, ok := strings.CutPrefix(strings.TrimSpace(line), "kind:")
			name = strings.Trim(strings.TrimSpace(name), `"'`)
			if ok && (name == "ClusterPolicy" || name == "Policy" || strings.HasSuffix(name, "ValidatingPolicy")) {
				key, kind = k, name
			}
		}
	}
	return key, kind
}
