package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/report/access"
)

func newRBACCanCommand() *cobra.Command {
	var opts RBACOptions
	var name string
	var groups []string
	cmd := &cobra.Command{
		Use:   "can SUBJECT VERB RESOURCE [PATH…]",
		Short: "Say whether a subject may do something, and which binding, role and rule allow it",
		Long: `Say whether a subject may do something, and which binding, role and rule allow it.

-n names the namespace that is asked about, and that of manifests that name none; without it the
question is about cluster-scoped objects, or about all namespaces.

Exit codes: 0 it can · 1 it cannot · 2 usage or runtime error · 3 not known, since Roles or
bindings could not be read.`,
		Example: "  plimsoll rbac can sa:shop/cart get secrets -n shop ./manifests\n" +
			"  plimsoll rbac can jane create deployments.apps/scale -n shop --groups developers\n" +
			"  plimsoll rbac can group:system:authenticated get /metrics",
		Args: cobra.MinimumNArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRBACCan(cmd.Context(), opts, args, name, groups, streamsOf(cmd))
		},
	}
	opts.AddFlags(cmd.Flags(), listFormats...)
	opts.Input.only = rightsKinds()
	cmd.Flags().StringVar(&name, "name", "", "`name` of the object (default: none, as for create and list)")
	cmd.Flags().StringSliceVar(&groups, "groups", nil, "further `groups` that the user is in")
	return cmd
}

func runRBACCan(ctx context.Context, opts RBACOptions, args []string, name string, groups []string, s streams) error {
	targets, err := opts.Output.targets()
	if err != nil {
		return err
	}
	subject, err := rbac.ParseSubject(args[0])
	if err != nil {
		return err
	}
	view, err := opts.read(ctx, args[3:], s)
	if err != nil {
		return err
	}
	request, err := parseRequest(args[1], args[2], opts.Input.Namespace, name, view.inv)
	if err != nil {
		return err
	}
	grants := view.access.Grants(view.identityOf(subject).With(groups...), request)
	doc, answer := access.Can(view.header("Decision"), subject, request, grants)
	doc.Notes = append(doc.Notes, view.remarks(subject)...)
	if err := opts.Output.writeAnswer(doc, targets, s); err != nil {
		return err
	}
	switch {
	case answer.Allowed:
		return nil
	case answer.Unknown:
		return exitCode(exitIncomplete)
	}
	return exitCode(exitFindings)
}

// parseRequest reads what is asked about.
func parseRequest(verb, resource, namespace, name string, inv *inventory.Inventory) (rbac.Request, error) {
	r, err := rbac.ParseResource(resource, inv)
	if err != nil {
		return r, err
	}
	if verb == "" {
		return r, errors.New("the verb is empty")
	}
	r.Verb = rbac.NormalVerb(verb)
	if r.Path != "" {
		if namespace != "" || name != "" {
			return r, fmt.Errorf("%s is a path: it has no namespace and no name", r.Path)
		}
		return r, nil
	}
	r.Namespace, r.Name = namespace, name
	return r, nil
}
