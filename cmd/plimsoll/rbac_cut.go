package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/rbac/attack"
	"github.com/plimsoll-io/plimsoll/report/access"
)

func newRBACCutCommand() *cobra.Command {
	var opts RBACOptions
	var from []string
	var to string
	var cut attack.CutOptions
	cmd := &cobra.Command{
		Use:   "cut [PATH…]",
		Short: "Name the fewest bindings or rules whose removal closes all paths to a target",
		Long: `Name the fewest bindings, or rules with --rules, whose removal closes all paths to a target. Without
--from the paths of every workload, of every service account that is not Kubernetes' own, of
anonymous callers and of all who can log in are closed. Those that hold the target by themselves, an
operator bound to cluster-admin for example, count too: name the footholds that should not have it.

` + footholdHelp + `

Exit codes: 0 answered · 2 usage or runtime error · 3 something that paths depend on could not be
read.`,
		Example: "  plimsoll rbac cut --to cluster-admin --from pods:shop ./manifests\n  plimsoll rbac cut --rules cluster.plimsoll",
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRBACCut(cmd.Context(), opts, args, from, to, cut, streamsOf(cmd))
		},
	}
	opts.AddFlags(cmd.Flags(), listFormats...)
	f := cmd.Flags()
	f.StringSliceVar(&from, "from", nil, "`footholds` whose paths to close (repeatable)")
	f.StringVar(&to, "to", attack.ClusterAdmin.Name, "`foothold` to keep out of reach")
	f.BoolVar(&cut.Rules, "rules", false, "name rules of roles instead of bindings")
	return cmd
}

func runRBACCut(ctx context.Context, opts RBACOptions, paths, from []string, to string, cut attack.CutOptions, s streams) error {
	targets, err := opts.Output.targets()
	if err != nil {
		return err
	}
	view, err := opts.readAttacks(ctx, paths, s)
	if err != nil {
		return err
	}
	target, err := view.graph.Lookup(to)
	if err != nil {
		return err
	}
	starts, err := view.starts(from, target)
	if err != nil {
		return err
	}
	header := view.attackHeader("CutSet")
	if err := opts.Output.writeAnswer(access.Cuts(header, view.graph.CutSet(starts, target, cut), len(starts)), targets, s); err != nil {
		return err
	}
	return incomplete(header.Inventory.Gaps)
}

// starts are the footholds that were named, or all that should not reach the target.
func (v *attackView) starts(names []string, target finding.Ref) ([]finding.Ref, error) {
	var out []finding.Ref
	for _, name := range names {
		from, err := v.graph.Lookup(name)
		if err != nil {
			return nil, err
		}
		out = append(out, from)
	}
	if len(names) > 0 {
		return out, nil
	}
	own := v.kubernetesOwn()
	for _, from := range v.graph.Starts() {
		if from != target && !own[from] {
			out = append(out, from)
		}
	}
	return out, nil
}
