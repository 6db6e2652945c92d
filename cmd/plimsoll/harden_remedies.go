package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/harden"
	"github.com/plimsoll-io/plimsoll/internal/display"
)

// valuesName is the name of the values files that harden writes.
const valuesName = "harden-values.yaml"

// remedyFiles are the files that the remedies of a plan make: without a folder for patches only the values files,
// beside their charts. Files that are there already are compared, and left out when they are the same.
func (o *HardenOptions) remedyFiles(plan *harden.Plan) ([]harden.File, error) {
	var all []harden.File
	used := map[string]bool{}
	for _, r := range plan.Remedies {
		var files []harden.File
		switch {
		case o.Patches != "":
			dir := o.Patches
			if len(plan.Remedies) > 1 {
				dir = filepath.Join(dir, slug(r.Source.Name, used))
			}
			var err error
			if files, err = overlayFiles(r, dir); err != nil {
				return nil, err
			}
		case r.Values != nil:
			name := path.Join(r.Source.Name, valuesName)
			if isRegular(r.Source.Name) {
				name = strings.TrimSuffix(strings.TrimSuffix(r.Source.Name, ".tgz"), ".tar.gz") + "-" + valuesName
			}
			files = []harden.File{{Name: name, New: r.ValuesFile()}}
		}
		for _, f := range files {
			old, err := own(f.Name, o.Scan.Input.Chart.ValuesFiles)
			if err != nil {
				return nil, err
			}
			if f.Old = old; !bytes.Equal(f.Old, f.New) {
				all = append(all, f)
			}
		}
	}
	return all, nil
}

// overlayFiles are the files of a remedy in a folder.
func overlayFiles(r harden.Remedy, dir string) ([]harden.File, error) {
	var files []harden.File
	if r.Values != nil {
		files = append(files, harden.File{Name: valuesName, New: r.ValuesFile()})
	}
	resource := "rendered.yaml"
	if r.Source.Kind == harden.Kustomization {
		from, err := realPath(dir)
		if err != nil {
			return nil, err
		}
		to, err := realPath(filepath.FromSlash(r.Source.Name))
		if err != nil {
			return nil, err
		}
		rel, err := filepath.Rel(from, to)
		if err != nil {
			return nil, err
		}
		resource = filepath.ToSlash(rel)
	}
	if len(r.Patches) > 0 {
		files = append(files, r.Overlay(resource)...)
	}
	for i := range files {
		files[i].Name = filepath.ToSlash(filepath.Join(dir, files[i].Name))
	}
	return files, nil
}

// realPath is the absolute path without links, of a path whose last parts may not exist yet.
func realPath(name string) (string, error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(abs)
	if errors.Is(err, fs.ErrNotExist) && filepath.Dir(abs) != abs {
		parent, err := realPath(filepath.Dir(abs))
		return filepath.Join(parent, filepath.Base(abs)), err
	}
	return real, err
}

// slug makes a name for a folder of the name of a source, each once.
func slug(source string, used map[string]bool) string {
	name := strings.Trim(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:. `, r) {
			return '-'
		}
		return r
	}, source), "-")
	base := name
	for n := 2; name == "" || used[name]; n++ {
		name = fmt.Sprintf("%s-%d", base, n)
	}
	used[name] = true
	return name
}

// own is the text of a file that harden wrote before, nil when there is none. Others' files are not replaced, nor
// values that this very run builds on.
func own(name string, given []string) ([]byte, error) {
	text, err := os.ReadFile(filepath.FromSlash(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(text, []byte(harden.Written)) {
		return nil, fmt.Errorf("%s is there already, and harden did not write it", name)
	}
	if slices.ContainsFunc(given, func(v string) bool { return filepath.Clean(v) == filepath.Clean(filepath.FromSlash(name)) }) {
		return nil, fmt.Errorf("%s is among the --values: give --patches a folder for what comes on top", name)
	}
	return text, nil
}

// remedies says what values and patches mend.
func (p summary) remedies(plan *harden.Plan, opts HardenOptions) {
	var lines []string
	count := 0
	for _, r := range plan.Remedies {
		var parts []string
		if r.Values != nil {
			n := harden.Mended(r.ByValues)
			count += n
			parts = append(parts, fmt.Sprintf("values mend %s", display.Plural(n, "finding")))
		}
		if len(r.Patches) > 0 {
			n := harden.Mended(r.ByPatches)
			count += n
			word := display.Plural(len(r.Patches), "patch")
			if len(r.Patches) > 1 {
				word = fmt.Sprintf("%d patches", len(r.Patches))
			}
			parts = append(parts, fmt.Sprintf("%s for its objects mend %s", word, display.Plural(n, "finding")))
		}
		lines = append(lines, strings.TrimLeft(folded(fmt.Sprintf("%s %s: %s", r.Source.Kind, display.Clean(r.Source.Name), strings.Join(parts, "; ")), 5, p.width), "\n "))
	}
	heading := "Mended from outside, in what charts and kustomizations render"
	p.list(heading, count, lines)
	switch {
	case count == 0:
	case opts.Patches != "":
		fmt.Fprintf(p.w, "  Written to %s; the files say how to use them.\n", display.Clean(opts.Patches))
	case pendingPatches(plan):
		fmt.Fprintln(p.w, "  --patches DIR writes the values and patches.")
	}
}

func pendingPatches(plan *harden.Plan) bool {
	return slices.ContainsFunc(plan.Remedies, func(r harden.Remedy) bool { return len(r.Patches) > 0 })
}

// The remedies of a plan as JSON.
type (
	wireRemedy struct {
		Source    wireSource         `json:"source"`
		Values    map[string]any     `json:"values,omitempty"`
		ByValues  []wireHardenChange `json:"byValues"`
		Patches   []wirePatch        `json:"patches"`
		ByPatches []wireHardenChange `json:"byPatches"`
	}
	wireSource struct {
		Kind string `json:"kind"`
		Name string `json:"name"`
	}
	wirePatch struct {
		Target wireTarget     `json:"target"`
		Merge  map[string]any `json:"merge,omitempty"`
		JSON   []any          `json:"json,omitempty"`
	}
	wireTarget struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Namespace  string `json:"namespace,omitempty"`
		Name       string `json:"name"`
	}
)

func wireRemedies(remedies []harden.Remedy) []wireRemedy {
	out := []wireRemedy{}
	for _, r := range remedies {
		w := wireRemedy{
			Source: wireSource{r.Source.Kind, r.Source.Name}, Values: r.Values,
			ByValues: wireChanges(r.ByValues), Patches: []wirePatch{}, ByPatches: wireChanges(r.ByPatches),
		}
		for _, p := range r.Patches {
			t := p.Target
			w.Patches = append(w.Patches, wirePatch{wireTarget{t.APIVersion, t.Kind, t.Namespace, t.Name}, p.Body, p.Ops})
		}
		out = append(out, w)
	}
	return out
}
