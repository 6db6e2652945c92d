package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/report/answer/answertest"
)

const enforceInput = "testdata/policy/enforce/"

// TestPolicyInstallAnswers compares what is printed without a cluster with golden files.
func TestPolicyInstallAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		args string
		want int
	}{
		"install":         {"install --level compliant -f table --stage audit --config " + enforceInput + "plimsoll.yaml", exitOK},
		"install-refused": {"install host-path wildcard-rbac -f table --stage deny --config " + enforceInput + "refused.yaml", exitError},
		"install-skip":    {"install host-path wildcard-rbac -f table --skip-refused --stage deny --config " + enforceInput + "refused.yaml", exitOK},
		"install-json":    {"install wildcard-rbac -f json --stage warn -n shop --config " + enforceInput + "plimsoll.yaml", exitOK},
		"status":          {"status -v " + enforceInput + "installed.yaml", exitFindings},
		"status-audit":    {"status " + enforceInput + "installed.yaml --audit " + enforceInput + "audit.log", exitFindings},
		"status-none":     {"status " + policyInput + "objects.yaml", exitOK},
	} {
		t.Run(name, func(t *testing.T) {
			out, stderr, code := plimsoll(t, "", append([]string{"policy"}, strings.Fields(c.args)...)...)
			if code != c.want {
				t.Errorf("exit code %d, want %d; standard error: %s", code, c.want, stderr)
			}
			answertest.Golden(t, filepath.Join("policy", name+".txt"), out, *update)
		})
	}
}

// TestPolicyInstallPrintsThePolicies holds that the policy in the manifests is the catalogue's file, byte for byte, and
// that what is printed is what status calls clean.
func TestPolicyInstallPrintsThePolicies(t *testing.T) {
	out, stderr, code := plimsoll(t, "", "policy", "install", "host-path", "untrusted-registry", "--stage", "warn", "--config", enforceInput+"plimsoll.yaml")
	if code != exitOK || !strings.Contains(stderr, "whoever may label") {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	for _, id := range []string{"host-path", "untrusted-registry"} {
		if !strings.Contains(out, string(control.PolicyText(id))) {
			t.Errorf("the policy of %s is not as it is in the catalogue", id)
		}
	}
	if at, ns := strings.Index(out, "kind: ConfigMap"), strings.Index(out, "kind: Namespace"); ns < 0 || at < ns {
		t.Error("the parameters do not come after their namespace")
	}
	if status, _, code := plimsoll(t, "", "policy", "status", write(t, "all.yaml", out)); code != exitOK {
		t.Errorf("what is printed is not clean: %d\n%s", code, status)
	}
}

func TestPolicyInstallMistakes(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"install host-path", "--stage is missing"},
		{"install host-path --stage block", `no stage "block"`},
		{"install --stage audit", "name controls"},
		{"install no-such-control --stage audit", `no control "no-such-control"`},
		{"install --level high --stage audit", `no level "high"`},
		{"install --framework none-such --stage audit", "none-such"},
		{"install untrusted-registry --stage audit", "set params.untrusted-registry"},
		{"install secret-in-env --stage audit", "no admission policy can join"},
		{"install mutating-webhook-fails-open --stage audit -n shop", "live in no namespace"},
		{"install host-path --stage audit -n shop --exclude-namespaces shop", "all its namespaces are excluded"},
		{"install host-path --stage audit -f sarif", "unknown format"},
		{"install host-path --stage audit --exceptions " + enforceInput + "unknown.yaml", "no control"},
		{"install host-path --stage audit --live --kubeconfig " + filepath.Join(t.TempDir(), "none"), "find cluster"},
		{"promote --to audit", "nothing comes before it"},
		{"promote --to sometimes", `no stage "sometimes"`},
		{"promote no-such-control", `no control "no-such-control"`},
		{"status a.yaml --context x", "give only one"},
		{"uninstall --kubeconfig " + filepath.Join(t.TempDir(), "none"), "find cluster"},
	} {
		out, stderr, code := plimsoll(t, "", append([]string{"policy"}, strings.Fields(c.args)...)...)
		if code != exitError || !strings.Contains(stderr, c.want) || out != "" {
			t.Errorf("policy %s: exit code %d, %q, want %q; %s", c.args, code, stderr, c.want, out)
		}
	}
}

// TestEnforceRights holds that the rights to install are in no way among those to read.
func TestEnforceRights(t *testing.T) {
	for file, want := range map[string]bool{"../../deploy/rbac.yaml": false, "../../deploy/enforce/rbac.yaml": true} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(text), "patch") || strings.Contains(string(text), "delete"); got != want {
			t.Errorf("%s can write: %v", file, got)
		}
	}
}
