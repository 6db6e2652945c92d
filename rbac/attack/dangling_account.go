package attack

import (
	"strings"

	"github.com/plimsoll-io/plimsoll/rbac"
)

var danglingAccount = Technique{
	ID: "dangling-account", Title: "Make a service account that a binding waits for", MITRE: "T1136",
	What: "Bindings name service accounts by name, whether they exist or not. Who can make the account that a binding names, and then use " +
		"it, has its rights: left-overs of uninstalled software are the usual case. The same goes for a namespace that is gone: whoever " +
		"makes it anew, and acts in it, has the rights of its accounts and of the group system:serviceaccounts:NAMESPACE, and every new " +
		"namespace comes with the account default. Only in a live cluster is it known what does not exist.",
	Needs: "create serviceaccounts in the namespace (or create namespaces, when that is gone), and to use the account: create " +
		"serviceaccounts/token for its name, or create pods or objects that make pods, in that namespace.",
	Proof: "The bindings and rules for the rights, and the binding that names the account. Check with: " +
		"kubectl get serviceaccount NAME -n NAMESPACE, which is not found, and kubectl auth can-i create serviceaccounts -n NAMESPACE --as SUBJECT",
	Cut: "Remove subjects that do not exist from bindings.",
	find: func(b *builder) {
		missing := b.missingAccounts()
		if len(missing) == 0 {
			return
		}
		b.fillAccounts(missing)
		b.fillNamespaces(missing)
	},
}

// An absence is what bindings name in a namespace and is not there.
type absence struct {
	namespace bool // the namespace itself is gone
	accounts  []rbac.Subject
	group     bool // its group is bound
}

// missingAccounts are the absences of a live cluster, by namespace.
func (b *builder) missingAccounts() map[string]absence {
	out := map[string]absence{}
	if b.inv.Source.Kind != "cluster" {
		return out
	}
	known := map[string]bool{}
	for _, o := range b.inv.Of("", "ServiceAccount") {
		known[o.Namespace] = true
	}
	namespaces := len(b.inv.Of("", "Namespace"))
	for _, s := range b.subjects {
		ns, isGroup := strings.CutPrefix(s.Name, "system:serviceaccounts:")
		if s.Kind == rbac.ServiceAccountKind {
			ns, isGroup = s.Namespace, false
		} else if s.Kind != rbac.GroupKind || !isGroup {
			continue
		}
		gone := namespaces > 0 && b.inv.Get("", "Namespace", "", ns) == nil
		if !gone && (isGroup || !known[ns] || b.inv.Get("", "ServiceAccount", ns, s.Name) != nil) {
			continue
		}
		a := out[ns]
		a.namespace = gone
		if isGroup {
			a.group = true
		} else {
			a.accounts = append(a.accounts, s)
		}
		out[ns] = a
	}
	return out
}

// fillAccounts adds steps to missing accounts of namespaces that are there.
func (b *builder) fillAccounts(missing map[string]absence) {
	create := b.creating("", "serviceaccounts", false).in(func(namespace string) bool {
		a := missing[namespace]
		return !a.namespace && len(a.accounts) > 0
	})
	for _, h := range append(b.jointOnNames(create, b.minting()), b.joint(create, b.making())...) {
		b.addMissing(h, missing)
	}
}

func (b *builder) addMissing(h holder, missing map[string]absence) {
	for _, ns := range b.namespacesOf(h) {
		if a := missing[ns]; !a.namespace {
			for _, account := range a.accounts {
				if h.covers(account.Name) {
					b.add(subject(h), account.Ref(), h.proof())
				}
			}
		}
	}
}

// fillNamespaces adds steps to what namespaces that are gone would bring.
func (b *builder) fillNamespaces(missing map[string]absence) {
	create := b.creating("", "namespaces", true)
	use := either(b.minting(), b.making())
	accounts := b.creating("", "serviceaccounts", false)
	for _, ns := range b.namespaces {
		a, ok := missing[ns]
		if !ok || !a.namespace {
			continue
		}
		for _, h := range b.joint(create, use) {
			if h.namespace == "" && h.covers(ns) {
				b.addNamespace(h, ns, a, accounts)
			}
		}
	}
}

func (b *builder) addNamespace(h holder, ns string, a absence, accounts holding) {
	if a.group {
		b.add(subject(h), rbac.Subject{Kind: rbac.GroupKind, Name: "system:serviceaccounts:" + ns}.Ref(), h.proof())
	}
	for _, account := range a.accounts {
		if account.Name == "default" {
			b.add(subject(h), account.Ref(), h.proof())
			continue
		}
		for _, more := range accounts.of(h.subject) {
			if joined, ok := h.with(more); ok && joined.namespace == "" && more.covers(account.Name) {
				b.add(subject(h), account.Ref(), joined.proof())
			}
		}
	}
}

// minting is how subjects may mint tokens of service accounts.
func (b *builder) minting() holding {
	return b.holding(right{verbs: []string{"create"}, resource: "serviceaccounts/token", named: true})
}

// making is how subjects may make pods of any content: themselves, or through an object of which a controller makes pods.
func (b *builder) making() holding {
	return either(
		b.creating("", "pods", false), b.creating("", "replicationcontrollers", false),
		b.creating("apps", "deployments", false), b.creating("apps", "daemonsets", false),
		b.creating("apps", "statefulsets", false), b.creating("apps", "replicasets", false),
		b.creating("batch", "jobs", false), b.creating("batch", "cronjobs", false),
	)
}
