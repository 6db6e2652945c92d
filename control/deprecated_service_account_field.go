package control

import (
	"github.com/plimsoll-io/plimsoll/finding"
)

func deprecatedServiceAccountField() Control {
	return Control{
		ID:    "deprecated-service-account-field",
		Title: "Pod spec uses the deprecated field serviceAccount",
		Why: "serviceAccount is an old name of serviceAccountName. When both are set, serviceAccountName decides and the other is " +
			"ignored without a word: a reviewer who reads one name approves rights that the pod does not have, or misses those " +
			"that it has. Tools that only know the new field see the default account.",
		Remedy: "Name the account in serviceAccountName and remove serviceAccount. Only files are judged: the API server always " +
			"fills in both.",
		Severity:   finding.Low,
		Capability: ClusterHardening,
		References: []string{"CWE-477"},
		Enforce:    ScanOnly,
		Reads:      workloadKinds(),
		PerObject:  true,
		Check:      checkDeprecatedServiceAccountField,
	}
}

func checkDeprecatedServiceAccountField(f *Facts) Judgement {
	var j Judgement
	for _, w := range f.Workloads() {
		if !fromFile(w.Object) {
			continue
		}
		j.Examined = append(j.Examined, w.Object)
		old, _ := w.Template["serviceAccount"].(string)
		if old == "" {
			continue
		}
		hit := found(w.Object, finding.Path(w.At).Field("serviceAccount"), "serviceAccount is deprecated: use serviceAccountName")
		if name, _ := w.Template["serviceAccountName"].(string); name != "" {
			hit.Fix = &finding.Fix{Op: finding.Remove}
			if name != old {
				hit.Message = "serviceAccount " + old + " is ignored: serviceAccountName is " + name
			}
		}
		j.Findings = append(j.Findings, hit)
	}
	return j
}
