package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/report/answer/answertest"
)

func TestHardenShop(t *testing.T) {
	stdout, stderr, code := plimsoll(t, "", "harden", shop+"manifests", "--risky")
	if code != exitFindings {
		t.Errorf("exit code %d", code)
	}
	answertest.Golden(t, filepath.Join("harden", "shop.diff"), stdout, *update)
	answertest.Golden(t, filepath.Join("harden", "shop.txt"), stderr, *update)
	stdout, stderr, code = plimsoll(t, "", "harden", shop+"manifests", shop+"chart")
	if code != exitFindings {
		t.Errorf("without --risky: exit code %d", code)
	}
	answertest.Golden(t, filepath.Join("harden", "shop-careful.diff"), stdout, *update)
	answertest.Golden(t, filepath.Join("harden", "shop-careful.txt"), stderr, *update)
	stdout, _, _ = plimsoll(t, "", "harden", shop+"chart", "--risky", "-f", "json")
	var plan struct {
		Kind              string
		Changes, Rendered []any
		Remedies          []struct{ Patches, ByPatches []any }
	}
	if err := json.Unmarshal([]byte(stdout), &plan); err != nil || plan.Kind != "HardenPlan" || len(plan.Changes)+len(plan.Rendered) > 0 ||
		len(plan.Remedies) != 1 || len(plan.Remedies[0].Patches) != 6 {
		t.Errorf("%v: %d changes, %d rendered, %d remedies", err, len(plan.Changes), len(plan.Rendered), len(plan.Remedies))
	}
}

func TestHardenApplies(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o640); err != nil { //nolint:gosec // the mode is what the test is about
			t.Fatal(err)
		}
		return path
	}
	app := put("app.yaml", strings.ReplaceAll(privileged, "\n", "\r\n"))
	broken := put("broken.yaml", "kind: Deployment\n\tbad")
	args := []string{"harden", dir, "--risky", "--control", "privileged-container"}
	if _, _, code := plimsoll(t, "", args...); code != exitFindings {
		t.Errorf("exit code %d with edits to make", code)
	}
	if _, stderr, code := plimsoll(t, "", append(args, "--apply")...); code != exitIncomplete || !strings.Contains(stderr, "broken.yaml") {
		t.Errorf("exit code %d beside a broken file: %s", code, stderr)
	}
	got, err := os.ReadFile(app)
	want := strings.ReplaceAll(strings.ReplaceAll(privileged, "privileged: true", "privileged: false"), "\n", "\r\n")
	if err != nil || string(got) != want {
		t.Errorf("%v: %q, want %q", err, got, want)
	}
	if info, err := os.Stat(app); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the mode is %v: %v", info.Mode(), err)
	}
	if err := os.Remove(broken); err != nil {
		t.Fatal(err)
	}
	if stdout, _, code := plimsoll(t, "", args...); code != exitOK || stdout != "" {
		t.Errorf("a second run gives exit code %d: %s", code, stdout)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("files are left behind: %v %v", entries, err)
	}
}

// What must not be written stays, and so does everything beside it.
func TestHardenWritesAllOrNothing(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, folder, file string){
		"is read-only": func(t *testing.T, _, file string) {
			if err := os.Chmod(file, 0o400); err != nil {
				t.Fatal(err)
			}
		},
		"leads out of": func(t *testing.T, _, file string) {
			outside := filepath.Join(t.TempDir(), "elsewhere.yaml")
			if err := os.Rename(file, outside); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(outside, file); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			first, second := filepath.Join(dir, "a.yaml"), filepath.Join(dir, "b.yaml")
			for _, file := range []string{first, second} {
				if err := os.WriteFile(file, []byte(privileged), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			spoil(t, dir, second)
			_, stderr, code := plimsoll(t, "", "harden", first, second, "--risky", "--apply")
			if code != exitError || !strings.Contains(stderr, name) {
				t.Errorf("exit code %d: %s", code, stderr)
			}
			for _, file := range []string{first, second} {
				if got, err := os.ReadFile(file); err != nil || string(got) != privileged {
					t.Errorf("%s was written: %v", file, err)
				}
			}
		})
	}
}

func TestHardenShowsNoSecret(t *testing.T) {
	const canary = "xK9-canary-7fQ2mZ"
	file := write(t, "app.yaml", `apiVersion: v1
kind: Pod
metadata: {name: debug, namespace: shop}
spec:
  containers:
  - name: debug
    image: debug:1
    args: [--password=`+canary+`]
    # password: `+canary+`
    securityContext: {privileged: true}
    env:
    - {name: DB_PASSWORD, value: `+canary+`}
`)
	for _, format := range []string{"diff", "json"} {
		stdout, stderr, _ := plimsoll(t, "", "harden", file, "--risky", "-v", "-f", format)
		if strings.Contains(stdout+stderr, canary) || !strings.Contains(stdout, "privileged") {
			t.Errorf("%s: %s%s", format, stdout, stderr)
		}
	}
}

func TestHardenUsage(t *testing.T) {
	for _, test := range []struct {
		args []string
		says string
	}{
		{[]string{"harden"}, "requires at least 1 arg"},
		{[]string{"harden", "-"}, "standard input"},
		{[]string{"harden", "nowhere"}, "nowhere"},
		{[]string{"harden", shop + "manifests", "-f", "xml"}, "unknown format"},
		{[]string{"harden", shop + "manifests", "--control", "no-such"}, "no control"},
		{[]string{"harden", shop + "manifests", "--min-severity", "bad"}, "severity"},
	} {
		_, stderr, code := plimsoll(t, "", test.args...)
		if code != exitError || !strings.Contains(stderr, test.says) {
			t.Errorf("%v: exit code %d: %s", test.args, code, stderr)
		}
	}
}
