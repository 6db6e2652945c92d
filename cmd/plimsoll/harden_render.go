package main

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/harden"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/bootstrap"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
)

// A hardenRenderer renders the charts and kustomizations below some paths, for harden.
type hardenRenderer struct {
	paths   []string // as the user gave them
	release string
	render  *manifest.Renderer
	known   map[string]harden.Source // by the folder of a file
}

func newHardenRenderer(paths []string, opts manifest.Options) (*hardenRenderer, error) {
	r, err := manifest.NewRenderer(opts)
	if err != nil {
		return nil, err
	}
	return &hardenRenderer{paths: paths, release: opts.Chart.ReleaseName, render: r, known: map[string]harden.Source{}}, nil
}

// Source finds the outermost chart or kustomization at or below the paths that a rendered file belongs to.
func (r *hardenRenderer) Source(file string) (harden.Source, bool) {
	if slices.Contains([]string{"kustomization.yaml", "kustomization.yml", "Kustomization"}, path.Base(file)) && isRegular(file) {
		return harden.Source{Kind: harden.Kustomization, Name: path.Dir(file)}, true
	}
	folder := path.Dir(file)
	source, ok := r.known[folder]
	if !ok {
		source = r.chartOf(file)
		r.known[folder] = source
	}
	return source, source.Name != ""
}

func (r *hardenRenderer) chartOf(file string) (found harden.Source) {
	for at := path.Clean(file); ; at = path.Dir(at) {
		archive := (strings.HasSuffix(at, ".tgz") || strings.HasSuffix(at, ".tar.gz")) && isRegular(at)
		if (archive || isRegular(path.Join(at, "Chart.yaml"))) && r.given(at) {
			found = harden.Source{Kind: harden.Chart, Name: at, Release: r.release}
		}
		if at == path.Dir(at) {
			return found
		}
	}
}

// given says that a path lies at or below one that the user gave.
func (r *hardenRenderer) given(at string) bool {
	abs, err := filepath.Abs(filepath.FromSlash(at))
	return err == nil && slices.ContainsFunc(r.paths, func(p string) bool {
		root, err := filepath.Abs(p)
		if err != nil {
			return false
		}
		if filepath.Base(root) == "Chart.yaml" {
			root = filepath.Dir(root)
		}
		rel, err := filepath.Rel(root, abs)
		return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
	})
}

func isRegular(name string) bool {
	info, err := os.Stat(filepath.FromSlash(name))
	return err == nil && info.Mode().IsRegular()
}

// Render implements harden.Renderer.
func (r *hardenRenderer) Render(ctx context.Context, source harden.Source, values string) (harden.Rendering, error) {
	var more []string
	if values != "" {
		more = append(more, values)
	}
	out, err := r.render.Render(ctx, filepath.FromSlash(source.Name), more...)
	if err != nil {
		return harden.Rendering{}, err
	}
	bootstrap.Mark(out.Objects, "")
	return harden.Rendering{Objects: out.Objects, Gaps: len(out.Gaps), Values: out.Values}, nil
}

// Build implements harden.Renderer, in a folder for the time being.
func (r *hardenRenderer) Build(ctx context.Context, files []harden.File) (objects []*inventory.Object, err error) {
	dir, err := os.MkdirTemp("", "plimsoll-*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is left is no harm
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.New, 0o600); err != nil {
			return nil, err
		}
	}
	out, err := r.render.Render(ctx, dir)
	return out.Objects, err
}
