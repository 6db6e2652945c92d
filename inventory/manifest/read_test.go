package manifest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// folder writes the files of a txtar text into a new folder and makes it the working directory.
func folder(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(text)).Files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	return dir
}

// readAll reads and sums up.
func readAll(t *testing.T, opts Options, paths ...string) string {
	t.Helper()
	inv, err := Read(t.Context(), paths, opts)
	if err != nil {
		t.Fatal(err)
	}
	return summary(inv.All(), inv.Gaps)
}

func check(t *testing.T, got, want string) {
	t.Helper()
	if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func pod(name string) string {
	return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + "}\n"
}

func TestFolder(t *testing.T) {
	folder(t, "-- shop/b.yaml --\n"+pod("b")+"-- shop/a/c.yml --\n"+pod("c")+"-- shop/d.json --\n"+
		`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"d"}}`+"\n-- shop/e.txt --\n"+pod("e")+
		"-- shop/gadget.yaml --\napiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: g}\n"+
		"-- shop/z/crd.yaml --\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x}\n"+
		"spec: {group: example.com, scope: Cluster, names: {kind: Gadget}}\n"+
		"-- shop/values.yaml --\nreplicas: 1\n-- shop/broken.yaml --\nkind: Secret\nx: [\n-- shop/.git/x.yaml --\n"+pod("git"))
	check(t, readAll(t, Options{}, "shop"), `
shop/a/c.yml:1 Pod default/c assumed
shop/b.yaml:1 Pod default/b assumed
shop/d.json:1 Pod default/d assumed
shop/gadget.yaml:1 Gadget g
shop/z/crd.yaml:1 CustomResourceDefinition x
gap shop/broken.yaml:2 Secret: this is no YAML: did not find expected node content
`)
	check(t, readAll(t, Options{Namespace: "shop"}, "./shop/../shop/e.txt", "shop/b.yaml"), `
shop/e.txt:1 Pod shop/e assumed
shop/b.yaml:1 Pod shop/b assumed
`)
	t.Chdir("shop/a")
	check(t, readAll(t, Options{}, "../b.yaml", "."), "../b.yaml:1 Pod default/b assumed\nc.yml:1 Pod default/c assumed\n")
}

func TestIgnoreFile(t *testing.T) {
	folder(t, "-- .plimsollignore --\n# comment\n*.bak.yaml\n/secret/\n!keep.bak.yaml\n-- a.bak.yaml --\n"+pod("a")+"-- keep.bak.yaml --\n"+pod("keep")+
		"-- secret/x.yaml --\n"+pod("x")+"-- sub/secret/y.yaml --\n"+pod("why")+"-- sub/.plimsollignore --\nz.yaml\n-- sub/z.yaml --\n"+pod("z")+
		"-- z.yaml --\n"+pod("outer"))
	check(t, readAll(t, Options{}, "."), `
keep.bak.yaml:1 Pod default/keep assumed
sub/secret/y.yaml:1 Pod default/why assumed
z.yaml:1 Pod default/outer assumed
`)
	check(t, readAll(t, Options{}, "a.bak.yaml"), "a.bak.yaml:1 Pod default/a assumed\n")
}

func TestSymbolicLinks(t *testing.T) {
	dir := folder(t, "-- outside/x.yaml --\n"+pod("x")+"-- in/real/a.yaml --\n"+pod("a")+"-- in/real/b.txt --\n"+pod("b"))
	for link, target := range map[string]string{
		"in/out.yaml": "../outside/x.yaml", "in/outdir": "../outside", "in/same.yaml": "real/a.yaml", "in/samedir": "real",
		"in/text.yaml": "real/b.txt", "in/loop": "..", "in/self": "self", "in/gone.yaml": "nowhere", "in/abs.yaml": filepath.Join(dir, "outside/x.yaml"),
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Skip(err)
		}
	}
	check(t, readAll(t, Options{}, "in"), `
in/real/a.yaml:1 Pod default/a assumed
in/text.yaml:1 Pod default/b assumed
gap in/abs.yaml:0 : the symbolic link leaves the folder and is not followed
gap in/gone.yaml:0 : the symbolic link leads nowhere
gap in/loop:0 : the symbolic link leaves the folder and is not followed
gap in/out.yaml:0 : the symbolic link leaves the folder and is not followed
gap in/outdir:0 : the symbolic link leaves the folder and is not followed
`)
	// Who names a link means it.
	check(t, readAll(t, Options{}, "in/out.yaml"), "in/out.yaml:1 Pod default/x assumed\n")
}

func TestUnreadable(t *testing.T) {
	dir := folder(t, "-- a.yaml --\n"+pod("a")+"-- no/b.yaml --\n"+pod("b")+"-- c.yaml --\n"+pod("c"))
	if os.Geteuid() == 0 {
		// The administrator may read everything; a folder in a file's place fails for everybody.
		if err := os.Mkdir(filepath.Join(dir, "d.yaml"), 0o755); err != nil {
			t.Fatal(err)
		}
		_, err := Read(t.Context(), []string{"missing.yaml"}, Options{})
		if err == nil || err.Error() != "find missing.yaml: no such file or directory" {
			t.Errorf("got %v", err)
		}
		return
	}
	for _, name := range []string{"c.yaml", "no"} {
		if err := os.Chmod(filepath.Join(dir, name), 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(filepath.Join(dir, name), 0o755) }) //nolint:errcheck // for TempDir
	}
	check(t, readAll(t, Options{}, "."), `
a.yaml:1 Pod default/a assumed
gap no:0 : permission denied
gap c.yaml:0 : permission denied
`)
}

func TestUnreadableFileIsAGap(t *testing.T) {
	dir := folder(t, "-- a.yaml --\n"+pod("a"))
	r := &reader{}
	f := r.readFile(input{name: "gone.yaml", abs: filepath.Join(dir, "gone.yaml")})
	check(t, summary(f.objects, f.gaps), "gap gone.yaml:0 : no such file or directory\n")
	f = r.readFile(input{name: "dir", abs: dir})
	check(t, summary(f.objects, f.gaps), "gap dir:0 : this is no regular file\n")
}

func TestStdin(t *testing.T) {
	got := readAll(t, Options{Stdin: strings.NewReader(pod("a") + "---\n" + pod("b"))}, "-")
	check(t, got, "stdin:1 Pod default/a assumed\nstdin:5 Pod default/b assumed\n")
}

func TestReadMistakes(t *testing.T) {
	folder(t, "-- a.yaml --\n"+pod("a")+"-- values.yaml --\na: 1\n")
	for _, test := range []struct {
		path, want string
		chart      ChartOptions
	}{
		{"missing", "find missing: no such file or directory", ChartOptions{}},
		{".", "read the values file none.yaml: no such file or directory", ChartOptions{ValuesFiles: []string{"values.yaml", "none.yaml"}}},
		{".", `read the Kubernetes version "new": use the form 1.36 or v1.36.2`, ChartOptions{KubeVersion: "new"}},
		{".", "read --set a[x]=…: use the form name.field=value", ChartOptions{Set: []string{"a=1", "a[x]=hunter2"}}},
	} {
		_, err := Read(t.Context(), []string{test.path}, Options{Chart: test.chart})
		if err == nil || err.Error() != test.want {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Read(ctx, []string{"."}, Options{}); err == nil {
		t.Error("a cancelled reading succeeds")
	}
}

func TestReadRedactsByItself(t *testing.T) {
	const value = "bm90LWEtcmVhbC1zZWNyZXQ="
	folder(t, "-- a.yaml --\napiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {x: "+value+"}\n")
	inv, err := Read(t.Context(), []string{"."}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := inventory.String(inv.All()[0].Content, "data", "x"); got == "" || strings.Contains(got, value) {
		t.Error("the Secret's data is not redacted")
	}
}

// TestManyFilesAreReadInOrder reads the same folder several times.
func TestManyFilesAreReadInOrder(t *testing.T) {
	var text strings.Builder
	for _, dir := range []string{"a", "b", "c"} {
		for _, file := range strings.Split("abcdefghijklmnopqrstuvwxyz", "") {
			text.WriteString("-- " + dir + "/" + file + ".yaml --\n" + pod(dir+file))
		}
	}
	folder(t, text.String())
	want := readAll(t, Options{}, ".")
	if strings.Count(want, "\n") != 78 || !strings.HasPrefix(want, "a/a.yaml:1") {
		t.Fatal(want)
	}
	for range 5 {
		check(t, readAll(t, Options{}, "."), want)
	}
}
