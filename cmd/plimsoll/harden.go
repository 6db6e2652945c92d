package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden"
	"github.com/plimsoll-io/plimsoll/internal/secretscan"
	"github.com/plimsoll-io/plimsoll/internal/textdiff"
	"github.com/plimsoll-io/plimsoll/internal/version"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
	"github.com/plimsoll-io/plimsoll/scan"
)

// HardenOptions are the flags of `plimsoll harden`.
type HardenOptions struct {
	Scan        ScanOptions // only what reads and judges
	Apply       bool
	Risky       bool
	Patches     string
	MinSeverity string
	Format      string
	Verbose     bool
}

// AddFlags declares the flags of the command.
func (o *HardenOptions) AddFlags(f *pflag.FlagSet) {
	o.Scan.Input.AddFlags(f)
	for _, name := range []string{"kubeconfig", "context", "timeout"} {
		f.Lookup(name).Hidden = true // harden edits files
	}
	f.BoolVar(&o.Apply, "apply", false, "write the files instead of printing the difference")
	f.BoolVar(&o.Risky, "risky", false, "make edits, too, that may keep a workload from running")
	f.StringVar(&o.Patches, "patches", "", "write what mends charts and kustomizations, values and a kustomize overlay, into this `folder`")
	f.StringVar(&o.MinSeverity, "min-severity", "low", "leave findings below this `severity` alone")
	f.StringSliceVar(&o.Scan.Select.Controls, "control", nil, "mend only what these `controls` find")
	f.StringSliceVar(&o.Scan.Select.ExcludeControls, "exclude-controls", nil, "leave these `controls` out")
	f.StringSliceVar(&o.Scan.Select.ExcludeNamespaces, "exclude-namespaces", nil, "leave these `namespaces` alone")
	f.StringVar(&o.Scan.Config, "config", "", "configuration `file` (default: "+defaultConfig+" in the working directory, if it is there)")
	f.StringSliceVar(&o.Scan.Exceptions, "exceptions", nil, "further `file` of exceptions, of the same form as the configuration")
	f.StringVarP(&o.Format, "format", "f", "diff", "`format`: diff, or json for the plan")
	f.BoolVarP(&o.Verbose, "verbose", "v", false, "list everything in the summary")
}

func newHardenCommand() *cobra.Command {
	var opts HardenOptions
	cmd := &cobra.Command{
		Use:   "harden PATH…",
		Short: "Mend findings in the files that they come from",
		Long: `Mend findings in the files that they come from.

Prints the edits as a unified diff and a summary on standard error; --apply writes them. Comments, order,
quotes, anchors and all else stay as they are. Edits that may keep a workload from running are only made
with --risky. For what a chart renders, values are tried and those that help become a values file; the rest,
and kustomizations, get a kustomize overlay with patches (--patches DIR). What a person has to decide is
asked in the summary. Excepted findings are left alone.

Exit codes: 0 nothing to do, or applied · 1 there are edits to make · 2 usage or runtime error · 3 nothing
to make, or applied, and something could not be read or edited.`,
		Example: `  plimsoll harden manifests/
  plimsoll harden manifests/ --risky --control privilege-escalation | git apply
  plimsoll harden manifests/ --apply
  plimsoll harden charts/shop --risky --patches hardened/`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runHarden(cmd.Context(), opts, args, streamsOf(cmd))
		},
	}
	opts.AddFlags(cmd.Flags())
	cmd.AddCommand(newHardenPSPCommand(), newHardenBaselineCommand())
	cmd.AddCommand(newHardenNamespacesCommand(), newHardenRBACCommand(), newHardenNetworkCommand())
	return cmd
}

func runHarden(ctx context.Context, opts HardenOptions, paths []string, s streams) error {
	lowest, err := finding.ParseSeverity(opts.MinSeverity)
	if err != nil {
		return fmt.Errorf("--min-severity: %w", err)
	}
	if opts.Format != "diff" && opts.Format != "json" {
		return fmt.Errorf("unknown format %q: use diff or json", opts.Format)
	}
	if slices.Contains(paths, "-") || slices.ContainsFunc(paths, isSnapshot) {
		return errors.New("harden edits files: standard input and snapshots have none")
	}
	relaxCollector()
	plan, files, inv, err := opts.plan(ctx, paths, lowest, s)
	if err != nil {
		return err
	}
	made, err := opts.remedyFiles(plan)
	if err != nil {
		return err
	}
	shown, err := opts.write(files, made, paths)
	if err != nil {
		return err
	}
	if opts.Format == "json" {
		err = writePlan(s.out, plan, shown, opts.Apply)
	} else {
		err = writeDiffs(s.out, shown, withSecrets(inv))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", opts.Format, err)
	}
	writeSummary(s.err, plan, files, inv.Gaps, opts)
	switch {
	case !opts.Apply && (len(shown) > 0 || opts.Patches == "" && pendingPatches(plan)):
		return exitCode(exitFindings)
	case len(inv.Gaps) > 0 || len(plan.Refused) > 0:
		return exitCode(exitIncomplete)
	}
	return nil
}

// write writes what is to be written: all with --apply, what mends from outside with --patches. It returns the files
// that are still to be shown.
func (o *HardenOptions) write(files, made []harden.File, paths []string) (shown []harden.File, err error) {
	roots := slices.Clone(paths)
	var now []harden.File
	if o.Apply {
		now = files
	} else {
		shown = files
	}
	if o.Patches != "" || o.Apply {
		now = slices.Concat(now, made)
	} else {
		shown = slices.Concat(shown, made)
	}
	if o.Patches != "" {
		for _, f := range made {
			if err := os.MkdirAll(filepath.Dir(filepath.FromSlash(f.Name)), 0o755); err != nil { //nolint:gosec // manifests are for all
				return nil, fmt.Errorf("nothing was written: %w", err)
			}
		}
		roots = append(roots, o.Patches)
	}
	if o.Format == "json" {
		shown = slices.Concat(files, made)
	}
	return shown, writeFiles(now, roots)
}

// plan reads and judges the files, and makes the edits in memory.
func (o *HardenOptions) plan(ctx context.Context, paths []string, lowest finding.Severity, s streams) (*harden.Plan, []harden.File, *inventory.Inventory, error) {
	settings, exceptions, err := loadConfig(o.Scan.Config, o.Scan.Exceptions)
	if err != nil {
		return nil, nil, nil, err
	}
	o.Scan.Frameworks = []string{"none"}
	in, err := o.Scan.gather(ctx, paths, settings, exceptions, s)
	if err != nil {
		return nil, nil, nil, err
	}
	judge := func(ctx context.Context, inv *inventory.Inventory) (*scan.Report, error) {
		return scan.Run(ctx, inv, scan.Options{
			Controls: in.controls, Compiled: in.compiled, Settings: settings, Exceptions: exceptions,
			Scope: o.Scan.scope(inv), Now: time.Now(), Tool: scan.Tool{Name: "plimsoll", Version: version.String()},
		})
	}
	report, err := judge(ctx, in.inventory)
	if err != nil {
		return nil, nil, nil, err
	}
	redact := arrival()
	renderer, err := newHardenRenderer(paths, manifest.Options{
		Namespace: o.Scan.Input.Namespace, Chart: o.Scan.Input.Chart, Limits: o.Scan.Input.Limits, MaxDocument: o.Scan.Input.MaxDocument,
		Redact: redact,
	})
	if err != nil {
		return nil, nil, nil, err
	}
	defer renderer.render.Close()
	plan, files, err := harden.Mend(ctx, in.inventory, report, harden.Options{Risky: o.Risky, MinSeverity: lowest}, harden.Workshop{
		Load: func(name string) ([]byte, error) { return os.ReadFile(filepath.FromSlash(name)) }, // #nosec G304 -- the user names the files
		Read: func(name string, text []byte) []*inventory.Object {
			objects, _ := manifest.ReadBytes(name, text, manifest.Options{
				Namespace: o.Scan.Input.Namespace, MaxDocument: o.Scan.Input.MaxDocument, Redact: redact,
			})
			return objects
		},
		Scan: judge, Renderer: renderer,
	})
	return plan, files, in.inventory, err
}

// writeDiffs prints what changes. Lines that hold secrets are not shown.
func writeDiffs(w io.Writer, files []harden.File, secrets map[string]bool) error {
	scanner := secretscan.New()
	for _, f := range files {
		secret := secretLines(scanner, f, secrets[f.Name])
		if err := textdiff.Unified(w, f.Name, f.Old, f.New, func(line string) bool { return secret[line] }); err != nil {
			return err
		}
	}
	return nil
}

// The plan as JSON.
type (
	wirePlan struct {
		APIVersion string               `json:"apiVersion"`
		Kind       string               `json:"kind"`
		Applied    bool                 `json:"applied"`
		Files      []string             `json:"files"` // that have edits
		Changes    []wireHardenChange   `json:"changes"`
		NeedsRisky []wireHardenChange   `json:"needsRisky"`
		Rendered   []wireHardenChange   `json:"rendered"` // of charts and kustomizations, and not mended
		Remedies   []wireRemedy         `json:"remedies"` // values and patches for charts and kustomizations
		Refused    []wireHardenChange   `json:"refused"`
		Conflicts  []wireHardenConflict `json:"conflicts"`
		Manual     []wireHardenManual   `json:"manual"`
		Along      []wireHardenManual   `json:"along"` // go away with edits of needsRisky and rendered
	}
	wireHardenChange struct {
		Object   finding.Ref      `json:"object"`
		Position finding.Position `json:"position"`
		Path     finding.Path     `json:"path"`
		Fix      finding.Fix      `json:"fix"`
		Controls []string         `json:"controls"`
		Breaks   []string         `json:"breaks"` // what the edit may stop or change
		Severity finding.Severity `json:"severity"`
		Reason   string           `json:"reason,omitempty"`
	}
	wireHardenConflict struct {
		Object  finding.Ref        `json:"object"`
		Path    finding.Path       `json:"path"`
		Changes []wireHardenChange `json:"changes"`
	}
	wireHardenManual struct {
		Control  string           `json:"control"`
		Severity finding.Severity `json:"severity"`
		Object   finding.Ref      `json:"object"`
		Path     finding.Path     `json:"path"`
		Position finding.Position `json:"position"`
		Message  string           `json:"message"`
		Question string           `json:"question,omitempty"` // what a person has to decide
	}
)

func writePlan(w io.Writer, plan *harden.Plan, files []harden.File, applied bool) error {
	doc := wirePlan{
		APIVersion: "plimsoll.io/v1", Kind: "HardenPlan", Applied: applied, Files: []string{},
		Changes: wireChanges(plan.Changes), NeedsRisky: wireChanges(plan.NeedsRisky), Rendered: wireChanges(plan.Rendered),
		Refused: wireChanges(plan.Refused), Conflicts: []wireHardenConflict{}, Manual: []wireHardenManual{},
		Along: []wireHardenManual{}, Remedies: wireRemedies(plan.Remedies),
	}
	for _, f := range files {
		doc.Files = append(doc.Files, f.Name)
	}
	for _, c := range plan.Conflicts {
		doc.Conflicts = append(doc.Conflicts, wireHardenConflict{c.Object.Ref, c.Path, wireChanges(c.Changes)})
	}
	for _, f := range plan.Manual {
		doc.Manual = append(doc.Manual, wireHardenManual{f.Control, f.Severity, f.Object, f.Path, f.Position, f.Message, harden.Question(f.Control)})
	}
	for _, f := range plan.Along {
		doc.Along = append(doc.Along, wireHardenManual{f.Control, f.Severity, f.Object, f.Path, f.Position, f.Message, ""})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(doc)
}

func wireChanges(changes []harden.Change) []wireHardenChange {
	out := []wireHardenChange{}
	for _, c := range changes {
		var breaks []string
		for _, id := range c.Controls() {
			if what := harden.Breaks(id); !slices.Contains(breaks, what) {
				breaks = append(breaks, what)
			}
		}
		out = append(out, wireHardenChange{c.Object.Ref, c.Object.Position(c.Path), c.Path, c.Fix, c.Controls(), breaks, c.Severity(), c.Reason})
	}
	return out
}
