package main

import (
	"github.com/spf13/cobra"
)

func newNetpolGraphCommand() *cobra.Command {
	var opts ConnectivityOptions
	cmd := &cobra.Command{
		Use:   "graph [PATH…]",
		Short: "Draw who can talk to whom: svg, dot, mermaid, or an interactive page",
		Long: `Draw who can talk to whom. The page (-f html) works without a network: namespaces unfold to workloads,
and a search finds each with its policies. Senders that lead to the same places share a box, so that
large clusters stay readable; what is not known is dashed. Above 5,000 workloads namespaces are drawn.

` + endHelp + `

Exit codes: 0 answered · 2 usage or runtime error · 3 something could not be read.`,
		Example: "  plimsoll netpol graph -o network.html\n  plimsoll netpol graph -f svg --in shop ./manifests > shop.svg",
		RunE: func(cmd *cobra.Command, args []string) error {
			return runNetpolConnectivity(cmd.Context(), opts, args, streamsOf(cmd))
		},
	}
	opts.AddFlags(cmd.Flags(), "html", "svg", "dot", "mermaid", "json")
	f := cmd.Flags()
	f.StringVar(&opts.By, "by", "", "what boxes are: workload or namespace")
	opts.addFilters(f)
	return cmd
}
