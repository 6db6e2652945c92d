package rbac_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
	"github.com/plimsoll-io/plimsoll/rbac"
)

var update = flag.Bool("update", false, "rewrite the wanted warnings in testdata")

// TestCases reads testdata/*.txtar. A case is a file of manifests ("case: NAME"), followed by "can", whose lines say what
// a person expects ("yes" or "no", a subject, a verb, a resource or path, a name, "in" a namespace), and "warnings", which
// -update rewrites. "cluster" in the name of a case says that the objects are those of a live cluster.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		changed := false
		var a *rbac.Authorizer
		name := ""
		for i := range archive.Files {
			f := &archive.Files[i]
			switch section, rest, _ := strings.Cut(f.Name, ": "); section {
			case "case":
				name, a = rest, authorizer(t, rest, f.Data)
			case "can":
				t.Run(filepath.Base(file)+"/"+name, func(t *testing.T) { checkAnswers(t, a, string(f.Data)) })
			case "warnings":
				if got := warningLines(a); got != string(f.Data) {
					if *update {
						f.Data, changed = []byte(got), true
						continue
					}
					t.Errorf("%s: %s: warnings are\n%swant\n%s", file, name, got, f.Data)
				}
			default:
				t.Fatalf("%s: unknown section %q", file, f.Name)
			}
		}
		if changed {
			if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func authorizer(t *testing.T, name string, text []byte) *rbac.Authorizer {
	t.Helper()
	objects, gaps := manifest.ReadBytes("case.yaml", text, manifest.Options{})
	if len(gaps) > 0 {
		t.Fatalf("%s: %v", name, gaps)
	}
	source := "files"
	if strings.Contains(name, "cluster") {
		source = "cluster"
	}
	contents := make([]map[string]any, 0, len(objects))
	for _, o := range objects {
		inventory.Map(o.Content, "metadata")["namespace"] = o.Namespace
		contents = append(contents, o.Content)
	}
	return rbac.New(inventoryOf(source, contents...))
}

func checkAnswers(t *testing.T, a *rbac.Authorizer, lines string) {
	for line := range strings.Lines(lines) {
		line = strings.TrimSpace(line)
		words := strings.Fields(line)
		if len(words) < 4 {
			t.Fatalf("%q: write yes|no SUBJECT VERB RESOURCE [NAME] [in NAMESPACE]", line)
		}
		subject, err := rbac.ParseSubject(words[1])
		if err != nil {
			t.Fatal(err)
		}
		request, err := rbac.ParseRequest(words[2], words[3])
		if err != nil {
			t.Fatal(err)
		}
		rest := words[4:]
		if n := len(rest); n >= 2 && rest[n-2] == "in" {
			request.Namespace, rest = rest[n-1], rest[:n-2]
		}
		if len(rest) > 0 {
			request.Name = rest[0]
		}
		if _, can := a.Can(subject.Identity(), request); can != (words[0] == "yes") {
			t.Errorf("%s: but it is %v", line, can)
		}
	}
}

func warningLines(a *rbac.Authorizer) string {
	var b strings.Builder
	for _, w := range a.Warnings() {
		fmt.Fprintf(&b, "%s %s %s: %s\n", w.Fact, w.Object, w.Path, w.Message)
	}
	return b.String()
}
