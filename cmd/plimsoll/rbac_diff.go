package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/rbac/attack"
	"github.com/plimsoll-io/plimsoll/report/access"
)

func newRBACDiffCommand() *cobra.Command {
	var opts RBACOptions
	var failOnGain, failOnPath bool
	cmd := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Compare two states: rights gained and lost, escalation paths opened and closed",
		Long: `Compare two states, each a file, a folder, a chart or a snapshot: which subjects gained and lost which
rights, and which paths to cluster-admin, system:masters, nodes and the Secrets of kube-system were
opened and closed. What is compared is what can be done, not how it is written: splitting a role or
renaming a binding is no difference.

Exit codes: 0 compared · 1 a right was gained (--fail-on-gain) or a path opened (--fail-on-path) ·
2 usage or runtime error · 3 something could not be read.`,
		Example: "  plimsoll rbac diff main/ pull-request/ -f markdown\n  plimsoll rbac diff monday.plimsoll friday.plimsoll --fail-on-path",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRBACDiff(cmd.Context(), opts, args, failOnGain, failOnPath, streamsOf(cmd))
		},
	}
	opts.AddFlags(cmd.Flags(), "table", "markdown", "json", "yaml", "csv", "html")
	cmd.Flags().BoolVar(&failOnGain, "fail-on-gain", false, "exit with 1 when a subject gained a right")
	cmd.Flags().BoolVar(&failOnPath, "fail-on-path", false, "exit with 1 when a path was opened")
	return cmd
}

func runRBACDiff(ctx context.Context, opts RBACOptions, args []string, failOnGain, failOnPath bool, s streams) error {
	targets, err := opts.Output.targets()
	if err != nil {
		return err
	}
	before, err := opts.readAttacks(ctx, args[:1], s)
	if err != nil {
		return err
	}
	after, err := opts.readAttacks(ctx, args[1:], s)
	if err != nil {
		return err
	}
	rights := rbac.Diff(before.access, after.access)
	paths := attack.Diff(before.graph, after.graph)
	header := after.attackHeader("RBACDiff")
	header.Inventory.Gaps = append(header.Inventory.Gaps, before.inv.Gaps...)
	if err := opts.Output.writeAnswer(access.DiffOf(header, rights, paths), targets, s); err != nil {
		return err
	}
	for _, c := range rights {
		if failOnGain && len(c.Gained) > 0 {
			return exitCode(exitFindings)
		}
	}
	for _, p := range paths {
		if failOnPath && p.Opened {
			return exitCode(exitFindings)
		}
	}
	return incomplete(header.Inventory.Gaps)
}
