package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/network/lint"
	reportnetwork "github.com/plimsoll-io/plimsoll/report/network"
)

func newNetpolLintCommand() *cobra.Command {
	var opts NetpolOptions
	var failOn string
	cmd := &cobra.Command{
		Use:   "lint [PATH…]",
		Short: "Find mistakes in network policies",
		Long: `Find mistakes in network policies: policies and peers that match nothing, policies and rules that
others cover, rules that allow everything, names that say something else than the policy does, missing
DNS, connections of which one end only is open, namespaces without default deny, and pods that reach
the metadata service of the cloud.

A problem is only reported where it is sure; what cannot be judged from what was read is said. Policies
are judged as if the network plugin enforced them.

Exit codes: 0 nothing at or above --fail-on · 1 problems · 2 usage or runtime error · 3 nothing was
found, and something could not be read.`,
		Example: "  plimsoll netpol lint manifests/\n  plimsoll netpol lint -n shop --fail-on low -f markdown",
		RunE: func(cmd *cobra.Command, args []string) error {
			return runNetpolLint(cmd.Context(), opts, failOn, args, streamsOf(cmd))
		},
	}
	opts.AddFlags(cmd.Flags(), "table", "json", "yaml", "csv", "markdown", "html")
	cmd.Flags().StringVar(&failOn, "fail-on", "medium", "lowest `severity` that gives exit code 1: none, low, medium, high or critical")
	return cmd
}

func runNetpolLint(ctx context.Context, opts NetpolOptions, failOn string, paths []string, s streams) error {
	targets, err := opts.Output.targets()
	if err != nil {
		return err
	}
	threshold, err := finding.ParseSeverity(failOn)
	if err != nil {
		return fmt.Errorf("--fail-on: %w", err)
	}
	view, err := opts.read(ctx, paths, s)
	if err != nil {
		return err
	}
	report := lint.Check(view.inv, view.network, view.services)
	header := view.header("NetworkLint", lint.Reads)
	if err := opts.Output.writeAnswer(reportnetwork.Lint(header, report), targets, s); err != nil {
		return err
	}
	for _, p := range report.Problems {
		if threshold != finding.None && p.Severity >= threshold {
			return exitCode(exitFindings)
		}
	}
	return incomplete(header.Inventory.Gaps)
}
