package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/inventory/manifest"
	"github.com/plimsoll-io/plimsoll/report"
)

// TestMain makes the test binary answer as the program when it is started to render a chart.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == renderCommand {
		os.Exit(manifest.RenderMain(os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

const shop = "../../examples/shop/"

// plimsoll runs the program in this process.
func plimsoll(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(context.Background(), args, strings.NewReader(stdin), &out, &err)
	return out.String(), err.String(), code
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const clean = `apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
data: {colour: blue}
`

const privileged = `apiVersion: v1
kind: Pod
metadata: {name: debug, namespace: shop}
spec:
  containers:
  - name: debug
    image: busybox
    securityContext: {privileged: true}
`

func TestExitCodes(t *testing.T) {
	broken := write(t, "broken.yaml", "kind: Deployment\n\tbad")
	config := write(t, "config.yaml", "apiVersion: plimsoll.io/v1\nkind: Config\nexceptions: [{name: x}]\n")
	tests := []struct {
		name  string
		stdin string
		args  []string
		want  int
		says  string // on standard error
	}{
		{"clean", clean, []string{"scan", "-"}, exitOK, ""},
		{"findings", privileged, []string{"scan", "-"}, exitFindings, ""},
		{"below the threshold", privileged, []string{"scan", "-", "--controls", "image-without-digest", "--fail-on", "critical"}, exitOK, ""},
		{"the alias of --fail-on", privileged, []string{"scan", "-", "--severity-threshold", "none"}, exitOK, ""},
		{"a gap", clean, []string{"scan", "-", broken}, exitIncomplete, ""},
		{"a gap that is allowed", clean, []string{"scan", "-", broken, "--min-coverage", "0"}, exitOK, ""},
		{"findings and a gap", privileged, []string{"scan", "-", broken}, exitFindings, ""},
		{"no such path", "", []string{"scan", "nowhere"}, exitError, "nowhere"},
		{"unknown format", clean, []string{"scan", "-", "-f", "xml"}, exitError, "unknown format"},
		{"two formats on one output", clean, []string{"scan", "-", "-f", "json,yaml"}, exitError, "format=file"},
		{"unknown severity", clean, []string{"scan", "-", "--fail-on", "bad"}, exitError, "unknown severity"},
		{"unknown control", clean, []string{"scan", "-", "--controls", "no-such"}, exitError, "no control"},
		{"unknown framework", clean, []string{"scan", "-", "--framework", "hitrust"}, exitError, "unknown framework"},
		{"incomplete exception", clean, []string{"scan", "-", "--config", config}, exitError, "controls is missing"},
		{"fail on new without a baseline", clean, []string{"scan", "-", "--fail-on-new"}, exitError, "--baseline"},
		{"unknown flag", clean, []string{"scan", "--frobnicate"}, exitError, "frobnicate"},
		{"unknown command", "", []string{"sacn"}, exitError, "sacn"},
		{"unknown control to explain", "", []string{"explain", "privileged"}, exitError, "did you mean privileged-container"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, stderr, code := plimsoll(t, test.stdin, test.args...)
			if code != test.want || !strings.Contains(stderr, test.says) {
				t.Errorf("exit code %d, want %d; stderr: %s", code, test.want, stderr)
			}
		})
	}
}

// A secret planted in every place must be in no output of any command, whatever the format.
func TestSecretsNeverLeak(t *testing.T) {
	const canary = "xK9-canary-7fQ2mZ"
	dir := t.TempDir()
	text := strings.ReplaceAll(`apiVersion: v1
kind: Secret
metadata: {name: db, namespace: shop, annotations: {"kubectl.kubernetes.io/last-applied-configuration": "{\"stringData\":{\"password\":\"CANARY\"}}"}}
stringData: {password: CANARY}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
data:
  db.password: CANARY
  app.properties: |
    name=shop
    db.password=CANARY
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  template:
    spec:
      containers:
      - name: cart
        image: cart:1
        args: [--password=CANARY]
        env:
        - {name: DB_PASSWORD, value: CANARY}
        - {name: DATABASE_URL, value: "postgres://shop:CANARY@db/shop"}
`, "CANARY", canary)
	if err := os.WriteFile(filepath.Join(dir, "app.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	snap := filepath.Join(dir, "s.plimsoll")
	if _, stderr, code := plimsoll(t, "", "snapshot", "-o", snap, filepath.Join(dir, "app.yaml")); code != 0 {
		t.Fatalf("snapshot: %s", stderr)
	}
	for _, f := range report.Formats() {
		out := filepath.Join(dir, f.Name+".out")
		_, stderr, _ := plimsoll(t, "", "scan", filepath.Join(dir, "app.yaml"), "-v", "-f", f.Name, "-o", out)
		got, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(got, []byte(canary)) || strings.Contains(stderr, canary) {
			t.Errorf("%s holds the secret", f.Name)
		}
	}
	stdout, _, _ := plimsoll(t, "", "scan", filepath.Join(dir, "app.yaml"), "-f", "json", "--controls", "secret-in-env,secret-in-configmap")
	for _, name := range []string{"DB_PASSWORD", "DATABASE_URL", "db.password"} {
		if !strings.Contains(stdout, name) {
			t.Errorf("the findings do not name %s", name)
		}
	}
}

// A report that was saved and read again renders to the same bytes.
func TestReportAgain(t *testing.T) {
	dir := t.TempDir()
	snap, saved := filepath.Join(dir, "shop.plimsoll"), filepath.Join(dir, "report.json")
	if _, stderr, code := plimsoll(t, "", "snapshot", "-o", snap, shop+"manifests"); code != 0 {
		t.Fatal(stderr)
	}
	if _, stderr, _ := plimsoll(t, "", "scan", snap, "-f", "json", "-o", saved); stderr != "" {
		t.Fatal(stderr)
	}
	for _, f := range report.Formats() {
		direct, _, _ := plimsoll(t, "", "scan", snap, "-f", f.Name)
		again, stderr, code := plimsoll(t, "", "report", "--from", saved, "-f", f.Name)
		if code != 0 {
			t.Fatalf("%s: %s", f.Name, stderr)
		}
		if direct != again {
			t.Errorf("%s differs when it is rendered from the saved report", f.Name)
		}
	}
}

// withoutTime blanks the time of reading, which differs between two scans.
func withoutTime(s string) string { return timestamp.ReplaceAllString(s, "TIME") }

// The snapshot of an input gives the same report, byte for byte, but for the name of what was read.
func TestSnapshotGivesTheSameReport(t *testing.T) {
	snap := filepath.Join(t.TempDir(), "shop.plimsoll")
	if _, stderr, code := plimsoll(t, "", "snapshot", "-o", snap, shop+"manifests"); code != 0 {
		t.Fatal(stderr)
	}
	first, _, _ := plimsoll(t, "", "scan", snap, "-f", "json")
	second, _, _ := plimsoll(t, "", "scan", snap, "-f", "json")
	direct, _, _ := plimsoll(t, "", "scan", shop+"manifests", "-f", "json")
	if first != second {
		t.Error("two scans of one snapshot differ")
	}
	if redactionKey.ReplaceAllString(withoutTime(first), "") != redactionKey.ReplaceAllString(withoutTime(direct), "") {
		t.Error("the scan of the snapshot differs from the scan of the files")
	}
}

func TestBaselineGate(t *testing.T) {
	dir := t.TempDir()
	app, base := filepath.Join(dir, "app.yaml"), filepath.Join(dir, "base.json")
	put := func(text string) {
		if err := os.WriteFile(app, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(privileged)
	plimsoll(t, "", "scan", app, "-f", "json", "-o", base)
	if _, stderr, code := plimsoll(t, "", "scan", app, "--baseline", base, "--fail-on-new"); code != exitOK {
		t.Errorf("nothing is new, yet the exit code is %d: %s", code, stderr)
	}
	put(privileged + "---\n" + strings.ReplaceAll(privileged, "debug", "second"))
	if _, _, code := plimsoll(t, "", "scan", app, "--baseline", base, "--fail-on-new"); code != exitFindings {
		t.Errorf("a new finding gives exit code %d", code)
	}
	if _, stderr, code := plimsoll(t, "", "scan", shop+"manifests", "--baseline", base, "--fail-on-new"); code != exitError {
		t.Errorf("a baseline of another scope gives exit code %d: %s", code, stderr)
	}
}

// The three forms of the example are one application: the same workloads have findings.
func TestExampleInThreeForms(t *testing.T) {
	workloads := func(path string) map[string]bool {
		stdout, stderr, _ := plimsoll(t, "", "scan", shop+path, "-n", "shop", "-f", "json", "--controls", "privileged-container,run-as-root")
		var doc struct {
			Results []struct {
				Findings []struct{ Object struct{ Kind, Name string } }
			}
			Inventory struct{ Gaps []any }
		}
		if err := json.Unmarshal([]byte(stdout), &doc); err != nil {
			t.Fatalf("%s: %v: %s", path, err, stderr)
		}
		if len(doc.Inventory.Gaps) > 0 {
			t.Errorf("%s has gaps: %v", path, doc.Inventory.Gaps)
		}
		out := map[string]bool{}
		for _, r := range doc.Results {
			for _, f := range r.Findings {
				out[f.Object.Kind+"/"+f.Object.Name] = true
			}
		}
		return out
	}
	plain := workloads("manifests")
	if len(plain) == 0 {
		t.Fatal("no findings at all")
	}
	for _, other := range []string{"chart", "kustomize"} {
		got := workloads(other)
		for w := range plain {
			if !got[w] {
				t.Errorf("%s: %s has no finding", other, w)
			}
		}
	}
}

// What we ask others to install has no finding ourselves.
func TestOwnRightsAreClean(t *testing.T) {
	stdout, stderr, code := plimsoll(t, "", "scan", "../../deploy/rbac.yaml", "--fail-on", "low")
	if code != exitOK {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
}

func TestDocsAreCurrent(t *testing.T) {
	for name, page := range generatedDocs() {
		want, err := page()
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join("../../docs", name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("docs/%s is not what `make docs` writes (%v)", name, err)
		}
	}
	pages, err := os.ReadDir("../../docs/attacks")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		if generatedDocs()["attacks/"+page.Name()] == nil {
			t.Errorf("docs/attacks/%s is of no technique", page.Name())
		}
	}
}
