package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/flow"
	"github.com/plimsoll-io/plimsoll/network/generate"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/network/rehearse"
	"github.com/plimsoll-io/plimsoll/rbac"
	reportnetwork "github.com/plimsoll-io/plimsoll/report/network"
)

// GenerateOptions are the flags of `plimsoll netpol generate`.
type GenerateOptions struct {
	NetpolOptions
	Plan                      generate.Options
	Flows                     []string
	Declared                  bool
	Direction, Style          string
	Existing                  string
	Labels, Annotations       map[string]string
	APIServer, Nodes, Outside []string
	OutputDir                 string
}

func newNetpolGenerateCommand() *cobra.Command {
	var opts GenerateOptions
	cmd := &cobra.Command{
		Use:   "generate [--flows FILE…] [PATH…]",
		Short: "Write network policies for the connections that are seen or declared",
		Long: `Write NetworkPolicies that deny everything and then allow the connections that flow logs show (--flows),
and those that the objects themselves declare: variables, arguments and files that name a Service,
backends of Ingresses, webhooks, metrics. --declared=false takes only what was seen.

Policies are YAML to review and apply, with the evidence as comments. Nothing is opened beyond what is
needed without saying so, and what cannot be opened is named. A namespace without any known connection is
left alone, and so are those of Kubernetes itself, unless they are named with --in.

The policies are rehearsed at once: all that was seen is replayed against them.

Exit codes: 0 written · 1 written, and something that is needed is not opened · 2 usage or runtime
error · 3 objects or parts of the logs could not be read, so that policies may deny what is needed.`,
		Example: "  plimsoll netpol generate --flows hubble.json cluster.plimsoll > policies.yaml\n" +
			"  plimsoll netpol generate manifests/ -f table\n" +
			"  plimsoll netpol generate --flows flows/ --declared=false --in shop --output-dir policies/",
		RunE: func(cmd *cobra.Command, args []string) error {
			return runNetpolGenerate(cmd.Context(), opts, args, streamsOf(cmd))
		},
	}
	opts.AddFlags(cmd.Flags(), "yaml", "table", "json", "csv", "markdown", "html")
	opts.addFlags(cmd.Flags())
	return cmd
}

func (o *GenerateOptions) addFlags(f *pflag.FlagSet) {
	f.StringSliceVar(&o.Flows, "flows", nil, flowsFlag)
	f.BoolVar(&o.Declared, "declared", true, "allow what objects declare, also where no flow of it was seen")
	f.StringSliceVar(&o.Plan.Namespaces, "in", nil, "only policies of this `namespace` (repeatable)")
	f.BoolVar(&o.Plan.AllNamespaces, "all-namespaces", false, "also deny in namespaces of which no connection is known")
	f.StringVar(&o.Direction, "direction", "both", "what to deny: ingress, egress or both")
	f.StringVar(&o.Style, "style", string(generate.PerWorkload), "per-workload, or per-namespace: broader, and fewer policies")
	f.StringVar(&o.Existing, "existing", string(generate.Keep), "what becomes of the NetworkPolicies that are there: keep or replace")
	f.BoolVar(&o.Plan.NoDNS, "no-dns", false, "let only those ask the cluster's DNS who were seen to")
	f.StringToStringVar(&o.Labels, "label", nil, "`key=value` to add to the labels of each policy (repeatable)")
	f.StringToStringVar(&o.Annotations, "annotation", nil, "`key=value` to add to the annotations of each policy (repeatable)")
	f.StringSliceVar(&o.APIServer, "api-server", nil, "`CIDR` of the API server, where it is not known (repeatable)")
	f.StringSliceVar(&o.Nodes, "nodes", nil, "`CIDR` of nodes, where their addresses are not known (repeatable)")
	f.StringSliceVar(&o.Outside, "outside", nil, "`CIDR` of what is outside and known by name only (repeatable)")
	f.StringVar(&o.Plan.IngressController, "ingress-controller", "", "`NAMESPACE` or NAMESPACE/NAME of what serves Ingresses and Gateways")
	f.IntVar(&o.Plan.MaxBlocks, "max-blocks", 0, "join addresses outside to at most so many blocks a rule (0: never)")
	f.StringVar(&o.OutputDir, "output-dir", "", "`folder` for one file of policies for each namespace")
}

// plan checks the flags.
func (o *GenerateOptions) plan() (generate.Options, error) {
	p := o.Plan
	p.Style, p.Existing, p.Labels, p.Annotations = generate.Style(o.Style), generate.Existing(o.Existing), o.Labels, o.Annotations
	switch o.Direction {
	case "both":
	case "ingress":
		p.Directions = []network.Direction{network.Ingress}
	case "egress":
		p.Directions = []network.Direction{network.Egress}
	default:
		return p, fmt.Errorf("--direction is %q: use ingress, egress or both", o.Direction)
	}
	if p.Style != generate.PerWorkload && p.Style != generate.PerNamespace {
		return p, fmt.Errorf("--style is %q: use %s or %s", o.Style, generate.PerWorkload, generate.PerNamespace)
	}
	if p.Existing != generate.Keep && p.Existing != generate.Replace {
		return p, fmt.Errorf("--existing is %q: use %s or %s", o.Existing, generate.Keep, generate.Replace)
	}
	if p.MaxBlocks < 0 {
		return p, errors.New("--max-blocks is less than 0")
	}
	ns, name, one := strings.Cut(p.IngressController, "/")
	if p.IngressController != "" && (len(validation.IsDNS1123Label(ns)) > 0 || one && name == "") {
		return p, fmt.Errorf("--ingress-controller is %q: use NAMESPACE or NAMESPACE/NAME", p.IngressController)
	}
	for key, value := range o.Labels {
		if bad := slices.Concat(validation.IsQualifiedName(key), validation.IsValidLabelValue(value)); len(bad) > 0 {
			return p, fmt.Errorf("--label %s=%s: %s", key, value, bad[0])
		}
	}
	for key := range o.Annotations {
		if bad := validation.IsQualifiedName(strings.ToLower(key)); len(bad) > 0 {
			return p, fmt.Errorf("--annotation %s: %s", key, bad[0])
		}
	}
	for flag, list := range map[string]struct {
		from []string
		to   *[]netip.Prefix
	}{"--api-server": {o.APIServer, &p.APIServer}, "--nodes": {o.Nodes, &p.Nodes}, "--outside": {o.Outside, &p.Outside}} {
		for _, text := range list.from {
			block, ok := parseBlock(text)
			if !ok {
				return p, fmt.Errorf("%s: %q is neither an address nor a CIDR", flag, text)
			}
			*list.to = append(*list.to, block)
		}
	}
	return p, nil
}

func runNetpolGenerate(ctx context.Context, opts GenerateOptions, paths []string, s streams) error {
	targets, err := opts.Output.targets()
	if err != nil {
		return err
	}
	options, err := opts.plan()
	if err != nil {
		return err
	}
	view, needs, complete, err := opts.needs(ctx, paths, s)
	if err != nil {
		return err
	}
	setCollector(100, planMemory)
	plan := generate.Policies(view.network, view.services, needs, options)
	rehearsal := rehearse.Judge(needs, view.network.AssumeEnforced(), network.New(plan.Proposed(view.inv)).AssumeEnforced())
	results := reportnetwork.Rehearsed(rehearsal, plan)
	header := view.header("NetworkPolicyPlan", need.DeclaredReads)
	if opts.OutputDir != "" {
		if err := writeNamespaces(opts.OutputDir, header, needs, plan); err != nil {
			return err
		}
	}
	if opts.OutputDir == "" || len(opts.Output.Formats) > 0 {
		if err := opts.Output.writeAnswer(reportnetwork.Generated(header, needs, plan, results...), targets, s); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(s.err, "%s in %s: %s\n", plan.Counts(), opts.OutputDir, results[0])
	}
	switch {
	case len(plan.Unopened) > 0 || len(rehearsal.Breaks) > 0:
		return exitCode(exitFindings)
	case !complete:
		return exitCode(exitIncomplete)
	}
	return incomplete(header.Inventory.Gaps)
}

// planMemory is from where on the collector works hard: a plan is as large as what was seen.
const planMemory = 2 << 30

// needs reads what the policies have to allow, and says whether all of the logs was read.
func (o *GenerateOptions) needs(ctx context.Context, paths []string, s streams) (*networkView, *need.Needs, bool, error) {
	if !o.Declared && len(o.Flows) == 0 {
		return nil, nil, false, errors.New("--declared=false takes only what was seen: name flow logs with --flows")
	}
	if o.Declared {
		o.more = append(need.DeclaredReads(), rightsKinds()...)
	}
	if len(o.Flows) == 0 {
		view, err := o.read(ctx, paths, s)
		if err != nil {
			return nil, nil, false, err
		}
		return view, view.declared(), true, nil
	}
	view, flows, err := o.readObserved(ctx, paths, o.Flows, s)
	if err != nil {
		return nil, nil, false, err
	}
	needs := view.observed(flows)
	if o.Declared {
		needs = join(needs, view.declared())
	}
	return view, needs, flows.Summary.Complete() && fits(flows), nil
}

// fits says whether no connection was left out for want of room.
func fits(c *flow.Collection) bool { return c.Overflow == 0 }

// declared are the connections that objects declare.
func (v *networkView) declared() *need.Needs {
	var options need.DeclaredOptions
	if bindings := len(v.inv.Of(rbac.Group, "RoleBinding")) + len(v.inv.Of(rbac.Group, "ClusterRoleBinding")); bindings > 0 {
		authorizer := rbac.New(v.inv)
		options.HasRights = func(namespace, account string) bool {
			return len(authorizer.OwnRights(rbac.Subject{Kind: rbac.ServiceAccountKind, Namespace: namespace, Name: account})) > 0
		}
	}
	return need.Declared(v.inv, v.network, v.services, options)
}

// join is the needs of two sources.
func join(a, b *need.Needs) *need.Needs {
	return &need.Needs{
		List: slices.Concat(a.List, b.List), Denied: slices.Concat(a.Denied, b.Denied), Unresolved: slices.Concat(a.Unresolved, b.Unresolved),
		Beyond: a.Beyond + b.Beyond, CannotKnow: slices.Concat(a.CannotKnow, b.CannotKnow), First: a.First, Last: a.Last,
	}
}

// writeNamespaces writes a file for each namespace. Names of namespaces are names of files: the plan has no others.
func writeNamespaces(dir string, h reportnetwork.Header, needs *need.Needs, plan *generate.Plan) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { // #nosec G301 -- manifests are for all to read
		return fmt.Errorf("create folder of policies: %w", err)
	}
	for _, ns := range plan.Namespaces {
		part := plan.In(ns)
		if len(part.Policies) == 0 {
			continue
		}
		name := filepath.Join(dir, ns+".yaml")
		f, err := os.Create(name) // #nosec G304 -- the folder is the user's choice
		if err != nil {
			return fmt.Errorf("create policies of %s: %w", ns, err)
		}
		doc := reportnetwork.Generated(h, needs, part)
		if err := errors.Join(doc.Manifest(f), f.Close()); err != nil {
			return fmt.Errorf("write %s: %w", filepath.ToSlash(name), err)
		}
	}
	return nil
}
