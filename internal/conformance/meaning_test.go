package conformance

// otherMeaning says which controls together decide what a tool's check asks, where the neutral name that the check
// shares with others means something else. The reasons are in docs/conformance.md.
var otherMeaning = map[string][]string{
	// "exec and attach" is one check there and two controls here.
	"polaris clusterrolePodExecAttach":            {"exec-pods", "attach-pods"},
	"polaris rolePodExecAttach":                   {"exec-pods", "attach-pods"},
	"polaris clusterrolebindingPodExecAttach":     {"exec-pods", "attach-pods"},
	"polaris rolebindingClusterRolePodExecAttach": {"exec-pods", "attach-pods"},
	"polaris rolebindingRolePodExecAttach":        {"exec-pods", "attach-pods"},
}

// notMapped are checks that no control is meant to answer, although they share a neutral name with one.
var notMapped = map[string]string{
	"trivy-checks KSV-0021":                 "asks for a group id above 10000",
	"trivy-checks KSV-0105":                 "asks only whether the user is explicitly 0",
	"trivy-checks KSV-0119":                 "asks whether NET_RAW is added, not whether it is dropped",
	"trivy-checks KSV-0045":                 "asks for wildcard verbs alone",
	"trivy-checks KSV-0046":                 "asks for wildcard resources alone",
	"polaris insecureCapabilities":          "asks that fourteen capabilities be dropped by name",
	"kubeaudit CapabilityAdded":             "asks for any added capability, harmless ones too",
	"checkov RootContainersPSP":             "judges PodSecurityPolicies, which Kubernetes 1.25 removed",
	"checkov SharedHostNetworkNamespacePSP": "judges PodSecurityPolicies",
}

// notComparable are cases, as patterns of suite and name, that say nothing about ours. The reasons are in
// docs/conformance.md.
var notComparable = map[string]string{
	"manifest-checks/kubeaudit/*-allowed*":                                "the tool's own labels switch its check off",
	"manifest-checks/polaris/*/success.system_prefix*":                    "the tool lets some names pass whatever they hold",
	"manifest-checks/polaris/*/success.gce_*":                             "the tool lets some names pass whatever they hold",
	"manifest-checks/polaris/*/success.default*":                          "the tool lets some names pass whatever they hold",
	"manifest-checks/polaris/*/failure.binding_points_to_missing_ref*":    "asks whether the role is there at all",
	"manifest-checks/checkov/AllowedCapabilitiesSysAdmin#*":               "one of its objects is none that an API server takes",
	"manifest-checks/trivy-checks/KSV-0122/*_non_anonymous_user_binding*": "its object is none that an API server takes",
	"manifest-checks/trivy-checks/*_verb_impersonate*":                    "Kubernetes has no such verb for ConfigMaps",
	"manifest-checks/trivy-checks/KSV-0030/test_annotation_allowed*":      "the annotation has no effect since Kubernetes 1.27",
	"gatekeeper-library/*/exempted-path":                                  "the constraint exempts the image",
	"gatekeeper-library/*/image-exempt-prefix-match":                      "the constraint exempts the image",
	"manifest-checks/trivy-checks/KSV-0104/test_pod_annotations*":         "the annotation has no effect since Kubernetes 1.27",
}
