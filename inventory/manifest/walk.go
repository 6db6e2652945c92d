package manifest

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/gitignore"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// An inputKind says how an input is read.
type inputKind int

const (
	plainFile inputKind = iota
	chartFolder
	chartArchive
	kustomizationFolder
	notRendered // a base, judged through its overlays
)

// An input is one thing to read.
type input struct {
	kind     inputKind
	name     string // for reports: relative to the working directory where possible, with "/"
	abs      string
	file     string // of a chart or kustomization: the name of the file that describes it
	given    string // absolute; the path that the user named, in which this was found
	tree     string // absolute; rendering reads nothing outside
	problem  string // why a kustomization cannot be rendered, when that is known beforehand
	explicit bool   // named by the user, not found in a folder
}

const (
	stdinName  = "stdin"
	ignoreFile = ".plimsollignore"
)

// A walk collects the inputs that paths name, in order.
type walk struct {
	inputs         []input
	gaps           []inventory.Gap
	kustomizations []*kustomization
	parts          []string // folders of kustomize components that no kustomization uses
}

// add adds a path that the user named. A path that does not exist is an error.
func (w *walk) add(path string) error {
	if path == "-" {
		w.inputs = append(w.inputs, input{name: stdinName, explicit: true})
		return nil
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("find %s: %w", path, err)
	}
	info, err := os.Stat(abs)
	if err != nil {
		return fmt.Errorf("find %s: %s", path, reason(err))
	}
	in := input{name: displayName(path, abs), abs: abs, given: abs, tree: treeOf(abs), explicit: true}
	base := filepath.Base(abs)
	switch {
	case info.IsDir():
		w.folder(in, nil)
		return nil
	case base == "Chart.yaml" || slices.Contains(kustomizationNames, base):
		in.abs, in.name = filepath.Dir(abs), displayName(filepath.Dir(path), filepath.Dir(abs))
		in.tree = treeOf(in.abs)
		if base == "Chart.yaml" {
			in.kind, in.file = chartFolder, base
			w.inputs = append(w.inputs, in)
		} else {
			w.kustomization(in, base)
		}
		return nil
	case isArchiveName(base):
		in.kind = chartArchive
	}
	w.inputs = append(w.inputs, in)
	return nil
}

func isArchiveName(name string) bool {
	return strings.HasSuffix(name, ".tgz") || strings.HasSuffix(name, ".tar.gz")
}

// folder adds what a folder holds. A chart is one input; its files are not looked at here.
func (w *walk) folder(in input, ignored []gitignore.Pattern) {
	entries, err := os.ReadDir(in.abs)
	if err != nil {
		w.gap(in.name, reason(err))
		return
	}
	has := func(name string) bool {
		i, ok := slices.BinarySearchFunc(entries, name, func(e fs.DirEntry, name string) int { return strings.Compare(e.Name(), name) })
		return ok && !entries[i].IsDir()
	}
	if has("Chart.yaml") {
		in.kind, in.file = chartFolder, "Chart.yaml"
		w.inputs = append(w.inputs, in)
		return
	}
	for _, name := range kustomizationNames {
		if has(name) {
			w.kustomization(in, name)
			break
		}
	}
	ignored = w.ignorePatterns(in, ignored)
	matcher := gitignore.NewMatcher(ignored)
	for _, e := range entries {
		child := input{
			kind: plainFile, name: joinName(in.name, e.Name()), abs: filepath.Join(in.abs, e.Name()), given: in.given, tree: in.tree,
		}
		if e.Name() == ".git" || len(ignored) > 0 && matcher.Match(parts(child.abs), e.IsDir()) {
			continue
		}
		w.entry(child, e, ignored)
	}
}

// entry adds one entry of a folder.
func (w *walk) entry(child input, e fs.DirEntry, ignored []gitignore.Pattern) {
	switch {
	case e.IsDir():
		w.folder(child, ignored)
	case e.Type()&fs.ModeSymlink != 0:
		w.symlink(child)
	case !e.Type().IsRegular() && isManifestName(e.Name()):
		w.gap(child.name, "this is no regular file")
	case slices.Contains(kustomizationNames, e.Name()):
		// rendered as a whole
	case isManifestName(e.Name()):
		w.inputs = append(w.inputs, child)
	case strings.HasSuffix(e.Name(), ".tgz"):
		child.kind = chartArchive
		w.inputs = append(w.inputs, child)
	}
}

// symlink looks where a link leads. A manifest or folder inside the folder that the user named is read in its own
// place; nothing outside is read.
func (w *walk) symlink(child input) {
	target, err := filepath.EvalSymlinks(child.abs)
	if err != nil {
		if isManifestName(child.name) {
			w.gap(child.name, "the symbolic link leads nowhere")
		}
		return
	}
	info, err := os.Stat(target)
	if err != nil || !info.IsDir() && !isManifestName(child.name) {
		return
	}
	given, err := filepath.EvalSymlinks(child.given)
	switch {
	case err != nil || !within(given, target):
		w.gap(child.name, "the symbolic link leaves the folder and is not followed")
	case !info.IsDir() && !isManifestName(target):
		w.inputs = append(w.inputs, child) // under its own name it would be passed over
	}
}

func isManifestName(name string) bool {
	switch filepath.Ext(name) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return false
}

// ignorePatterns adds the patterns of a folder's ignore file to those of its parents.
func (w *walk) ignorePatterns(in input, ignored []gitignore.Pattern) []gitignore.Pattern {
	data, err := os.ReadFile(filepath.Join(in.abs, ignoreFile))
	if err != nil {
		if !os.IsNotExist(err) {
			w.gap(joinName(in.name, ignoreFile), reason(err))
		}
		return ignored
	}
	ignored = slices.Clone(ignored)
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), "\r")
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			ignored = append(ignored, gitignore.ParsePattern(line, parts(in.abs)))
		}
	}
	return ignored
}

// parts splits a path as the ignore matcher wants it.
func parts(abs string) []string { return strings.Split(filepath.ToSlash(abs), "/") }

func (w *walk) gap(name, reason string) {
	w.gaps = append(w.gaps, inventory.Gap{File: name, Reason: reason})
}

// problems are the gaps of the walk itself.
func (w *walk) problems(opts Options) *file {
	f := newFile("", opts)
	f.gaps = w.gaps
	return f
}

// displayName is how reports name a path: relative to the working directory if it lies there, else as it was given.
func displayName(given, abs string) string {
	if wd, err := os.Getwd(); err == nil && within(wd, abs) {
		if rel, err := filepath.Rel(wd, abs); err == nil {
			return filepath.ToSlash(rel)
		}
	}
	return filepath.ToSlash(filepath.Clean(given))
}

func joinName(folder, name string) string {
	if folder == "." {
		return name
	}
	return strings.TrimSuffix(folder, "/") + "/" + name
}

// within says whether path is tree or lies in it. Both are absolute.
func within(tree, path string) bool {
	rel, err := filepath.Rel(tree, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// treeOf finds the tree that a path belongs to, of which rendering may read anything: the git work tree, else the
// working directory, else the folder itself. So an overlay can be named alone and still find its base.
func treeOf(abs string) string {
	folder := abs
	if info, err := os.Stat(abs); err == nil && !info.IsDir() {
		folder = filepath.Dir(abs)
	}
	for dir := folder; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	if wd, err := os.Getwd(); err == nil && within(wd, folder) {
		return wd
	}
	return folder
}
