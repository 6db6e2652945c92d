package rbac

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/bootstrap"
)

// readRoles reads all roles, and aggregates the ClusterRoles of files as the controller of a live cluster would: there
// the rules that the API server holds are what counts.
func (a *Authorizer) readRoles(inv *inventory.Inventory) map[finding.Ref]*Role {
	byRef := map[finding.Ref]*Role{}
	for _, kind := range []string{"ClusterRole", "Role"} {
		for _, o := range objectsOf(inv, kind) {
			role := &Role{Ref: o.Ref, Object: o, Rules: readRules(o), Default: o.Default}
			a.roles = append(a.roles, role)
			key := finding.Ref{APIVersion: Group + "/v1", Kind: o.Kind, Name: o.Name}
			if o.Kind == "Role" {
				key.Namespace = o.Namespace
			}
			if _, known := byRef[key]; !known {
				byRef[key] = role
			}
		}
	}
	if inv.Source.Kind != "cluster" {
		a.aggregate()
	}
	return byRef
}

func readRules(o *inventory.Object) []Rule {
	list := inventory.List(o.Content, "rules")
	rules := make([]Rule, 0, len(list))
	for _, item := range list {
		m, _ := item.(map[string]any)
		rules = append(rules, Rule{
			Verbs: texts(m["verbs"]), APIGroups: texts(m["apiGroups"]), Resources: texts(m["resources"]),
			ResourceNames: texts(m["resourceNames"]), NonResourceURLs: texts(m["nonResourceURLs"]),
		})
	}
	return rules
}

// texts keeps the strings of a list.
func texts(v any) []string {
	list, _ := v.([]any)
	if len(list) == 0 {
		return nil
	}
	out := make([]string, 0, len(list))
	for _, item := range list {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// objectsOf are the objects of an RBAC kind. Files rarely hold what Kubernetes itself installs, though they bind to it:
// there the defaults that are missing are taken from the newest known version.
func objectsOf(inv *inventory.Inventory, kind string) []*inventory.Object {
	own := inv.Of(Group, kind)
	if inv.Source.Kind == "cluster" {
		return own
	}
	own = slices.Clone(own)
	for _, o := range bootstrap.Objects() {
		if o.Kind == kind && inv.Get(Group, kind, o.Namespace, o.Name) == nil {
			own = append(own, o)
		}
	}
	return own
}
