package main

import (
	"context"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/plimsoll-io/plimsoll/network/change"
	reportnetwork "github.com/plimsoll-io/plimsoll/report/network"
)

func newNetpolDiffCommand() *cobra.Command {
	var opts NetpolOptions
	var failOnGain, failOnLoss bool
	cmd := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Compare two states: connections gained and lost",
		Long: `Compare two states, each a file, a folder, a chart or a snapshot: which connections were gained and
lost, and by which policy. What is compared is what can be sent, not how policies are written:
splitting a policy or renaming one is no difference.

Exit codes: 0 compared · 1 a connection was gained (--fail-on-gain) or lost (--fail-on-loss), or may
be · 2 usage or runtime error · 3 something could not be read.`,
		Example: "  plimsoll netpol diff main/ pull-request/ -f markdown\n  plimsoll netpol diff monday.plimsoll friday.plimsoll --fail-on-gain",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runNetpolDiff(cmd.Context(), opts, args, failOnGain, failOnLoss, streamsOf(cmd))
		},
	}
	opts.AddFlags(cmd.Flags(), "table", "markdown", "json", "yaml", "csv", "html")
	cmd.Flags().BoolVar(&failOnGain, "fail-on-gain", false, "exit with 1 when a connection was gained, or may be")
	cmd.Flags().BoolVar(&failOnLoss, "fail-on-loss", false, "exit with 1 when a connection was lost, or may be")
	return cmd
}

func runNetpolDiff(ctx context.Context, opts NetpolOptions, args []string, failOnGain, failOnLoss bool, s streams) error {
	targets, err := opts.Output.targets()
	if err != nil {
		return err
	}
	before, after, err := opts.readBoth(ctx, args[0], args[1], s)
	if err != nil {
		return err
	}
	d := change.Compare(before.network, after.network)
	header := after.header("NetworkDiff")
	header.Inventory.Gaps = append(header.Inventory.Gaps, before.header("NetworkDiff").Inventory.Gaps...)
	if err := opts.Output.writeAnswer(reportnetwork.DiffOf(header, d), targets, s); err != nil {
		return err
	}
	for _, c := range d.Changes {
		if failOnGain && !(c.Gained.None() && c.MayGain.None()) || failOnLoss && !(c.Lost.None() && c.MayLose.None()) {
			return exitCode(exitFindings)
		}
	}
	return incomplete(header.Inventory.Gaps)
}

// readBoth reads two states side by side.
func (o *NetpolOptions) readBoth(ctx context.Context, one, two string, s streams) (before, after *networkView, err error) {
	group, ctx := errgroup.WithContext(ctx)
	first, second := *o, *o
	group.Go(func() (err error) {
		before, err = first.read(ctx, []string{one}, s)
		return err
	})
	group.Go(func() (err error) {
		after, err = second.read(ctx, []string{two}, s)
		return err
	})
	err = group.Wait() // before the others are read: Go fixes no order within one return
	return before, after, err
}
