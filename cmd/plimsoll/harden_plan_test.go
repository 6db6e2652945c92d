package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/report/answer/answertest"
)

const levelsExample = "../../harden/namespaces/testdata/levels.yaml"

// TestHardenPlans compares what people read with golden files.
func TestHardenPlans(t *testing.T) {
	flows := write(t, "flows.csv", shopFlows)
	for name, c := range map[string]struct {
		args string
		want int
	}{
		"namespaces":      {"namespaces " + levelsExample, exitOK},
		"namespaces-yaml": {"namespaces --in meshed --part pod-security --step audit -f yaml " + levelsExample, exitOK},
		"rbac":            {"rbac --days 20 --audit " + audit + " " + grownRights, exitOK},
		"rbac-no-log":     {"rbac " + grownRights, exitOK},
		"network":         {"network --flows " + flows + " " + networkExample, exitOK},
		"network-unseen":  {"network -f markdown " + networkExample, exitOK},
	} {
		t.Run(name, func(t *testing.T) {
			args := strings.Fields(c.args)
			if name == "namespaces-yaml" {
				args[slices.Index(args, "audit")] = "2"
			}
			out, stderr, code := plimsoll(t, "", append([]string{"harden"}, args...)...)
			if code != c.want || stderr != "" {
				t.Fatalf("exit code %d, want %d; standard error: %s", code, c.want, stderr)
			}
			answertest.Golden(t, filepath.Join("harden", "plan-"+name+".txt"), out, *update)
		})
	}
}

func TestHardenPlanRefuses(t *testing.T) {
	broken := write(t, "broken.yaml", "kind: CronJob\nmetadata: [\n")
	for args, want := range map[string]struct {
		code int
		text string
	}{
		"namespaces --part nothing " + levelsExample:             {exitError, "--part"},
		"namespaces --in nowhere " + levelsExample:               {exitError, "there is no namespace nowhere"},
		"namespaces --step 9 " + levelsExample:                   {exitError, "use one of 1-warn"},
		"namespaces --step 1 --output-dir x " + levelsExample:    {exitError, "a folder has all steps"},
		"namespaces --headroom -1 " + levelsExample:              {exitError, "--headroom"},
		"namespaces --nodes -1 " + levelsExample:                 {exitError, "--nodes"},
		"namespaces --default-request cpu=lots " + levelsExample: {exitError, "--default-request"},
		"namespaces --default-request disk=1 " + levelsExample:   {exitError, "--default-request"},
		"namespaces --kubernetes-version soon " + levelsExample:  {exitError, "--kubernetes-version"},
		"namespaces " + levelsExample + " " + broken:             {exitIncomplete, ""},
		"rbac --days 0 " + grownRights:                           {exitError, "--days"},
		"rbac --to nowhere:x " + grownRights:                     {exitError, "nowhere"},
		"rbac --audit no.log " + grownRights:                     {exitError, "no.log"},
		"network --direction up " + networkExample:               {exitError, "--direction"},
		"network --flows no.csv " + networkExample:               {exitError, "no.csv"},
	} {
		out, stderr, code := plimsoll(t, "", append([]string{"harden"}, strings.Fields(args)...)...)
		if code != want.code || !strings.Contains(stderr, want.text) {
			t.Errorf("%s: exit code %d, want %d; standard error %q, output %.200s", args, code, want.code, stderr, out)
		}
	}
}

// TestHardenGapEnforcesNothing makes a file unreadable: what it may hold keeps levels from being enforced.
func TestHardenGapEnforcesNothing(t *testing.T) {
	steps := func(args ...string) (names []string) {
		out, _, _ := plimsoll(t, "", append([]string{"harden", "namespaces", "-f", "json", levelsExample}, args...)...)
		var body struct{ Steps []struct{ Name string } }
		if err := json.Unmarshal([]byte(out), &body); err != nil {
			t.Fatal(err)
		}
		for _, s := range body.Steps {
			names = append(names, regexp.MustCompile(`^\d+-`).ReplaceAllString(s.Name, ""))
		}
		return names
	}
	if names := steps(); !slices.Contains(names, "enforce") {
		t.Errorf("the steps are %v", names)
	}
	if names := steps(write(t, "broken.yaml", "kind: CronJob\nmetadata: [\n")); slices.Contains(names, "enforce") || slices.Contains(names, "quotas") {
		t.Errorf("with a file that cannot be read the steps are %v", names)
	}
}

// TestHardenFolder writes a plan twice, and does not overwrite what people have edited.
func TestHardenFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "plan")
	harden := func(args ...string) (string, int) {
		_, stderr, code := plimsoll(t, "", append([]string{"harden", "namespaces", "--output-dir", dir, levelsExample}, args...)...)
		return stderr, code
	}
	if stderr, code := harden(); code != exitOK || !strings.Contains(stderr, "Hardening of 7 namespaces") {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	readme := filepath.Join(dir, "README.md")
	if text, err := os.ReadFile(readme); err != nil || !strings.Contains(string(text), "kubectl apply --server-side --field-manager=plimsoll-namespaces -k 1-warn") {
		t.Errorf("the README is %v\n%s", err, text)
	}
	kept := filepath.Join(dir, "mine.txt")
	if err := os.WriteFile(kept, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if stderr, code := harden("--part", "pod-security"); code != exitOK {
		t.Errorf("written again: exit code %d: %s", code, stderr)
	}
	if _, err := os.Stat(filepath.Join(dir, "4-quotas")); err == nil {
		t.Error("what the later plan does not have is still there")
	}
	if err := os.WriteFile(readme, []byte("edited"), 0o600); err != nil {
		t.Fatal(err)
	}
	if stderr, code := harden(); code != exitError || !strings.Contains(stderr, "README.md") {
		t.Errorf("over an edited file: exit code %d: %s", code, stderr)
	}
	if _, err := os.Stat(filepath.Join(dir, "4-quotas")); err == nil {
		t.Error("half of the plan was written")
	}
	if stderr, code := harden("--force"); code != exitOK {
		t.Errorf("with --force: exit code %d: %s", code, stderr)
	}
	if text, err := os.ReadFile(kept); err != nil || string(text) != "mine" {
		t.Errorf("a file of somebody else is %q, %v", text, err)
	}
}

// TestWriteFolderLinks writes through no link that leads out of the folder.
func TestWriteFolderLinks(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "1-warn")); err != nil {
		t.Skip("no links here")
	}
	if err := writeFolder(dir, []plan.File{{Name: "1-warn/x.yaml", Text: []byte("x")}}, true); err == nil {
		t.Error("it was written")
	}
	if _, err := os.Stat(filepath.Join(outside, "x.yaml")); err == nil {
		t.Error("a file was written outside of the folder")
	}
}
