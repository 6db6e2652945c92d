package namespaces

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

const automount = "automountServiceAccountToken"

// An account is a service account of a namespace, and who gets its token.
type account struct {
	name    string
	objects []*inventory.Object // none when workloads run as it and it was not read; several when files name it twice
	// takes are the workloads into which the token is mounted because nothing says otherwise.
	takes []string
}

// tokens plans not to mount the tokens of service accounts that have no rights. Where pods would lose one, it is a step of
// its own: what a program does with a token, no object shows.
func (p *planner) tokens() {
	if why := p.gap("", append(rbac.Reads(), schema.GroupKind{Kind: rbac.ServiceAccountKind})...); why != "" {
		p.cannotKnow("which service accounts have rights: " + why + "; nothing was planned about their tokens")
		return
	}
	free := plan.Step{
		Name: "tokens", Title: "Mount no token of accounts without rights, where no pod has one today",
		Why: "Pods that are made later get no token unless they ask for one with " + automount + ": true.",
	}
	used := plan.Step{
		Name: "mounted-tokens", Title: "Mount no token of accounts without rights, where pods have one today",
		Why: "Their tokens grant nothing but what every caller may do. Pods lose them when they start anew.",
		Before: []string{"ask the owners whether their programs look for a token: clients of the API server fail to start without one, " +
			"and some log in elsewhere with it, at Vault for example"},
	}
	bound := 0
	for _, ns := range p.list {
		if ns.System != "" || ns.Unknown != "" {
			continue
		}
		for _, a := range p.accounts(ns.Name) {
			c, rights := p.withoutToken(ns, a)
			switch {
			case rights:
				bound++
			case c == nil:
			case len(a.takes) > 0:
				used.Changes = append(used.Changes, *c)
			default:
				free.Changes = append(free.Changes, *c)
			}
		}
	}
	p.step(free)
	p.step(used)
	if bound > 0 {
		p.cannotKnow(fmt.Sprintf("whether the programs of %d service accounts with rights use them: their tokens stay (plimsoll harden rbac "+
			"--audit tells what was used)", bound))
	}
}

// accounts are the service accounts of a namespace, by name.
func (p *planner) accounts(namespace string) []*account {
	var out []*account
	byName := map[string]*account{}
	named := func(name string) *account {
		a := byName[name]
		if a == nil {
			a = &account{name: name}
			byName[name], out = a, append(out, a)
		}
		return a
	}
	for _, o := range p.inNamespace(rbac.ServiceAccountKind, namespace) {
		a := named(o.Name)
		a.objects = append(a.objects, o)
	}
	for _, w := range p.workloads[namespace] {
		name, _ := w.ServiceAccount()
		a := named(name)
		if _, said := w.Template[automount].(bool); said {
			continue // the pod decides, whatever the account says
		}
		if mounted, _ := inventory.MountsToken(w.Template, name, a.objects); mounted {
			a.takes = append(a.takes, w.Object.Kind+" "+w.Object.Name)
		}
	}
	slices.SortFunc(out, func(a, b *account) int { return strings.Compare(a.name, b.name) })
	return out
}

// withoutToken is the change that keeps an account's token out of pods; nil when it is so already. rights says that the
// account has some of its own, so that its token is likely to be used.
func (p *planner) withoutToken(ns *Namespace, a *account) (c *plan.Change, rights bool) {
	var source *inventory.Object
	if len(a.objects) > 0 {
		source = a.objects[0]
	}
	off := source != nil
	for _, o := range a.objects {
		value, said := o.Content[automount].(bool)
		off = off && said && !value
	}
	if off {
		return nil, false
	}
	if source == nil && a.name != "default" {
		return nil, false // it may not exist: control missing-service-account says so
	}
	if bound := p.bindings(ns.Name, a.name); len(bound) > 0 {
		if a.name == "default" {
			p.decide(finding.Ref{APIVersion: "v1", Kind: rbac.ServiceAccountKind, Namespace: ns.Name, Name: a.name},
				"Which workloads use its rights? Give them an account of their own: every pod that names none has these rights",
				someOf(bound))
		}
		return nil, true
	}
	c = &plan.Change{
		Action: plan.Update, Source: source, Fields: []finding.Path{automount},
		Because: []string{"no binding names it, or all accounts of its namespace or of the cluster"},
		Object: map[string]any{
			"apiVersion": "v1", "kind": rbac.ServiceAccountKind, "metadata": map[string]any{"name": a.name, "namespace": ns.Name},
			automount: false,
		},
	}
	if len(a.takes) > 0 {
		c.Risk = "these get no token when they start anew, and fail if they look for one: " + someOf(a.takes)
	}
	return c, false
}

// bindings are what may give rights to a service account: bindings that name it, or all accounts of its namespace or of the
// cluster, but for those of Kubernetes itself. A role that was not read may be there all the same.
func (p *planner) bindings(namespace, name string) []string {
	var out []string
	for _, s := range []rbac.Subject{
		rbac.Account(namespace, name), {Kind: rbac.GroupKind, Name: rbac.AllAccounts + ":" + namespace}, {Kind: rbac.GroupKind, Name: rbac.AllAccounts},
	} {
		for _, b := range p.facts.Access().BindingsOf(s) {
			if !b.Default {
				out = append(out, b.Ref.String()+" gives "+s.String()+" "+b.RoleRef.Kind+" "+b.RoleRef.Name)
			}
		}
	}
	return out
}
