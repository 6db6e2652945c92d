package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const baselineApp = `apiVersion: v1
kind: Service
metadata: {name: store}
spec: {selector: {app: store}, ports: [{port: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: web, env: [{name: STORE, value: "http://store:8080"}]}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: store}
spec:
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec: {containers: [{name: store, image: store, ports: [{containerPort: 8080}]}]}
`

// tree is the content of all files of a folder, by name.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	if err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		out[strings.TrimPrefix(path, dir)] = string(text)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestHardenBaselineFolder holds the folder: kustomizations that build, nothing that scans of the folder object to but the
// rights of deployers, the same content when it is written again, and files of others left alone.
func TestHardenBaselineFolder(t *testing.T) {
	app := filepath.Join(t.TempDir(), "app.yaml")
	if err := os.WriteFile(app, []byte(baselineApp), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		arguments, open []string
	}{
		"namespace": {[]string{"namespace", "--namespace", "shop"}, []string{"configmaps-write", "create-pods", "network-write"}},
		"declared":  {[]string{"namespace", "--namespace", "shop", app}, []string{"create-pods"}},
		"accepted": {[]string{
			"namespace", "--namespace", "shop", "--owner", "team", "--ticket", "T-1", "--accepted-by", "someone", "--expires", "2099-01-31",
		}, nil},
		"no deployer": {[]string{"namespace", "--namespace", "shop", "--group-deployer", "", "--registry", "registry.example.com"}, nil},
		"team":        {[]string{"team", "--team", "a", "--in", "one,two", "--group-deployer", "", "--secret-store", "none"}, nil},
		"cluster":     {[]string{"cluster", "--registry", "registry.example.com", "--kubernetes-version", "1.34"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "out")
			all := slices.Concat([]string{"harden", "baseline"}, c.arguments, []string{"--output-dir", dir})
			for range 2 {
				before := map[string]string{}
				if _, err := os.Stat(dir); err == nil {
					before = tree(t, dir)
				}
				if _, stderr, code := plimsoll(t, "", all...); code != 0 {
					t.Fatalf("exit code %d: %s", code, stderr)
				}
				if after := tree(t, dir); len(before) > 0 && !equalTrees(before, after) {
					t.Error("written again, the folder has changed")
				}
			}
			if got := openFindings(t, dir); !slices.Equal(got, c.open) {
				t.Errorf("findings of medium or above: %q, want %q", got, c.open)
			}
			readme := filepath.Join(dir, "README.md")
			if err := os.WriteFile(readme, []byte("mine"), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, stderr, code := plimsoll(t, "", all...); code != exitError || !strings.Contains(stderr, "README.md") {
				t.Errorf("exit code %d over a file of somebody else: %s", code, stderr)
			}
			if text, err := os.ReadFile(readme); err != nil || string(text) != "mine" {
				t.Error("a file of somebody else was overwritten")
			}
		})
	}
}

func equalTrees(a, b map[string]string) bool {
	for name := range b {
		if a[name] != b[name] {
			return false
		}
	}
	return len(a) == len(b)
}

// openFindings are the controls of medium or above that a scan of the folder fails, with its own configuration.
func openFindings(t *testing.T, dir string) []string {
	t.Helper()
	arguments := []string{"scan", dir, "-f", "json"}
	if config := filepath.Join(dir, "plimsoll.yaml"); fileThere(config) {
		arguments = append(arguments, "--config", config)
	}
	stdout, stderr, _ := plimsoll(t, "", arguments...)
	var report struct {
		Inventory struct{ Gaps []any }
		Results   []struct {
			Control  string
			Findings []struct{ Severity string }
		}
	}
	if err := json.NewDecoder(bytes.NewReader([]byte(stdout))).Decode(&report); err != nil {
		t.Fatalf("%v: %s", err, stderr)
	}
	if len(report.Inventory.Gaps) > 0 {
		t.Errorf("a part of the folder cannot be read: %v", report.Inventory.Gaps)
	}
	var out []string
	for _, r := range report.Results {
		if slices.ContainsFunc(r.Findings, func(f struct{ Severity string }) bool { return f.Severity != "low" }) {
			out = append(out, r.Control)
		}
	}
	return out
}

func fileThere(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// TestHardenBaselineRefuses holds what the command says to flags that do not go together.
func TestHardenBaselineRefuses(t *testing.T) {
	for arguments, want := range map[string]string{
		"galaxy":                            "there is no baseline",
		"namespace":                         "name the namespace",
		"team":                              "name the team",
		"namespace --namespace default":     "namespace of Kubernetes",
		"namespace --namespace s --team t":  "--team and --in are for a team",
		"cluster --namespace s":             "has no namespaces",
		"cluster .":                         "takes no manifests",
		"cluster --kubernetes-version 1.9":  "1.9",
		"namespace --namespace s --owner x": "--accepted-by is missing",
		"namespace --namespace s --secret-store drawer":                                     "no SecretStore for",
		"namespace --namespace s --group-viewer system:masters":                             "no group of people",
		"namespace --namespace s --owner x --ticket y --accepted-by z --expires tomorrow":   "use a day",
		"namespace --namespace s --secret-store-place https://u:pass@vault.example.com":     "without a user",
		"namespace --namespace s --output-dir x --step 1":                                   "--step",
		"cluster --kms tcp://127.0.0.1:1":                                                   "unix:///",
		"namespace --namespace s --quota pots=1":                                            "there is no entry",
		"namespace --namespace s --api-server nowhere":                                      "neither an address",
		"namespace --namespace s --service-account x' --group-operator '' --secret-store x": "is no name",
	} {
		_, stderr, code := plimsoll(t, "", append([]string{"harden", "baseline"}, strings.Fields(arguments)...)...)
		if code != exitError || !strings.Contains(stderr, want) || strings.Contains(stderr, "u:pass") {
			t.Errorf("%s: exit code %d, %s", arguments, code, stderr)
		}
	}
}
