package attack

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/rbac"
)

// listNamespaces lists every namespace that an object or a binding's subject names, sorted.
func (b *builder) listNamespaces() {
	seen := map[string]bool{}
	for _, o := range b.inv.All() {
		switch {
		case o.Namespace != "":
			seen[o.Namespace] = true
		case o.Kind == "Namespace" && o.Group() == "":
			seen[o.Name] = true
		}
	}
	for _, binding := range b.access.Bindings() {
		for _, s := range binding.Subjects {
			if s.Namespace != "" {
				seen[s.Namespace] = true
			}
		}
	}
	for ns := range seen {
		b.namespaces = append(b.namespaces, ns)
	}
	slices.Sort(b.namespaces)
}

// listAccounts lists the service accounts that exist, that bindings name, or that workloads run as. One that does not
// exist is counted too: who can use it can be expected to be able to have it made.
func (b *builder) listAccounts() {
	seen := map[rbac.Subject]bool{}
	for _, o := range b.inv.Of("", "ServiceAccount") {
		seen[rbac.Account(o.Namespace, o.Name)] = true
	}
	for _, s := range b.access.Subjects() {
		if s.Kind == rbac.ServiceAccountKind {
			seen[s] = true
		}
	}
	for i := range b.workloads {
		seen[b.workloads[i].account()] = true
	}
	for s := range seen {
		b.accounts[s.Namespace] = append(b.accounts[s.Namespace], s.Name)
	}
	for _, names := range b.accounts {
		slices.Sort(names)
	}
}

func (b *builder) listSecrets() {
	for _, o := range b.inv.Of("", "Secret") {
		b.secrets[o.Namespace] = append(b.secrets[o.Namespace], o.Name)
	}
}

// listMembers asks for the people of every group that a binding names.
func (b *builder) listMembers() {
	if b.opts.Members == nil {
		return
	}
	b.groupsOf = map[string][]string{}
	for _, s := range b.access.Subjects() {
		if s.Kind != rbac.GroupKind {
			continue
		}
		for _, user := range b.opts.Members(s.Name) {
			if len(b.groupsOf[user]) == 0 {
				b.people = append(b.people, user)
			}
			b.groupsOf[user] = append(b.groupsOf[user], s.Name)
		}
	}
}
