package control

import (
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/lint"
)

func metadataServiceAllowed() Control {
	return Control{
		ID:    "metadata-service-allowed",
		Title: "Network policy lets pods reach the metadata service of the cloud",
		Why: "At 169.254.169.254 most clouds hand the credentials of the node to whoever asks from it. An attacker who can make a pod " +
			"send one request there, by code execution or a server-side request forgery, continues in the account of the cloud. " +
			"Rules for 0.0.0.0/0 or for every port 80 include the address, though hardly a pod needs it.",
		Remedy: "Add 169.254.169.254/32 and fd00:ec2::254/128 to the except list of the ipBlock, or name the addresses that the pods " +
			"need. Let nodes refuse such requests as well, with IMDSv2 and a hop limit of 1 or the provider's identity service.",
		Severity:   finding.Medium,
		Capability: NetworkSegmentation,
		References: []string{"CWE-918", "T1552.005"},
		Enforce:    ScanOnly,
		Reads:      network.Reads(),
		Check: func(f *Facts) Judgement {
			return judgeNetworkPolicies(f, lint.MetadataAllowed)
		},
	}
}
