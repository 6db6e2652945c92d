package main

import (
	"context"
	"os"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/plimsoll-io/plimsoll/network"
	reportnetwork "github.com/plimsoll-io/plimsoll/report/network"
)

func newNetpolExplainCommand() *cobra.Command {
	var opts NetpolOptions
	cmd := &cobra.Command{
		Use:   "explain SRC DST [PORT] [PATH…]",
		Short: "Say whether one end can talk to another, and which policies and rules decide",
		Long: `Say whether one end can talk to another, and which policies and rules decide: at the sender and at the
receiver, in the order in which they are asked, each with its place in the file; why rules do not match,
and what would have to change.

` + workloadHelp + ` DST can also be a Service:
NAMESPACE/service/NAME, a DNS name such as cart.shop.svc, or a cluster IP; PORT is then the Service's.
PORT is 8080, 8080/UDP, or the name of a port; without it all ports are asked about.

Exit codes: 0 allowed (without PORT: some port is) · 1 denied · 2 usage or runtime error · 3 not known,
allowed for some of the pods only, or something could not be read.`,
		Example: "  plimsoll netpol explain shop/web shop/db 5432 ./manifests\n" +
			"  plimsoll netpol explain shop/web cart.shop.svc 80\n" +
			"  plimsoll netpol explain 203.0.113.7 shop/web https cluster.plimsoll",
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runNetpolExplain(cmd.Context(), opts, args, streamsOf(cmd))
		},
	}
	opts.AddFlags(cmd.Flags(), listFormats...)
	return cmd
}

// portName is what the API server takes as the name of a port.
var portName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// portAndPaths tells a port from paths: a number is one, and so is a word that is no file.
func portAndPaths(args []string) (port string, paths []string) {
	if len(args) == 0 {
		return "", nil
	}
	if looksLikePort(args[0]) {
		return args[0], args[1:]
	}
	if portName.MatchString(args[0]) {
		if _, err := os.Stat(args[0]); err != nil {
			return args[0], args[1:]
		}
	}
	return "", args
}

func runNetpolExplain(ctx context.Context, opts NetpolOptions, args []string, s streams) error {
	targets, err := opts.Output.targets()
	if err != nil {
		return err
	}
	port, paths := portAndPaths(args[2:])
	view, err := opts.read(ctx, paths, s)
	if err != nil {
		return err
	}
	asking, err := view.ask(args[0], args[1], port)
	if err != nil {
		return err
	}
	header := view.header("Explanation")
	doc, word := reportnetwork.Explain(header, view.network, asking)
	if err := opts.Output.writeAnswer(doc, targets, s); err != nil {
		return err
	}
	switch {
	case len(header.Inventory.Gaps) > 0:
		return exitCode(exitIncomplete)
	case word == network.Allowed.String(), word == "partly" && port == "":
		return nil
	case word == network.Denied.String():
		return exitCode(exitFindings)
	}
	return exitCode(exitIncomplete)
}
