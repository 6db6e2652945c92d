package main

import (
	"encoding/json"
	"strings"
	"testing"
)

const lintedPolicies = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: registry.example.com/web:1}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
`

// TestNetpolLint checks the exit codes and the members that other programs rely on.
func TestNetpolLint(t *testing.T) {
	open := strings.Replace(lintedPolicies, "policyTypes: [Ingress, Egress]", "ingress: [{}]", 1)
	broken := write(t, "broken.yaml", "kind: NetworkPolicy\nmetadata: {name: [}\n")
	for _, c := range []struct {
		name, input string
		args        []string
		want        int
		stderr      string
	}{
		{"only low problems", lintedPolicies, nil, exitOK, ""},
		{"low ones count", lintedPolicies, []string{"--fail-on", "low"}, exitFindings, ""},
		{"medium problems", open, nil, exitFindings, ""},
		{"nothing counts", open, []string{"--fail-on", "none"}, exitOK, ""},
		{"a gap", lintedPolicies, []string{broken}, exitIncomplete, ""},
		{"problems and a gap", open, []string{broken}, exitFindings, ""},
		{"an unknown severity", open, []string{"--fail-on", "bad"}, exitError, "unknown severity"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, stderr, code := plimsoll(t, c.input, append([]string{"netpol", "lint", "-"}, c.args...)...)
			if code != c.want || !strings.Contains(stderr, c.stderr) {
				t.Errorf("exit code %d, want %d; standard error: %s", code, c.want, stderr)
			}
		})
	}
	out, _, _ := plimsoll(t, open, "netpol", "lint", "-", "-f", "json")
	var body struct {
		Kind    string
		Summary map[string]int
		Items   []struct {
			Kind, Severity, Path, Message, Remedy string
			Object                                struct{ Kind, Namespace, Name string }
		}
	}
	if err := json.Unmarshal([]byte(out), &body); err != nil {
		t.Fatal(err)
	}
	if body.Kind != "NetworkLint" || body.Summary["medium"] == 0 || len(body.Items) == 0 || body.Items[0].Kind == "" || body.Items[0].Object.Kind == "" {
		t.Errorf("the answer lacks members: %+v", body)
	}
}
