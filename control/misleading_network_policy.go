package control

import (
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/lint"
)

func misleadingNetworkPolicy() Control {
	return Control{
		ID:    "misleading-network-policy",
		Title: "Network policy does not do what its name says",
		Why: "People review and trust policies by their names. A default-deny-egress whose policyTypes leave egress out denies nothing " +
			"there, and a deny-all with a rule that allows opens what everyone believes closed. An attacker finds the gap by trying, " +
			"its owners only find it by reading every line.",
		Remedy:     "Make the policy do what its name says, which mostly means policyTypes or an empty podSelector, or rename it.",
		Severity:   finding.Medium,
		Capability: NetworkSegmentation,
		References: []string{"CWE-1059", "T1562.007"},
		Enforce:    ScanOnly,
		Reads:      network.Reads(),
		Check: func(f *Facts) Judgement {
			return judgeNetworkPolicies(f, lint.NameContradicts)
		},
	}
}
