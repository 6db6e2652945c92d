package manifest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
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
		if errors.Is(err, io.EOF) {
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

// A corpusCase is one line of a cases.jsonl, as far as rendering needs it.
type corpusCase struct {
	ID       string   `json:"id"`
	Dir      string   `json:"dir"`
	CIValues []string `json:"ci_values"`
	Input    string   `json:"input"`
	Expected string   `json:"expected"`
	How      string   `json:"how"`
}

func corpusCases(t testing.TB, dir string) []corpusCase {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "cases.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []corpusCase
	for line := range bytes.Lines(data) {
		var c corpusCase
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, c)
	}
	return cases
}

// authorsFault matches the messages of charts that fail by themselves: a value is required or missing, or the
// templates belong to another chart.
var authorsFault = regexp.MustCompile(`execution error at|nil pointer evaluating|no template ".*" associated`)

// TestChartsRender renders every chart with its defaults and with each of its CI values.
func TestChartsRender(t *testing.T) {
	dir := corpora(t, "helm-charts")
	objects, renderings := 0, 0
	for _, c := range corpusCases(t, dir) {
		t.Run(c.ID, func(t *testing.T) {
			for _, values := range append([]string{""}, c.CIValues...) {
				opts := Options{}
				if values != "" {
					opts.Chart.ValuesFiles = []string{filepath.Join(dir, c.Dir, values)}
				}
				inv, err := Read(t.Context(), []string{filepath.Join(dir, c.Dir)}, opts)
				if err != nil {
					t.Fatal(err)
				}
				for _, g := range inv.Gaps {
					if authorsFault.MatchString(g.Reason) && values == "" {
						t.Logf("fails by itself: %s", g.Reason)
						continue
					}
					t.Errorf("%s %s:%d: %s: %s", values, g.File, g.Line, g.Kind, g.Reason)
				}
				objects += len(inv.All())
				renderings++
			}
		})
	}
	t.Logf("%d objects in %d renderings", objects, renderings)
}

// TestRenderOracles compares with the files that the charts' own projects publish.
func TestRenderOracles(t *testing.T) {
	dir := corpora(t, "render-oracles")
	for _, c := range corpusCases(t, dir) {
		t.Run(c.ID, func(t *testing.T) {
			chart, opts := helmCommand(t, filepath.Join(dir, c.ID), c)
			opts.Redact = func(map[string]any) int { return 0 }
			inv, err := Read(t.Context(), []string{chart}, opts)
			if err != nil || len(inv.Gaps) > 0 {
				t.Fatal(err, inv.Gaps)
			}
			data, err := os.ReadFile(filepath.Join(dir, c.ID, c.Expected))
			if err != nil {
				t.Fatal(err)
			}
			published, gaps := ReadBytes(c.Expected, data, Options{Namespace: opts.Namespace})
			if len(gaps) > 0 {
				t.Fatal(gaps)
			}
			compareObjects(t, published, inv.All(), strings.Contains(c.How, "non-CRD"), strings.Contains(c.How, "kustomize"))
		})
	}
}

// helmCommand reads the chart and the options out of the command that a case gives.
func helmCommand(t *testing.T, dir string, c corpusCase) (chart string, opts Options) {
	t.Helper()
	words := strings.Fields(c.How)
	for i, word := range words {
		word = strings.TrimSuffix(word, ",")
		next := ""
		if i+1 < len(words) {
			next = strings.TrimSuffix(words[i+1], ",")
		}
		switch {
		case chart == "" && strings.HasPrefix(word, c.Input+"/"):
			chart = filepath.Join(dir, word)
			if previous := words[i-1]; previous != "template" {
				opts.Chart.ReleaseName = previous
			}
		case word == "-n":
			opts.Namespace = next
		case word == "--set":
			opts.Chart.Set = append(opts.Chart.Set, next)
		case word == "--api-versions":
			opts.Chart.APIVersions = append(opts.Chart.APIVersions, next)
		case word == "-f":
			opts.Chart.ValuesFiles = append(opts.Chart.ValuesFiles, valuesFile(t, dir, next))
		}
	}
	return chart, opts
}

// valuesFile finds a values file that a command names by its path or, outside the chart, by its name alone.
func valuesFile(t *testing.T, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == name && !strings.Contains(p, "/charts/") {
			path = p
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// notPublished are the kinds that the projects' scripts add to what the chart gives (Namespace) or take from it.
var notPublished = map[string]bool{"Namespace": true, "ClusterComplianceReport": true}

// compareObjects compares two sets of objects. Published files may have gone through more steps: without says that
// CRDs are left out, specs that only the kinds, names and specs count.
func compareObjects(t *testing.T, want, got []*inventory.Object, withoutCRDs, specs bool) {
	t.Helper()
	index := func(objects []*inventory.Object) map[string]any {
		all := map[string]any{}
		for _, o := range objects {
			if withoutCRDs && o.Kind == "CustomResourceDefinition" || notPublished[o.Kind] {
				continue
			}
			content := o.Content
			if specs {
				content = maps.Clone(content)
				delete(content, "metadata")
				delete(inventory.Map(content, "spec"), "replicas") // their kustomization sets its own
				withoutLabels(content)
			}
			all[o.Ref.String()] = content
		}
		return all
	}
	wanted, found := index(want), index(got)
	if diff := cmp.Diff(wanted, found); diff != "" {
		t.Errorf("(-published +ours)\n%.3000s", diff)
	}
	t.Logf("%d objects", len(found))
}

// withoutLabels removes the labels that only Helm sets.
func withoutLabels(v any) {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "helm.sh/chart")
		delete(v, "app.kubernetes.io/managed-by")
		for _, c := range v {
			withoutLabels(c)
		}
	case []any:
		for _, c := range v {
			withoutLabels(c)
		}
	}
}
