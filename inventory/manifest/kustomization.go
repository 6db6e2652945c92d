package manifest

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// kustomizationNames are the names that kustomize knows, in its order.
var kustomizationNames = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// maxKustomization is the size above which a kustomization is not looked into; kustomize will say what it thinks.
const maxKustomization = 1 << 20

// A kustomization is one that the walk found, and what it refers to.
type kustomization struct {
	input   input
	index   int      // its place among the inputs
	folders []string // other kustomizations that it builds on
	problem string   // why it cannot be rendered, if that can be seen from outside
	isPart  bool     // a component, which means nothing alone

	// Files that it names are not read as plain files, but for its resources when it cannot be rendered.
	resources []string
	others    []string // patches, files of generators, settings
}

// kustomization notes a kustomization in a folder. Whether it is rendered is decided when all are known.
func (w *walk) kustomization(in input, file string) {
	in.kind, in.file = kustomizationFolder, file
	k := &kustomization{input: in, index: len(w.inputs)}
	k.references(filepath.Join(in.abs, file))
	w.kustomizations = append(w.kustomizations, k)
	w.inputs = append(w.inputs, in)
}

// references finds what a kustomization names. A folder counts only where kustomize looks for one, since a base that
// is wrongly taken as used would not be judged; a file counts wherever its name stands, so that no field is forgotten.
func (k *kustomization) references(file string) {
	f, err := os.Open(file)
	if err != nil {
		return
	}
	defer f.Close() //nolint:errcheck // only read
	data, err := io.ReadAll(io.LimitReader(f, maxKustomization+1))
	if err != nil || len(data) > maxKustomization {
		return
	}
	// A broken one is kustomize's to report.
	_ = documents(data, func(doc *yaml.Node) {
		if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
			return
		}
		k.isPart = nodeText(field(doc.Content[0], "kind")) == "Component"
		for _, list := range []string{"resources", "bases", "components", "generators", "transformers", "validators"} {
			if items := field(doc.Content[0], list); items != nil && items.Kind == yaml.SequenceNode {
				for _, item := range items.Content {
					k.folderOrResource(nodeText(item), list == "resources")
				}
			}
		}
		scalars(doc, func(text string) {
			k.other(text)
			if _, path, ok := strings.Cut(text, "="); ok { // configMapGenerator names files as key=path
				k.other(path)
			}
		})
	})
}

// folderOrResource notes another kustomization, or a file with resources.
func (k *kustomization) folderOrResource(text string, resource bool) {
	path, isFolder := k.find(text)
	switch {
	case path == "" && k.problem == "" && !strings.Contains(text, "\n"):
		k.problem = missing(text)
	case path == "":
	case isFolder:
		k.folders = append(k.folders, path)
		if k.problem == "" && !slices.ContainsFunc(kustomizationNames, func(name string) bool { return isFile(filepath.Join(path, name)) }) {
			k.problem = "the folder " + strconv.Quote(text) + ", which it names, has no kustomization"
		}
	case resource:
		k.resources = append(k.resources, path)
	}
}

// missing says why kustomize would not find what text names. Most broken kustomizations are caught by this, which
// costs nothing, and told in clearer words.
func missing(text string) string {
	switch first, _, _ := strings.Cut(text, "/"); {
	case strings.Contains(text, "://"), strings.Contains(text, "?ref="), strings.Contains(first, "@"), strings.HasSuffix(first, ".com"):
		return remoteResource
	}
	return strconv.Quote(text) + ", which it names, is not there"
}

const remoteResource = "it builds on a remote resource; only local files are read"

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// other notes any other file.
func (k *kustomization) other(text string) {
	if path, isFolder := k.find(text); path != "" && !isFolder && !slices.Contains(k.resources, path) {
		k.others = append(k.others, path)
	}
}

// find is the file or folder that text names; "" when it names none.
func (k *kustomization) find(text string) (path string, isFolder bool) {
	if text == "" || len(text) > 4096 || strings.ContainsAny(text, "\n\x00") || strings.Contains(text, "://") {
		return "", false
	}
	path = filepath.Join(k.input.abs, filepath.FromSlash(text))
	info, err := os.Stat(path)
	if err != nil || path == k.input.abs {
		return "", false
	}
	return path, info.IsDir()
}

// scalars calls visit for every text in n that is no key.
func scalars(n *yaml.Node, visit func(string)) {
	if n.Kind == yaml.ScalarNode {
		visit(n.Value)
	}
	for i, c := range n.Content {
		if n.Kind != yaml.MappingNode || i%2 == 1 {
			scalars(c, visit)
		}
	}
}

// chooseKustomizations keeps those that no other one uses, and those the user named: a base is judged only through
// its overlays. Of a circle, which nobody outside uses, the first one is kept, so that the mistake is reported.
func (w *walk) chooseKustomizations() {
	byFolder := map[string]*kustomization{}
	for _, k := range w.kustomizations {
		byFolder[k.input.abs] = k
	}
	used := map[*kustomization]bool{}
	for _, k := range w.kustomizations {
		for _, ref := range k.folders {
			if other := byFolder[ref]; other != nil {
				used[other] = true
			}
		}
	}
	reached, keep := map[*kustomization]bool{}, map[int]bool{}
	var reach func(k *kustomization)
	reach = func(k *kustomization) {
		if reached[k] {
			return
		}
		reached[k] = true
		for _, ref := range k.folders {
			if other := byFolder[ref]; other != nil {
				reach(other)
			}
		}
	}
	for _, inCircle := range []bool{false, true} {
		for _, k := range w.kustomizations {
			if !used[k] || inCircle && !reached[k] {
				keep[k.index] = true
				reach(k)
			}
		}
	}
	for _, k := range w.kustomizations {
		if !keep[k.index] || k.isPart {
			w.inputs[k.index].kind = notRendered
		}
		if keep[k.index] && k.isPart {
			w.parts = append(w.parts, k.input.abs)
		}
		w.inputs[k.index].problem = problemOf(k, byFolder, map[*kustomization]bool{})
	}
}

// problemOf is the problem of k or of one that it builds on.
func problemOf(k *kustomization, byFolder map[string]*kustomization, seen map[*kustomization]bool) string {
	if seen[k] || k.problem != "" {
		return k.problem
	}
	seen[k] = true
	for _, folder := range k.folders {
		base := byFolder[folder]
		if base == nil {
			continue
		}
		if problem := problemOf(base, byFolder, seen); problem != "" {
			return "it builds on " + base.input.name + ": " + strings.TrimPrefix(problem, "it builds on "+base.input.name+": ")
		}
	}
	return ""
}

// kustomizationInputs are the files that kustomizations name and that are not read as plain files. The resources of
// those that are not rendered, since that fails or they are parts that nobody uses (failed are their folders), are left
// out: read plainly, without patches, they give most of what would else be lost.
func (w *walk) kustomizationInputs(failed []string) []string {
	byFolder := map[string]*kustomization{}
	for _, k := range w.kustomizations {
		byFolder[k.input.abs] = k
	}
	lost := map[*kustomization]bool{}
	failed = append(failed, w.parts...)
	for len(failed) > 0 {
		k := byFolder[failed[0]]
		failed = failed[1:]
		if k != nil && !lost[k] {
			lost[k] = true
			failed = append(failed, k.folders...)
		}
	}
	var files []string
	for _, k := range w.kustomizations {
		files = append(files, k.others...)
		if !lost[k] {
			files = append(files, k.resources...)
		}
	}
	return files
}
