package manifest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/plimsoll-io/plimsoll/internal/secretscan"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A Renderer renders charts and kustomizations again and again in one child process, for those who try values. It is
// not safe for concurrent use.
type Renderer struct {
	opts     Options
	settings renderSettings
	child    *renderer
}

// NewRenderer returns a renderer that works as Read does with these options. Close ends it.
func NewRenderer(opts Options) (*Renderer, error) {
	settings, err := newRenderSettings(opts)
	if err != nil {
		return nil, err
	}
	if opts.Redact == nil {
		opts.Redact = secretscan.New().Redact
	}
	return &Renderer{opts: opts, settings: settings, child: &renderer{limits: opts.Limits}}, nil
}

// Close ends the child process.
func (r *Renderer) Close() { _ = r.child.stop() }

// A Rendering is what a chart or kustomization renders.
type Rendering struct {
	Objects []*inventory.Object
	Gaps    []inventory.Gap
	// Values are all values that a chart was rendered with, its own, those of its subcharts and those it was given.
	// Secrets are not replaced in them.
	Values map[string]any
}

// Render renders the chart (a folder or an archive) or the kustomization (a folder) at a path. values are texts of
// values files that win over those of the options; --set wins over them. What cannot be rendered is a gap. The error
// is that of ctx, or of a path that holds neither.
func (r *Renderer) Render(ctx context.Context, path string, values ...string) (Rendering, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return Rendering{}, fmt.Errorf("find %s: %w", path, err)
	}
	in := input{name: displayName(path, abs), abs: abs, given: abs, tree: treeOf(abs), explicit: true}
	if err := in.find(); err != nil {
		return Rendering{}, fmt.Errorf("render %s: %w", path, err)
	}
	again := reader{opts: r.opts, settings: r.settings}
	again.settings.Values = append(slices.Clone(again.settings.Values), values...)
	again.settings.WantValues = in.kind != kustomizationFolder
	f, _, err := again.render(ctx, r.child, in)
	if err != nil {
		return Rendering{}, err
	}
	assumeNamespaces(f.objects, f.scopes, again.opts.namespace())
	return Rendering{Objects: f.objects, Gaps: f.gaps, Values: f.values}, nil
}

// find says what lies at the path of an input.
func (in *input) find() error {
	info, err := os.Stat(in.abs)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		in.kind = chartArchive
		return nil
	}
	if isFile(filepath.Join(in.abs, "Chart.yaml")) {
		in.kind, in.file = chartFolder, "Chart.yaml"
		return nil
	}
	for _, name := range kustomizationNames {
		if isFile(filepath.Join(in.abs, name)) {
			in.kind, in.file = kustomizationFolder, name
			return nil
		}
	}
	return fmt.Errorf("it is no chart and no kustomization")
}
