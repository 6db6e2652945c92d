package main

import (
	"cmp"
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/rbac/attack"
	"github.com/plimsoll-io/plimsoll/report/access"
	"github.com/plimsoll-io/plimsoll/report/graph"
)

// PathsOptions are the flags of `plimsoll rbac paths` and `rbac graph`.
type PathsOptions struct {
	RBACOptions
	From, To string
	All      bool
	Limit    int
	Fail     bool
}

const footholdHelp = `A FOOTHOLD is a subject (sa:NAMESPACE/NAME, user:NAME, group:NAME), anonymous, pods:NAMESPACE (some
pod there is compromised), KIND:NAMESPACE/NAME of a workload, node:NAME, secret:NAMESPACE/NAME,
namespace:NAME (anything in it), or a goal: cluster-admin, system-masters, node, kube-system-secrets.`

func newRBACPathsCommand() *cobra.Command {
	var opts PathsOptions
	cmd := &cobra.Command{
		Use:   "paths [PATH…]",
		Short: "Show how subjects, pods and callers could become admin, each step with its proof",
		Long: `Show how subjects, pods and callers could become admin, or take any other target, each step with its
proof. Without --from the shortest path of every foothold is shown; with it, all minimal ones of one.
Steps that Pod Security labels or admission policies refuse are no steps; where only such a path is
left it is shown as blocked, with what blocks it.

` + footholdHelp + `

Exit codes: 0 answered · 1 a path is open (--fail-on-path) · 2 usage or runtime error · 3 something
that paths depend on could not be read.`,
		Example: "  plimsoll rbac paths ./manifests\n" +
			"  plimsoll rbac paths --from sa:shop/cart --to kube-system-secrets\n" +
			"  plimsoll rbac paths --from pods:tenant-a --to namespace:tenant-b --fail-on-path cluster.plimsoll",
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRBACPaths(cmd.Context(), opts, args, streamsOf(cmd))
		},
	}
	opts.AddFlags(cmd.Flags(), graphFormats...)
	f := cmd.Flags()
	f.StringVar(&opts.From, "from", "", "`foothold` to start from (default: each)")
	f.StringVar(&opts.To, "to", attack.ClusterAdmin.Name, "`foothold` to reach")
	f.IntVar(&opts.Limit, "limit", 100, "most paths to find with --from")
	f.BoolVar(&opts.Fail, "fail-on-path", false, "exit with 1 when a path is open")
	return cmd
}

// An attackView is what paths are asked of.
type attackView struct {
	*rightsView
	graph *attack.Graph
}

func (o *RBACOptions) readAttacks(ctx context.Context, paths []string, s streams) (*attackView, error) {
	o.Input.more = attack.CustomResources()
	view, err := o.read(ctx, paths, s)
	if err != nil {
		return nil, err
	}
	return &attackView{view, view.facts.Attacks()}, nil
}

func runRBACPaths(ctx context.Context, opts PathsOptions, paths []string, s streams) error {
	targets, err := opts.Output.targets()
	if err != nil {
		return err
	}
	view, err := opts.readAttacks(ctx, paths, s)
	if err != nil {
		return err
	}
	list, err := view.paths(opts, opts.Output.Verbose || !opts.Output.wantsTable())
	if err != nil {
		return err
	}
	header := view.attackHeader("EscalationPaths")
	doc := access.Paths(header, list, func(bool) *graph.Graph { return access.Draw(list.Paths, view.access, nil) })
	if err := opts.Output.writeAnswer(doc, targets, s); err != nil {
		return err
	}
	if opts.Fail && slices.ContainsFunc(list.Paths, func(p attack.Path) bool { return !p.Blocked() }) {
		return exitCode(exitFindings)
	}
	return incomplete(header.Inventory.Gaps)
}

// attackHeader names every gap: each kind may hold a step.
func (v *attackView) attackHeader(kind string) access.Header {
	h := v.header(kind)
	h.Inventory.Gaps = append(h.Inventory.Gaps[:0], v.inv.Gaps...)
	return h
}

// paths finds what was asked for; all is whether Kubernetes' own identities count.
func (v *attackView) paths(opts PathsOptions, all bool) (access.PathList, error) {
	to, err := v.graph.Lookup(opts.To)
	if err != nil {
		return access.PathList{}, err
	}
	if opts.From != "" {
		from, err := v.graph.Lookup(opts.From)
		if err != nil {
			return access.PathList{}, err
		}
		found := v.graph.Paths(from, to, attack.Limits{Paths: opts.Limit})
		return access.PathList{To: to, Paths: found.Items, More: found.More}, nil
	}
	return v.each(to, all), nil
}

// each is the shortest path of every foothold, nearest first. Those of Kubernetes' own identities are left out unless
// everything is asked for.
func (v *attackView) each(to finding.Ref, all bool) access.PathList {
	list := access.PathList{To: to, Each: true}
	open, blocked := v.graph.Towards(to, false), v.graph.Towards(to, true)
	own := v.kubernetesOwn()
	for _, from := range v.graph.Starts() {
		p, ok := open.Path(from)
		if !ok {
			p, ok = blocked.Path(from)
		}
		switch {
		case !ok || from == to:
		case !all && own[from]:
			list.Hidden++
		default:
			list.Paths = append(list.Paths, p)
		}
	}
	slices.SortStableFunc(list.Paths, func(a, b attack.Path) int {
		return cmp.Or(compareBool(a.Blocked(), b.Blocked()), cmp.Compare(len(a.Steps), len(b.Steps)), a.From.Compare(b.From))
	})
	return list
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// kubernetesOwn are the subjects that only bindings of Kubernetes itself name: its controllers.
func (v *attackView) kubernetesOwn() map[finding.Ref]bool {
	own := map[finding.Ref]bool{rbac.Subject{Kind: rbac.GroupKind, Name: rbac.Masters}.Ref(): true}
	for _, b := range v.access.Bindings() {
		for _, s := range b.Subjects {
			ref := s.Ref()
			if before, known := own[ref]; b.Default && (before || !known) {
				own[ref] = true
			} else if !b.Default {
				own[ref] = false
			}
		}
	}
	return own
}
