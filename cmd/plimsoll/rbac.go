package main

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/identity"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/report/access"
)

func newRBACCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rbac",
		Short: "Who can do what, how they could become admin, and what they should have instead",
		Long: `Who can do what, how they could become admin, and what they should have instead.

All answers come from Roles and bindings as the API server's RBAC authorizer reads them, on
manifests, snapshots and live clusters alike. SUBJECT is sa:NAMESPACE/NAME, group:NAME,
user:NAME or a user's plain name. RESOURCE is RESOURCE[.GROUP][/SUBRESOURCE] or /PATH.`,
	}
	cmd.AddCommand(newRBACCanCommand(), newRBACWhoCanCommand(), newRBACListCommand(), newRBACMatrixCommand(), newRBACDiffCommand(),
		newRBACUnusedCommand(), newRBACGenerateCommand(),
		newRBACPathsCommand(), newRBACReachCommand(), newRBACCutCommand(), newRBACGraphCommand())
	return cmd
}

// RBACOptions are what all rbac commands share.
type RBACOptions struct {
	Input    InputOptions
	Output   OutputOptions
	Identity IdentityOptions

	// collector is how far the heap may grow between two collections, in percent; 0 is the usual.
	collector int
}

// AddFlags declares the flags; formats are those that the command's answer has.
func (o *RBACOptions) AddFlags(f *pflag.FlagSet, formats ...string) {
	o.Input.AddFlags(f)
	o.Output.AddFlags(f, formats)
	o.Identity.AddFlags(f)
}

// The formats of answers that are lists, and of those that are graphs too.
var (
	listFormats  = []string{"table", "json", "yaml", "csv", "markdown", "html"}
	graphFormats = []string{"table", "json", "yaml", "csv", "markdown", "html", "dot", "mermaid", "svg"}
)

// rightsKinds are what questions about rights read of a cluster; ConfigMaps, since aws-auth puts people into groups.
func rightsKinds() []schema.GroupKind {
	return append(rbac.Reads(), schema.GroupKind{Kind: "ServiceAccount"}, schema.GroupKind{Kind: "Namespace"}, schema.GroupKind{Kind: "ConfigMap"},
		schema.GroupKind{Kind: "Node"}, schema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"})
}

// A rightsView is what the questions are asked of.
type rightsView struct {
	inv    *inventory.Inventory
	facts  *control.Facts
	access *rbac.Authorizer // of facts
	people *identity.Directory
}

// read reads the inventory and the identity files.
func (o *RBACOptions) read(ctx context.Context, paths []string, s streams) (*rightsView, error) {
	done := frugalCollector(cmp.Or(o.collector, 150))
	people, err := o.Identity.read(s.err)
	if err != nil {
		return nil, err
	}
	inv, err := o.Input.load(ctx, paths, control.Settings{}, s.in)
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 && o.Input.Namespace != "" {
		// Bindings name service accounts of any namespace: nobody can say that those which were not read do not exist.
		inv.Gaps = append(inv.Gaps, inventory.Gap{
			Kind: rbac.ServiceAccountKind, Reason: "only the namespace " + o.Input.Namespace + " was read, as -n says",
		})
	}
	done()
	people = withAWSAuth(people, inv, s.err)
	facts := control.NewFacts(inv, control.Settings{Members: membersOf(people)})
	return &rightsView{inv: inv, facts: facts, access: facts.Access(), people: people}, nil
}

// header starts an answer.
func (v *rightsView) header(kind string) access.Header { return access.HeaderOf(kind, v.inv, v.access) }

// identityOf is how the API server sees the subject, with the groups that an identity file gives.
func (v *rightsView) identityOf(s rbac.Subject) rbac.Identity {
	id := s.Identity()
	if s.Kind == rbac.UserKind {
		id = id.With(v.people.Groups(s.Name)...)
	}
	return id
}

// remarks warn of a subject that nothing names: it may be misspelt, and then "it cannot" says nothing.
func (v *rightsView) remarks(subjects ...rbac.Subject) []string {
	var out []string
	for _, s := range subjects {
		known := len(v.access.BindingsOf(s)) > 0 || s.Kind != rbac.GroupKind && len(v.people.Groups(s.Name)) > 0
		missing := "no binding names it"
		if s.Kind == rbac.ServiceAccountKind {
			known = known || v.inv.Get("", s.Kind, s.Namespace, s.Name) != nil
			missing = "it is not in what was read, and no binding names it"
		}
		if !known {
			out = append(out, s.String()+": "+missing+"; only what all callers or its groups may do counts")
		}
	}
	return out
}

// members names the people of a group.
func (v *rightsView) members(group string) []string { return membersOf(v.people)(group) }
