package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/harden/policies"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/generate"
	"github.com/plimsoll-io/plimsoll/network/lint"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/network/rehearse"
	"github.com/plimsoll-io/plimsoll/report/answer"
	reportharden "github.com/plimsoll-io/plimsoll/report/harden"
)

// HardenNetworkOptions are the flags of `plimsoll harden network`: those of netpol generate, in the form of a plan.
type HardenNetworkOptions struct {
	Generate GenerateOptions
	Plan     HardenPlanOptions
}

func newHardenNetworkCommand() *cobra.Command {
	var opts HardenNetworkOptions
	cmd := &cobra.Command{
		Use:   "network [--flows FILE…] [PATH…]",
		Short: "Plan to isolate pods without denying what they need, in steps",
		Long: `Plan to isolate pods in steps: NetworkPolicies that open what flow logs show and objects declare come
first, those that deny the rest after them, and policies that others cover go. All that was seen is
replayed against the plan; a namespace of which a connection would be denied is in no step, and the
connection is a question.

Without --flows nothing is denied: manifests declare some connections, and nothing says that these are all.

Exit codes: 0 planned · 2 usage or runtime error · 3 planned, and something could not be read.`,
		Example: "  plimsoll harden network --flows hubble.json\n" +
			"  plimsoll harden network --flows flows/ cluster.plimsoll --in shop --output-dir plan/",
		RunE: func(cmd *cobra.Command, args []string) error {
			return runHardenNetwork(cmd.Context(), opts, args, streamsOf(cmd))
		},
	}
	g, f := &opts.Generate, cmd.Flags()
	g.Input.AddFlags(f)
	opts.Plan.AddFlags(f)
	f.BoolVar(&g.AssumeEnforced, "assume-enforced", false, "take for granted that the network plugin enforces policies")
	f.StringSliceVar(&g.Flows, "flows", nil, flowsFlag)
	f.StringSliceVar(&g.Plan.Namespaces, "in", nil, "only policies of this `namespace` (repeatable)")
	f.StringVar(&g.Direction, "direction", "both", "what to deny: ingress, egress or both")
	f.StringVar(&g.Style, "style", string(generate.PerWorkload), "per-workload, or per-namespace: broader, and fewer policies")
	f.StringSliceVar(&g.APIServer, "api-server", nil, "`CIDR` of the API server, where it is not known (repeatable)")
	f.StringSliceVar(&g.Nodes, "nodes", nil, "`CIDR` of nodes, where their addresses are not known (repeatable)")
	f.StringVar(&g.Plan.IngressController, "ingress-controller", "", "`NAMESPACE` or NAMESPACE/NAME of what serves Ingresses and Gateways")
	g.Declared, g.Existing = true, string(generate.Keep)
	return cmd
}

func runHardenNetwork(ctx context.Context, opts HardenNetworkOptions, paths []string, s streams) error {
	if _, err := opts.Plan.Output.targets(); err != nil { // before any work is done
		return err
	}
	options, err := opts.Generate.plan()
	if err != nil {
		return err
	}
	view, needs, complete, err := opts.Generate.needs(ctx, paths, s)
	if err != nil {
		return err
	}
	setCollector(100, planMemory)
	evidence := isolate(view, needs, options)
	evidence.Seen = len(opts.Generate.Flows) > 0
	if _, missing := view.inv.Incomplete(network.Reads()...); !missing {
		evidence.Covered = coveredPolicies(view.inv)
	}
	reads := append(networkKinds(), need.DeclaredReads()...)
	header := reportharden.HeaderOf("plimsoll harden network", view.inv, reads)
	show := func(p *plan.Plan) *answer.Document { return reportharden.Of(header, p) }
	if err := opts.Plan.write(header, policies.New(evidence), s, show); err != nil {
		return err
	}
	if !complete {
		return exitCode(exitIncomplete)
	}
	return incomplete(header.Inventory.Gaps)
}

// isolate makes policies and replays the needs against them, without the namespaces of which something would be denied: that
// is asked. Each round has fewer namespaces than the one before.
func isolate(view *networkView, needs *need.Needs, options generate.Options) policies.Evidence {
	e := policies.Evidence{Inventory: view.inv, Needs: needs}
	for {
		e.Generated = generate.Policies(view.network, view.services, needs, options)
		proposed := network.New(e.Generated.Proposed(view.inv)).AssumeEnforced()
		e.Rehearsal = rehearse.Judge(needs, view.network.AssumeEnforced(), proposed)
		questions := policies.Questions(e.Generated, e.Rehearsal)
		left := slices.DeleteFunc(slices.Clone(e.Generated.Namespaces), func(ns string) bool {
			return slices.ContainsFunc(questions, func(q policies.Question) bool { return slices.Contains(q.Namespaces, ns) })
		})
		if len(left) == len(e.Generated.Namespaces) {
			return e
		}
		e.Questions = append(e.Questions, questions...)
		if options.Namespaces = left; len(left) == 0 {
			e.Generated = &generate.Plan{}
			e.Rehearsal = rehearse.Judge(needs, view.network.AssumeEnforced(), view.network.AssumeEnforced())
			return e
		}
	}
}

// mostCovered bounds how many policies are taken away in one plan: each is judged without those before it.
const mostCovered = 20

// coveredPolicies are policies that others cover. Of two that cover each other only one can go, so that each is judged
// without those that are gone.
func coveredPolicies(inv *inventory.Inventory) []policies.Covered {
	var out []policies.Covered
	for range mostCovered {
		m := network.New(inv).AssumeEnforced()
		problem, found := firstCovered(lint.Check(inv, m, nil, lint.ShadowedPolicy))
		if !found {
			break
		}
		because := []string{problem.Message}
		for _, r := range problem.Because {
			because = append(because, r.Message)
		}
		out = append(out, policies.Covered{Policy: problem.Source, Because: because})
		inv = without(inv, problem.Source)
	}
	return out
}

func firstCovered(r *lint.Report) (lint.Problem, bool) {
	for _, p := range r.Problems {
		if p.Kind == lint.ShadowedPolicy && p.Path == "" && p.Source != nil && p.Object.Kind == "NetworkPolicy" {
			return p, true
		}
	}
	return lint.Problem{}, false
}

// without is an inventory without one object.
func without(inv *inventory.Inventory, gone *inventory.Object) *inventory.Inventory {
	var objects []*inventory.Object
	for _, o := range inv.All() {
		if o != gone {
			objects = append(objects, o)
		}
	}
	return inventory.New(inv.Source, inv.Taken, inv.Version, objects, inv.Gaps)
}
