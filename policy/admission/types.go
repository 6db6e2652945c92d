package admission

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/policy"
)

// GroupVersions are those that validating policies are about by name, and those of their parameters: what CheckTypes needs
// the schemas of. Wildcards name none.
func (s *Set) GroupVersions() []schema.GroupVersion {
	var out []schema.GroupVersion
	add := func(gv schema.GroupVersion) {
		if gv.Group != "*" && gv.Version != "*" && gv.Version != "" && !slices.Contains(out, gv) {
			out = append(out, gv)
		}
	}
	for _, p := range s.Policies {
		if p.validating == nil {
			continue
		}
		spec := p.validating.Source.Spec
		for _, r := range spec.MatchConstraints.ResourceRules {
			for _, group := range r.APIGroups {
				for _, version := range r.APIVersions {
					add(schema.GroupVersion{Group: group, Version: version})
				}
			}
		}
		if spec.ParamKind != nil {
			if gv, err := schema.ParseGroupVersion(spec.ParamKind.APIVersion); err == nil {
				add(gv)
			}
		}
	}
	return out
}

// CheckTypes checks the expressions of validating policies against the types of what they match. It returns a sentence for
// each that does not fit, and the names of the policies that could not be checked, since they are about no kind that has
// a schema.
func (s *Set) CheckTypes(schemas *policy.Schemas) (warnings, unchecked []string) {
	for _, p := range s.Policies {
		if p.validating == nil || len(p.problems) > 0 {
			continue
		}
		found, known := p.validating.CheckTypes(schemas)
		if known == 0 {
			unchecked = append(unchecked, p.Object.Name)
		}
		for _, w := range found {
			at := place(p.Object, w.Path).String()
			if at != "" {
				at = " (" + at + ")"
			}
			warnings = append(warnings, fmt.Sprintf("types: policy %s, %s%s: %s", p.Object.Name, w.Path, at, oneLine(w.Message)))
		}
	}
	return warnings, unchecked
}

// oneLine drops the picture of the expression that follows the first line of a message.
func oneLine(message string) string {
	var kept []string
	for line := range strings.Lines(message) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "|") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "; ")
}
