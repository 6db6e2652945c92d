package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/rbac/usage"
	"github.com/plimsoll-io/plimsoll/report/access"
)

func newRBACUnusedCommand() *cobra.Command {
	var opts RBACOptions
	var audit, subjects []string
	var compare usage.UnusedOptions
	cmd := &cobra.Command{
		Use:   "unused --audit FILE… [PATH…]",
		Short: "Compare what subjects may do with what the audit log shows that they did",
		Long: `Compare what subjects may do with what the audit log shows that they did: rights used and unused,
when they were last used, how long was observed, and where the log has gaps.

A right that was not used in a short time may be needed all the same: the answer says how long was
observed. Broken lines of the log are counted, and the rest is read.

Exit codes: 0 answered · 2 usage or runtime error · 3 Roles, bindings or parts of the log could not
be read.`,
		Example: "  plimsoll rbac unused --audit /var/log/kubernetes/audit\n" +
			"  plimsoll rbac unused --audit audit.log.gz --subject sa:shop/cart cluster.plimsoll -f json",
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRBACUnused(cmd.Context(), opts, args, audit, subjects, compare, streamsOf(cmd))
		},
	}
	opts.AddFlags(cmd.Flags(), listFormats...)
	opts.Input.only = append(rightsKinds(), cronJobs)
	f := cmd.Flags()
	f.StringSliceVar(&audit, "audit", nil, auditFlag)
	f.StringSliceVar(&subjects, "subject", nil, "only these `subjects` (repeatable)")
	f.BoolVar(&compare.Defaults, "defaults", false, "also the bindings that Kubernetes itself installs")
	f.IntVar(&compare.Warn.Days, "days", 30, "shortest observation, in days, that needs no warning")
	return cmd
}

func runRBACUnused(ctx context.Context, opts RBACOptions, paths, audit, names []string, compare usage.UnusedOptions, s streams) error {
	targets, err := opts.Output.targets()
	if err != nil {
		return err
	}
	var subjects []rbac.Subject
	for _, name := range names {
		subject, err := rbac.ParseSubject(name)
		if err != nil {
			return err
		}
		subjects = append(subjects, subject)
	}
	view, used, err := opts.readUsage(ctx, paths, audit, s)
	if err != nil {
		return err
	}
	compare.Inventory = view.inv
	report := used.Unused(view.access, compare)
	if len(subjects) > 0 {
		report.Subjects = slices.DeleteFunc(report.Subjects, func(r usage.SubjectReport) bool { return !slices.Contains(subjects, r.Subject) })
	}
	header := view.header("UsageReport")
	doc := access.Unused(header, used.Summary, report)
	for _, subject := range subjects {
		if !slices.ContainsFunc(report.Subjects, func(r usage.SubjectReport) bool { return r.Subject == subject }) {
			doc.Notes = append(doc.Notes, subject.String()+": no binding names it, and the log does not show it")
		}
	}
	if err := opts.Output.writeAnswer(doc, targets, s); err != nil {
		return err
	}
	if len(header.Inventory.Gaps) > 0 || !used.Summary.Complete() {
		return exitCode(exitIncomplete)
	}
	return nil
}
