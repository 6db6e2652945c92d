package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
	"github.com/plimsoll-io/plimsoll/policy"
	"github.com/plimsoll-io/plimsoll/policy/admission"
	"github.com/plimsoll-io/plimsoll/rehearse"
	"github.com/plimsoll-io/plimsoll/report/rehearsal"
)

// ChangeOptions say what is rehearsed, against what, and by which evidence.
type ChangeOptions struct {
	Input   InputOptions
	Output  OutputOptions
	Against []string
	Audit   []string
	Flows   []string
	Removed []string
	Only    bool
	Version string
	DryRun  string
}

func newRehearseCommand() *cobra.Command {
	var opts ChangeOptions
	cmd := &cobra.Command{
		Use:   "rehearse CHANGE…",
		Short: "What would this change break",
		Long: `What a change would break, before anybody makes it. CHANGE are the manifests of the change: files, folders,
charts, kustomizations, or - for standard input. They are laid over what the cluster has, or over what --against
names: manifests or a snapshot. What is there, and what logs recorded, is judged as if the change were in force.

Pod Security labels, ValidatingAdmissionPolicies, quotas and limit ranges are judged by all objects and templates.

Safe means: as far as what was read shows. What it cannot show is listed with every answer.

Exit codes: 0 safe · 1 something breaks · 2 usage or runtime error · 3 it cannot be said.`,
		Example: "  plimsoll rehearse change/\n" +
			"  plimsoll rehearse namespace.yaml --against cluster.plimsoll -f markdown\n" +
			"  plimsoll rehearse change/ --delete NetworkPolicy/shop/allow-web --audit audit.log --flows hubble.json",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRehearse(cmd.Context(), opts, args, streamsOf(cmd))
		},
	}
	opts.Input.AddFlags(cmd.Flags())
	opts.Output.AddFlags(cmd.Flags(), []string{"table", "json", "yaml", "csv", "markdown", "html"})
	f := cmd.Flags()
	f.StringSliceVar(&opts.Against, "against", nil, "`path` of manifests or a snapshot to rehearse against, instead of the cluster (repeatable)")
	f.StringSliceVar(&opts.Audit, "audit", nil, "audit `log` of the API server, file or folder, whose requests are replayed (repeatable)")
	f.StringSliceVar(&opts.Flows, "flows", nil, flowsFlag)
	f.StringSliceVar(&opts.Removed, "delete", nil, "`object` that the change removes: KIND[.GROUP]/NAME or KIND[.GROUP]/NAMESPACE/NAME (repeatable)")
	f.BoolVar(&opts.Only, "only", false, "the NetworkPolicies of the change replace all of their namespaces")
	f.StringVar(&opts.DryRun, "dry-run", "server", "`server`: a cluster is asked about the objects of the change, without keeping them, which takes the right to write them; or none")
	f.StringVar(&opts.Version, "kubernetes-version", "", "judge as this `version` does, 1.30 to 1.37 (default: the cluster's, or the newest)")
	return cmd
}

func runRehearse(ctx context.Context, opts ChangeOptions, paths []string, s streams) error {
	targets, err := opts.Output.targets()
	if err != nil {
		return err
	}
	if len(paths) == 0 && len(opts.Removed) == 0 {
		return errors.New("name the manifests of the change, or what --delete removes")
	}
	if err := onceStdin(paths, opts.Against, opts.Audit, opts.Flows); err != nil {
		return err
	}
	evidence, err := opts.evidence(ctx, s)
	if err != nil {
		return err
	}
	relaxCollector()
	before, proposed, err := opts.readBoth(ctx, paths, s)
	if err != nil {
		return err
	}
	if evidence.Removed, err = removedRefs(opts.Removed, before); err != nil {
		return err
	}
	if opts.Version == "" {
		evidence.Minor = knownMinor(before.Version)
	}
	if evidence.DryRun, err = opts.dryRunner(); err != nil {
		return err
	}
	r, err := rehearse.Run(ctx, before, proposed, evidence)
	if err != nil {
		return err
	}
	if err := opts.Output.writeAnswer(rehearsal.Of(before, proposed, r), targets, s); err != nil {
		return err
	}
	switch r.Verdict() {
	case rehearse.Breaks:
		return exitCode(exitFindings)
	case rehearse.Unknown:
		return exitCode(exitIncomplete)
	}
	return nil
}

// knownMinor is the minor version of a cluster, if its language is known; else "", which is the newest.
func knownMinor(version string) string {
	minor, err := admission.ParseMinor(version)
	if version == "" || err != nil {
		return ""
	}
	return minor
}

// evidence reads what the flags name beside manifests.
func (o *ChangeOptions) evidence(ctx context.Context, s streams) (rehearse.Evidence, error) {
	out := rehearse.Evidence{Only: o.Only, Now: time.Now()}
	var err error
	if o.Version != "" {
		if out.Minor, err = admission.ParseMinor(o.Version); err != nil {
			return out, err
		}
	}
	if len(o.Audit) > 0 {
		if out.Audit, err = logInputs(o.Audit, "audit log", s.in); err != nil {
			return out, err
		}
	}
	if len(o.Flows) > 0 {
		out.Flows, err = readFlows(ctx, o.Flows, s.in)
	}
	return out, err
}

// readBoth reads the change and what it is laid over. Policies of the change are read as they are written:
// they have to be judged word for word.
func (o *ChangeOptions) readBoth(ctx context.Context, paths []string, s streams) (before, proposed *inventory.Inventory, err error) {
	if len(o.Against) > 0 && (o.Input.Context != "" || o.Input.Kubeconfig != "") {
		return nil, nil, errors.New("--context and --kubeconfig name a cluster, --against names files: give only one of them")
	}
	if proposed, err = o.readChange(ctx, paths, s.in); err != nil {
		return nil, nil, err
	}
	input := o.Input
	input.more = rehearse.Kinds(proposed.All()) // what policies of the change judge
	before, err = input.load(ctx, o.Against, control.Settings{}, s.in)
	return before, proposed, err
}

// readChange reads the manifests of the change.
func (o *ChangeOptions) readChange(ctx context.Context, paths []string, stdin io.Reader) (*inventory.Inventory, error) {
	if len(paths) == 0 {
		return inventory.New(inventory.Source{Kind: "files"}, time.Now(), "", nil, nil), nil
	}
	redact := arrival()
	proposed, err := manifest.Read(ctx, paths, manifest.Options{
		Namespace: o.Input.Namespace, Chart: o.Input.Chart, Limits: o.Input.Limits, MaxDocument: o.Input.MaxDocument, Stdin: stdin,
		AuditPolicies: true,
		Redact: func(content map[string]any) int {
			if group, _, _ := strings.Cut(inventory.String(content, "apiVersion"), "/"); group == admission.Group {
				return 0
			}
			return redact(content)
		},
	})
	if err != nil {
		return nil, err
	}
	if len(proposed.All()) == 0 && len(proposed.Gaps) == 0 {
		return nil, fmt.Errorf("there is no Kubernetes object in %s", strings.Join(paths, ", "))
	}
	return proposed, nil
}

// removedRefs are the objects that --delete names.
func removedRefs(args []string, before *inventory.Inventory) ([]finding.Ref, error) {
	var out []finding.Ref
	for _, arg := range args {
		parts := strings.Split(arg, "/")
		if len(parts) != 2 && len(parts) != 3 || parts[0] == "" || parts[len(parts)-1] == "" {
			return nil, fmt.Errorf("--delete %q: use KIND/NAME or KIND/NAMESPACE/NAME", arg)
		}
		namespace := ""
		if len(parts) == 3 {
			namespace = parts[1]
		}
		ref, err := findRemoved(before, parts[0], namespace, parts[len(parts)-1])
		if err != nil {
			return nil, fmt.Errorf("--delete %q: %w", arg, err)
		}
		out = append(out, ref)
	}
	return out, nil
}

func findRemoved(before *inventory.Inventory, kind, namespace, name string) (finding.Ref, error) {
	kind, group, grouped := strings.Cut(kind, ".")
	var found []finding.Ref
	for _, gk := range before.Kinds() {
		if !strings.EqualFold(gk.Kind, kind) || grouped && gk.Group != group {
			continue
		}
		if o := before.Get(gk.Group, gk.Kind, namespace, name); o != nil {
			found = append(found, o.Ref)
		} else if namespace == "" && policy.Namespaced(schema.GroupVersionKind{Group: gk.Group, Version: "v1", Kind: gk.Kind}) {
			if o := before.Get(gk.Group, gk.Kind, "default", name); o != nil {
				found = append(found, o.Ref)
			}
		}
	}
	switch len(found) {
	case 0:
		return finding.Ref{}, errors.New("there is no such object in what was read")
	case 1:
		return found[0], nil
	}
	return finding.Ref{}, fmt.Errorf("there are several: name the group, %s.%s", found[0].Kind, found[0].Group())
}
