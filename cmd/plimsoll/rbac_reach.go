package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/plimsoll-io/plimsoll/report/access"
)

func newRBACReachCommand() *cobra.Command {
	var opts RBACOptions
	cmd := &cobra.Command{
		Use:   "reach FOOTHOLD [PATH…]",
		Short: "List everything that an attacker gets from a foothold",
		Long: `List everything that an attacker gets from a foothold, nearest first.

` + footholdHelp + `

Exit codes: 0 answered · 2 usage or runtime error · 3 something that paths depend on could not be
read.`,
		Example: "  plimsoll rbac reach pods:shop ./manifests\n  plimsoll rbac reach anonymous",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRBACReach(cmd.Context(), opts, args, streamsOf(cmd))
		},
	}
	opts.AddFlags(cmd.Flags(), listFormats...)
	return cmd
}

func runRBACReach(ctx context.Context, opts RBACOptions, args []string, s streams) error {
	targets, err := opts.Output.targets()
	if err != nil {
		return err
	}
	view, err := opts.readAttacks(ctx, args[1:], s)
	if err != nil {
		return err
	}
	from, err := view.graph.Lookup(args[0])
	if err != nil {
		return err
	}
	header := view.attackHeader("Reach")
	if err := opts.Output.writeAnswer(access.ReachOf(header, from, view.graph.Reach(from).All()), targets, s); err != nil {
		return err
	}
	return incomplete(header.Inventory.Gaps)
}
