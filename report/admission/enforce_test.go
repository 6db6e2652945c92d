package admission

import (
	"fmt"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden/enforce"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/answer"
	"github.com/plimsoll-io/plimsoll/report/answer/answertest"
)

// enforced are the answers about enforcing, with s wherever a name or a text of somebody else can be.
func enforced(s string) map[string]*answer.Document {
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	pod := finding.Ref{APIVersion: "v1", Kind: "Pod", Namespace: "shop" + s, Name: "web" + s}
	binding := finding.Ref{APIVersion: "admissionregistration.k8s.io/v1", Kind: "ValidatingAdmissionPolicyBinding", Name: "plimsoll-host-path-deny"}
	grant := enforce.Grant{Name: "agent" + s, Expires: "2027-01-01"}
	scope := enforce.Scope{Namespaces: []string{"shop" + s, "db"}}
	changes := []Change{
		{Object: binding, Action: "create", Written: true, Conflicts: []Conflict{}},
		{Object: binding, Action: "update", Conflicts: []Conflict{{Field: ".spec" + s, Owner: "kubectl-edit" + s}}},
		{Object: binding, Action: "remove", Error: "it is not removed: helm wrote it" + s, Conflicts: []Conflict{}},
		{Object: binding, Action: "create", Untried: "its namespace is not there yet", Conflicts: []Conflict{}},
		{Object: binding, Action: "keep", Conflicts: []Conflict{}},
	}
	install := &PolicyInstallation{
		APIVersion: report.APIVersion, Kind: "PolicyInstallation", Cluster: "prod" + s, Stage: enforce.Deny, Changes: changes,
		Controls: []InstalledControl{{Control: "host-path", Scope: scope, Bindings: []string{binding.Name}, Exceptions: []enforce.Grant{grant}}},
		Refused:  []enforce.Refusal{{Exception: "x" + s, Control: "host-pid", Why: "it names web" + s, Instead: "choose by namespaces"}},
		LeftOut:  []enforce.LeftOut{{Control: "host-pid", Why: "its exception x" + s}}, Warnings: []string{"mind " + s},
		Rehearsal: &enforce.Rehearsal{
			Breaks: []enforce.Break{{Control: "host-path", Object: pod, Paths: []finding.Path{finding.Path("spec.volumes" + s), "spec.x"}, Message: s}},
			Judged: 7, Unknown: []enforce.Unknown{{Control: "host-path", Why: s}},
		},
	}
	status := NewStatus("prod"+s, &enforce.Status{Controls: []enforce.ControlStatus{{
		Control: "host-path", Policy: "plimsoll-host-path", Problems: []string{"another version" + s}, Drift: []enforce.Difference{{Path: "spec.x", Want: "a", Have: s}},
		Bindings: []enforce.BindingStatus{
			{Name: binding.Name, Stage: enforce.Deny, Actions: []string{"Deny" + s}, Scope: &scope, Since: "2026-11-01T00:00:00Z",
				Exceptions: []enforce.GrantState{{Grant: grant, Expired: true}}, Problems: []string{"missing " + s}, Drift: []enforce.Difference{{Path: "spec.y", Have: map[string]any{"x": s}, By: "kubectl" + s}}},
			{Name: "theirs" + s, Problems: []string{"Plimsoll did not write this binding"}, Actions: []string{}, Exceptions: []enforce.GrantState{}, Drift: []enforce.Difference{}},
		},
	}}}, []inventory.Gap{{Kind: "ConfigMap", Reason: s}})
	status.Log = &Log{First: at, Last: at, Events: 3, Broken: 1}
	status.Observed = []enforce.Observation{{
		Policy: "plimsoll-host-path", Namespace: s, Denied: 2, Audited: 1, First: at, Last: at,
		Objects: []enforce.ObservedObject{{Resource: "pods", Name: s, Count: 2, User: s}, {Resource: "pods", Count: 1}},
	}}
	promotion := NewPromotion("prod"+s, 7, []enforce.Promotion{
		{Control: "host-path", From: enforce.Audit, To: enforce.Warn, Scope: scope, Blockers: []enforce.Blocker{{Object: &pod, Why: "it violates the policy" + s}, {Why: "no log" + s}}},
		{Control: "host-pid", From: enforce.Warn, To: enforce.Deny, Blockers: []enforce.Blocker{}},
	}, status.Log, nil)
	promotion.Changes = changes[:1]
	return map[string]*answer.Document{
		"install": Installation(install, nil), "status": Status(status), "promote": Promotion(promotion), "removal": Removal("prod"+s, true, changes, []string{"stays " + s}),
	}
}

func TestHostileNamesOfEnforcement(t *testing.T) {
	for i, s := range answertest.Hostile() {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			for name, d := range enforced(s) {
				answertest.Check(t, name, d)
			}
		})
	}
}

// TestEnforcementText compares what people read with golden files.
func TestEnforcementText(t *testing.T) {
	for name, d := range enforced("") {
		answertest.Golden(t, name+".txt", answertest.Render(t, "table", d, report.Options{Width: 80}), *update)
	}
}
