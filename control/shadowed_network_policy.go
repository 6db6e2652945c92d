package control

import (
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/lint"
)

func shadowedNetworkPolicy() Control {
	return Control{
		ID:    "shadowed-network-policy",
		Title: "Other network policies already do all that a policy or rule does",
		Why: "Network policies add up: a narrow rule beside a wide one for the same pods confines nothing. Whoever wrote the narrow one " +
			"believed to restrict who connects, and the wide one, often a leftover, lets an attacker pass. Where nothing was meant to " +
			"be restricted, dead rules make the others harder to review.",
		Remedy:     "Delete the wider rule if the narrow one is what is meant; else delete the narrow one, which changes no connection.",
		Severity:   finding.Low,
		Capability: NetworkSegmentation,
		References: []string{"CWE-1164", "CWE-561"},
		Enforce:    ScanOnly,
		Reads:      network.Reads(),
		Check: func(f *Facts) Judgement {
			return judgeNetworkPolicies(f, lint.ShadowedPolicy, lint.ShadowedRule)
		},
	}
}
