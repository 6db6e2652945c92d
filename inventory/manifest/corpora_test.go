package manifest

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// corpora finds the folder of public test cases, or skips the test: PLIMSOLL_CORPORA, or shared/corpora beside the
// repository.
func corpora(t testing.TB, set string) string {
	t.Helper()
	root := os.Getenv("PLIMSOLL_CORPORA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "corpora")
	}
	dir := filepath.Join(root, set)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no corpora: %v (set PLIMSOLL_CORPORA)", err)
	}
	return dir
}

// yamlFiles reads every YAML file of a folder.
func yamlFiles(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".yaml" && filepath.Ext(path) != ".yml" {
			return err
		}
		files[path], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestRealManifestsRead(t *testing.T) {
	objects := 0
	for name, data := range yamlFiles(t, corpora(t, "real-manifests")) {
		os, gaps := ReadBytes(name, data, Options{})
		objects += len(os)
		for _, g := range gaps {
			t.Logf("%s:%d: %s: %s", filepath.Base(g.File), g.Line, g.Kind, g.Reason)
		}
	}
	t.Logf("%d objects", objects)
}
