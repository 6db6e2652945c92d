package scan

import (
	"fmt"
	"slices"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

const rbacGroup = "rbac.authorization.k8s.io"

// powerfulWorkloads finds the workloads that mount a service account token worth stealing. The full answer is the
// RBAC room's; here a few rights that plainly lead further raise a severity.
func powerfulWorkloads(facts *control.Facts) map[finding.Ref]finding.Reason {
	powers := powerfulAccounts(facts)
	out := map[finding.Ref]finding.Reason{}
	if len(powers) == 0 {
		return out
	}
	for _, w := range facts.Workloads() {
		account, _ := w.ServiceAccount()
		key := w.Object.Namespace + "/" + account
		p, ok := powers[key]
		if !ok || !mountsToken(facts, w, account) {
			continue
		}
		role := p.role
		out[w.Object.Ref] = finding.Reason{
			Effect: raises, Fact: "token-can-" + p.fact, Object: &role,
			Message: fmt.Sprintf("mounts the token of ServiceAccount %s, which can %s (%s)", key, p.can, role),
		}
	}
	return out
}

// mountsToken is the control's own answer, for the account that the inventory knows first.
func mountsToken(facts *control.Facts, w control.Workload, account string) bool {
	var accounts []*inventory.Object
	if sa := facts.Get("", "ServiceAccount", w.Object.Namespace, account); sa != nil {
		accounts = append(accounts, sa)
	}
	mounts, _ := control.MountsToken(w, account, accounts)
	return mounts
}

type power struct {
	fact, can string
	role      finding.Ref
}

// powerfulAccounts maps "namespace/name" of service accounts to the first plainly dangerous right that they hold.
func powerfulAccounts(facts *control.Facts) map[string]power {
	out := map[string]power{}
	for _, kind := range []string{"ClusterRoleBinding", "RoleBinding"} {
		for _, b := range facts.Of(rbacGroup, kind) {
			p, ok := powerOf(facts, b)
			if !ok {
				continue
			}
			for _, s := range maps(inventory.List(b.Content, "subjects")) {
				if inventory.String(s, "kind") != "ServiceAccount" {
					continue
				}
				key := inventory.String(s, "namespace") + "/" + inventory.String(s, "name")
				if _, known := out[key]; !known {
					out[key] = p
				}
			}
		}
	}
	return out
}

func powerOf(facts *control.Facts, binding *inventory.Object) (power, bool) {
	kind := inventory.String(binding.Content, "roleRef", "kind")
	name := inventory.String(binding.Content, "roleRef", "name")
	namespace := ""
	if kind == "Role" {
		namespace = binding.Namespace
	}
	where := "cluster-wide"
	if binding.Kind == "RoleBinding" {
		where = "in namespace " + binding.Namespace
	}
	ref := finding.Ref{APIVersion: rbacGroup + "/v1", Kind: kind, Namespace: namespace, Name: name}
	if kind == "ClusterRole" && name == "cluster-admin" {
		return power{"do-everything", "do everything " + where, ref}, true
	}
	role := facts.Get(rbacGroup, kind, namespace, name)
	if role == nil {
		return power{}, false
	}
	for _, rule := range maps(inventory.List(role.Content, "rules")) {
		if fact, can := dangerous(rule); fact != "" {
			return power{fact, can + " " + where, role.Ref}, true
		}
	}
	return power{}, false
}

func dangerous(rule map[string]any) (fact, can string) {
	groups, resources, verbs := rule["apiGroups"], rule["resources"], rule["verbs"]
	in := func(list any, want ...string) bool {
		items, _ := list.([]any)
		return slices.ContainsFunc(items, func(v any) bool { s, _ := v.(string); return slices.Contains(want, s) })
	}
	core := in(groups, "", "*")
	switch {
	case in(groups, "*") && in(resources, "*") && in(verbs, "*"):
		return "do-everything", "do everything"
	case core && in(resources, "secrets", "*") && in(verbs, "get", "list", "watch", "*") && rule["resourceNames"] == nil:
		return "read-secrets", "read secrets"
	case core && in(resources, "pods", "*") && in(verbs, "create", "*"):
		return "create-pods", "create pods"
	case core && in(resources, "pods/exec", "*") && in(verbs, "create", "get", "*"):
		return "exec-pods", "run commands in pods"
	}
	return "", ""
}
