package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/framework"
	"github.com/plimsoll-io/plimsoll/internal/version"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/identity"
	"github.com/plimsoll-io/plimsoll/policy"
	"github.com/plimsoll-io/plimsoll/rbac/usage"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/scan"
)

// ScanOptions are the flags of `plimsoll scan`.
type ScanOptions struct {
	Input      InputOptions
	Select     SelectOptions
	Output     OutputOptions
	Gate       GateOptions
	Config     string
	Exceptions []string
	Honour     bool
	Frameworks []string
	Identity   IdentityOptions
	Audit      []string
}

// SelectOptions choose what is judged.
type SelectOptions struct {
	Controls          []string
	ExcludeControls   []string
	ExcludeNamespaces []string
}

// GateOptions decide the exit code.
type GateOptions struct {
	FailOn      string
	FailOnNew   bool
	Baseline    string
	MinCoverage float64
}

// AddFlags declares the flags of the command.
func (o *ScanOptions) AddFlags(f *pflag.FlagSet) {
	o.Input.AddFlags(f)
	o.Output.AddFlags(f, reportFormats())
	f.StringSliceVar(&o.Select.Controls, "controls", nil, "judge only these `controls`")
	f.StringSliceVar(&o.Select.ExcludeControls, "exclude-controls", nil, "leave these `controls` out")
	f.StringSliceVar(&o.Select.ExcludeNamespaces, "exclude-namespaces", nil, "leave these `namespaces` out")
	f.StringVar(&o.Gate.FailOn, "fail-on", "high", "lowest `severity` that gives exit code 1: none, low, medium, high or critical")
	f.BoolVar(&o.Gate.FailOnNew, "fail-on-new", false, "only findings that are not in --baseline give exit code 1")
	f.StringVar(&o.Gate.Baseline, "baseline", "", "earlier report (json) of the same scope to compare with")
	f.Float64Var(&o.Gate.MinCoverage, "min-coverage", 100, "percent of the controls that must have seen everything, else exit code 3")
	f.StringVar(&o.Config, "config", "", "configuration `file` (default: "+defaultConfig+" in the working directory, if it is there)")
	f.StringSliceVar(&o.Exceptions, "exceptions", nil, "further `file` of exceptions, of the same form as the configuration")
	f.BoolVar(&o.Honour, "honour-annotations", false, "accept what the ignore annotations of kube-linter, Polaris, kube-score and Kubescape say")
	f.StringSliceVar(&o.Frameworks, "framework", nil, "frameworks to assess, ids or `files` (default: all that are shipped; none: no assessment)")
	o.Identity.AddFlags(f)
	f.StringSliceVar(&o.Audit, "audit", nil, auditFlag+"; for what is granted and never used")
	f.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "severity-threshold" { // what users of other scanners type
			name = "fail-on"
		}
		return pflag.NormalizedName(name)
	})
}

func newScanCommand() *cobra.Command {
	var opts ScanOptions
	cmd := &cobra.Command{
		Use:   "scan [PATH…]",
		Short: "Judge manifests, charts, kustomizations, a snapshot, or a live cluster",
		Long: `Judge manifests, charts, kustomizations, a snapshot, or a live cluster.

A PATH is a file, a folder, a Helm chart (folder or .tgz), a kustomization, a snapshot, or - for
standard input. Without PATH the current kubeconfig context is read.

Exit codes: 0 nothing at or above --fail-on · 1 findings · 2 usage, configuration or runtime
error · 3 no such findings, but something could not be read or judged (--min-coverage).`,
		Example: `  plimsoll scan ./manifests
  plimsoll scan ./chart --values production.yaml -f sarif=plimsoll.sarif
  plimsoll scan --context production --exclude-namespaces kube-system -f html -o report.html`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runScan(cmd.Context(), opts, args, streamsOf(cmd))
		},
	}
	opts.AddFlags(cmd.Flags())
	return cmd
}

// streams are the standard streams of a command.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func streamsOf(cmd *cobra.Command) streams {
	return streams{cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()}
}

func runScan(ctx context.Context, opts ScanOptions, paths []string, s streams) error {
	threshold, err := finding.ParseSeverity(opts.Gate.FailOn)
	if err != nil {
		return fmt.Errorf("--fail-on: %w", err)
	}
	if opts.Gate.FailOnNew && opts.Gate.Baseline == "" {
		return errors.New("--fail-on-new needs --baseline FILE")
	}
	if opts.Honour && len(paths) == 0 {
		return errors.New("--honour-annotations is for files: in a cluster whoever may annotate could exempt themselves")
	}
	targets, err := opts.Output.targets()
	if err != nil {
		return err
	}
	settings, exceptions, err := loadConfig(opts.Config, opts.Exceptions)
	if err != nil {
		return err
	}
	relaxCollector()
	in, err := opts.gather(ctx, paths, settings, exceptions, s)
	if err != nil {
		return err
	}
	settings.Used = in.used
	if len(opts.Identity.Files) > 0 {
		people := withAWSAuth(in.people, in.inventory, s.err)
		settings.People, settings.Members = people, membersOf(people)
	}
	rep, err := scan.Run(ctx, in.inventory, scan.Options{
		Controls: in.controls, Compiled: in.compiled, Settings: settings, Exceptions: exceptions, HonourAnnotations: opts.Honour,
		Scope: opts.scope(in.inventory), Now: time.Now(), Tool: scan.Tool{Name: "plimsoll", Version: version.String()},
	})
	if err != nil {
		return err
	}
	if err := compare(rep, opts.Gate.Baseline); err != nil {
		return err
	}
	doc, err := assess(rep, in.frameworks)
	if err != nil {
		return err
	}
	if err := opts.Output.writeReport(doc, targets, s); err != nil {
		return err
	}
	return gate(rep, threshold, opts.Gate)
}

// inputs are what a scan needs before it can begin.
type inputs struct {
	controls   []control.Control
	compiled   *policy.Set
	frameworks []framework.Framework
	inventory  *inventory.Inventory
	people     *identity.Directory
	used       *usage.Usage // nil without an audit log
}

// gather reads everything at once: compiling policies takes as long as reading a small input. A usage error ends the
// reading.
func (o *ScanOptions) gather(ctx context.Context, paths []string, settings control.Settings, exceptions []finding.Exception, s streams) (*inputs, error) {
	var in inputs
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		if in.controls, err = o.Select.controls(exceptions); err == nil {
			in.compiled = scan.Compile(in.controls)
		}
		return err
	})
	group.Go(func() (err error) {
		in.frameworks, err = loadFrameworks(o.Frameworks)
		return err
	})
	group.Go(func() (err error) {
		in.inventory, err = o.Input.load(ctx, paths, settings, s.in)
		return err
	})
	group.Go(func() (err error) {
		in.people, err = o.Identity.read(s.err)
		return err
	})
	if len(o.Audit) > 0 {
		group.Go(func() (err error) {
			in.used, err = readAudit(ctx, o.Audit, s.in)
			return err
		})
	}
	return &in, group.Wait()
}

// scope is what is judged of an inventory.
func (o *ScanOptions) scope(inv *inventory.Inventory) scan.Scope {
	scope := scan.Scope{Excluded: o.Select.ExcludeNamespaces}
	if inv.Source.Kind == "cluster" && o.Input.Namespace != "" {
		scope.Namespaces = []string{o.Input.Namespace}
	}
	return scope
}

// controls chooses from the catalogue.
func (o SelectOptions) controls(exceptions []finding.Exception) ([]control.Control, error) {
	all, err := control.All()
	if err != nil {
		return nil, err
	}
	if err := checkExceptions(exceptions, all); err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, c := range all {
		known[c.ID] = true
	}
	for _, id := range slices.Concat(o.Controls, o.ExcludeControls) {
		if !known[id] {
			return nil, fmt.Errorf("there is no control %q: see `plimsoll controls list`", id)
		}
	}
	return slices.DeleteFunc(all, func(c control.Control) bool {
		return len(o.Controls) > 0 && !slices.Contains(o.Controls, c.ID) || slices.Contains(o.ExcludeControls, c.ID)
	}), nil
}

// compare adds the comparison with a baseline, if there is one.
func compare(rep *scan.Report, baseline string) error {
	if baseline == "" {
		return nil
	}
	f, err := os.Open(baseline)
	if err != nil {
		return fmt.Errorf("open baseline: %w", err)
	}
	defer f.Close()
	before, err := report.Read(f)
	if err != nil {
		return fmt.Errorf("read baseline %s: %w", baseline, err)
	}
	if rep.Baseline, err = scan.Compare(rep, before.Report); err != nil {
		return fmt.Errorf("compare with baseline %s: %w", baseline, err)
	}
	return nil
}

// gate turns a report into an exit code.
func gate(rep *scan.Report, threshold finding.Severity, opts GateOptions) error {
	if threshold > finding.None {
		for _, r := range rep.Results {
			for _, f := range r.Findings {
				if f.Severity >= threshold && (!opts.FailOnNew || rep.Baseline.NewIDs[f.ID()] > 0) {
					return exitCode(exitFindings)
				}
			}
		}
	}
	if rep.Summary.Coverage < opts.MinCoverage {
		return exitCode(exitIncomplete)
	}
	return nil
}

// isFile says whether a framework argument names a file and not a shipped framework.
func isFile(arg string) bool { return strings.ContainsAny(arg, "./\\") }
