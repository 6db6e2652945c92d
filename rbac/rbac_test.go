package rbac_test

import (
	"strings"
)

// rule makes the JSON shape of a rule; lists are written with commas.
func rule(verbs, groups, resources string) map[string]any {
	return map[string]any{"verbs": texts(verbs), "apiGroups": texts(groups), "resources": texts(resources)}
}

func texts(joined string) []any {
	var out []any
	for text := range strings.SplitSeq(joined, ",") {
		out = append(out, text)
	}
	return out
}
