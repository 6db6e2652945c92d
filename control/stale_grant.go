package control

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/rbac/usage"
)

func staleGrant() Control {
	return Control{
		ID:    "stale-grant",
		Title: "Granted rights are not used",
		Why: "Rights that nobody uses serve attackers only: they come with a stolen token or a deceived person, and nothing breaks " +
			"when they are taken away. The audit log shows which bindings no request of their subjects needed. Judged are grants " +
			"that the log covers for 30 days, and that no CronJob may still be waiting for; what the audit policy leaves out of " +
			"the log looks unused, and a log with gaps makes the finding milder.",
		Remedy: "Ask the owner, then remove the subject from the binding. `plimsoll rbac unused` shows the rules, and `plimsoll rbac " +
			"generate` writes the least roles. Except this finding for break-glass access.",
		Severity:   finding.Medium,
		Capability: RBACLeastPrivilege,
		References: []string{"CWE-272", "T1078"},
		Enforce:    ScanOnly,
		Reads:      append(rbac.Reads(), schema.GroupKind{Group: "batch", Kind: "CronJob"}),
		Check:      checkStaleGrant,
	}
}

// staleDays is how long a right has to be watched before it counts as unused.
const staleDays = 30

func checkStaleGrant(f *Facts) Judgement {
	used := f.Settings.Used
	if used == nil {
		return Judgement{Skipped: "not configured: give --audit the API server's audit log"}
	}
	const long = staleDays * 24 * time.Hour
	if window := used.Summary.Window(); window < long {
		return Judgement{Skipped: fmt.Sprintf("the audit log covers %.1f days: %d are needed to call a right unused", window.Hours()/24, staleDays)}
	}
	report := used.Unused(f.Access(), usage.UnusedOptions{Inventory: f.Inventory, Warn: usage.WarnOptions{Days: staleDays}})
	doubts := doubtsAbout(report)
	unused := map[grantOf]bool{}
	for _, s := range report.Subjects {
		waits := slices.ContainsFunc(s.Warnings, func(w usage.Warning) bool { return w.Kind == usage.SlowCronJob || w.Kind == usage.ManyRights })
		for _, g := range s.Grants {
			if !g.Unused || !waits {
				unused[grantOf{g.Binding, s.Subject}] = g.Unused
			}
		}
	}
	return judgeSubjects(f, func(b *rbac.Binding, s boundSubject) (bool, *finding.Finding) {
		stale, granted := unused[grantOf{b, s.Subject}]
		if !granted || s.Kind != rbac.ServiceAccountKind && isBuiltIn(s.Name) || madeAfter(b.Object, report.Last.Add(-long)) {
			return false, nil
		}
		if !stale {
			return true, nil
		}
		out := found(b.Object, s.at, fmt.Sprintf("In the %.0f days of the audit log no request by %s needed %s",
			used.Summary.Window().Hours()/24, s, grants(b)), doubts...)
		if len(doubts) > 0 {
			out.Severity = finding.Low
		}
		return true, &out
	})
}

// A grantOf is what a binding grants to one of its subjects.
type grantOf struct {
	binding *rbac.Binding
	subject rbac.Subject
}

// doubtsAbout are the reasons why the log may lack requests. They make findings doubtful, and never a pass: what was used
// was used.
func doubtsAbout(report *usage.Report) []finding.Reason {
	var out []finding.Reason
	for _, w := range report.Warnings {
		out = append(out, finding.Reason{Effect: "lowers", Fact: w.Kind, Message: w.Message})
	}
	return out
}

// madeAfter says whether an object of a live cluster is younger; files do not say.
func madeAfter(o *inventory.Object, t time.Time) bool {
	made, err := time.Parse(time.RFC3339, inventory.String(o.Content, "metadata", "creationTimestamp"))
	return err == nil && made.After(t)
}
