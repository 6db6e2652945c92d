package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/harden/roles"
	"github.com/plimsoll-io/plimsoll/rbac/attack"
	"github.com/plimsoll-io/plimsoll/rbac/usage"
	"github.com/plimsoll-io/plimsoll/report/answer"
	reportharden "github.com/plimsoll-io/plimsoll/report/harden"
)

// HardenRBACOptions are the flags of `plimsoll harden rbac`.
type HardenRBACOptions struct {
	Rights     RBACOptions
	Plan       HardenPlanOptions
	Audit      []string
	From, To   []string
	Days       int
	NamesAbove int
}

func newHardenRBACCommand() *cobra.Command {
	var opts HardenRBACOptions
	cmd := &cobra.Command{
		Use:   "rbac [--audit FILE…] [PATH…]",
		Short: "Plan to take away rights that nobody needs, in steps",
		Long: `Plan to take away rights that nobody needs, in steps: bindings to roles that do not exist go, then those
of which nothing was used by the audit log; then service accounts that use a part of what they have get
roles with just that, and leave the wider bindings. Bindings that lead to the whole cluster are named.

Without --audit no right that works is taken away: bindings that lead to a target are questions. So is a
log that is too short (--days) or has holes. What Kubernetes itself installs stays.

` + footholdHelp + `

Exit codes: 0 planned · 2 usage or runtime error · 3 planned, and something could not be read.`,
		Example: "  plimsoll harden rbac --audit /var/log/kubernetes/audit\n" +
			"  plimsoll harden rbac --audit audit.log.gz cluster.plimsoll --output-dir plan/",
		RunE: func(cmd *cobra.Command, args []string) error {
			return runHardenRBAC(cmd.Context(), opts, args, streamsOf(cmd))
		},
	}
	f := cmd.Flags()
	opts.Rights.Input.AddFlags(f)
	opts.Rights.Identity.AddFlags(f)
	opts.Plan.AddFlags(f)
	f.StringSliceVar(&opts.Audit, "audit", nil, auditFlag)
	f.StringSliceVar(&opts.To, "to", []string{attack.ClusterAdmin.Name}, "`foothold` to keep out of reach (repeatable)")
	f.StringSliceVar(&opts.From, "from", nil, "`footholds` that should not reach it (default: all workloads, accounts and callers)")
	f.IntVar(&opts.Days, "days", 30, "shortest observation, in days, to take rights away by")
	f.IntVar(&opts.NamesAbove, "names-above", 0, "name no single objects in roles where more than this `number` were used (0: always)")
	return cmd
}

func runHardenRBAC(ctx context.Context, opts HardenRBACOptions, paths []string, s streams) error {
	if _, err := opts.Plan.Output.targets(); err != nil { // before any work is done
		return err
	}
	if opts.Days < 1 {
		return errors.New("--days is less than 1")
	}
	view, used, err := opts.read(ctx, paths, s)
	if err != nil {
		return err
	}
	evidence := roles.Evidence{
		Inventory: view.inv, Access: view.access, Used: used, Warn: usage.WarnOptions{Days: opts.Days}, NamesAbove: opts.NamesAbove,
	}
	graph := &attackView{view, view.facts.Attacks()}
	for _, name := range opts.To {
		target, err := graph.graph.Lookup(name)
		if err != nil {
			return err
		}
		starts, err := graph.starts(opts.From, target)
		if err != nil {
			return err
		}
		evidence.Cuts = append(evidence.Cuts, graph.graph.CutSet(starts, target, attack.CutOptions{}))
	}
	header := reportharden.HeaderOf("plimsoll harden rbac", view.inv, nil)
	header.Inventory.Gaps = append(header.Inventory.Gaps, view.inv.Gaps...) // each kind may hold a step of a path
	show := func(p *plan.Plan) *answer.Document { return reportharden.Of(header, p) }
	if err := opts.Plan.write(header, roles.New(evidence), s, show); err != nil {
		return err
	}
	if used != nil && !used.Summary.Complete() {
		return exitCode(exitIncomplete)
	}
	return incomplete(header.Inventory.Gaps)
}

// read reads the inventory, and the audit log when one is named.
func (o *HardenRBACOptions) read(ctx context.Context, paths []string, s streams) (*rightsView, *usage.Usage, error) {
	o.Rights.Input.more = attack.CustomResources()
	if len(o.Audit) > 0 {
		return o.Rights.readUsage(ctx, paths, o.Audit, s)
	}
	view, err := o.Rights.read(ctx, paths, s)
	return view, nil, err
}
