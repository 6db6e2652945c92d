package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network/flow"
	"github.com/plimsoll-io/plimsoll/network/rehearse"
	reportnetwork "github.com/plimsoll-io/plimsoll/report/network"
)

// RehearseOptions say what is rehearsed.
type RehearseOptions struct {
	NetpolOptions
	Flows    []string
	Policies []string
	Only     bool
}

func newNetpolRehearseCommand() *cobra.Command {
	var opts RehearseOptions
	cmd := &cobra.Command{
		Use:   "rehearse --flows FILE… [--policies PATH…] [PATH…]",
		Short: "Replay observed flows against policies: what would break",
		Long: `Replay observed flows against policies, before anybody applies them: which connections would break
and which policy is to blame, which policies nobody uses, and what the logs cannot have seen.

The policies of --policies take the place of those of the same name, and are added to the others. With
--only they replace all that their namespaces have. Without --policies the policies of PATH themselves are
rehearsed. They are judged as if the network plugin enforced them.

Safe means: as far as the logs show. Flows of which an end is not in what was read are never called safe.

Exit codes: 0 safe · 1 a connection breaks · 2 usage or runtime error · 3 unknown for some connections,
or something could not be read.`,
		Example: "  plimsoll netpol rehearse --flows hubble.json --policies new/ cluster.plimsoll\n" +
			"  hubble observe --last 4000 -o jsonpb | plimsoll netpol rehearse --flows - --policies new/",
		RunE: func(cmd *cobra.Command, args []string) error {
			return runNetpolRehearse(cmd.Context(), opts, args, streamsOf(cmd))
		},
	}
	opts.AddFlags(cmd.Flags(), "table", "json", "yaml", "csv", "markdown", "html")
	f := cmd.Flags()
	f.StringSliceVar(&opts.Flows, "flows", nil, flowsFlag)
	f.StringSliceVar(&opts.Policies, "policies", nil, "file, folder, chart or snapshot with the proposed `policies` (repeatable)")
	f.BoolVar(&opts.Only, "only", false, "the proposed NetworkPolicies replace all of their namespaces")
	return cmd
}

func runNetpolRehearse(ctx context.Context, opts RehearseOptions, paths []string, s streams) error {
	targets, err := opts.Output.targets()
	if err != nil {
		return err
	}
	if opts.Only && len(opts.Policies) == 0 {
		return errors.New("--only says how --policies take the place of others: name them too")
	}
	if err := onceStdin(opts.Flows, opts.Policies, paths); err != nil {
		return err
	}
	view, set, flows, err := opts.readAll(ctx, paths, s)
	if err != nil {
		return err
	}
	proposed := view
	if set != nil {
		proposed = opts.viewOf(rehearse.Propose(view.inv, set.All(), set.Gaps, opts.Only))
	}
	setCollector(100, planMemory)
	needs, count := view.observed(flows), flows.Summary.Flows
	r := rehearse.Enforced(needs, view.network, proposed.network)
	header := proposed.header("Rehearsal")
	r.Incomplete = r.Incomplete || len(header.Inventory.Gaps) > 0
	if err := opts.Output.writeAnswer(reportnetwork.RehearsalOf(header, needs, r, count), targets, s); err != nil {
		return err
	}
	switch r.Verdict() {
	case rehearse.Breaks:
		return exitCode(exitFindings)
	case rehearse.Unknown:
		return exitCode(exitIncomplete)
	}
	return nil
}

// readAll reads the inventory, the proposed policies and the logs side by side; the set is nil where none is proposed.
func (o *RehearseOptions) readAll(ctx context.Context, paths []string, s streams) (*networkView, *inventory.Inventory, *flow.Collection, error) {
	var view *networkView
	var set *inventory.Inventory
	var flows *flow.Collection
	input := o.Input
	input.Context, input.Kubeconfig = "", "" // they name the cluster
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		view, flows, err = o.readObserved(ctx, paths, o.Flows, s)
		return err
	})
	if len(o.Policies) > 0 {
		group.Go(func() (err error) {
			if set, err = input.load(ctx, o.Policies, control.Settings{}, s.in); err != nil {
				return err
			}
			if len(set.Gaps) == 0 && !slices.ContainsFunc(set.All(), rehearse.IsPolicy) {
				return fmt.Errorf("there is no network policy in what --policies names: %s", strings.Join(o.Policies, ", "))
			}
			return nil
		})
	}
	err := group.Wait()
	return view, set, flows, err
}
