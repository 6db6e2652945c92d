package baseline

import (
	_ "embed"

	"github.com/plimsoll-io/plimsoll/harden/plan"
)

//go:embed audit-policy.yaml
var auditPolicy []byte

// Where things are on a node of the control plane.
const (
	etcDir   = "/etc/kubernetes/baseline"
	auditDir = "/var/log/kubernetes/audit"

	auditFile = "audit-policy.yaml"
)

// auditing is the step that has the API server record requests.
func (b *builder) auditing() error {
	p := auditPart()
	b.step("audit", plan.Step{
		Title: "Requests are recorded",
		Why: "Without a policy the API server records nothing. This one records each change and each read, who made it, for whom and " +
			"whether it was allowed; " +
			"never the body of a Secret, ConfigMap or token.",
		Files: []plan.File{{Name: auditFile, Text: auditPolicy}, p.patch(), p.script()},
		After: append(p.restarted(),
			"see that the log grows: tail -n 1 "+auditDir+"/audit.log",
			"have the log leave the node, for whoever takes the node takes the log: it holds about 1 GiB here"),
		Undo: p.undone(),
	})
	return nil
}

func auditPart() part {
	p := part{name: "audit", files: []string{auditFile}, volumes: []volume{{"baseline-audit-log", auditDir, false, "DirectoryOrCreate"}}}
	p.flags = []flag{
		{"audit-policy-file", p.folder() + "/" + auditFile},
		{"audit-log-path", auditDir + "/audit.log"},
		{"audit-log-maxsize", "100"},  // MB
		{"audit-log-maxbackup", "10"}, // files
		{"audit-log-maxage", "30"},    // days
	}
	return p
}
