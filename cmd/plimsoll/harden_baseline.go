package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/harden/baseline"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/policy"
	"github.com/plimsoll-io/plimsoll/policy/admission"
	"github.com/plimsoll-io/plimsoll/report/answer"
	reportharden "github.com/plimsoll-io/plimsoll/report/harden"
)

// HardenBaselineOptions are the flags of `plimsoll harden baseline`.
type HardenBaselineOptions struct {
	Plans      HardenPlanOptions
	Input      InputOptions
	Team       string
	Namespaces []string
	Viewer     string
	Deployer   string
	Operator   string
	AnyName    bool
	Accounts   []string
	Quota      map[string]string
	Registries []string
	Store      string
	Place      string
	KMS        string
	Owner      string
	Ticket     string
	AcceptedBy string
	Expires    string
	Minor      string
	Network    GenerateOptions // only the addresses
}

// AddFlags declares the flags.
func (o *HardenBaselineOptions) AddFlags(f *pflag.FlagSet) {
	o.Plans.AddFlags(f)
	o.Input.AddFlags(f)
	for _, name := range []string{"kubeconfig", "context", "timeout"} {
		f.Lookup(name).Hidden = true // a baseline is for what is not there yet
	}
	f.StringVar(&o.Team, "team", "", "`name` of the team")
	f.StringSliceVar(&o.Namespaces, "in", nil, "`namespace` of the team (repeatable; default: one that is called like it)")
	f.StringVar(&o.Viewer, "group-viewer", "", "`group` that looks (default: NAME-viewers, cluster-viewers)")
	f.StringVar(&o.Deployer, "group-deployer", "", "`group` that deploys (default: NAME-deployers); none for a cluster")
	f.StringVar(&o.Operator, "group-operator", "", "`group` that operates (default: NAME-operators, cluster-operators)")
	f.BoolVar(&o.AnyName, "any-name", false, "let deployers choose names, though PATH declares them")
	f.StringSliceVar(&o.Accounts, "service-account", nil, "service `account` that pods may have, besides default and those in PATH "+
		"(repeatable)")
	f.StringToStringVar(&o.Quota, "quota", nil, "`entry=amount` of the quota of each namespace, requests.cpu=8 (repeatable)")
	f.StringSliceVar(&o.Registries, "registry", nil, "`registry` that images may come from (repeatable)")
	f.StringVar(&o.Store, "secret-store", "vault", "where secrets come from: "+strings.Join(baseline.Providers(), ", ")+" or none")
	f.StringVar(&o.Place, "secret-store-place", "", "its `place`: the URL of a vault, the region of aws, the project of gcp")
	f.StringVar(&o.KMS, "kms", "", "`socket` of the KMS plugin that holds the key of Secrets at rest: unix:///var/run/kms/socket.sock")
	f.StringVar(&o.AcceptedBy, "accepted-by", "", "`person` who accepts what deployers can do")
	f.StringVar(&o.Ticket, "ticket", "", "`ticket` of that acceptance")
	f.StringVar(&o.Owner, "owner", "", "`who` answers for it")
	f.StringVar(&o.Expires, "expires", "", "last `day` of it, 2027-03-31")
	f.StringVar(&o.Minor, "kubernetes-version", "", "`version` of the cluster (default: "+policy.Newest+")")
	f.StringSliceVar(&o.Network.APIServer, "api-server", nil, "`CIDR` of the API server, for pods that need it (repeatable)")
	f.StringSliceVar(&o.Network.Nodes, "nodes", nil, "`CIDR` of nodes (repeatable)")
	f.StringVar(&o.Network.Plan.IngressController, "ingress-controller", "", "`NAMESPACE` or NAMESPACE/NAME of what serves Ingresses")
}

func newHardenBaselineCommand() *cobra.Command {
	var opts HardenBaselineOptions
	cmd := &cobra.Command{
		Use:   "baseline cluster | team --team NAME | namespace --namespace NAME [PATH…]",
		Short: "Write what a new cluster, team or namespace starts with",
		Long: `Write what a new cluster, team or namespace starts with, as folders of manifests to apply one after the other.

A namespace, or each of a team, gets the Pod Security level restricted, a quota, limits, a default account
without token, denied traffic with DNS opened, the catalogue's policies in audit stage, a policy about the
accounts of its pods, roles for those who look, deploy and operate, and a SecretStore. PATH are the manifests
that are to run there: the connections that they declare are opened at both ends, and what deployers may
write is named after them.

A cluster gets an audit policy, anonymous access to health endpoints only, encryption at rest, the flags for
kubeadm and for static pods, the catalogue's policies in audit stage, and roles.

Each step says what to do before and after it, and how to go back. Nothing holds a key or a password.

Exit codes: 0 written · 2 usage or runtime error · 3 written, and something of PATH could not be read.`,
		Example: "  plimsoll harden baseline namespace --namespace shop --output-dir shop-baseline/\n" +
			"  plimsoll harden baseline namespace --namespace shop manifests/ --group-deployer shop-ci --output-dir shop-baseline/\n" +
			"  plimsoll harden baseline team --team checkout --in cart,payment --output-dir checkout-baseline/\n" +
			"  plimsoll harden baseline cluster --kubernetes-version 1.34 --output-dir cluster-baseline/",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.defaults(args[0], cmd.Flags())
			return runHardenBaseline(cmd.Context(), opts, args, streamsOf(cmd))
		},
	}
	opts.AddFlags(cmd.Flags())
	return cmd
}

// defaults fills in the groups that no flag names. One that is named "" stays so: then the role is left out.
func (o *HardenBaselineOptions) defaults(kind string, f *pflag.FlagSet) {
	name := o.Input.Namespace
	switch baseline.Kind(kind) {
	case baseline.Cluster:
		name = "cluster"
	case baseline.Team:
		name = o.Team
	}
	for flag, group := range map[string]*string{"group-viewer": &o.Viewer, "group-deployer": &o.Deployer, "group-operator": &o.Operator} {
		if !f.Changed(flag) && name != "" && (name != "cluster" || flag != "group-deployer") {
			*group = name + "-" + strings.TrimPrefix(flag, "group-") + "s"
		}
	}
}

func runHardenBaseline(ctx context.Context, opts HardenBaselineOptions, args []string, s streams) error {
	o, err := opts.baseline(args[0])
	if err != nil {
		return err
	}
	if paths := args[1:]; len(paths) > 0 {
		if o.Kind == baseline.Cluster {
			return errors.New("a cluster's baseline takes no manifests: name a team or a namespace")
		}
		if o.Kind == baseline.Team && opts.Input.Namespace == "" {
			opts.Input.Namespace = o.Name // of manifests that name none
		}
		if o.Declared, err = opts.Input.load(ctx, paths, control.Settings{}, s.in); err != nil {
			return err
		}
	}
	b, err := baseline.Build(o)
	if err != nil {
		return err
	}
	header := reportharden.HeaderOf("plimsoll harden baseline "+args[0], o.Declared, append(need.DeclaredReads(), inventory.WorkloadKinds()...))
	if opts.Plans.OutputDir == "" {
		err = opts.Plans.write(header, b.Plan, s, func(p *plan.Plan) *answer.Document { return reportharden.Of(header, p) })
	} else {
		err = opts.writeFolder(header, b, s)
	}
	if err != nil {
		return err
	}
	return incomplete(header.Inventory.Gaps)
}

// writeFolder writes the steps, and what belongs beside them.
func (o *HardenBaselineOptions) writeFolder(h reportharden.Header, b *baseline.Baseline, s streams) error {
	if o.Plans.Step != "" {
		return errors.New("--step chooses what to print: a folder has all steps")
	}
	targets, err := o.Plans.Output.targets()
	if err != nil {
		return err
	}
	files, err := reportharden.Folder(h, b.Plan)
	if err != nil {
		return err
	}
	files = append(files, b.Files...)
	if all, ok := kustomizationOfSteps(files); ok {
		files = append(files, all)
	}
	if err := writeFolder(o.Plans.OutputDir, files, o.Plans.Force); err != nil {
		return err
	}
	fmt.Fprintf(s.err, "%s: %s in %s\n", b.Plan.Title, reportharden.Size(b.Plan), filepath.ToSlash(o.Plans.OutputDir))
	if len(o.Plans.Output.Formats) == 0 {
		return nil
	}
	return o.Plans.Output.writeAnswer(reportharden.Of(h, b.Plan), targets, s)
}

// kustomizationOfSteps is the kustomization of all steps, for tools that apply everything at once, as those of GitOps do;
// ok is false when no step has objects.
func kustomizationOfSteps(files []plan.File) (plan.File, bool) {
	text := "# All steps at once, for tools that wait for what is missing. By hand, take them one after the other: see README.md.\n" +
		"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n"
	var steps []string
	for _, f := range files {
		if dir, name := path.Split(f.Name); name == "kustomization.yaml" && dir != "" {
			steps = append(steps, path.Clean(dir))
		}
	}
	for _, dir := range steps {
		text += "- " + dir + "\n"
	}
	return plan.File{Name: "kustomization.yaml", Text: []byte(text)}, len(steps) > 0
}

// baseline checks the flags.
func (o *HardenBaselineOptions) baseline(kind string) (baseline.Options, error) {
	out := baseline.Options{
		Kind: baseline.Kind(kind), Groups: baseline.Groups{Viewer: o.Viewer, Deployer: o.Deployer, Operator: o.Operator},
		AnyName: o.AnyName, Accounts: o.Accounts, Quota: o.Quota, Registries: o.Registries,
		Store: baseline.Store{Provider: o.Store, Place: o.Place}, Encryption: baseline.Encryption{KMS: o.KMS},
		Acceptance: baseline.Acceptance{Owner: o.Owner, Ticket: o.Ticket, ApprovedBy: o.AcceptedBy},
	}
	if o.Store == "none" {
		out.Store.Provider = ""
	}
	switch out.Kind {
	case baseline.Namespace:
		out.Name = o.Input.Namespace
		if o.Team != "" || len(o.Namespaces) > 0 {
			return out, errors.New("--team and --in are for a team: name one namespace with --namespace")
		}
	case baseline.Team:
		out.Name, out.Namespaces = o.Team, o.Namespaces
	case baseline.Cluster:
		if o.Team != "" || len(o.Namespaces) > 0 || o.Input.Namespace != "" {
			return out, errors.New("a cluster's baseline has no namespaces: use `harden baseline namespace` for those")
		}
	}
	var err error
	if out.Minor, err = admission.ParseMinor(o.Minor); err != nil {
		return out, err
	}
	network := GenerateOptions{Direction: "both", Style: "per-workload", Existing: "keep", APIServer: o.Network.APIServer, Nodes: o.Network.Nodes}
	network.Plan.IngressController = o.Network.Plan.IngressController
	if out.Network, err = network.plan(); err != nil {
		return out, err
	}
	return out, o.acceptance(&out.Acceptance)
}

// acceptance reads the day, and refuses half an acceptance: an exception needs all of it.
func (o *HardenBaselineOptions) acceptance(a *baseline.Acceptance) error {
	parts := []string{o.AcceptedBy, o.Ticket, o.Owner, o.Expires}
	empty := slices.Index(parts, "")
	switch {
	case !slices.ContainsFunc(parts, func(s string) bool { return s != "" }):
		return nil
	case empty >= 0:
		return fmt.Errorf("--accepted-by, --ticket, --owner and --expires belong together: %s is missing",
			[]string{"--accepted-by", "--ticket", "--owner", "--expires"}[empty])
	}
	day, err := time.Parse(time.DateOnly, o.Expires)
	if err != nil {
		return fmt.Errorf("--expires is %q: use a day such as 2027-03-31", o.Expires)
	}
	a.Expires = day
	return nil
}
