package manifest

import (
	"bufio"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	kjson "k8s.io/apimachinery/pkg/util/json"
	kyaml "k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/inventory"
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

type namedFile struct {
	name string
	data []byte
}

// yamlFiles reads every YAML file of a folder.
func yamlFiles(t testing.TB, dir string) []namedFile {
	t.Helper()
	var files []namedFile
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".yaml" && filepath.Ext(path) != ".yml" {
			return err
		}
		data, err := os.ReadFile(path)
		files = append(files, namedFile{path, data})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestRealManifestsReadAsKubernetesDoes compares every object of real files with what kubectl's own reader makes of
// the same text.
func TestRealManifestsReadAsKubernetesDoes(t *testing.T) {
	compared, gaps := 0, 0
	for _, file := range yamlFiles(t, corpora(t, "real-manifests")) {
		objects, fileGaps := ReadBytes(file.name, file.data, Options{})
		gaps += len(fileGaps)
		if slices.ContainsFunc(fileGaps, func(g inventory.Gap) bool { return g.Reason != "the object has no name (metadata.name)" }) {
			for _, g := range fileGaps {
				t.Logf("%s:%d: %s: %s", g.File, g.Line, g.Kind, g.Reason)
			}
			continue
		}
		want := kubernetesObjects(t, file)
		if len(objects) != len(want) {
			t.Errorf("%s: %d objects, Kubernetes reads %d", file.name, len(objects), len(want))
			continue
		}
		for i, o := range objects {
			content := want[i]
			pruneContent(content, typeMeta{o.APIVersion, o.Kind})
			// Namespaces are ours to fill in; everything else has to be the same.
			delete(inventory.Map(o.Content, "metadata"), "namespace")
			delete(inventory.Map(content, "metadata"), "namespace")
			if content["metadata"] == nil {
				delete(o.Content, "metadata")
				delete(content, "metadata")
			}
			if !reflect.DeepEqual(o.Content, content) {
				t.Errorf("%s:%d: %s differs from what Kubernetes reads:\n%s", file.name, o.Origin.Line, o.Ref, cmp.Diff(content, o.Content))
			}
			if line, _ := o.Locate("kind"); !bytes.Contains(lineOf(file.data, line), []byte("kind")) {
				t.Errorf("%s: %s: line %d does not hold its kind", file.name, o.Ref, line)
			}
			compared++
		}
	}
	t.Logf("%d objects compared, %d gaps", compared, gaps)
}

func lineOf(data []byte, line int) []byte {
	lines := bytes.Split(data, []byte{'\n'})
	return lines[min(line, len(lines))-1]
}

// kubernetesObjects reads a file with the libraries that kubectl uses.
func kubernetesObjects(t *testing.T, file namedFile) []map[string]any {
	t.Helper()
	var objects []map[string]any
	reader := kyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(file.data)))
	for {
		doc, err := reader.Read()
		if err == io.EOF {
			return objects
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := sigsyaml.YAMLToJSON(doc)
		if err != nil {
			t.Errorf("%s: Kubernetes cannot read it, but we do: %v", file.name, err)
			return objects
		}
		var content map[string]any
		if kjson.Unmarshal(data, &content) != nil {
			continue
		}
		apiVersion, kind := inventory.String(content, "apiVersion"), inventory.String(content, "kind")
		if apiVersion == "" || kind == "" {
			continue
		}
		if items, ok := content["items"].([]any); ok {
			for _, item := range items {
				objects = append(objects, item.(map[string]any))
			}
			continue
		}
		o := inventory.Object{Content: content}
		o.APIVersion, o.Kind = apiVersion, kind
		if isStored(o.GroupKind(), content) {
			objects = append(objects, content)
		}
	}
}

func BenchmarkRealManifests(b *testing.B) {
	files := yamlFiles(b, corpora(b, "real-manifests"))
	size := 0
	for _, f := range files {
		size += len(f.data)
	}
	b.Run("nodes", func(b *testing.B) {
		b.SetBytes(int64(size))
		b.ReportAllocs()
		for b.Loop() {
			for _, f := range files {
				dec := yaml.NewDecoder(bytes.NewReader(f.data))
				for {
					var n yaml.Node
					if dec.Decode(&n) != nil {
						break
					}
				}
			}
		}
	})
	b.Run("read", func(b *testing.B) {
		b.SetBytes(int64(size))
		b.ReportAllocs()
		for b.Loop() {
			for _, f := range files {
				ReadBytes(f.name, f.data, Options{})
			}
		}
	})
}
