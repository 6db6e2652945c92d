package control

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/lint"
)

// findNetworkProblems finds the problems of network policies that are sure of what was read, whatever else there is. Of
// the others, that need all of a cluster, package lint tells by itself.
func (f *Facts) findNetworkProblems() []lint.Problem {
	return lint.Check(f.Inventory, f.Network(), nil, lint.NoEffect, lint.NeverAsked, lint.NameContradicts, lint.ShadowedPolicy, lint.ShadowedRule,
		lint.MetadataAllowed).Problems
}

// judgeNetworkPolicies makes findings of the problems of some kinds. All policies are examined.
func judgeNetworkPolicies(f *Facts, kinds ...lint.Kind) Judgement {
	var j Judgement
	for _, gk := range network.PolicyKinds() {
		j.Examined = append(j.Examined, f.Of(gk.Group, gk.Kind)...)
	}
	if len(j.Examined) == 0 {
		return j
	}
	for _, p := range f.problems() {
		if slices.Contains(kinds, p.Kind) {
			finding := found(p.Source, p.Path, p.Message, p.Because...)
			finding.Severity = p.Severity
			j.Findings = append(j.Findings, finding)
		}
	}
	return j
}
