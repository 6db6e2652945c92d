package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy/admission"
	"github.com/plimsoll-io/plimsoll/policy/kyverno"
	reportadmission "github.com/plimsoll-io/plimsoll/report/admission"
)

// PolicyTestOptions say what is judged by which policies.
type PolicyTestOptions struct {
	PolicyOptions
	Policies []string
	Params   []string
	OpenAPI  []string
	JUnit    bool
	// Kyverno is the program to ask about rules that have no equivalent; "" means that none is asked.
	Kyverno string
}

func newPolicyTestCommand() *cobra.Command {
	var opts PolicyTestOptions
	cmd := &cobra.Command{
		Use:   "test [--policy PATH]… [PATH…]",
		Short: "Judge objects by your own admission policies, or run their tests",
		Long: `Judge objects by your own ValidatingAdmissionPolicies, with the API server's own code: as if each object
were being created. MutatingAdmissionPolicies come first, and what they change is shown. Bindings count
where they are given; a policy that nothing binds is judged as if it were bound to everything, with Deny.
Parameters come from --params, or from what was read. Without --policy, the policies in PATH are taken.

Kyverno's policies are converted first (see policy convert), and the conversion is judged. What has no
equivalent is unsupported, unless the program kyverno is there to be asked (--kyverno).

Where PATH holds files of test cases (kind: PolicyTest), these are run instead.

What depends on something that was not read is skipped, and what cannot be judged here
(questions to the authorizer) is unsupported: never a pass.

Exit codes: 0 all pass · 1 a failure · 2 a policy or a usage error, or an expression that could not be
evaluated · 3 skipped or unsupported, or something could not be read.`,
		Example: "  plimsoll policy test --policy policies/ manifests/\n  plimsoll policy test policies/ -f junit=policies.xml\n" +
			"  plimsoll policy test --policy limit.yaml --params limit-config.yaml --kubernetes-version 1.30 chart/",
		RunE: func(cmd *cobra.Command, args []string) error {
			return runPolicyTest(cmd.Context(), opts, args, streamsOf(cmd))
		},
	}
	opts.AddFlags(cmd.Flags(), "table", "json", "yaml", "csv", "markdown", "html", "junit")
	f := cmd.Flags()
	f.StringSliceVar(&opts.Policies, "policy", nil, "file or folder with `policies` and bindings (repeatable)")
	f.StringSliceVar(&opts.Params, "params", nil, "file or folder with `parameters` of the policies (repeatable)")
	f.StringSliceVar(&opts.OpenAPI, "openapi", nil, "OpenAPI document, as `file`, of the API server to check the types of expressions with (repeatable; default: the cluster's)")
	f.StringVar(&opts.Kyverno, "kyverno", "kyverno", "`program` to ask about Kyverno rules that have no equivalent; empty means none")
	f.BoolVar(&opts.JUnit, "junit", false, "the same as -f junit")
	return cmd
}

// A policyTest is what was read for one run.
type policyTest struct {
	inv *inventory.Inventory
	set *admission.Set
	// kyverno are the Kyverno policies; nil when there are none.
	kyverno *kyverno.Set
	params  []*inventory.Object
	gaps    []inventory.Gap // of policies and parameters
	minor   string
}

func runPolicyTest(ctx context.Context, opts PolicyTestOptions, paths []string, s streams) error {
	if opts.JUnit {
		opts.Output.Formats = append(opts.Output.Formats, "junit")
	}
	targets, err := opts.Output.targets()
	if err != nil {
		return err
	}
	if err := onceStdin(opts.Policies, opts.Params, paths); err != nil {
		return err
	}
	run, err := opts.read(ctx, paths, s)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(run.inv.All(), admission.IsTest) {
		return runPolicyCases(ctx, opts, run, opts.hasCluster(paths), targets, s)
	}
	results, err := run.set.Judge(ctx, admission.World{Inventory: run.inv, Params: run.params, Redact: arrival()}, run.inv.All())
	if err != nil {
		return err
	}
	header := run.header("PolicyResults")
	if err := opts.checkTypes(ctx, opts.hasCluster(paths), run.set, &header); err != nil {
		return err
	}
	header.Warnings = append(header.Warnings, run.remarks(results)...)
	converted, expected, err := run.judgeKyverno(ctx, &opts, &header)
	if err != nil {
		return err
	}
	items := slices.Concat(run.set.Problems, results, converted)
	if err := opts.writeAnswer(reportadmission.Results(header, items), reportadmission.ResultSuites(items), targets, s); err != nil {
		return err
	}
	var outcomes []admission.Outcome
	for i, r := range items {
		if !expected[i-len(items)+len(converted)] {
			outcomes = append(outcomes, r.Result)
		}
	}
	return exitOf(outcomes, header)
}

// read reads policies, parameters and objects.
func (o *PolicyTestOptions) read(ctx context.Context, paths []string, s streams) (*policyTest, error) {
	run := &policyTest{}
	var err error
	if run.minor, err = admission.ParseMinor(o.Version); err != nil {
		return nil, err
	}
	if len(o.Policies) > 0 {
		policies, err := o.readPolicies(ctx, o.Policies, s)
		if err != nil {
			return nil, fmt.Errorf("read policies: %w", err)
		}
		run.set, run.gaps = admission.Read(policies.All(), run.minor), policies.Gaps
		run.readKyverno(policies.All())
		o.Input.more = policyKinds(run.set)
	}
	if len(o.Params) > 0 {
		input := o.Input
		input.Context, input.Kubeconfig = "", "" // they name the cluster
		params, err := input.load(ctx, o.Params, control.Settings{}, s.in)
		if err != nil {
			return nil, fmt.Errorf("read parameters: %w", err)
		}
		run.params, run.gaps = params.All(), append(run.gaps, params.Gaps...)
	}
	if run.inv, err = o.Input.load(ctx, paths, control.Settings{}, s.in); err != nil {
		return nil, err
	}
	if run.set == nil {
		run.set = admission.Read(run.inv.All(), run.minor)
		run.readKyverno(run.inv.All())
	}
	if run.kyverno == nil && len(run.set.Policies)+len(run.set.Problems)+len(run.gaps)+len(run.inv.Gaps) == 0 {
		return nil, errors.New("there is no admission policy in what was read: name a file or folder with --policy")
	}
	return run, nil
}

func (r *policyTest) header(kind string) reportadmission.Header {
	return reportadmission.HeaderOf(kind, r.inv, r.gaps, r.minor, r.set.Warnings)
}

// remarks are what people should know of policies that look at nothing, and of those that nothing binds.
func (r *policyTest) remarks(results []admission.Result) []string {
	var out, unbound, idle []string
	for _, p := range r.set.Policies {
		name := p.Object.Name
		if len(p.Bindings) == 0 {
			unbound = append(unbound, name)
		}
		if !slices.ContainsFunc(results, func(r admission.Result) bool { return r.Policy == name }) {
			idle = append(idle, name)
		}
		for _, b := range p.Bindings {
			used := func(r admission.Result) bool { return r.Binding == b.Object.Name && r.Policy == name }
			if !slices.Contains(idle, name) && p.Object.Kind == admission.ValidatingKind && !slices.ContainsFunc(results, used) {
				out = append(out, "binding "+b.Object.Name+" applies to none of the objects")
			}
		}
	}
	if len(unbound) > 0 {
		out = append(out, "no binding is there for "+strings.Join(unbound, ", ")+": judged as if bound to everything, with Deny")
	}
	if len(idle) > 0 {
		out = append(out, "none of the objects is judged by "+strings.Join(idle, ", "))
	}
	return out
}

func runPolicyCases(ctx context.Context, opts PolicyTestOptions, run *policyTest, live bool, targets []target, s streams) error {
	var items []admission.CaseResult
	redact := arrival()
	for _, o := range run.inv.All() {
		if !admission.IsTest(o) {
			continue
		}
		test, err := admission.ReadTest(o, redact)
		if err != nil {
			return fmt.Errorf("%s: %w", o.Origin.File, err)
		}
		results, err := test.Run(ctx, run.set, run.inv, run.params)
		if err != nil {
			return fmt.Errorf("%s: %w", o.Origin.File, err)
		}
		items = append(items, results...)
	}
	header := run.header("PolicyTestResults")
	if err := opts.checkTypes(ctx, live, run.set, &header); err != nil {
		return err
	}
	if err := opts.writeAnswer(reportadmission.Tests(header, items), reportadmission.TestSuites(items), targets, s); err != nil {
		return err
	}
	var outcomes []admission.Outcome
	for _, r := range items {
		outcomes = append(outcomes, r.Result)
	}
	if len(run.set.Problems) > 0 {
		outcomes = append(outcomes, admission.Error)
	}
	return exitOf(outcomes, header)
}

// exitOf is the exit code of outcomes: a failure is sure whatever else there is.
func exitOf(outcomes []admission.Outcome, h reportadmission.Header) error {
	has := func(o admission.Outcome) bool { return slices.Contains(outcomes, o) }
	switch {
	case has(admission.Fail):
		return exitCode(exitFindings)
	case has(admission.Error):
		return exitCode(exitError)
	case has(admission.Skip), has(admission.Unsupported), len(h.Inventory.Gaps) > 0:
		return exitCode(exitIncomplete)
	}
	return nil
}
