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

// listAccounts lists the service accounts that exist and, where nobody knows which do, those that bindings name or that
// workloads run as. In a live cluster's namespace with service accounts all others are known not to exist, and so are
// all of a namespace that is gone.
func (b *builder) listAccounts() {
	seen := map[rbac.Subject]bool{}
	known := map[string]bool{}
	for _, o := range b.inv.Of("", "ServiceAccount") {
		seen[rbac.Account(o.Namespace, o.Name)] = true
		known[o.Namespace] = b.inv.Source.Kind == "cluster"
	}
	if b.inv.Source.Kind == "cluster" && len(b.inv.Of("", "Namespace")) > 0 {
		for _, ns := range b.namespaces {
			known[ns] = known[ns] || b.inv.Get("", "Namespace", "", ns) == nil
		}
	}
	for _, s := range b.subjects {
		if s.Kind == rbac.ServiceAccountKind && !known[s.Namespace] {
			seen[s] = true
		}
	}
	for i := range b.workloads {
		if s := b.workloads[i].account(); !known[s.Namespace] {
			seen[s] = true
		}
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
	for _, s := range b.subjects {
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
