package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/report/access"
)

func newRBACListCommand() *cobra.Command {
	var opts RBACOptions
	var groups []string
	cmd := &cobra.Command{
		Use:   "list SUBJECT [PATH…]",
		Short: "List everything that a subject may do, its groups' rights included",
		Long: `List everything that a subject may do, its groups' rights included, each with the bindings that
grant it. -n keeps to what counts in one namespace.

Exit codes: 0 answered · 2 usage or runtime error · 3 Roles or bindings could not be read, so
that rights may be missing.`,
		Example: "  plimsoll rbac list sa:shop/cart ./manifests\n  plimsoll rbac list jane --groups developers -f json",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRBACList(cmd.Context(), opts, args, groups, streamsOf(cmd))
		},
	}
	opts.AddFlags(cmd.Flags(), listFormats...)
	opts.Input.only = rightsKinds()
	cmd.Flags().StringSliceVar(&groups, "groups", nil, "further `groups` that the user is in")
	return cmd
}

func runRBACList(ctx context.Context, opts RBACOptions, args, groups []string, s streams) error {
	targets, err := opts.Output.targets()
	if err != nil {
		return err
	}
	subject, err := rbac.ParseSubject(args[0])
	if err != nil {
		return err
	}
	view, err := opts.read(ctx, args[1:], s)
	if err != nil {
		return err
	}
	id := view.identityOf(subject).With(groups...)
	var rights []rbac.Right
	for _, r := range view.access.Rights(id) {
		if ns := opts.Input.Namespace; ns == "" || r.Namespace == "" || r.Namespace == ns {
			rights = append(rights, r)
		}
	}
	header := view.header("RightsList")
	doc := access.Rights(header, subject, id, rights)
	doc.Notes = append(doc.Notes, view.remarks(subject)...)
	if err := opts.Output.writeAnswer(doc, targets, s); err != nil {
		return err
	}
	return incomplete(header.Inventory.Gaps)
}
