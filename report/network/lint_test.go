package network

import (
	"fmt"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/lint"
	"github.com/plimsoll-io/plimsoll/network/service"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/answer"
	"github.com/plimsoll-io/plimsoll/report/answer/answertest"
)

const lintSample = diffWorkloads + `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny-egress, namespace: shop}
spec: {podSelector: {}, egress: []}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
  - to: [{podSelector: {matchLabels: {app: db}}}]
    ports: [{port: 5432}, {port: pg}]
  - to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}]
    ports: [{port: 80}]
  - to: [{podSelector: {matchLabels: {app: cache}}}, {namespaceSelector: {matchLabels: {team: edge}}}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec: {podSelector: {matchLabels: {app: db}}, ingress: []}
`

func lintOf(t testing.TB, text string) *answer.Document {
	t.Helper()
	inv := inventoryOf(t, text)
	m := network.New(inv)
	return Lint(HeaderOf("NetworkLint", inv, m, lint.Reads), lint.Check(inv, m, service.New(inv, m)))
}

func TestLintGolden(t *testing.T) {
	d := lintOf(t, lintSample)
	answertest.Check(t, "lint", d)
	out := map[string]string{
		"lint.md": answertest.Render(t, "markdown", d, report.Options{}), "lint.csv": answertest.Render(t, "csv", d, report.Options{}),
	}
	for _, width := range []int{40, 80, 160} {
		out[fmt.Sprintf("lint-%d.txt", width)] = answertest.Render(t, "table", d, report.Options{Width: width})
	}
	for name, got := range out {
		answertest.Golden(t, name, got, *update)
	}
}

func TestLintHostile(t *testing.T) {
	inv := inventory.New(inventory.Source{Kind: "files", Names: []string{"case.yaml"}}, time.Time{}, "", nil, nil)
	h := HeaderOf("NetworkLint", inv, network.New(inv))
	answertest.Check(t, "empty", Lint(h, &lint.Report{}))
	for _, text := range answertest.Hostile() {
		ref := finding.Ref{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy", Namespace: text, Name: text}
		answertest.Check(t, text, Lint(h, &lint.Report{
			Problems: []lint.Problem{{Kind: lint.AllowAll, Severity: finding.Medium, Object: ref, Path: finding.Path("spec").Field(text),
				Position: finding.Position{File: text, Line: 3}, Message: "a message " + text, Because: []finding.Reason{{Fact: "x", Message: text}}, Remedy: "x"}},
			Unjudged: []lint.Unjudged{{Kind: lint.AllowAll, Object: ref, Reason: "why " + text}},
		}))
	}
}
