package need_test

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

	"golang.org/x/tools/txtar"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/network/service"
)

var updateDeclared = flag.Bool("update", false, "rewrite what the cases want")

// TestDeclared runs the files in testdata/declared: objects, each case followed by what they declare. A document of kind
// Gap is a gap of the inventory. Probes and name resolution are only listed in the files about them.
// What is in "base" is in all cases of a file.
func TestDeclared(t *testing.T) {
	files, err := filepath.Glob("testdata/declared/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		out := txtar.Archive{Comment: archive.Comment}
		var base []byte
		for i := 0; i < len(archive.Files); i++ {
			in := archive.Files[i]
			if in.Name == "base" {
				base = append(bytes.Clone(in.Data), "---\n"...)
				out.Files = append(out.Files, in)
				continue
			}
			want := ""
			if i+1 < len(archive.Files) && archive.Files[i+1].Name == "want" {
				want = string(archive.Files[i+1].Data)
				i++
			}
			t.Run(name+"/"+in.Name, func(t *testing.T) {
				got := listed(declared(objectsOf(t, append(bytes.Clone(base), in.Data...))), name)
				if !*updateDeclared && got != want {
					t.Errorf("got\n%s\nwant\n%s", got, want)
				}
				out.Files = append(out.Files, in, txtar.File{Name: "want", Data: []byte(got)})
			})
		}
		if *updateDeclared {
			if err := os.WriteFile(file, txtar.Format(&out), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// objectsOf reads objects as they are: nothing has replaced secrets in them.
func objectsOf(t testing.TB, data []byte) *inventory.Inventory {
	t.Helper()
	var objects []*inventory.Object
	var gaps []inventory.Gap
	for _, doc := range bytes.Split(data, []byte("---\n")) {
		var content map[string]any
		if err := yaml.Unmarshal(doc, &content); err != nil {
			t.Fatal(err)
		}
		if content["kind"] == "Gap" {
			gaps = append(gaps, inventory.Gap{Kind: inventory.String(content, "of"), Group: inventory.String(content, "group"),
				Reason: inventory.String(content, "reason")})
			continue
		}
		objects = append(objects, objectOf(content))
	}
	return inventory.New(inventory.Source{}, time.Time{}, "", objects, gaps)
}

func newInventory(objects []*inventory.Object) *inventory.Inventory {
	return inventory.New(inventory.Source{}, time.Time{}, "", objects, nil)
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

func objectOf(content map[string]any) *inventory.Object {
	meta := inventory.Map(content, "metadata")
	return &inventory.Object{
		Ref: finding.Ref{APIVersion: inventory.String(content, "apiVersion"), Kind: inventory.String(content, "kind"),
			Namespace: inventory.String(meta, "namespace"), Name: inventory.String(meta, "name")},
		Content: content,
	}
}

// declared asks with the answer that the objects themselves give: accounts that a binding names have rights.
func declared(inv *inventory.Inventory) *need.Needs {
	m := network.New(inv)
	return need.Declared(inv, m, service.New(inv, m), need.DeclaredOptions{
		HasRights: func(namespace, account string) bool {
			for _, kind := range []string{"RoleBinding", "ClusterRoleBinding"} {
				for _, o := range inv.Of("rbac.authorization.k8s.io", kind) {
					for _, s := range inventory.Maps(o.Content["subjects"]) {
						if inventory.String(s, "namespace") == namespace && inventory.String(s, "name") == account {
							return true
						}
					}
				}
			}
			return false
		},
	})
}

// listed writes needs down for a file of cases about something.
func listed(n *need.Needs, about string) string {
	var b strings.Builder
	for _, x := range n.List {
		var because []string
		for _, e := range x.Evidence {
			if strings.Contains(e.What, "name resolution") && about != "dns" || strings.Contains(e.What, "probe") && about != "probes" {
				continue
			}
			because = append(because, fmt.Sprintf("  because %s (%s %s)", e.What, e.Object, e.Path))
		}
		if len(because) == 0 {
			continue
		}
		fmt.Fprintf(&b, "%s -> %s: %s/%d", x.From, x.To, x.Protocol, x.Port)
		if x.Service != nil {
			fmt.Fprintf(&b, " by %s", x.Service.Object)
		}
		fmt.Fprintf(&b, "\n%s\n", strings.Join(because, "\n"))
	}
	for _, u := range n.Unresolved {
		fmt.Fprintf(&b, "unresolved: %s -> %s", u.From, u.To)
		if u.Port != 0 {
			fmt.Fprintf(&b, " port %d", u.Port)
		}
		fmt.Fprintf(&b, ": %s\n", u.Reason)
	}
	for _, sentence := range n.CannotKnow[1:] { // the first is always there
		fmt.Fprintln(&b, sentence)
	}
	return b.String()
}
