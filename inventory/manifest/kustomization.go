package manifest

import (
	"io"
	"os"
	"path/filepath"
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
	files   []string // files that it names, which are not read as plain files
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
		for _, list := range []string{"resources", "bases", "components", "generators", "transformers", "validators"} {
			if items := field(doc.Content[0], list); items != nil && items.Kind == yaml.SequenceNode {
				for _, item := range items.Content {
					k.reference(nodeText(item), true)
				}
			}
		}
		scalars(doc, func(text string) {
			k.reference(text, false)
			if _, path, ok := strings.Cut(text, "="); ok { // configMapGenerator names files as key=path
				k.reference(path, false)
			}
		})
	})
}

// reference notes text if it names a file, or a folder where that is wanted.
func (k *kustomization) reference(text string, folder bool) {
	if text == "" || len(text) > 4096 || strings.ContainsAny(text, "\n\x00") || strings.Contains(text, "://") {
		return
	}
	path := filepath.Join(k.input.abs, filepath.FromSlash(text))
	info, err := os.Stat(path)
	switch {
	case err != nil || path == k.input.abs:
	case info.IsDir() && folder:
		k.folders = append(k.folders, path)
	case !info.IsDir():
		k.files = append(k.files, path)
	}
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
	for i := range w.inputs {
		if w.inputs[i].kind == kustomizationFolder && !keep[i] {
			w.inputs[i].kind = notRendered
		}
	}
}

// kustomizationInputs are the files that kustomizations name.
func (w *walk) kustomizationInputs() []string {
	var files []string
	for _, k := range w.kustomizations {
		files = append(files, k.files...)
	}
	return files
}
