package harden

import (
	"flag"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/answer/answertest"
)

var update = flag.Bool("update", false, "write the golden files")

func TestGolden(t *testing.T) {
	d := sampleDocument(t, "")
	for _, width := range []int{40, 80, 160} {
		answertest.Golden(t, fmt.Sprintf("plan-%d.txt", width), answertest.Render(t, "table", d, report.Options{Width: width}), *update)
	}
	for format, ending := range map[string]string{"json": "json", "yaml": "yaml", "markdown": "md", "csv": "csv"} {
		answertest.Golden(t, "plan."+ending, answertest.Render(t, format, d, report.Options{}), *update)
	}
	answertest.Golden(t, "folder.txt", folderText(t), *update)
	empty := Of(Header{}, &plan.Plan{Title: "Nothing"})
	answertest.Golden(t, "empty.txt", answertest.Render(t, "table", empty, report.Options{Width: 80}), *update)
}

// folderText is the folder as one text.
func folderText(t *testing.T) string {
	t.Helper()
	files, err := Folder(sample(""))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range files {
		fmt.Fprintf(&b, "-- %s --\n%s", f.Name, f.Text)
	}
	return b.String()
}

func TestHostile(t *testing.T) {
	for i, name := range answertest.Hostile() {
		answertest.Check(t, fmt.Sprintf("hostile %d", i), sampleDocument(t, name))
		files, err := Folder(sample(name))
		if err != nil {
			t.Errorf("%.40q: %v", name, err)
		}
		for _, f := range files {
			if !local(f.Name) {
				t.Errorf("%.40q: a file is called %q", name, f.Name)
			}
			if strings.HasSuffix(f.Name, ".sh") {
				checkScript(t, name, f)
			}
		}
	}
}

// checkScript holds a script to one word for each name: what names hold is never a command of its own.
func checkScript(t *testing.T, name string, f plan.File) {
	t.Helper()
	script := "kubectl() { printf '%s\\n' \"$1\" >> \"$seen\"; }\n"
	for line := range strings.Lines(string(f.Text)) {
		if !strings.HasPrefix(line, "cd ") {
			script += line
		}
	}
	seen := t.TempDir() + "/seen"
	cmd := exec.Command("sh", "-c", script)
	cmd.Env = append(cmd.Environ(), "seen="+seen)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%.40q: %s: %v %s", name, f.Name, err, out)
	}
}

func TestFolderRefusesNames(t *testing.T) {
	for _, name := range []string{"../up", "/etc/passwd", "a/../../b", "", `c:\x`, "kustomization.yaml"} {
		h, p := sample("")
		p.Steps[0].Files = []plan.File{{Name: name}}
		if files, err := Folder(h, p); err == nil {
			t.Errorf("%q: written as %v", name, slices.Collect(func(yield func(string) bool) {
				for _, f := range files {
					if !yield(f.Name) {
						return
					}
				}
			}))
		}
	}
}
