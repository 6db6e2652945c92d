package main

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/report/answer/answertest"
)

var update = flag.Bool("update", false, "write the golden files")

const (
	grownRights = "../../examples/access/cluster.yaml"
	audit       = "../../examples/access/audit.log"
	people      = "../../examples/access/people.csv"
)

// TestRBACAnswers compares what people read with golden files.
func TestRBACAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		args string
		want int
	}{
		"can-yes":      {"can sa:shop/cart get secrets -n shop --name cart-database " + grownRights, exitOK},
		"can-no":       {"can sa:shop/cart list secrets -n shop " + grownRights, exitFindings},
		"can-groups":   {"can ada@shop.example create pods/exec -n shop --identity " + people + " " + grownRights, exitOK},
		"who-can":      {"who-can get secrets -n shop --identity " + people + " " + grownRights, exitOK},
		"who-can-path": {"who-can get /metrics " + grownRights, exitOK},
		"list":         {"list sa:ci/runner " + grownRights, exitOK},
		"matrix":       {"matrix -n ci -f markdown " + grownRights, exitOK},
		"paths":        {"paths " + grownRights, exitOK},
		"paths-from":   {"paths --from pods:ci " + grownRights, exitOK},
		"reach":        {"reach pods:ci " + grownRights, exitOK},
		"cut":          {"cut --rules " + grownRights, exitOK},
		"unused":       {"unused --audit " + audit + " " + grownRights, exitOK},
		"generate":     {"generate sa:ci/deployer --replace --audit " + audit + " " + grownRights, exitOK},
		"diff":         {"diff -f markdown " + grownRights + " " + write(t, "less.yaml", withoutDeployer(t)), exitOK},
		"graph":        {"graph -f mermaid " + grownRights, exitOK},
	} {
		t.Run(name, func(t *testing.T) {
			out, stderr, code := plimsoll(t, "", append([]string{"rbac"}, strings.Fields(c.args)...)...)
			if code != c.want || stderr != "" {
				t.Fatalf("exit code %d, want %d; standard error: %s", code, c.want, stderr)
			}
			answertest.Golden(t, filepath.Join("rbac", name+".txt"), out, *update)
		})
	}
}

// withoutDeployer is the example after a clean-up: the deployer may not hand out roles any more.
func withoutDeployer(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(grownRights)
	if err != nil {
		t.Fatal(err)
	}
	out := strings.Replace(string(text), "verbs: [bind, create, get, patch, update]", "verbs: [get]", 1)
	if out == string(text) {
		t.Fatal("the example has changed")
	}
	return out
}

// TestRBACContract checks the members that other programs rely on.
func TestRBACContract(t *testing.T) {
	for _, c := range []struct {
		args string
		kind string
		has  []string // members of the first item, "a.b" for nested ones
	}{
		{"who-can get secrets -n shop", "AccessList", []string{"subject.kind", "subject.namespace", "subject.name", "via"}},
		{"paths", "EscalationPaths", []string{"from.kind", "from.namespace", "from.name", "to.kind", "to.name", "steps"}},
		{"list sa:ci/runner", "RightsList", []string{"namespace", "rule.verbs", "via"}},
		{"matrix", "AccessMatrix", []string{"subject.kind", "namespace", "resource", "verbs", "bindings"}},
		{"unused --audit " + audit, "UsageReport", []string{"subject.kind", "grants"}},
	} {
		out, stderr, code := plimsoll(t, "", append([]string{"rbac"}, strings.Fields(c.args+" -f json "+grownRights)...)...)
		var answer struct {
			APIVersion string           `json:"apiVersion"`
			Kind       string           `json:"kind"`
			Items      []map[string]any `json:"items"`
		}
		if err := json.Unmarshal([]byte(out), &answer); err != nil || code != exitOK {
			t.Fatalf("%s: %v, exit code %d: %s", c.args, err, code, stderr)
		}
		if answer.APIVersion != "plimsoll.io/v1" || answer.Kind != c.kind || len(answer.Items) == 0 {
			t.Errorf("%s: %s %s with %d items", c.args, answer.APIVersion, answer.Kind, len(answer.Items))
			continue
		}
		for _, member := range c.has {
			var at any = answer.Items[0]
			for part := range strings.SplitSeq(member, ".") {
				m, _ := at.(map[string]any)
				at = m[part]
			}
			if at == nil {
				t.Errorf("%s: items have no %s", c.args, member)
			}
		}
	}
}

// TestRBACFormats checks that every format of every answer can be written, and that no JSON array is null.
func TestRBACFormats(t *testing.T) {
	for args, formats := range map[string][]string{
		"can jane get pods -n shop " + grownRights: listFormats, "who-can get pods -n shop " + grownRights: listFormats,
		"list jane " + grownRights: listFormats, "matrix " + grownRights: listFormats, "paths " + grownRights: graphFormats,
		"reach anonymous " + grownRights: listFormats, "cut " + grownRights: listFormats, "unused --audit " + audit + " " + grownRights: listFormats,
		"generate sa:shop/cart --audit " + audit + " " + grownRights: {"yaml", "json", "table"},
		"diff " + grownRights + " " + grownRights:                    {"table", "markdown", "json", "yaml", "csv", "html"},
		"graph " + grownRights:                                       {"html", "svg", "dot", "mermaid", "json"},
	} {
		for _, format := range formats {
			out, stderr, code := plimsoll(t, "", append([]string{"rbac"}, strings.Fields(args+" -f "+format)...)...)
			if code == exitError || out == "" {
				t.Errorf("rbac %s -f %s: exit code %d: %s", args, format, code, stderr)
			}
			if at := strings.Index(out, ": null"); format == "json" && at >= 0 {
				t.Errorf("rbac %s -f json has a null: …%s", args, out[max(0, at-200):at+6])
			}
		}
	}
}

func TestRBACExitCodes(t *testing.T) {
	broken := write(t, "broken.yaml", "kind: RoleBinding\n\tbad")
	for _, c := range []struct {
		args string
		want int
		says string
	}{
		{"can sa:shop/cart list secrets -n shop " + grownRights + " " + broken, exitIncomplete, ""},
		{"who-can get secrets " + grownRights + " " + broken, exitIncomplete, ""},
		{"paths " + grownRights + " " + broken, exitIncomplete, ""},
		{"paths --fail-on-path " + grownRights, exitFindings, ""},
		{"paths --from sa:shop/crat " + grownRights, exitError, "cart"},
		{"paths --to nowhere " + grownRights, exitError, "nowhere"},
		{"can jane get widgets " + grownRights, exitError, "widgets"},
		{"can sa:shop get pods " + grownRights, exitError, "sa:NAMESPACE/NAME"},
		{"unused " + grownRights, exitError, "--audit"},
		{"unused --audit nowhere.log " + grownRights, exitError, "nowhere.log"},
		{"unused --audit " + broken + " " + grownRights, exitError, "no audit event"},
		{"who-can get secrets -f svg " + grownRights, exitError, "unknown format"},
		{"who-can get secrets --identity nowhere.csv " + grownRights, exitError, "nowhere.csv"},
	} {
		_, stderr, code := plimsoll(t, "", append([]string{"rbac"}, strings.Fields(c.args)...)...)
		if code != c.want || !strings.Contains(stderr, c.says) {
			t.Errorf("rbac %s: exit code %d, want %d, and to say %q: %s", c.args, code, c.want, c.says, stderr)
		}
	}
}

// TestRBACRemarks checks what keeps a plain answer from being misread, and verbs that only some programs ask for.
func TestRBACRemarks(t *testing.T) {
	metrics := write(t, "metrics.yaml", `{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r, namespace: shop},
  rules: [{apiGroups: [""], resources: [pods], verbs: [reportMetrics]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: r, namespace: shop},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}, subjects: [{kind: User, name: jane}]}
`)
	empty := t.TempDir()
	broken := write(t, "broken.yaml", "kind: RoleBinding\n\tbad")
	for _, c := range []struct {
		args string
		want int
		says string
	}{
		{"can jane reportMetrics pods -n shop " + metrics, exitOK, "yes"},
		{"can jane GET pods -n shop " + metrics, exitFindings, "no"},
		{"can sa:shop/crat get pods -n shop " + grownRights, exitFindings, "no binding names it"},
		{"list jane " + grownRights, exitOK, "no binding names it"},
		{"list sa:shop/cart " + grownRights, exitOK, "RBAC objects do not show everything"},
		{"matrix --subject sa:shop/crat " + grownRights, exitOK, "no binding names it"},
		{"unused --subject sa:shop/crat --audit " + audit + " " + grownRights, exitOK, "the log does not show it"},
		{"paths " + empty, exitOK, "no Role and no binding was found there"},
		{"who-can get pods " + broken, exitIncomplete, "broken.yaml"},
	} {
		out, stderr, code := plimsoll(t, "", append([]string{"rbac"}, strings.Fields(c.args)...)...)
		if code != c.want || !strings.Contains(strings.Join(strings.Fields(out), " "), c.says) {
			t.Errorf("rbac %s: exit code %d, want %d, and to say %q: %s%s", c.args, code, c.want, c.says, out, stderr)
		}
	}
}
