package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/exposure"
	reportnetwork "github.com/plimsoll-io/plimsoll/report/network"
)

// ConnectivityOptions are the flags of `plimsoll netpol connectivity`.
type ConnectivityOptions struct {
	NetpolOptions
	By       string
	From, To []string
	In       string
	Port     string
	Limit    int
}

const endHelp = `An end is NAMESPACE/NAME or NAMESPACE/KIND/NAME of a workload, NAMESPACE, an address or a CIDR.`

func newNetpolConnectivityCommand() *cobra.Command {
	var opts ConnectivityOptions
	cmd := &cobra.Command{
		Use:   "connectivity [PATH…]",
		Short: "List who can talk to whom, and on which ports",
		Long: `List who can talk to whom, and on which ports. Only what is allowed is listed, and what is not known
with the reason: everything else is denied. In JSON, "items" are pairs of different ends, and "within"
is what pods of one workload can send to other pods of it.

Where policies tell pods of one workload apart, what some of its pods can do is listed, marked as such.
--by class lists groups of pods that no policy tells apart, which is exact and stays small; it is the
default for 2,000 workloads and more.

` + endHelp + `

Exit codes: 0 answered · 2 usage or runtime error · 3 something could not be read.`,
		Example: "  plimsoll netpol connectivity ./manifests\n" +
			"  plimsoll netpol connectivity --to shop/db --port 5432 ./manifests\n" +
			"  plimsoll netpol connectivity --by namespace -f html -o network.html",
		RunE: func(cmd *cobra.Command, args []string) error {
			return runNetpolConnectivity(cmd.Context(), opts, args, streamsOf(cmd))
		},
	}
	opts.AddFlags(cmd.Flags(), graphFormats...)
	f := cmd.Flags()
	f.StringVar(&opts.By, "by", "", "what ends are: workload, class or namespace")
	opts.addFilters(f)
	f.IntVar(&opts.Limit, "limit", 0, "list at most so many connections (default: all)")
	return cmd
}

func (o *ConnectivityOptions) addFilters(f *pflag.FlagSet) {
	f.StringSliceVar(&o.From, "from", nil, "only what these `ends` send (repeatable)")
	f.StringSliceVar(&o.To, "to", nil, "only what these `ends` receive (repeatable)")
	f.StringVar(&o.In, "in", "", "only connections with an end in this `namespace`")
	f.StringVar(&o.Port, "port", "", "only this `port`: 8080, 8080/UDP or udp/8080")
}

func runNetpolConnectivity(ctx context.Context, opts ConnectivityOptions, paths []string, s streams) error {
	targets, err := opts.Output.targets()
	if err != nil {
		return err
	}
	o := reportnetwork.ConnectivityOptions{By: opts.By, Namespace: opts.In, Ports: network.AllPorts(), Limit: opts.Limit}
	if !slices.Contains([]string{"", reportnetwork.ByWorkload, reportnetwork.ByClass, reportnetwork.ByNamespace}, opts.By) {
		return fmt.Errorf("--by is %q: use workload, class or namespace", opts.By)
	}
	if opts.Limit < 0 {
		return errors.New("--limit is less than 0")
	}
	if opts.Port != "" {
		if o.Ports, err = parsePort(opts.Port); err != nil {
			return err
		}
	}
	view, err := opts.read(ctx, paths, s)
	if err != nil {
		return err
	}
	if o.From, err = view.ends(opts.From); err != nil {
		return err
	}
	if o.To, err = view.ends(opts.To); err != nil {
		return err
	}
	if opts.In != "" && len(view.network.In(opts.In)) == 0 {
		return fmt.Errorf("nothing in what was read runs in the namespace %s", opts.In)
	}
	setCollector(100, matrixMemory)
	header := view.header("Connectivity", exposure.Reads)
	o.Controllers = exposure.New(view.inv, view.network, view.services).FromControllers()
	if o.By == "" {
		o.By = reportnetwork.ByWorkload
		if header.Inventory.Workloads >= reportnetwork.ManyWorkloads {
			o.By = reportnetwork.ByClass
		}
	}
	if err := opts.Output.writeAnswer(reportnetwork.ConnectivityOf(header, view.network, o), targets, s); err != nil {
		return err
	}
	return incomplete(header.Inventory.Gaps)
}

// matrixMemory is from where on the collector works hard: the rows of 10,000 classes take some hundred megabytes on the way.
const matrixMemory = 1 << 30

// ends finds what a list of ends names; nil when it is empty.
func (v *networkView) ends(names []string) (*reportnetwork.Ends, error) {
	if len(names) == 0 {
		return nil, nil
	}
	out := &reportnetwork.Ends{}
	for _, name := range names {
		if block, ok := parseBlock(name); ok {
			out.Addresses = append(out.Addresses, network.AddressRange{First: block.Addr(), Last: lastOf(block)})
			for _, p := range v.network.Peers() {
				if p.External() && slices.ContainsFunc(p.Addresses, func(r network.AddressRange) bool {
					return r.First.BitLen() == block.Addr().BitLen() && !r.Last.Less(block.Addr()) && !lastOf(block).Less(r.First)
				}) {
					out.Peers = append(out.Peers, p)
				}
			}
			continue
		}
		found := v.network.In(name)
		if strings.Contains(name, "/") {
			var err error
			if found, err = v.find(name); err != nil {
				return nil, err
			}
		} else if len(found) == 0 {
			return nil, fmt.Errorf("nothing in what was read runs in the namespace %s: name a workload as NAMESPACE/NAME", name)
		}
		out.Peers = append(out.Peers, found...)
	}
	return out, nil
}

// parseBlock reads an address or a CIDR.
func parseBlock(text string) (netip.Prefix, bool) {
	if a, ok := parseAddress(text); ok {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err == nil
}

// lastOf is the last address of a block.
func lastOf(p netip.Prefix) netip.Addr {
	bytes := p.Addr().AsSlice()
	for i := p.Bits(); i < len(bytes)*8; i++ {
		bytes[i/8] |= 1 << (7 - i%8)
	}
	last, _ := netip.AddrFromSlice(bytes)
	return last
}
