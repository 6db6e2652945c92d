package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/rbac/attack"
	"github.com/plimsoll-io/plimsoll/report/access"
	"github.com/plimsoll-io/plimsoll/report/graph"
)

func newRBACGraphCommand() *cobra.Command {
	var opts PathsOptions
	cmd := &cobra.Command{
		Use:   "graph [PATH…]",
		Short: "Draw how rights lead further: svg, dot, mermaid, or an interactive page",
		Long: `Draw the shortest paths of all footholds to a target, or all minimal ones of one. The page (-f html)
works without a network: search a subject to see its rights and its paths.

` + footholdHelp + `

Exit codes: 0 answered · 2 usage or runtime error · 3 something that paths depend on could not be
read.`,
		Example: "  plimsoll rbac graph -o rbac.html\n  plimsoll rbac graph -f svg --from pods:shop --to node ./manifests > shop.svg",
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRBACGraph(cmd.Context(), opts, args, streamsOf(cmd))
		},
	}
	opts.AddFlags(cmd.Flags(), "html", "svg", "dot", "mermaid", "json")
	f := cmd.Flags()
	f.StringVar(&opts.From, "from", "", "`foothold` to start from (default: each)")
	f.StringVar(&opts.To, "to", attack.ClusterAdmin.Name, "`foothold` to reach")
	f.Lookup("verbose").Usage = "also draw Kubernetes' own identities"
	f.IntVar(&opts.Limit, "limit", 50, "most paths to draw with --from")
	return cmd
}

func runRBACGraph(ctx context.Context, opts PathsOptions, paths []string, s streams) error {
	targets, err := opts.Output.targets()
	if err != nil {
		return err
	}
	view, err := opts.readAttacks(ctx, paths, s)
	if err != nil {
		return err
	}
	list, err := view.paths(opts, opts.Output.Verbose)
	if err != nil {
		return err
	}
	header := view.attackHeader("EscalationPaths")
	doc := access.Paths(header, list, func(page bool) *graph.Graph {
		return access.Draw(list.Paths, view.access, view.searchable(page && opts.From == "", opts.Output.Verbose))
	})
	if err := opts.Output.writeAnswer(doc, targets, s); err != nil {
		return err
	}
	return incomplete(header.Inventory.Gaps)
}

// searchable are the subjects that a page holds beside those on paths. Kubernetes' own only if all is wanted.
func (v *attackView) searchable(page, all bool) []rbac.Subject {
	if !page {
		return nil
	}
	own := v.kubernetesOwn()
	return slices.DeleteFunc(v.access.Subjects(), func(s rbac.Subject) bool { return !all && own[s.Ref()] })
}
