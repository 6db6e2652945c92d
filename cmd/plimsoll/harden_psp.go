package main

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/harden/psp"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy"
	"github.com/plimsoll-io/plimsoll/policy/admission"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/report/answer"
	reportharden "github.com/plimsoll-io/plimsoll/report/harden"
)

func newHardenPSPCommand() *cobra.Command {
	var plans HardenPlanOptions
	var input InputOptions
	var namespaces []string
	var minor string
	cmd := &cobra.Command{
		Use:   "psp PATH…",
		Short: "Migrate PodSecurityPolicies to Pod Security levels and admission policies",
		Long: `Plan the way from PodSecurityPolicies, which Kubernetes has no more since 1.25, to what took their place:
a Pod Security level for each namespace in which pods could use one, and a ValidatingAdmissionPolicy for
what the level does not demand. First everything only watches, then it enforces.

PATH holds the PodSecurityPolicies; with the Roles and bindings that let pods use them, the Namespaces and
the workloads beside them the plan knows where each was in force, and which templates stand in the way.
What PodSecurityPolicies filled in for pods is named: nobody does so any more.

Exit codes: 0 planned · 2 usage or runtime error · 3 planned, and something could not be read.`,
		Example: "  plimsoll harden psp old-cluster/\n" +
			"  plimsoll harden psp psp.yaml --in shop --kubernetes-version 1.33 --output-dir plan/",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runHardenPSP(cmd.Context(), plans, input, args, psp.Options{Namespaces: namespaces, Version: minor}, streamsOf(cmd))
		},
	}
	f := cmd.Flags()
	plans.AddFlags(f)
	input.AddFlags(f)
	for _, name := range []string{"kubeconfig", "context", "timeout"} {
		f.Lookup(name).Hidden = true // no cluster of today has PodSecurityPolicies
	}
	f.StringSliceVar(&namespaces, "in", nil, "`namespace` to migrate (repeatable; default: those whose pods could use a policy)")
	f.StringVar(&minor, "kubernetes-version", "", "Kubernetes `version` that levels are pinned to (default: "+policy.Newest+")")
	return cmd
}

func runHardenPSP(ctx context.Context, plans HardenPlanOptions, input InputOptions, paths []string, opts psp.Options, s streams) error {
	minor, err := admission.ParseMinor(opts.Version)
	if err != nil {
		return err
	}
	opts.Version = "v" + minor
	inv, err := input.load(ctx, paths, control.Settings{}, s.in)
	if err != nil {
		return err
	}
	p, err := psp.New(inv, opts)
	if errors.Is(err, psp.ErrNone) && len(inv.Gaps) > 0 {
		p, err = &plan.Plan{Title: "No PodSecurityPolicy could be read"}, nil
	}
	if err != nil {
		return err
	}
	reads := slices.Concat([]schema.GroupKind{{Group: "policy", Kind: psp.Kind}, {Kind: "Namespace"}}, rbac.Reads(), inventory.WorkloadKinds())
	header := reportharden.HeaderOf("plimsoll harden psp", inv, reads)
	if err := plans.write(header, p, s, func(p *plan.Plan) *answer.Document { return reportharden.Of(header, p) }); err != nil {
		return err
	}
	return incomplete(header.Inventory.Gaps)
}
