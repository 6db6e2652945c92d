package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/harden/enforce"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/inventory"
	reportadmission "github.com/plimsoll-io/plimsoll/report/admission"
)

// PolicyPromoteOptions are the flags of `plimsoll policy promote`.
type PolicyPromoteOptions struct {
	Write  WriteOptions
	Output OutputOptions
	To     string
	Audit  []string
	Days   int
	Config string
}

func newPolicyPromoteCommand() *cobra.Command {
	var opts PolicyPromoteOptions
	cmd := &cobra.Command{
		Use:   "promote [CONTROL…]",
		Short: "Take installed controls to their next stage, where nothing would break",
		Long: `Take installed controls from audit to warn and from warn to deny, with the same namespaces and exceptions.
A control goes on only when the objects that are there do not violate it, when nothing did by the audit log
since --days days, and when everything is as it was installed. Else the command says what stands in the
way, object by object. Without CONTROL all that are installed are looked at. With --apply those go on that
nothing stands in the way of.

Exit codes: 0 nothing stands in the way · 1 something does · 2 usage or runtime error.`,
		Example: "  plimsoll policy promote --audit /var/log/kubernetes/audit/\n" +
			"  plimsoll policy promote host-path --to deny --audit audit.log --days 14 --apply --undo undo.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			return runPolicyPromote(cmd.Context(), opts, args, streamsOf(cmd))
		},
	}
	opts.Write.AddFlags(cmd.Flags())
	opts.Output.AddFlags(cmd.Flags(), []string{"table", "json", "yaml", "csv", "markdown", "html"})
	f := cmd.Flags()
	f.StringVar(&opts.To, "to", "", "the `stage` to reach, warn or deny (default: the next one)")
	f.StringSliceVar(&opts.Audit, "audit", nil, auditFlag)
	f.IntVar(&opts.Days, "days", 7, "how many `days` the stage must have been watched without a violation; 0 asks for no audit log")
	f.StringVar(&opts.Config, "config", "", "configuration `file` (default: "+defaultConfig+" in the working directory, if it is there)")
	return cmd
}

func runPolicyPromote(ctx context.Context, opts PolicyPromoteOptions, args []string, s streams) error {
	targets, err := opts.Output.targets()
	if err != nil {
		return err
	}
	request, err := opts.request(args)
	if err != nil {
		return err
	}
	w, err := opts.Write.connect()
	if err != nil {
		return err
	}
	present, err := w.present(ctx, "")
	if err != nil {
		return err
	}
	log, err := opts.evidence(ctx, &request, s)
	if err != nil {
		return err
	}
	promotions, err := w.promotions(ctx, present, request)
	if err != nil {
		return err
	}
	outcome, err := w.promote(ctx, promotions, present, request.Settings)
	if err != nil {
		return err
	}
	body := reportadmission.NewPromotion(w.client.Cluster, opts.Days, promotions, log, request.Inventory.Gaps)
	body.Changes, body.Written = append(body.Changes, w.changes...), w.written
	if err := opts.Output.writeAnswer(reportadmission.Promotion(body), targets, s); err != nil {
		return err
	}
	return outcome
}

// request reads what the flags say.
func (o *PolicyPromoteOptions) request(args []string) (enforce.PromoteRequest, error) {
	request := enforce.PromoteRequest{Controls: args, Days: o.Days, Now: time.Now()}
	if o.To != "" {
		stage, err := enforce.ParseStage(o.To)
		if err != nil {
			return request, err
		}
		if stage == enforce.Audit {
			return request, fmt.Errorf("--to is audit: nothing comes before it; to go back use plimsoll policy install --stage audit")
		}
		request.To = stage
	}
	settings, _, err := loadConfig(o.Config, nil)
	request.Settings = settings
	if err != nil {
		return request, err
	}
	all, err := control.All()
	if err != nil {
		return request, err
	}
	return request, checkIDs(all, args)
}

// evidence reads the cluster and the audit logs.
func (o *PolicyPromoteOptions) evidence(ctx context.Context, request *enforce.PromoteRequest, s streams) (*reportadmission.Log, error) {
	all, err := control.All()
	if err != nil {
		return nil, err
	}
	input := InputOptions{Kubeconfig: o.Write.Kubeconfig, Context: o.Write.Context, Timeout: o.Write.Timeout, only: enforce.Kinds(all)}
	if request.Inventory, err = input.load(ctx, nil, request.Settings, nil); err != nil {
		return nil, err
	}
	if len(o.Audit) == 0 {
		return nil, nil
	}
	observer := &enforce.Observer{Since: request.Now.AddDate(0, 0, -o.Days)}
	log, err := observe(ctx, observer, o.Audit, s.in)
	if err != nil {
		return nil, err
	}
	request.Observed = observer.Observations()
	request.Period = enforce.Period{First: log.First, Last: log.Last, Complete: log.Complete, Gaps: log.Gaps}
	return log, nil
}

// promotions says what can go on. Parameters of policies are taken as they are in the cluster.
func (w *writing) promotions(ctx context.Context, present []enforce.Present, request enforce.PromoteRequest) ([]enforce.Promotion, error) {
	catalogue, err := control.All()
	if err != nil {
		return nil, err
	}
	objects := make([]map[string]any, len(present))
	for i, p := range present {
		objects[i] = p.Content
	}
	status := enforce.ReadStatus(objects, catalogue, paramsIn(ctx, w.client), request.Now)
	if request.Settings.Params, err = w.params(ctx, present, request.Settings.Params); err != nil {
		return nil, err
	}
	return enforce.Promotions(ctx, status, request)
}

// params are the parameters by control, as they are in the cluster where bindings name them.
func (w *writing) params(ctx context.Context, present []enforce.Present, configured map[string]map[string]string) (map[string]map[string]string, error) {
	with, err := w.withParams(ctx, present)
	if err != nil {
		return nil, err
	}
	out := map[string]map[string]string{}
	for id, data := range configured {
		out[id] = data
	}
	for _, p := range with[len(present):] {
		out[enforce.ControlOf(p.Content)] = inventory.Strings(inventory.Map(p.Content, "data"))
	}
	return out, nil
}

// promote tries, and with --apply writes, what nothing stands in the way of.
func (w *writing) promote(ctx context.Context, promotions []enforce.Promotion, present []enforce.Present, settings control.Settings) (outcome, err error) {
	for i := range promotions {
		if len(promotions[i].Blockers) > 0 {
			outcome = exitCode(exitFindings)
		}
	}
	installations, err := enforce.Install(promotions, settings)
	if err != nil {
		return nil, err
	}
	all := &plan.Plan{}
	for _, inst := range installations {
		all.Steps = append(all.Steps, inst.Plan(present).Steps...)
	}
	if len(all.Steps) == 0 {
		return outcome, nil
	}
	written, err := w.run(ctx, all, true)
	return worse(outcome, written), err
}
