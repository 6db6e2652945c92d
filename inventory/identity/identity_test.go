package identity

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

var update = flag.Bool("update", false, "write what comes out into testdata")

// TestFiles reads the files of every case, merges them and compares all that the directory tells with "want". A line
// "option NAME VALUE" in the comment sets an option. "object.yaml" is an object of the inventory.
func TestFiles(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no test data", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got, want := readCase(t, archive), ""
			for i := range archive.Files {
				if archive.Files[i].Name == "want" {
					want = string(archive.Files[i].Data)
					archive.Files[i].Data = []byte(got)
				}
			}
			if strings.Contains(got, "hunter2") || strings.Contains(got, "aHVudGVyMg") {
				t.Error("a password came out")
			}
			if *update {
				if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func readCase(t *testing.T, archive *txtar.Archive) string {
	t.Helper()
	opts := caseOptions(t, string(archive.Comment))
	var out bytes.Buffer
	var parts []*Directory
	for _, f := range archive.Files {
		var d *Directory
		var warnings []Warning
		var err error
		switch f.Name {
		case "want":
			continue
		case "object.yaml":
			d, warnings = FromInventory(inventoryOf(t, string(f.Data)))
		default:
			d, warnings, err = Read(f.Name, bytes.NewReader(f.Data), opts)
		}
		if err != nil {
			fmt.Fprintf(&out, "error: %v\n", err)
		}
		for _, w := range warnings {
			fmt.Fprintf(&out, "warning: %s:%d: %s\n", w.File, w.Line, w.Reason)
		}
		parts = append(parts, d)
	}
	tell(&out, Merge(parts...))
	return out.String()
}

func caseOptions(t *testing.T, comment string) Options {
	t.Helper()
	var opts Options
	for line := range strings.Lines(comment) {
		words := strings.Fields(line)
		if len(words) != 3 || words[0] != "option" {
			continue
		}
		field, ok := map[string]*string{
			"UserPrefix": &opts.UserPrefix, "GroupPrefix": &opts.GroupPrefix, "UserName": &opts.UserName, "GroupName": &opts.GroupName,
		}[words[1]]
		if !ok {
			t.Fatalf("no option %s", words[1])
		}
		*field = words[2]
	}
	return opts
}

// inventoryOf makes an inventory of YAML documents.
func inventoryOf(t *testing.T, text string) *inventory.Inventory {
	t.Helper()
	var objects []*inventory.Object
	for _, document := range strings.Split(text, "---\n") {
		var content map[string]any
		if err := yaml.Unmarshal([]byte(document), &content); err != nil {
			t.Fatal(err)
		}
		meta, _ := content["metadata"].(map[string]any)
		o := &inventory.Object{
			Ref: finding.Ref{
				APIVersion: content["apiVersion"].(string), Kind: content["kind"].(string), Namespace: meta["namespace"].(string), Name: meta["name"].(string),
			},
			Content: content,
		}
		objects = append(objects, o)
	}
	return inventory.New(inventory.Source{Kind: "files"}, time.Time{}, "", objects, nil)
}

// tell writes everything that a directory knows.
func tell(out *bytes.Buffer, d *Directory) {
	for _, group := range d.GroupNames() {
		fmt.Fprintf(out, "group %s", group)
		if above := d.reach([]int32{d.groups[group]}, d.parents); len(above) > 0 {
			fmt.Fprintf(out, " (in %d groups)", len(above))
		}
		fmt.Fprintln(out)
		for _, p := range d.Members(group) {
			fmt.Fprintf(out, "  %s\n", p.User)
		}
	}
	for _, name := range sortedKeys(d.users) {
		p, _ := d.Find(name)
		fmt.Fprintf(out, "user %s: %s", p.User, p.Kind)
		if p.Name != "" {
			fmt.Fprintf(out, " %q", p.Name)
		}
		if !p.Active {
			fmt.Fprint(out, " inactive")
		}
		if p.Principal != "" {
			fmt.Fprintf(out, " %s", p.Principal)
		}
		fmt.Fprintf(out, " %v in %q\n", p.Sources, d.Groups(name))
	}
	for _, g := range d.Outside() {
		fmt.Fprintf(out, "outside %s (%s): %s %s %v %s\n", g.Principal, g.User, g.Policy, g.Scope, g.Namespaces, g.Source)
	}
	for _, principal := range d.Undescribed() {
		fmt.Fprintf(out, "undescribed %s\n", principal)
	}
}

func sortedKeys(m map[string]int32) []string {
	return slices.Sorted(maps.Keys(m))
}
