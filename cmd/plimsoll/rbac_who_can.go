package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/plimsoll-io/plimsoll/report/access"
)

func newRBACWhoCanCommand() *cobra.Command {
	var opts RBACOptions
	var name string
	cmd := &cobra.Command{
		Use:   "who-can VERB RESOURCE [PATH…]",
		Short: "List who may do something, each with the binding, role and rule that allow it",
		Long: `List who may do something, each with the binding, role and rule that allow it.

-n names the namespace that is asked about, and that of manifests that name none; without it the
question is about cluster-scoped objects, or about all namespaces. With --identity a group is listed
with its people.

Exit codes: 0 answered · 2 usage or runtime error · 3 Roles or bindings could not be read, so
that the list may lack subjects.`,
		Example: "  plimsoll rbac who-can get secrets -n shop\n" +
			"  plimsoll rbac who-can create pods/exec -n shop --name cart-0 ./manifests\n" +
			"  plimsoll rbac who-can get secrets --identity people.csv -f csv -o readers.csv",
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRBACWhoCan(cmd.Context(), opts, args, name, streamsOf(cmd))
		},
	}
	opts.AddFlags(cmd.Flags(), listFormats...)
	opts.Input.only = rightsKinds()
	cmd.Flags().StringVar(&name, "name", "", "`name` of the object (default: none, as for create and list)")
	return cmd
}

func runRBACWhoCan(ctx context.Context, opts RBACOptions, args []string, name string, s streams) error {
	targets, err := opts.Output.targets()
	if err != nil {
		return err
	}
	view, err := opts.read(ctx, args[2:], s)
	if err != nil {
		return err
	}
	request, err := parseRequest(args[0], args[1], opts.Input.Namespace, name, view.inv)
	if err != nil {
		return err
	}
	header := view.header("AccessList")
	doc := access.WhoCan(header, request, view.access.WhoCan(request), view.members)
	if err := opts.Output.writeAnswer(doc, targets, s); err != nil {
		return err
	}
	return incomplete(header.Inventory.Gaps)
}
