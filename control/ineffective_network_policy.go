package control

import (
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/lint"
)

func ineffectiveNetworkPolicy() Control {
	return Control{
		ID:    "ineffective-network-policy",
		Title: "Rules of a network policy have no effect",
		Why: "Rules that are never asked read as if they protected something. policyTypes that leave a direction out switch its rules " +
			"off, so that pods which look confined may call anything; a rule to deny that stands behind one which allows the same " +
			"stops nobody. An attacker profits from the difference between what the file says and what the cluster does.",
		Remedy: "Name the direction in policyTypes, or delete its rules. Move rules of cluster-wide policies before those that decide " +
			"about the same connections.",
		Severity:   finding.Medium,
		Capability: NetworkSegmentation,
		References: []string{"CWE-1164", "T1562.007"},
		Enforce:    ScanOnly,
		Reads:      network.Reads(),
		Check: func(f *Facts) Judgement {
			return judgeNetworkPolicies(f, lint.NoEffect, lint.NeverAsked)
		},
	}
}
