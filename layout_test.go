package plimsoll

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/plimsoll-io/plimsoll/"

// rooms says, for every package, which of our packages it may import. "finding" and "internal/…" may be imported
// everywhere. The table is the design: a new arrow needs a reason.
var rooms = map[string][]string{
	"finding":             {},
	"internal":            {"harden/psp", "inventory", "inventory/manifest", "policy", "policy/admission", "control", "scan", "rbac", "rbac/attack"}, // test harnesses
	"inventory":           {},
	"inventory/bootstrap": {"inventory"},
	"inventory/manifest":  {"inventory"},
	"inventory/cluster":   {"inventory"},
	"inventory/snapshot":  {"inventory"},
	"policy":              {},
	"policy/podsecurity":  {},
	"policy/admission":    {"inventory", "policy"},
	"inventory/identity":  {"inventory"},
	"auditlog":            {},
	"rbac":                {"inventory", "inventory/bootstrap"},
	"network":             {"inventory"},
	"rbac/attack":         {"inventory", "rbac"},
	"rbac/usage":          {"inventory", "rbac", "auditlog"},
	"network/flow":        {},
	"network/service":     {"inventory", "network"},
	"network/exposure":    {"inventory", "network", "network/service"},
	"network/need":        {"inventory", "network", "network/service", "network/exposure", "network/flow"},
	"network/generate":    {"inventory", "network", "network/service", "network/need"},
	"network/rehearse":    {"inventory", "network", "network/need"},
	"network/change":      {"inventory", "network"},
	"network/lint":        {"inventory", "network", "network/service"},
	"control": {"inventory", "policy", "policy/podsecurity", "rbac", "rbac/attack",
		"rbac/usage", // which grants are stale
		"network", "network/service", "network/exposure", "network/lint"},
	"scan": {"control", "inventory", "policy",
		"network", "network/exposure"}, // whether the outside reaches a workload is a part of its severity
	"framework":                {"scan", "control"},
	"report":                   {"scan", "framework", "control", "inventory"},
	"report/graph":             {},
	"report/answer":            {"inventory", "report", "report/graph"},
	"report/answer/answertest": {"report", "report/answer"}, // test harness
	"report/access":            {"inventory", "auditlog", "rbac", "rbac/attack", "rbac/usage", "report", "report/graph", "report/answer"},
	"report/network": {"inventory", "network", "network/flow", "network/service", "network/exposure", "network/need", "network/generate",
		"network/rehearse", "network/change", "network/lint", "report", "report/graph", "report/answer"},
	"report/admission":  {"inventory", "policy/admission", "policy/kyverno", "control", "harden/enforce", "report", "report/answer"},
	"report/harden":     {"inventory", "control", "harden", "harden/plan", "harden/namespaces", "report", "report/answer"},
	"report/rehearsal":  {"inventory", "rehearse", "auditlog", "report", "report/answer"},
	"harden":            {"inventory", "scan", "control"},
	"harden/plan":       {"inventory"},
	"harden/namespaces": {"inventory", "policy/podsecurity", "control", "scan", "rbac", "network", "harden/plan"},
	"harden/roles":      {"inventory", "rbac", "rbac/attack", "rbac/usage", "harden/plan"},
	"harden/policies":   {"inventory", "network", "network/service", "network/need", "network/generate", "network/rehearse", "harden/plan"},
	"harden/baseline": {"inventory", "control", "scan", "policy", "policy/admission", "auditlog/auditpolicy", "network", "network/service", "network/need", "network/generate",
		"harden/enforce", // the policies and their bindings
		"harden/plan"},
	"harden/psp":     {"inventory", "rbac", "policy/podsecurity", "harden/plan"},
	"harden/enforce": {"inventory", "control", "scan", "policy", "policy/admission", "harden/plan", "auditlog"},
	"rehearse": {"inventory", "policy", "policy/podsecurity", "policy/admission", "policy/kyverno", "rbac", "rbac/usage", "auditlog",
		"auditlog/auditpolicy", "network", "network/flow", "network/service", "network/exposure", "network/need", "network/rehearse", "network/change"},
	"apply":                   {"inventory", "inventory/cluster"},
	"auditlog/auditpolicy":    {"auditlog"},
	"policy/kyverno":          {"inventory", "policy", "policy/podsecurity", "policy/admission", "policy/kyverno/jmespath"},
	"policy/kyverno/jmespath": {},
	"cmd/plimsoll":            {"*"},
	"bench":                   {"*"},
}

// outside says which packages alone may import a heavy or dangerous module.
var outside = map[string][]string{
	"k8s.io/apiserver":                {"policy", "auditlog/auditpolicy"},
	"github.com/google/cel-go":        {"policy"},
	"k8s.io/pod-security-admission":   {"policy/podsecurity"},
	"k8s.io/client-go":                {"inventory/cluster", "apply", "policy"}, // policy: only how apply configurations merge
	"helm.sh/helm":                    {"inventory/manifest"},
	"sigs.k8s.io/kustomize":           {"inventory/manifest"},
	"github.com/zricethezav/gitleaks": {"internal/secretscan"},
	"github.com/spf13/cobra":          {"cmd/plimsoll"},
	"github.com/klauspost/compress":   {"internal/logstream"},
	"github.com/owenrumney/go-sarif":  {"report"},
	"github.com/kyverno/go-jmespath":  {"policy/kyverno/jmespath"},
}

// analyses do no I/O: they open no files and no sockets, and they do not log.
var analyses = []string{"finding", "inventory", "policy", "policy/podsecurity", "policy/admission", "control", "scan", "auditlog", "inventory/identity", "rbac", "rbac/attack", "rbac/usage", "network", "network/flow",
	"network/service", "network/exposure", "network/need", "network/generate", "network/rehearse", "network/change", "network/lint", "harden", "harden/plan", "harden/namespaces", "harden/roles", "harden/policies", "harden/baseline",
	"harden/psp", "harden/enforce", "rehearse", "auditlog/auditpolicy", "policy/kyverno", "policy/kyverno/jmespath"}

var forbiddenInAnalyses = []string{"os", "net", "net/http", "log", "log/slog", "os/exec"}

type listedPackage struct {
	ImportPath string
	Imports    []string
}

func TestLayout(t *testing.T) {
	for _, p := range listPackages(t) {
		name, ours := strings.CutPrefix(p.ImportPath, module)
		if !ours {
			continue // the root package, which is this test
		}
		for _, imported := range p.Imports {
			checkRoom(t, name, imported)
			checkOutside(t, name, imported)
			if slices.Contains(analyses, name) && slices.Contains(forbiddenInAnalyses, imported) {
				t.Errorf("%s imports %s: analyses do no I/O and do not log", name, imported)
			}
		}
	}
}

func checkRoom(t *testing.T, name, imported string) {
	target, ours := strings.CutPrefix(imported, module)
	if !ours || target == "finding" || strings.HasPrefix(target, "internal/") {
		return
	}
	room := name
	if strings.HasPrefix(name, "internal/") {
		room = "internal"
	}
	if strings.HasPrefix(name, "inventory/bootstrap/") {
		room = "inventory/bootstrap"
	}
	allowed, known := rooms[room]
	if !known {
		t.Errorf("%s is in no room: add it to the table in layout_test.go, with what it may import", name)
		return
	}
	if !slices.Contains(allowed, target) && !slices.Contains(allowed, "*") {
		t.Errorf("%s imports %s, which its room may not: see docs/architecture.md", name, target)
	}
}

func checkOutside(t *testing.T, name, imported string) {
	for prefix, allowed := range outside {
		if strings.HasPrefix(imported, prefix) && !slices.Contains(allowed, name) {
			t.Errorf("%s imports %s: only %s may", name, imported, strings.Join(allowed, ", "))
		}
	}
}

func listPackages(t *testing.T) []listedPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("list packages: %v", err)
	}
	var packages []listedPackage
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p listedPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatalf("read the list of packages: %v", err)
		}
		packages = append(packages, p)
	}
}
