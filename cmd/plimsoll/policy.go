package main

import (
	"context"
	"io"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
	"github.com/plimsoll-io/plimsoll/policy/admission"
	"github.com/plimsoll-io/plimsoll/report"
	reportadmission "github.com/plimsoll-io/plimsoll/report/admission"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

func newPolicyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Admission policies: the controls as policies, and your own ones tested",
		Long: `Admission policies: which controls are policies that an API server can enforce, and what your own
ValidatingAdmissionPolicies say of objects, judged by the API server's own code.`,
	}
	cmd.AddCommand(newPolicyListCommand(), newPolicyTestCommand(), newPolicyConvertCommand(), newPolicyInstallCommand(), newPolicyStatusCommand(),
		newPolicyPromoteCommand(), newPolicyUninstallCommand())
	return cmd
}

// PolicyOptions are what the policy commands share.
type PolicyOptions struct {
	Input   InputOptions
	Output  OutputOptions
	Version string
}

// AddFlags declares the flags; formats are those that the command's answer has.
func (o *PolicyOptions) AddFlags(f *pflag.FlagSet, formats ...string) {
	o.Input.AddFlags(f)
	o.Output.AddFlags(f, formats)
	f.StringVar(&o.Version, "kubernetes-version", "", "compile policies as this `version` does, 1.30 to 1.37 (default: the newest)")
}

// writeAnswer writes an answer in every format that was asked for; suites are what it is as JUnit.
func (o *PolicyOptions) writeAnswer(doc *answer.Document, suites []report.TestSuite, targets []target, s streams) error {
	return o.Output.write(targets, s, func(w io.Writer, name string, opts report.Options) error {
		if name == "junit" {
			return report.WriteTests(w, suites)
		}
		format, _ := answer.Find(name) // targets has checked the name
		return format.Write(w, doc, opts)
	})
}

// readPolicies reads files of policies as they are written: they are no secrets, and have to be judged word for word.
func (o *PolicyOptions) readPolicies(ctx context.Context, paths []string, s streams) (*inventory.Inventory, error) {
	return manifest.Read(ctx, paths, manifest.Options{
		Namespace: o.Input.Namespace, Chart: o.Input.Chart, Limits: o.Input.Limits, MaxDocument: o.Input.MaxDocument, Stdin: s.in,
		Redact: func(map[string]any) int { return 0 },
	})
}

// policyKinds are what policy commands read of a cluster besides the usual kinds: those of parameters.
func policyKinds(set *admission.Set) []schema.GroupKind {
	var out []schema.GroupKind
	for _, kind := range set.ParamKinds() {
		gk := schema.FromAPIVersionAndKind(kind.APIVersion, kind.Kind).GroupKind()
		if !slices.Contains(out, gk) {
			out = append(out, gk)
		}
	}
	return out
}

func newPolicyListCommand() *cobra.Command {
	var opts PolicyOptions
	var live bool
	cmd := &cobra.Command{
		Use:   "list [PATH…]",
		Short: "List the controls that are policies, or the policies that are there",
		Long: `List the controls that are policies: what they look at, and whether they take parameters. With PATH, or with
--live for the current cluster, list the admission policies that are there and what binds them.

Exit codes: 0 listed · 2 usage or runtime error, or a policy that cannot be used · 3 something could not be read.`,
		Example: "  plimsoll policy list\n  plimsoll policy list policies/\n  plimsoll policy list --live -f json",
		RunE: func(cmd *cobra.Command, args []string) error {
			live = live || opts.Input.Context != "" || opts.Input.Kubeconfig != ""
			if len(args) == 0 && !live {
				return runPolicyCatalogue(opts, streamsOf(cmd))
			}
			return runPolicyList(cmd.Context(), opts, args, streamsOf(cmd))
		},
	}
	opts.AddFlags(cmd.Flags(), "table", "json", "yaml", "csv", "markdown", "html")
	cmd.Flags().BoolVar(&live, "live", false, "list the policies of the current cluster")
	opts.Input.only = []schema.GroupKind{
		{Group: admission.Group, Kind: admission.ValidatingKind}, {Group: admission.Group, Kind: admission.ValidatingBindingKind},
		{Group: admission.Group, Kind: admission.MutatingKind}, {Group: admission.Group, Kind: admission.MutatingBindingKind},
	}
	return cmd
}

func runPolicyCatalogue(opts PolicyOptions, s streams) error {
	targets, err := opts.Output.targets()
	if err != nil {
		return err
	}
	controls, err := control.All()
	if err != nil {
		return err
	}
	return opts.writeAnswer(reportadmission.Catalogue(controls), nil, targets, s)
}

func runPolicyList(ctx context.Context, opts PolicyOptions, paths []string, s streams) error {
	targets, err := opts.Output.targets()
	if err != nil {
		return err
	}
	minor, err := admission.ParseMinor(opts.Version)
	if err != nil {
		return err
	}
	inv, err := opts.Input.load(ctx, paths, control.Settings{}, s.in)
	if err != nil {
		return err
	}
	set := admission.Read(inv.All(), minor)
	header := reportadmission.HeaderOf("PolicyList", inv, nil, minor, set.Warnings)
	if err := opts.writeAnswer(reportadmission.List(header, set), nil, targets, s); err != nil {
		return err
	}
	switch {
	case len(set.Problems) > 0:
		return exitCode(exitError)
	case len(header.Inventory.Gaps) > 0:
		return exitCode(exitIncomplete)
	}
	return nil
}
