package baseline_test

import (
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/auditlog/auditpolicy"
	"github.com/plimsoll-io/plimsoll/harden/baseline"
	"github.com/plimsoll-io/plimsoll/harden/plan"
)

// fileOf is a file of a step.
func fileOf(t *testing.T, b *baseline.Baseline, name string) plan.File {
	t.Helper()
	for _, s := range b.Plan.Steps {
		for _, f := range s.Files {
			if f.Name == name {
				return f
			}
		}
	}
	t.Fatalf("there is no file %s", name)
	return plan.File{}
}

func audited(t *testing.T) *auditpolicy.Policy {
	t.Helper()
	p, problems := auditpolicy.Parse(fileOf(t, build(t, cluster()), "audit-policy.yaml").Text)
	for _, x := range problems {
		t.Error(x)
	}
	if p == nil {
		t.Fatal("the API server refuses the policy")
	}
	return p
}

// TestAuditNoSecrets holds that no body that holds a secret is recorded, whoever asks, whatever is done.
func TestAuditNoSecrets(t *testing.T) {
	p := audited(t)
	people := []auditpolicy.Attributes{
		{User: "alice", Groups: []string{"system:authenticated"}}, {User: "system:anonymous", Groups: []string{"system:unauthenticated"}},
		{User: "system:node:a", Groups: []string{"system:nodes"}}, {User: "system:kube-controller-manager"}, {User: "system:apiserver"},
		{User: "system:kube-proxy"}, {User: "system:serviceaccount:kube-system:x"}, {User: ""},
	}
	for _, who := range people {
		for _, verb := range []string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"} {
			for _, what := range []string{"/secrets", "/configmaps", "/serviceaccounts/token", "authentication.k8s.io/tokenreviews"} {
				a := who
				a.Verb, a.Namespace, a.Name = verb, "shop", "x"
				a.Group, a.Resource, _ = strings.Cut(what, "/")
				a.Resource, a.Subresource, _ = strings.Cut(a.Resource, "/")
				if level := p.Judge(a).Level; level != auditpolicy.Metadata {
					t.Errorf("%s of %s by %q is recorded at %s", verb, what, who.User, level)
				}
			}
		}
	}
}

// TestAuditLevels holds what is recorded of requests that matter, and which are left out.
func TestAuditLevels(t *testing.T) {
	p := audited(t)
	for _, c := range []struct {
		a    auditpolicy.Attributes
		want string
	}{
		{auditpolicy.Attributes{User: "eve", Verb: "create", Group: "rbac.authorization.k8s.io", Resource: "clusterrolebindings"}, auditpolicy.RequestResponse},
		{auditpolicy.Attributes{User: "eve", Verb: "patch", Group: "rbac.authorization.k8s.io", Resource: "roles"}, auditpolicy.RequestResponse},
		{auditpolicy.Attributes{User: "eve", Verb: "delete", Group: "admissionregistration.k8s.io", Resource: "validatingadmissionpolicybindings"}, auditpolicy.RequestResponse},
		{auditpolicy.Attributes{User: "eve", Verb: "update", Group: "certificates.k8s.io", Resource: "certificatesigningrequests", Subresource: "approval"}, auditpolicy.RequestResponse},
		{auditpolicy.Attributes{User: "eve", Verb: "patch", Resource: "namespaces"}, auditpolicy.RequestResponse},
		{auditpolicy.Attributes{User: "eve", Verb: "deletecollection", Group: "networking.k8s.io", Resource: "networkpolicies"}, auditpolicy.RequestResponse},
		{auditpolicy.Attributes{User: "eve", Verb: "create", Resource: "pods", Subresource: "exec"}, auditpolicy.Metadata},
		{auditpolicy.Attributes{User: "eve", Verb: "get", Resource: "nodes", Subresource: "proxy"}, auditpolicy.Metadata},
		{auditpolicy.Attributes{User: "eve", Verb: "patch", Resource: "pods", Subresource: "ephemeralcontainers"}, auditpolicy.Request},
		{auditpolicy.Attributes{User: "eve", Verb: "create", Group: "apps", Resource: "deployments"}, auditpolicy.Metadata},
		{auditpolicy.Attributes{User: "eve", Verb: "impersonate", Resource: "users"}, auditpolicy.Metadata},
		{auditpolicy.Attributes{User: "eve", Verb: "get", Group: "example.com", Resource: "things"}, auditpolicy.Metadata},
		{auditpolicy.Attributes{User: "eve", Verb: "delete", Resource: "events"}, auditpolicy.Metadata},
		{auditpolicy.Attributes{User: "eve", Verb: "get", Group: "coordination.k8s.io", Resource: "leases"}, auditpolicy.Metadata},
		{auditpolicy.Attributes{User: "system:anonymous", Groups: []string{"system:unauthenticated"}, Verb: "get", Path: "/api"}, auditpolicy.Metadata},
		{auditpolicy.Attributes{User: "system:anonymous", Verb: "get", Path: "/readyz"}, auditpolicy.None},
		{auditpolicy.Attributes{User: "system:node:a", Groups: []string{"system:nodes"}, Verb: "update", Group: "coordination.k8s.io", Resource: "leases"}, auditpolicy.None},
		{auditpolicy.Attributes{User: "system:node:a", Groups: []string{"system:nodes"}, Verb: "create", Resource: "pods"}, auditpolicy.Metadata},
		{auditpolicy.Attributes{User: "x", Verb: "create", Resource: "events"}, auditpolicy.None},
	} {
		if d := p.Judge(c.a); d.Level != c.want {
			t.Errorf("%+v is recorded at %s by rule %d, want %s", c.a, d.Level, d.Rule, c.want)
		}
	}
	if d := p.Judge(auditpolicy.Attributes{User: "eve", Verb: "get", Resource: "pods"}); d.Rule != p.Rules()-1 || d.Records("RequestReceived") {
		t.Errorf("the last rule takes what no other does, at the end of the request: %+v", d)
	}
}
