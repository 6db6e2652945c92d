package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/report/access"
)

func newRBACMatrixCommand() *cobra.Command {
	var opts RBACOptions
	var subjects []string
	var verb, resource string
	var filter rbac.Filter
	cmd := &cobra.Command{
		Use:   "matrix [PATH…]",
		Short: "Document who may do what: the matrix, the role definitions and the role assignments",
		Long: `Document who may do what, as auditors ask for it: subject by resource with the verbs, the definitions
of all roles, and which subject has which role, where, by which binding and since when. What
Kubernetes itself installs is left out unless --defaults is given.

Exit codes: 0 answered · 2 usage or runtime error · 3 Roles or bindings could not be read, so
that rights may be missing.`,
		Example: "  plimsoll rbac matrix -f html -o access.html\n" +
			"  plimsoll rbac matrix --resource secrets --verb get --effective -f csv ./manifests\n" +
			"  plimsoll rbac matrix --identity people.csv -f csv=assignments.csv -f json=matrix.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRBACMatrix(cmd.Context(), opts, args, matrixChoice{filter, subjects, verb, resource}, streamsOf(cmd))
		},
	}
	opts.AddFlags(cmd.Flags(), listFormats...)
	opts.Input.only = rightsKinds()
	f := cmd.Flags()
	filter.NoDefaults = true
	f.StringSliceVar(&subjects, "subject", nil, "only these `subjects` (repeatable)")
	f.StringVar(&resource, "resource", "", "only rights on this `resource`, wildcards included")
	f.StringVar(&verb, "verb", "", "only rights with this `verb`, wildcards included")
	f.BoolVar(&filter.Effective, "effective", false, "repeat with each subject what its groups give it")
	f.BoolFunc("defaults", "also what Kubernetes itself installs", func(string) error { filter.NoDefaults = false; return nil })
	return cmd
}

// A matrixChoice is which part of the matrix was asked for.
type matrixChoice struct {
	filter         rbac.Filter
	subjects       []string
	verb, resource string
}

func runRBACMatrix(ctx context.Context, opts RBACOptions, paths []string, choice matrixChoice, s streams) error {
	targets, err := opts.Output.targets()
	if err != nil {
		return err
	}
	var subjects []rbac.Subject
	for _, name := range choice.subjects {
		subject, err := rbac.ParseSubject(name)
		if err != nil {
			return err
		}
		subjects = append(subjects, subject)
	}
	view, err := opts.read(ctx, paths, s)
	if err != nil {
		return err
	}
	filter := choice.filter
	filter.Verb, filter.Namespace = rbac.NormalVerb(choice.verb), opts.Input.Namespace
	if len(subjects) > 0 {
		filter.Subject = func(x rbac.Subject) bool { return slices.Contains(subjects, x) }
	}
	if choice.resource != "" {
		r, err := rbac.ParseResource(choice.resource, view.inv)
		if err != nil {
			return err
		}
		filter.Group, filter.Resource = r.Group, r.Resource
		if r.Subresource != "" {
			filter.Resource += "/" + r.Subresource
		}
	}
	header := view.header("AccessMatrix")
	doc := access.Matrix(header, view.access, access.MatrixOptions{Filter: filter, People: view.members})
	doc.Notes = append(doc.Notes, view.remarks(subjects...)...)
	if err := opts.Output.writeAnswer(doc, targets, s); err != nil {
		return err
	}
	return incomplete(header.Inventory.Gaps)
}
