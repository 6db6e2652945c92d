package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/exposure"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/network/service"
	reportnetwork "github.com/plimsoll-io/plimsoll/report/network"
)

func newNetpolCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "netpol",
		Short: "Who can talk to whom, and the network policies that should say so",
		Long: `Who can talk to whom, and the network policies that should say so.

Answers come from NetworkPolicies, AdminNetworkPolicies, BaselineAdminNetworkPolicies and
ClusterNetworkPolicies, exactly and in three values: allowed, denied, and unknown with the reason.`,
	}
	cmd.AddCommand(
		newNetpolConnectivityCommand(),
		newNetpolExplainCommand(),
		newNetpolExposureCommand(),
		newNetpolGraphCommand(),
		newNetpolDiffCommand(),
		newNetpolGenerateCommand(),
		newNetpolLintCommand(),
		newNetpolRehearseCommand(),
	)
	return cmd
}

// NetpolOptions are what all netpol commands share.
type NetpolOptions struct {
	Input  InputOptions
	Output OutputOptions
	// AssumeEnforced says that the network plugin enforces policies, whatever the inventory shows of it.
	AssumeEnforced bool

	// more are kinds that a command reads of a cluster besides those of the network.
	more []schema.GroupKind
}

// AddFlags declares the flags; formats are those that the command's answer has.
func (o *NetpolOptions) AddFlags(f *pflag.FlagSet, formats ...string) {
	o.Input.AddFlags(f)
	o.Output.AddFlags(f, formats)
	f.BoolVar(&o.AssumeEnforced, "assume-enforced", false, "take for granted that the network plugin enforces policies")
}

// networkKinds are what questions about the network read of a cluster.
func networkKinds() []schema.GroupKind {
	return slices.Concat(network.Reads(), service.Reads(), need.Reads(), exposure.Reads())
}

// A networkView is what the questions are asked of.
type networkView struct {
	inv      *inventory.Inventory
	network  *network.Map
	services *service.Services
}

// read reads the inventory.
func (o *NetpolOptions) read(ctx context.Context, paths []string, s streams) (*networkView, error) {
	done := frugalCollector(150)
	o.Input.only = append(networkKinds(), o.more...)
	inv, err := o.Input.load(ctx, paths, control.Settings{}, s.in)
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 && o.Input.Namespace != "" {
		// Peers of other namespaces may talk to those of this one.
		for _, gk := range inventory.WorkloadKinds() {
			inv.Gaps = append(inv.Gaps, inventory.Gap{
				Kind: gk.Kind, Group: gk.Group, Reason: "only the namespace " + o.Input.Namespace + " was read, as -n says",
			})
		}
	}
	done()
	return o.viewOf(inv), nil
}

func (o *NetpolOptions) viewOf(inv *inventory.Inventory) *networkView {
	m := network.New(inv)
	if o.AssumeEnforced {
		m = m.AssumeEnforced()
	}
	return &networkView{inv: inv, network: m, services: service.New(inv, m)}
}

// header starts an answer.
func (v *networkView) header(kind string, also ...func() []schema.GroupKind) reportnetwork.Header {
	return reportnetwork.HeaderOf(kind, v.inv, v.network, append(also, service.Reads)...)
}

// workloadHelp tells how peers are named.
const workloadHelp = `A peer is NAMESPACE/NAME or NAMESPACE/KIND/NAME of a workload or pod, or an IP address.`

// find finds the peers that a person names: those of a workload, or of the workload of a pod; or the one of an address.
func (v *networkView) find(text string) ([]*network.Peer, error) {
	if a, ok := parseAddress(text); ok {
		return []*network.Peer{v.network.Address(a)}, nil
	}
	namespace, kind, name, err := splitPeer(text)
	if err != nil {
		return nil, err
	}
	found := v.network.Workload(namespace, kind, name)
	if len(found) == 0 {
		for _, p := range v.network.In(namespace) {
			for _, pod := range p.Pods {
				if pod.Name == name && (kind == "" || kind == "Pod") {
					return []*network.Peer{p}, nil
				}
			}
		}
		return nil, v.noPeer(text, namespace, name)
	}
	for _, p := range found[1:] {
		if p.Object.Kind != found[0].Object.Kind {
			return nil, fmt.Errorf("%s is the name of several workloads: name one as %s/%s/%s or %s/%s/%s", text,
				namespace, found[0].Object.Kind, name, namespace, p.Object.Kind, name)
		}
	}
	return found, nil
}

// noPeer says what there is instead.
func (v *networkView) noPeer(text, namespace, name string) error {
	for _, p := range v.network.Peers() {
		if !p.External() && p.Object.Name == name {
			return fmt.Errorf("there is no workload %s: do you mean %s/%s?", text, p.Namespace(), name)
		}
	}
	if len(v.network.In(namespace)) == 0 {
		return fmt.Errorf("there is no workload %s: nothing in what was read runs in the namespace %s", text, namespace)
	}
	return fmt.Errorf("there is no workload %s in what was read", text)
}

func splitPeer(text string) (namespace, kind, name string, err error) {
	parts := strings.Split(text, "/")
	switch {
	case len(parts) == 2 && parts[0] != "" && parts[1] != "":
		return parts[0], "", parts[1], nil
	case len(parts) == 3 && parts[0] != "" && parts[1] != "" && parts[2] != "":
		return parts[0], parts[1], parts[2], nil
	}
	return "", "", "", fmt.Errorf("%q names no peer: use NAMESPACE/NAME, NAMESPACE/KIND/NAME or an IP address", text)
}
