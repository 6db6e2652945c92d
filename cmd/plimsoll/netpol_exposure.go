package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/plimsoll-io/plimsoll/network/exposure"
	reportnetwork "github.com/plimsoll-io/plimsoll/report/network"
)

func newNetpolExposureCommand() *cobra.Command {
	var opts NetpolOptions
	var in string
	cmd := &cobra.Command{
		Use:   "exposure [PATH…]",
		Short: "What is open to the internet, to other namespaces, to everyone",
		Long: `What is open to the internet, to other namespaces, to everyone.

Two questions are kept apart: which ways lead in from outside (Services of type LoadBalancer and NodePort,
external addresses, ports of hosts, Ingresses, routes of the Gateway API, OpenShift Routes), and whom
policies let in, pods and namespaces that do not exist yet included. Of a way it is said whether policies
let it through: yes, no, or not known with the reason.

Exit codes: 0 answered · 2 usage or runtime error · 3 something could not be read.`,
		Example: "  plimsoll netpol exposure manifests/\n  plimsoll netpol exposure --in shop -f markdown\n" +
			"  plimsoll netpol exposure cluster.plimsoll -f html -o exposure.html",
		RunE: func(cmd *cobra.Command, args []string) error {
			return runNetpolExposure(cmd.Context(), opts, in, args, streamsOf(cmd))
		},
	}
	opts.AddFlags(cmd.Flags(), "table", "json", "yaml", "csv", "markdown", "html")
	cmd.Flags().StringVar(&in, "in", "", "only workloads of this `namespace`")
	return cmd
}

func runNetpolExposure(ctx context.Context, opts NetpolOptions, in string, paths []string, s streams) error {
	targets, err := opts.Output.targets()
	if err != nil {
		return err
	}
	opts.more = exposure.Reads()
	view, err := opts.read(ctx, paths, s)
	if err != nil {
		return err
	}
	if in != "" && len(view.network.In(in)) == 0 {
		return fmt.Errorf("nothing in what was read runs in the namespace %s", in)
	}
	e := exposure.New(view.inv, view.network, view.services)
	header := view.header("Exposure", exposure.Reads)
	if err := opts.Output.writeAnswer(reportnetwork.ExposureOf(header, e, in), targets, s); err != nil {
		return err
	}
	return incomplete(header.Inventory.Gaps)
}
