package usage

import (
	"slices"
	"time"

	"github.com/plimsoll-io/plimsoll/rbac"
)

// A RuleReport says what of a rule was used. Wildcards count as used when anything below them was.
type RuleReport struct {
	Rule   int       `json:"rule"` // its place in the role
	Unused bool      `json:"unused"`
	Count  int64     `json:"count"`
	Last   time.Time `json:"last"`
	// Used are the rights that it allowed, each once for every subject that used it.
	Used []*Use `json:"used"`
	// What was never used: verbs on anything, resources and names and paths with any verb, and verbs on resources though
	// both were used with others.
	UnusedVerbs        []string `json:"unusedVerbs,omitempty"`
	UnusedResources    []string `json:"unusedResources,omitempty"` // "deployments.apps"
	UnusedNames        []string `json:"unusedNames,omitempty"`
	UnusedPaths        []string `json:"unusedPaths,omitempty"`
	UnusedCombinations []string `json:"unusedCombinations,omitempty"` // "delete deployments.apps"
	// Truncated says that the rule has more combinations than are listed.
	Truncated bool `json:"truncated,omitempty"`
}

const maxCombinations = 2000

func ruleReport(index int, rule *rbac.Rule, uses []*Use) RuleReport {
	r := RuleReport{Rule: index, Unused: len(uses) == 0, Used: uses}
	for _, u := range uses {
		r.Count += u.Count()
		if u.Last.After(r.Last) {
			r.Last = u.Last
		}
	}
	if r.Unused {
		return r // all of it
	}
	var usedVerbs []string
	for _, verb := range rule.Verbs {
		if slices.ContainsFunc(uses, func(u *Use) bool { return matches(verb, u.Verb) }) {
			usedVerbs = append(usedVerbs, verb)
		} else {
			r.UnusedVerbs = append(r.UnusedVerbs, verb)
		}
	}
	for _, path := range rule.NonResourceURLs {
		only := rbac.Rule{Verbs: rule.Verbs, NonResourceURLs: []string{path}}
		if !slices.ContainsFunc(uses, func(u *Use) bool { return u.Path != "" && only.Allows(u.Request("")) }) {
			r.UnusedPaths = append(r.UnusedPaths, path)
		}
	}
	for _, name := range rule.ResourceNames {
		if !slices.ContainsFunc(uses, func(u *Use) bool { return u.OtherNames > 0 || u.named(name) }) {
			r.UnusedNames = append(r.UnusedNames, name)
		}
	}
	r.resources(rule, usedVerbs)
	return r
}

// resources finds what was not used of every group and resource.
func (r *RuleReport) resources(rule *rbac.Rule, usedVerbs []string) {
	n := 0
	for _, group := range rule.APIGroups {
		for _, resource := range rule.Resources {
			if n += 1 + len(usedVerbs); n > maxCombinations {
				r.Truncated = true
				return
			}
			r.resource(group, resource, usedVerbs)
		}
	}
}

func (r *RuleReport) resource(group, resource string, usedVerbs []string) {
	name := resource
	if group != "" {
		name += "." + group
	}
	only := rbac.Rule{Verbs: []string{"*"}, APIGroups: []string{group}, Resources: []string{resource}}
	var uses []*Use
	for _, u := range r.Used {
		if u.Path == "" && only.Allows(u.Request("")) {
			uses = append(uses, u)
		}
	}
	if len(uses) == 0 {
		r.UnusedResources = append(r.UnusedResources, name)
		return
	}
	for _, verb := range usedVerbs {
		if !slices.ContainsFunc(uses, func(u *Use) bool { return matches(verb, u.Verb) }) {
			r.UnusedCombinations = append(r.UnusedCombinations, verb+" "+name)
		}
	}
}

func matches(pattern, verb string) bool { return pattern == "*" || pattern == verb }
