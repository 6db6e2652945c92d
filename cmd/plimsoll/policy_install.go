package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden/enforce"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/report"
	reportadmission "github.com/plimsoll-io/plimsoll/report/admission"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// PolicyInstallOptions are the flags of `plimsoll policy install`.
type PolicyInstallOptions struct {
	EnforceOptions
	Write      WriteOptions
	Output     OutputOptions
	Stage      string
	Namespaces []string
	Excluded   []string
	System     bool
	Params     string
	Config     string
	Exceptions []string
	Skip       bool
	Unsafe     bool
	Live       bool
}

// AddFlags declares the flags.
func (o *PolicyInstallOptions) AddFlags(f *pflag.FlagSet) {
	o.EnforceOptions.AddFlags(f)
	o.Write.AddFlags(f)
	o.Output.AddFlags(f, []string{"yaml", "diff", "table", "json", "csv", "markdown", "html"})
	f.StringVar(&o.Stage, "stage", "", "what happens to violations: audit, warn or deny")
	f.StringSliceVarP(&o.Namespaces, "namespace", "n", nil, "the only `namespaces` where it holds (default: all)")
	f.StringSliceVar(&o.Excluded, "exclude-namespaces", nil, "`namespaces` where it does not hold")
	f.BoolVar(&o.System, "system-namespaces", false, "policies about workloads hold in kube-system, kube-public and kube-node-lease too")
	f.StringVar(&o.Params, "params-namespace", enforce.DefaultParamsNamespace, "`namespace` for the parameters of policies")
	f.StringVar(&o.Config, "config", "", "configuration `file` (default: "+defaultConfig+" in the working directory, if it is there)")
	f.StringSliceVar(&o.Exceptions, "exceptions", nil, "further `file` of exceptions, of the same form as the configuration")
	f.BoolVar(&o.Skip, "skip-refused", false, "leave out controls whose exceptions cannot be installed, and install the others")
	f.BoolVar(&o.Unsafe, "unrehearsed", false, "deny even what is there already and violates a policy, or could not be judged")
	f.BoolVar(&o.Live, "live", false, "compare with the current cluster")
}

func newPolicyInstallCommand() *cobra.Command {
	var opts PolicyInstallOptions
	cmd := &cobra.Command{
		Use:   "install [CONTROL…] --stage audit|warn|deny",
		Short: "Install controls as policies that the API server enforces",
		Long: `Install controls as ValidatingAdmissionPolicies: the policies of the catalogue, unchanged, and bindings that
hold the stage, the namespaces and the exceptions of the configuration.

Without --apply nothing is written: the manifests are printed, for kubectl or a repository, or with --live
(or --context, --kubeconfig) the difference to what is in the cluster, as the API server itself sees it.

An exception is installed only where a binding can say just what it says, for a workload and for its pods
alike. Otherwise the command says why, what to write instead, and ends with exit code 2; --skip-refused
leaves out the controls concerned. Policies about workloads leave out Kubernetes' own namespaces.

With a cluster, stages warn and deny are rehearsed on the objects that are there. With --apply, stage deny is
not written while objects violate it, unless --unrehearsed is given.

Exit codes: 0 done, or nothing stands in the way · 1 objects violate it, or fields belong to somebody else ·
2 usage or runtime error, or an exception that cannot be installed · 3 something could not be read.`,
		Example: `  plimsoll policy install privileged-container host-path --stage audit | kubectl apply -f -
  plimsoll policy install --level compliant --stage audit --live
  plimsoll policy install host-path --stage deny -n shop --apply --undo undo.yaml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runPolicyInstall(cmd.Context(), opts, args, streamsOf(cmd))
		},
	}
	opts.AddFlags(cmd.Flags())
	return cmd
}

// An installRun is one run of the command.
type installRun struct {
	opts     *PolicyInstallOptions
	live     bool
	controls []control.Control
	request  enforce.Request
	inv      *inventory.Inventory // nil without a cluster
	inst     *enforce.Installation
	body     *reportadmission.PolicyInstallation
}

func runPolicyInstall(ctx context.Context, opts PolicyInstallOptions, args []string, s streams) error {
	r := &installRun{opts: &opts}
	r.live = opts.Live || opts.Write.cluster() || slices.ContainsFunc(opts.Output.Formats, func(f string) bool { return strings.HasPrefix(f, "diff") })
	opts.Output.names = r.formats()
	targets, err := opts.Output.targets()
	if err != nil {
		return err
	}
	named, err := r.prepare(args)
	if err != nil {
		return err
	}
	if err := r.read(ctx); err != nil {
		return err
	}
	if r.inst, err = enforce.Compile(r.request, r.inv); err != nil {
		return err
	}
	if err := r.leaveOut(named); err != nil {
		return err
	}
	r.body = reportadmission.NewInstallation(r.inst)
	refused := len(r.inst.Refused) > 0 && !opts.Skip
	var outcome error
	if !refused && r.live {
		if outcome, err = r.toCluster(ctx); err != nil {
			return err
		}
	}
	if err := r.answer(targets, refused, s); err != nil {
		return err
	}
	if refused {
		return exitCode(exitError)
	}
	return outcome
}

// formats has the default first: what is printed depends on what is asked.
func (r *installRun) formats() []string {
	names := slices.Clone(r.opts.Output.names)
	first := "yaml"
	if r.opts.Write.Apply {
		first = "table"
	} else if r.live {
		first = "diff"
	}
	slices.SortStableFunc(names, func(a, b string) int {
		switch first {
		case a:
			return -1
		case b:
			return 1
		}
		return 0
	})
	return names
}

// prepare reads what the flags and files say.
func (r *installRun) prepare(args []string) (named map[string]bool, err error) {
	stage, err := enforce.ParseStage(r.opts.Stage)
	if r.opts.Stage == "" {
		err = errors.New("--stage is missing: begin with audit, which refuses nothing")
	}
	if err != nil {
		return nil, err
	}
	if r.controls, named, err = r.opts.controls(args); err != nil {
		return nil, err
	}
	settings, exceptions, err := loadConfig(r.opts.Config, r.opts.Exceptions)
	if err != nil {
		return nil, err
	}
	all, err := control.All()
	if err != nil {
		return nil, err
	}
	if err := checkExceptions(exceptions, all); err != nil {
		return nil, err
	}
	r.request = enforce.Request{
		Controls: r.controls, Stage: stage, Exceptions: exceptions, Settings: settings, ParamsNamespace: r.opts.Params, Now: time.Now(),
		Scope: enforce.Scope{Namespaces: r.opts.Namespaces, Excluded: r.opts.Excluded, System: r.opts.System},
	}
	return named, nil
}

// read reads the objects that exceptions and the rehearsal are held against, where they are needed.
func (r *installRun) read(ctx context.Context) error {
	if !r.live || r.request.Stage == enforce.Audit && len(r.request.Exceptions) == 0 {
		return nil
	}
	input := InputOptions{Kubeconfig: r.opts.Write.Kubeconfig, Context: r.opts.Write.Context, Timeout: r.opts.Write.Timeout, only: enforce.Kinds(r.controls)}
	var err error
	r.inv, err = input.load(ctx, nil, r.request.Settings, nil)
	return err
}

// leaveOut says which controls are not installed. It is an error for those that were asked for by name.
func (r *installRun) leaveOut(named map[string]bool) error {
	var wrong []error
	for _, l := range r.inst.LeftOut {
		if named[l.Control] {
			wrong = append(wrong, fmt.Errorf("%s cannot be installed: %s", l.Control, l.Why))
		}
	}
	if r.opts.Skip {
		for _, refusal := range r.inst.Refused {
			if !slices.ContainsFunc(r.inst.LeftOut, func(l enforce.LeftOut) bool { return l.Control == refusal.Control }) {
				r.inst.LeftOut = append(r.inst.LeftOut, enforce.LeftOut{Control: refusal.Control, Why: "its exception " + refusal.Exception + " cannot be installed"})
			}
		}
	}
	return errors.Join(wrong...)
}

// toCluster tries, and with --apply writes, what is to be installed. outcome is how the command ends.
func (r *installRun) toCluster(ctx context.Context) (outcome, err error) {
	if outcome, err = r.rehearse(ctx); err != nil {
		return nil, err
	}
	r.body.Blocked = outcome != nil
	w, err := r.opts.Write.connect()
	if err != nil {
		return nil, err
	}
	r.body.Cluster = w.client.Cluster
	params := ""
	if r.inst.Namespace() != nil {
		params = r.request.ParamsNamespace
	}
	present, err := w.present(ctx, params)
	if err != nil {
		return nil, err
	}
	r.body.Warnings = append(r.body.Warnings, r.inst.Lost(present)...)
	written, err := w.run(ctx, r.inst.Plan(present), outcome == nil)
	r.body.Changes, r.body.Written = w.changes, w.written
	if err != nil {
		return nil, err
	}
	return worse(outcome, written), nil
}

// rehearse judges what is there. Only stage deny is stopped by what it finds.
func (r *installRun) rehearse(ctx context.Context) (outcome, err error) {
	if r.request.Stage == enforce.Audit || r.inv == nil {
		return nil, nil
	}
	var items []enforce.Rehearsed
	for _, b := range r.inst.Bundles {
		items = append(items, enforce.Rehearsed{Control: b.Control, Bindings: b.Bindings})
	}
	if r.body.Rehearsal, err = enforce.Rehearse(ctx, r.inv, items, r.request.Settings, r.request.Now); err != nil {
		return nil, err
	}
	switch {
	case r.request.Stage != enforce.Deny || r.opts.Unsafe:
		return nil, nil
	case len(r.body.Rehearsal.Breaks) > 0:
		return exitCode(exitFindings), nil
	case len(r.body.Rehearsal.Unknown) > 0:
		return exitCode(exitIncomplete), nil
	}
	return nil, nil
}

// answer writes what came of it. Manifests and differences are for programs, so that the rest goes to standard error.
func (r *installRun) answer(targets []target, refused bool, s streams) error {
	doc := reportadmission.Installation(r.body, r.inst.WriteManifests)
	plain := slices.ContainsFunc(targets, func(t target) bool { return t.format == "yaml" || t.format == "diff" })
	if plain {
		for _, line := range installRemarks(r.body) {
			fmt.Fprintln(s.err, line)
		}
	}
	return r.opts.Output.write(targets, s, func(w io.Writer, name string, options report.Options) error {
		switch {
		case refused && (name == "yaml" || name == "diff"):
			return nil // half of what was asked for would be taken for all of it
		case name == "diff":
			return writeChangeDiffs(w, r.body.Changes)
		}
		format, _ := answer.Find(name) // targets has checked the name
		return format.Write(w, doc, options)
	})
}

// installRemarks are what people must know who only see manifests or a difference.
func installRemarks(body *reportadmission.PolicyInstallation) []string {
	var out []string
	for _, r := range body.Refused {
		out = append(out, fmt.Sprintf("refused: exception %s for %s: %s; instead: %s", r.Exception, r.Control, r.Why, r.Instead))
	}
	for _, n := range body.Notes() {
		out = append(out, "note: "+n)
	}
	if body.Rehearsal != nil {
		byControl := map[string]int{}
		for _, b := range body.Rehearsal.Breaks {
			byControl[b.Control]++
		}
		first := map[string]finding.Ref{}
		for _, b := range slices.Backward(body.Rehearsal.Breaks) {
			first[b.Control] = b.Object
		}
		for _, c := range body.Controls {
			if n := byControl[c.Control]; n > 0 {
				out = append(out, fmt.Sprintf("rehearsal: %s objects to %d of the objects that are there, such as %s", c.Control, n, first[c.Control]))
			}
		}
	}
	return out
}
