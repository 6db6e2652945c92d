package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/harden/namespaces"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/policy"
	"github.com/plimsoll-io/plimsoll/report/answer"
	reportharden "github.com/plimsoll-io/plimsoll/report/harden"
)

// HardenNamespacesOptions are the flags of `plimsoll harden namespaces`.
type HardenNamespacesOptions struct {
	Input           InputOptions
	Plan            HardenPlanOptions
	Options         namespaces.Options
	Parts           []string
	DefaultRequests map[string]string
}

func newHardenNamespacesCommand() *cobra.Command {
	var opts HardenNamespacesOptions
	cmd := &cobra.Command{
		Use:   "namespaces [PATH…]",
		Short: "Plan the highest Pod Security level, quotas and fewer tokens for each namespace",
		Long: `Plan, for each namespace, the highest Pod Security level that it can take now: every pod and every
template that makes pods is judged, those scaled to zero, CronJobs and injected sidecars too. Labels come
as warn, audit and enforce, in this order, pinned to the version of the API server; labels that are there
are kept or raised. What stands before the next level is named, workload by workload and field by field.

LimitRanges and ResourceQuotas come from what workloads declare, with replicas, autoscalers and rollouts;
service accounts without rights mount no token. What would refuse or break what exists is in no step:
it is a question to a person.

Nothing is changed. -f yaml prints the objects, --step one step of them, and --output-dir writes a folder
with a kustomization for each step, and how to go back.

Exit codes: 0 planned · 2 usage or runtime error · 3 planned, and something could not be read.`,
		Example: "  plimsoll harden namespaces\n" +
			"  plimsoll harden namespaces cluster.plimsoll --output-dir plan/\n" +
			"  plimsoll harden namespaces --in shop --step warn -f yaml | kubectl apply --server-side --field-manager=plimsoll-namespaces -f -",
		RunE: func(cmd *cobra.Command, args []string) error {
			return runHardenNamespaces(cmd.Context(), opts, args, streamsOf(cmd))
		},
	}
	opts.Input.AddFlags(cmd.Flags())
	opts.Plan.AddFlags(cmd.Flags())
	var parts []string
	for _, p := range namespaces.Parts() {
		parts = append(parts, string(p))
	}
	f := cmd.Flags()
	f.StringSliceVar(&opts.Options.Only, "in", nil, "only this `namespace` (repeatable)")
	f.StringSliceVar(&opts.Parts, "part", nil, "only this `part` of the plan (repeatable): "+strings.Join(parts, ", "))
	f.StringVar(&opts.Options.Version, "kubernetes-version", "", "`version` to judge by and pin levels to (default: the API server's)")
	f.IntVar(&opts.Options.Headroom, "headroom", 50, "how much more than declared quotas allow, in `percent`")
	f.IntVar(&opts.Options.Nodes, "nodes", 0, "`number` of nodes, for DaemonSets, where it cannot be read")
	f.StringToStringVar(&opts.DefaultRequests, "default-request", nil,
		"`cpu=100m,memory=128Mi` for containers that ask for nothing, where nothing else tells what they need")
	return cmd
}

// check checks the flags.
func (o *HardenNamespacesOptions) check() error {
	for _, name := range o.Parts {
		if !slices.Contains(namespaces.Parts(), namespaces.Part(name)) {
			return fmt.Errorf("--part is %q: use one of %v", name, namespaces.Parts())
		}
		o.Options.Parts = append(o.Options.Parts, namespaces.Part(name))
	}
	if o.Options.Headroom < 0 || o.Options.Headroom > 10_000 {
		return errors.New("--headroom is a percentage from 0 to 10000")
	}
	if o.Options.Nodes < 0 {
		return errors.New("--nodes is less than 0")
	}
	for name, value := range o.DefaultRequests {
		if name != "cpu" && name != "memory" {
			return fmt.Errorf("--default-request names %q: use cpu and memory", name)
		}
		if q, err := resource.ParseQuantity(value); err != nil || q.Sign() <= 0 {
			return fmt.Errorf("--default-request %s=%s: write a quantity such as 100m or 128Mi", name, value)
		}
	}
	o.Options.DefaultRequests = o.DefaultRequests
	return nil
}

func runHardenNamespaces(ctx context.Context, opts HardenNamespacesOptions, paths []string, s streams) error {
	if _, err := opts.Plan.Output.targets(); err != nil { // before any work is done
		return err
	}
	if err := opts.check(); err != nil {
		return err
	}
	relaxCollector()
	opts.Input.only = namespaces.Reads()
	inv, err := opts.Input.load(ctx, paths, control.Settings{}, s.in)
	if err != nil {
		return err
	}
	if len(paths) == 0 && opts.Input.Namespace != "" {
		opts.Options.Only = []string{opts.Input.Namespace} // of the others nothing was read
	}
	if opts.Options.Version == "" {
		opts.Options.Version = inv.Version
	}
	if opts.Options.Version == "" {
		opts.Options.Version, opts.Options.VersionAssumed = policy.Newest, true
	}
	found, err := namespaces.New(inv, opts.Options)
	if err != nil {
		return fmt.Errorf("--kubernetes-version: %w", err)
	}
	if err := missingNamespaces(opts.Options.Only, found); err != nil {
		return err
	}
	header := reportharden.HeaderOf("plimsoll harden namespaces", inv, namespaces.Reads())
	if err := opts.Plan.write(header, found.Plan, s, func(p *plan.Plan) *answer.Document {
		return reportharden.Namespaces(header, found, p)
	}); err != nil {
		return err
	}
	return incomplete(header.Inventory.Gaps)
}

// missingNamespaces says which of the namespaces that were asked for are not there: they may be misspelt.
func missingNamespaces(names []string, r *namespaces.Report) error {
	for _, name := range names {
		if !slices.ContainsFunc(r.Namespaces, func(ns *namespaces.Namespace) bool { return ns.Name == name }) {
			return fmt.Errorf("there is no namespace %s in what was read", name)
		}
	}
	return nil
}
