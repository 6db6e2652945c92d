package manifest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// A tree reads the files below one folder and nothing else: symbolic links may lead anywhere inside, and nowhere
// outside. It bounds what is read in all. It is kustomize's file system, in which the folder is "/".
type tree struct {
	root *os.Root
	left int64           // bytes that may still be read
	read map[string]bool // files that were read, relative to the folder
}

const maxTreeBytes = 100 << 20

var _ filesys.FileSystem = (*tree)(nil)

func openTree(folder string) (*tree, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("open the folder: %s", reason(err))
	}
	return &tree{root: root, left: maxTreeBytes, read: map[string]bool{}}, nil
}

func (t *tree) close() { t.root.Close() } //nolint:errcheck // only read

// rel is name below the folder, as os.Root wants it.
func rel(name string) string {
	name = strings.TrimPrefix(path.Clean("/"+filepath.ToSlash(name)), "/")
	return or(name, ".")
}

// ReadFile reads a regular file.
func (t *tree) ReadFile(name string) ([]byte, error) {
	f, err := t.root.Open(rel(name))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", rel(name), plainReason(err))
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", rel(name), plainReason(err))
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", rel(name))
	}
	data, err := io.ReadAll(io.LimitReader(f, t.left+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", rel(name), plainReason(err))
	}
	if t.left -= int64(len(data)); t.left < 0 {
		return nil, fmt.Errorf("more than %d bytes are needed", maxTreeBytes)
	}
	t.read[rel(name)] = true
	return data, nil
}

// plainReason drops the path, which the caller names.
func plainReason(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}

// files lists what was read.
func (t *tree) files() []string {
	files := make([]string, 0, len(t.read))
	for f := range t.read {
		files = append(files, f)
	}
	slices.Sort(files)
	return files
}

// Exists says whether something of that name is there.
func (t *tree) Exists(name string) bool {
	_, err := t.root.Stat(rel(name))
	return err == nil
}

// IsDir says whether name is a folder.
func (t *tree) IsDir(name string) bool {
	info, err := t.root.Stat(rel(name))
	return err == nil && info.IsDir()
}

// ReadDir lists a folder.
func (t *tree) ReadDir(name string) ([]string, error) {
	entries, err := fs.ReadDir(t.root.FS(), rel(name))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", rel(name), plainReason(err))
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

// CleanedAbs splits a path into folder and file.
func (t *tree) CleanedAbs(name string) (filesys.ConfirmedDir, string, error) {
	info, err := t.root.Stat(rel(name))
	if err != nil {
		return "", "", fmt.Errorf("%s: %w", rel(name), plainReason(err))
	}
	abs := path.Clean("/" + filepath.ToSlash(name))
	if info.IsDir() {
		return filesys.ConfirmedDir(abs), "", nil
	}
	return filesys.ConfirmedDir(path.Dir(abs)), path.Base(abs), nil
}

// Open opens a file for reading.
func (t *tree) Open(name string) (filesys.File, error) {
	f, err := t.root.Open(rel(name))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", rel(name), plainReason(err))
	}
	return f, nil
}

// Glob lists the files that match.
func (t *tree) Glob(pattern string) ([]string, error) {
	matches, err := fs.Glob(t.root.FS(), rel(pattern))
	for i := range matches {
		matches[i] = "/" + matches[i]
	}
	return matches, err
}

// Walk visits a folder and what is below it. Symbolic links are not followed.
func (t *tree) Walk(name string, visit filepath.WalkFunc) error {
	return fs.WalkDir(t.root.FS(), rel(name), func(p string, d fs.DirEntry, err error) error {
		var info fs.FileInfo
		if d != nil {
			info, _ = d.Info() //nolint:errcheck // gone in the meantime
		}
		return visit("/"+p, info, err)
	})
}

var errReadOnly = errors.New("rendering writes no files")

// Create, Mkdir, MkdirAll, RemoveAll and WriteFile are refused.

func (t *tree) Create(string) (filesys.File, error) { return nil, errReadOnly }
func (t *tree) Mkdir(string) error                  { return errReadOnly }
func (t *tree) MkdirAll(string) error               { return errReadOnly }
func (t *tree) RemoveAll(string) error              { return errReadOnly }
func (t *tree) WriteFile(string, []byte) error      { return errReadOnly }
