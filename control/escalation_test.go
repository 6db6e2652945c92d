package control

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

const (
	escalationPod = `
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop}
spec: {serviceAccountName: cart, containers: [{name: web}]}`
	escalationAccount = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: cart, namespace: shop}`
	escalationAdmin = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: everything}
rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]`
	escalationBinding = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: cart}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: everything}
subjects: [{kind: ServiceAccount, name: cart, namespace: shop}]`
)

// TestEscalationTellsEachStep: technique, binding and length are part of what a finding says.
func TestEscalationTellsEachStep(t *testing.T) {
	f := live(t, escalationPod, escalationAccount, escalationAdmin, escalationBinding)
	j := escalationPath().Check(f)
	if len(j.Findings) != 1 {
		t.Fatalf("want one finding: %v", j.Findings)
	}
	got := j.Findings[0]
	if want := "The token of ServiceAccount shop/cart leads to cluster-admin in 2 steps"; got.Message != want {
		t.Errorf("message %q, want %q", got.Message, want)
	}
	if got.Severity != finding.Critical {
		t.Errorf("severity %s of an account that is admin", got.Severity)
	}
	var facts []string
	for _, r := range got.Because {
		facts = append(facts, r.Fact)
	}
	if !slices.Equal(facts, []string{"mounted-token", "cluster-admin"}) {
		t.Errorf("steps %v", facts)
	}
	if last := got.Because[len(got.Because)-1]; last.Object == nil || last.Object.String() != "ClusterRoleBinding cart" {
		t.Errorf("the binding is not told: %+v", last)
	}
}

// TestEscalationSeverity: an account that is nearly admin is worse than one with a long way, and Secrets are less yet.
func TestEscalationSeverity(t *testing.T) {
	role := func(rules string) string {
		return "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: everything}\nrules: [" + rules + "]"
	}
	kubeSystem := "apiVersion: v1\nkind: Namespace\nmetadata: {name: kube-system}"
	for name, c := range map[string]struct {
		rules string
		want  finding.Severity
	}{
		"every right":          {`{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}`, finding.Critical},
		"impersonates masters": {`{apiGroups: [""], resources: [users, groups], verbs: [impersonate]}`, finding.Critical},
		"reaches a node":       {`{apiGroups: [""], resources: [pods], verbs: [create]}`, finding.High},
		"reads Secrets":        {`{apiGroups: [""], resources: [secrets], verbs: [get]}`, finding.Medium},
		"reads pods":           {`{apiGroups: [""], resources: [pods], verbs: [get]}`, finding.None},
	} {
		j := escalationPath().Check(live(t, escalationPod, escalationAccount, role(c.rules), escalationBinding, kubeSystem))
		got := finding.None
		if len(j.Findings) > 0 {
			if got = j.Findings[0].Severity; got == finding.None {
				got = escalationPath().Severity
			}
		}
		if got != c.want {
			t.Errorf("%s: severity %s, want %s: %v", name, got, c.want, j.Findings)
		}
	}
}

// TestEscalationWithGaps: a kind that can only give more ways may be missing, but then the control cannot pass; without
// one that may make a way untrue the control is not asked.
func TestEscalationWithGaps(t *testing.T) {
	full := live(t, escalationPod, escalationAccount, escalationAdmin, escalationBinding)
	for kind, needed := range map[string]bool{"Secret": false, "Node": false, "Namespace": true, "ServiceAccount": true, "Pod": true} {
		inv := inventory.New(full.Source, time.Unix(0, 0), "", full.All(), []inventory.Gap{{Kind: kind, Reason: "forbidden"}})
		if _, incomplete := inv.Incomplete(escalationPath().Reads...); incomplete != needed {
			t.Errorf("gap of %q: it stops the control: %v", kind, incomplete)
		}
		j := escalationPath().Check(NewFacts(inv, Settings{}))
		if len(j.Findings) != 1 || (j.Skipped == "") != needed {
			t.Errorf("gap of %q: skipped %q with %d findings", kind, j.Skipped, len(j.Findings))
		}
	}
}

// TestEscalationOfALivePod: its volumes say whether it has a token.
func TestEscalationOfALivePod(t *testing.T) {
	pod := strings.Replace(escalationPod, "namespace: shop}", "namespace: shop, uid: u1}", 1)
	rest := []string{escalationAccount, escalationAdmin, escalationBinding}
	if j := escalationPath().Check(live(t, append(rest, pod)...)); len(j.Examined) > 0 {
		t.Errorf("a Pod without the volume was judged: %v", j.Findings)
	}
	mirror := strings.Replace(escalationPod, "namespace: shop}", "namespace: shop, annotations: {kubernetes.io/config.mirror: x}}", 1)
	if j := escalationPath().Check(live(t, append(rest, mirror)...)); len(j.Examined) > 0 {
		t.Errorf("a static Pod was judged: %v", j.Findings)
	}
}
