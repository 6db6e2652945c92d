package main

import (
	"context"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/rbac/usage"
	"github.com/plimsoll-io/plimsoll/report/access"
)

// cronJobs may not have run while the log was written.
var cronJobs = schema.GroupKind{Group: "batch", Kind: "CronJob"}

func newRBACGenerateCommand() *cobra.Command {
	var opts RBACOptions
	var audit []string
	var generate usage.GenerateOptions
	var replace bool
	cmd := &cobra.Command{
		Use:   "generate SUBJECT --audit FILE… [PATH…]",
		Short: "Write the least roles and bindings that a subject needs, by the audit log",
		Long: `Write the least roles and bindings by which a subject could have done what the audit log shows, as
YAML to review and apply.

By default only what existing roles do not grant is written; --replace writes everything, and names
the bindings that it makes superfluous. Rules name single objects where the log does, never where
the API server cannot know the name (create, deletecollection), and are generalised only with
--generalize-names or --names-above.

Exit codes: 0 written · 2 usage or runtime error · 3 Roles, bindings or parts of the log could not
be read, so that rights may be missing.`,
		Example: "  plimsoll rbac generate sa:shop/cart --audit audit.log cluster.plimsoll > roles.yaml\n" +
			"  plimsoll rbac generate sa:shop/cart --audit audit.log --replace --names-above 20",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			generate.Mode = usage.Missing
			if replace {
				generate.Mode = usage.Replace
			}
			return runRBACGenerate(cmd.Context(), opts, args, audit, generate, streamsOf(cmd))
		},
	}
	opts.AddFlags(cmd.Flags(), "yaml", "json", "table")
	opts.Input.only = append(rightsKinds(), cronJobs)
	f := cmd.Flags()
	f.StringSliceVar(&audit, "audit", nil, auditFlag)
	f.BoolVar(&replace, "replace", false, "write all rights that were used, to replace the existing bindings")
	f.BoolVar(&generate.GeneralizeNames, "generalize-names", false, "grant verbs on all objects of a resource where single ones were used")
	f.IntVar(&generate.NamesAbove, "names-above", 0, "generalise only where more objects than this `number` were used (0: never)")
	f.StringVar(&generate.Name, "role-name", "", "`name` of the roles and bindings (default: made from the subject's)")
	f.IntVar(&generate.Warn.Days, "days", 30, "shortest observation, in days, that needs no warning")
	return cmd
}

func runRBACGenerate(ctx context.Context, opts RBACOptions, args, audit []string, generate usage.GenerateOptions, s streams) error {
	targets, err := opts.Output.targets()
	if err != nil {
		return err
	}
	subject, err := rbac.ParseSubject(args[0])
	if err != nil {
		return err
	}
	view, used, err := opts.readUsage(ctx, args[1:], audit, s)
	if err != nil {
		return err
	}
	plan := used.Generate(subject, view.access, generate)
	header := view.header("RolePlan")
	doc := access.Generated(header, used.Summary, plan)
	if err := opts.Output.writeAnswer(doc, targets, s); err != nil {
		return err
	}
	if len(header.Inventory.Gaps) > 0 || !used.Summary.Complete() {
		return exitCode(exitIncomplete)
	}
	return nil
}
