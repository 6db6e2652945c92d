package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/plimsoll-io/plimsoll/harden"
	"github.com/plimsoll-io/plimsoll/internal/secretscan"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
)

// A staged file lies complete beside the one that it replaces.
type staged struct{ temporary, target string }

// writeFiles replaces files as one step as far as a file system allows: all are checked and written beside their
// targets before the first one is renamed. roots are the paths that the user gave; no link leads out of them.
func writeFiles(files []harden.File, roots []string) (err error) {
	var all []staged
	defer func() {
		for _, s := range all {
			if s.temporary != "" {
				err = errors.Join(err, os.Remove(s.temporary))
			}
		}
	}()
	targets := make([]string, len(files))
	modes := make([]fs.FileMode, len(files))
	for i, f := range files {
		if targets[i], modes[i], err = checkTarget(f, roots); err != nil {
			return fmt.Errorf("nothing was written: %w", err)
		}
	}
	for i, f := range files {
		temporary, err := stage(targets[i], modes[i], f.New)
		if temporary != "" {
			all = append(all, staged{temporary, targets[i]})
		}
		if err != nil {
			return fmt.Errorf("nothing was written: %w", err)
		}
	}
	for i := range all {
		if err := os.Rename(all[i].temporary, all[i].target); err != nil {
			return fmt.Errorf("%d of %d files were written: %w", i, len(all), err)
		}
		all[i].temporary = ""
	}
	return nil
}

// checkTarget finds the file behind a name and makes sure that it may be written and is still what was read.
func checkTarget(f harden.File, roots []string) (target string, mode fs.FileMode, err error) {
	name := filepath.FromSlash(f.Name)
	if f.Old == nil {
		return checkNew(f, roots)
	}
	if target, err = filepath.EvalSymlinks(name); err != nil {
		return "", 0, err
	}
	if target, err = filepath.Abs(target); err != nil {
		return "", 0, err
	}
	if !within(target, roots) {
		return "", 0, fmt.Errorf("%s is a link that leads out of what was given", f.Name)
	}
	info, err := os.Stat(target)
	if err != nil {
		return "", 0, err
	}
	if info.Mode().Perm()&0o222 == 0 {
		return "", 0, fmt.Errorf("%s is read-only", f.Name)
	}
	open, err := os.OpenFile(target, os.O_WRONLY, 0) // #nosec G304 -- asks for the permission only
	if err != nil {
		return "", 0, err
	}
	if err := open.Close(); err != nil {
		return "", 0, err
	}
	now, err := os.ReadFile(target) // #nosec G304 -- the user names the files
	if err != nil {
		return "", 0, err
	}
	if !bytes.Equal(now, f.Old) {
		return "", 0, fmt.Errorf("%s has changed since it was read", f.Name)
	}
	return target, info.Mode().Perm(), nil
}

// checkNew makes sure that a file that is to be made is not there and lies where it may.
func checkNew(f harden.File, roots []string) (target string, mode fs.FileMode, err error) {
	name := filepath.FromSlash(f.Name)
	folder, err := filepath.EvalSymlinks(filepath.Dir(name))
	if err != nil {
		return "", 0, err
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return "", 0, err
	}
	target = filepath.Join(folder, filepath.Base(name))
	if !within(target, roots) {
		return "", 0, fmt.Errorf("%s lies behind a link that leads out of what was given", f.Name)
	}
	if _, err := os.Lstat(target); !errors.Is(err, fs.ErrNotExist) {
		return "", 0, fmt.Errorf("%s is there already", f.Name)
	}
	return target, 0o644, nil
}

// within says whether a file lies at or below one of the roots. Of a root that is a file, its folder counts.
func within(target string, roots []string) bool {
	for _, root := range roots {
		real, err := filepath.EvalSymlinks(root)
		if err != nil {
			continue
		}
		if real, err = filepath.Abs(real); err != nil {
			continue
		}
		link, _ := os.Lstat(root)
		if info, err := os.Stat(real); err == nil && !info.IsDir() {
			if link != nil && link.Mode()&fs.ModeSymlink != 0 {
				if real, err = filepath.Abs(root); err != nil {
					continue
				}
				if folder, err := filepath.EvalSymlinks(filepath.Dir(real)); err == nil {
					real = folder
				}
			} else {
				real = filepath.Dir(real)
			}
		}
		if rel, err := filepath.Rel(real, target); err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			return true
		}
	}
	return false
}

func stage(target string, mode fs.FileMode, text []byte) (name string, err error) {
	temporary, err := os.CreateTemp(filepath.Dir(target), ".plimsoll-*")
	if err != nil {
		return "", err
	}
	_, err = temporary.Write(text)
	err = errors.Join(err, temporary.Chmod(mode), temporary.Sync(), temporary.Close())
	return temporary.Name(), err
}

// secretLines are the lines of a file, before and after, that hold a secret value: what the scanner of objects would
// replace, in the text itself and in the fields of its objects. Edits bring no secret that was not in the file.
// fields says whether any of its objects holds one, which saves reading the file again.
func secretLines(scanner *secretscan.Scanner, f harden.File, fields bool) map[string]bool {
	hidden := map[string]bool{}
	fake := map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"file": string(f.Old)}}
	if scanner.Redact(fake) > 0 {
		redacted := map[string]bool{}
		for line := range strings.Lines(inventory.String(fake, "data", "file")) {
			redacted[line] = true
		}
		for line := range strings.Lines(string(f.Old)) {
			hidden[line] = !redacted[line]
		}
	}
	if !fields {
		return hidden
	}
	var values []string
	manifest.ReadBytes(f.Name, f.Old, manifest.Options{Redact: func(content map[string]any) int {
		before := runtime.DeepCopyJSON(content)
		n := scanner.Redact(content)
		if n > 0 {
			differing(before, content, func(value string) { values = append(values, value) })
		}
		return n
	}})
	if len(values) > 0 {
		hideValues(strings.SplitAfter(string(f.Old), "\n"), values, hidden)
		hideValues(strings.SplitAfter(string(f.New), "\n"), values, hidden)
	}
	return hidden
}

// withSecrets are the files with an object in which a value was replaced.
func withSecrets(inv *inventory.Inventory) map[string]bool {
	out := map[string]bool{}
	for _, o := range inv.All() {
		if !out[o.Origin.File] && holdsMarker(o.Content) {
			out[o.Origin.File] = true
		}
	}
	return out
}

// holdsMarker says that a text in a value was replaced by the scanner, or looks so.
func holdsMarker(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.Contains(v, "<redacted")
	case map[string]any:
		for key, item := range v {
			if holdsMarker(key) || holdsMarker(item) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, holdsMarker)
	}
	return false
}

// differing calls found for every text in a that is another one in b.
func differing(a, b any, found func(value string)) {
	switch a := a.(type) {
	case map[string]any:
		m, _ := b.(map[string]any)
		for k, v := range a {
			differing(v, m[k], found)
		}
	case []any:
		l, _ := b.([]any)
		for i, v := range a {
			if i < len(l) {
				differing(v, l[i], found)
			}
		}
	case string:
		if s, _ := b.(string); s != a {
			found(a)
		}
	}
}

// shortest is the length below which a line of a secret value is no sign of it.
const shortest = 4

// hideValues hides the lines that hold a part of one of the values.
func hideValues(lines, values []string, hidden map[string]bool) {
	for _, value := range values {
		for _, part := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" \t\r\n\"'\\", r) }) {
			if len(part) < shortest && part != value {
				continue
			}
			for _, line := range lines {
				if strings.Contains(line, part) {
					hidden[line] = true
				}
			}
		}
	}
}
