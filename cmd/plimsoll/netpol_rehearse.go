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
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
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
		proposed = opts.propose(view, set)
	}
	setCollector(100, planMemory)
	needs, count := view.observed(flows), flows.Summary.Flows
	current := view.network.AssumeEnforced()
	after := current
	if proposed != view {
		after = proposed.network.AssumeEnforced()
	}
	r := rehearse.Rehearse(needs, current, after)
	if plugin := view.network.Plugin(); plugin.Doubt() != "" {
		r.CannotKnow = append(r.CannotKnow, "Whether policies have an effect at all: "+plugin.Doubt())
	}
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
			if len(set.Gaps) == 0 && !slices.ContainsFunc(set.All(), isPolicy) {
				return fmt.Errorf("there is no network policy in what --policies names: %s", strings.Join(o.Policies, ", "))
			}
			return nil
		})
	}
	err := group.Wait()
	return view, set, flows, err
}

// propose is the view with the proposed policies in the place of others.
func (o *RehearseOptions) propose(view *networkView, set *inventory.Inventory) *networkView {
	proposed := map[finding.Ref]bool{}
	namespaces := map[string]bool{}
	var policies []*inventory.Object
	for _, p := range set.All() {
		if !isPolicy(p) {
			continue
		}
		policies = append(policies, p)
		proposed[nameOf(p)] = true
		if p.Kind == "NetworkPolicy" {
			namespaces[p.Namespace] = true
		}
	}
	objects := slices.DeleteFunc(slices.Clone(view.inv.All()), func(p *inventory.Object) bool {
		return isPolicy(p) && (proposed[nameOf(p)] || o.Only && p.Kind == "NetworkPolicy" && namespaces[p.Namespace])
	})
	gaps := slices.Concat(view.inv.Gaps, set.Gaps)
	return o.viewOf(inventory.New(view.inv.Source, view.inv.Taken, view.inv.Version, append(objects, policies...), gaps))
}

// isPolicy says whether an object is a policy of the network: one of Kubernetes, or of a plugin, whose effect is not
// understood.
func isPolicy(o *inventory.Object) bool {
	gk := o.GroupKind()
	return gk.Group != "" && slices.Contains(network.Reads(), gk) && !slices.Contains(inventory.WorkloadKinds(), gk)
}

// nameOf is what makes two policies the same, whatever version of the API they are written in.
func nameOf(o *inventory.Object) finding.Ref {
	ref := o.Ref
	ref.APIVersion = o.Group()
	return ref
}
