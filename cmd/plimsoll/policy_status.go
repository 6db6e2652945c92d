package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/apply"
	"github.com/plimsoll-io/plimsoll/auditlog"
	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/harden/enforce"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy/admission"
	reportadmission "github.com/plimsoll-io/plimsoll/report/admission"
)

// PolicyStatusOptions are the flags of `plimsoll policy status`.
type PolicyStatusOptions struct {
	Input  InputOptions
	Output OutputOptions
	Audit  []string
}

func newPolicyStatusCommand() *cobra.Command {
	var opts PolicyStatusOptions
	cmd := &cobra.Command{
		Use:   "status [PATH…]",
		Short: "Show which controls are enforced where, and what they did",
		Long: `Show which controls are enforced as policies: at which stage, in which namespaces, with which exceptions; how
policies and bindings differ from what was installed, field by field and by whom; and which exceptions have
expired, which bindings do not notice. Without PATH the current cluster is read.

With --audit the API server's audit log shows what each policy denied, warned about or audited.

Exit codes: 0 all is as it was installed · 1 something was edited, is missing or has expired · 2 usage or
runtime error · 3 something could not be read.`,
		Example: "  plimsoll policy status\n  plimsoll policy status --audit /var/log/kubernetes/audit/\n  plimsoll policy status -f json manifests/",
		RunE: func(cmd *cobra.Command, args []string) error {
			return runPolicyStatus(cmd.Context(), opts, args, streamsOf(cmd))
		},
	}
	opts.Input.AddFlags(cmd.Flags())
	opts.Output.AddFlags(cmd.Flags(), []string{"table", "json", "yaml", "csv", "markdown", "html"})
	cmd.Flags().StringSliceVar(&opts.Audit, "audit", nil, auditFlag)
	return cmd
}

func runPolicyStatus(ctx context.Context, opts PolicyStatusOptions, paths []string, s streams) error {
	targets, err := opts.Output.targets()
	if err != nil {
		return err
	}
	catalogue, err := control.All()
	if err != nil {
		return err
	}
	found, err := opts.read(ctx, paths, s)
	if err != nil {
		return err
	}
	status := enforce.ReadStatus(found.objects, catalogue, found.params, time.Now())
	body := reportadmission.NewStatus(found.source, status, found.gaps)
	if len(opts.Audit) > 0 {
		observer := &enforce.Observer{}
		if body.Log, err = observe(ctx, observer, opts.Audit, s.in); err != nil {
			return err
		}
		body.Observed = observer.Observations()
	}
	if err := opts.Output.writeAnswer(reportadmission.Status(body), targets, s); err != nil {
		return err
	}
	switch {
	case !status.Clean():
		return exitCode(exitFindings)
	case len(body.Gaps) > 0 || body.Log != nil && !body.Log.Complete:
		return exitCode(exitIncomplete)
	}
	return nil
}

// found is what status looks at.
type found struct {
	source  string
	objects []map[string]any
	gaps    []inventory.Gap
	params  func(namespace, name string) (there, known bool)
}

func (o *PolicyStatusOptions) read(ctx context.Context, paths []string, s streams) (*found, error) {
	if len(paths) == 0 {
		return o.readLive(ctx)
	}
	if o.Input.Context != "" || o.Input.Kubeconfig != "" {
		return nil, errors.New("--context and --kubeconfig name a cluster, the paths name files: give only one of them")
	}
	var inv *inventory.Inventory
	var err error
	if len(paths) == 1 && isSnapshot(paths[0]) {
		inv, err = readSnapshot(paths[0])
	} else {
		policies := PolicyOptions{Input: o.Input}
		inv, err = policies.readPolicies(ctx, paths, s)
	}
	if err != nil {
		return nil, err
	}
	f := &found{source: strings.Join(paths, " "), gaps: gapsOf(inv)}
	for _, kind := range []string{admission.ValidatingKind, admission.ValidatingBindingKind} {
		for _, object := range inv.Of(admission.Group, kind) {
			f.objects = append(f.objects, object.Content)
		}
	}
	return f, nil
}

// gapsOf are the gaps that may hide policies or bindings.
func gapsOf(inv *inventory.Inventory) []inventory.Gap {
	var out []inventory.Gap
	for _, g := range inv.Gaps {
		if g.Covers(schema.GroupKind{Group: admission.Group, Kind: admission.ValidatingKind}) ||
			g.Covers(schema.GroupKind{Group: admission.Group, Kind: admission.ValidatingBindingKind}) {
			out = append(out, g)
		}
	}
	return out
}

// readLive reads policies and bindings as they are, with the record of who wrote them.
func (o *PolicyStatusOptions) readLive(ctx context.Context) (*found, error) {
	write := WriteOptions{Kubeconfig: o.Input.Kubeconfig, Context: o.Input.Context, Timeout: o.Input.Timeout}
	w, err := write.connect()
	if err != nil {
		return nil, err
	}
	present, err := w.present(ctx, "")
	if err != nil {
		return nil, err
	}
	f := &found{source: w.client.Cluster, params: paramsIn(ctx, w.client)}
	for _, p := range present {
		f.objects = append(f.objects, p.Content)
	}
	return f, nil
}

// paramsIn asks whether a ConfigMap is there; who may not read it does not know.
func paramsIn(ctx context.Context, client *apply.Client) func(namespace, name string) (there, known bool) {
	return func(namespace, name string) (there, known bool) {
		content, err := client.Get(ctx, schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}, namespace, name)
		return content != nil, err == nil
	}
}

// observe lets an observer see audit logs.
func observe(ctx context.Context, observer *enforce.Observer, audit []string, stdin io.Reader) (*reportadmission.Log, error) {
	inputs, err := auditInputs(audit, stdin)
	if err != nil {
		return nil, err
	}
	summary, err := auditlog.Read(ctx, inputs, auditlog.Options{}, observer.NewConsumer)
	if err != nil {
		return nil, err
	}
	return &reportadmission.Log{
		First: summary.First, Last: summary.Last, Events: summary.Events, Broken: summary.Broken,
		Complete: summary.Complete() && summary.Events > 0, Gaps: len(summary.Gaps) + summary.MoreGaps,
	}, nil
}
