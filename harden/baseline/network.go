package baseline

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/generate"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// network is the step that denies traffic, and opens DNS and what the objects declare.
func (b *builder) network() error {
	inv := b.ground()
	m := network.New(inv)
	services := service.New(inv, m)
	needs := need.Declared(inv, m, services, need.DeclaredOptions{})
	options := b.Network
	options.Namespaces, options.AllNamespaces = b.spaces(), true
	options.Labels = map[string]string{PartOf: PartOfThis}
	made := generate.Policies(m, services, needs, options)
	s := plan.Step{
		Title: "Traffic: denied, but for DNS and what is declared",
		Why: "Pods take and open no connection that no policy names. Both ends of a declared connection are opened. " +
			"It needs a network plug-in that enforces policies: without one they are accepted and do nothing.",
		After: []string{
			"prove that policies are enforced: a connection that none of them names must time out",
		},
		Undo: []string{"Without its policy default-deny a namespace is as open as before; the others only allow."},
	}
	for _, p := range made.Policies {
		c := create(p.Object(), reasons(p)...)
		if len(p.Rules) == 0 {
			c.Risk = "in a namespace that is in use already, connections that are not declared are cut: plimsoll netpol rehearse tells which"
		}
		s.Changes = append(s.Changes, c)
	}
	b.step("network", s)
	b.unopened(made)
	b.plan.CannotKnow = append(b.plan.CannotKnow,
		"whether the cluster's DNS is that of kube-system with the label k8s-app=kube-dns: a cache on the nodes (NodeLocal DNSCache) needs "+
			"its address opened as well")
	if b.Declared != nil {
		b.plan.CannotKnow = append(b.plan.CannotKnow, needs.CannotKnow...)
	}
	return nil
}

// ground is what the policies are made for: the declared objects, and the namespaces as they will be.
func (b *builder) ground() *inventory.Inventory {
	var objects []*inventory.Object
	var gaps []inventory.Gap
	source, taken := inventory.Source{Kind: "files", Names: []string{}}, time.Time{}
	if b.Declared != nil {
		objects, gaps, source, taken = b.Declared.All(), b.Declared.Gaps, b.Declared.Source, b.Declared.Taken
	}
	for _, ns := range b.spaces() {
		if inv := b.Declared; inv != nil && inv.Get("", "Namespace", "", ns) != nil {
			continue
		}
		o := b.namespace(ns)
		inventory.Map(o, "metadata", "labels")[generate.NamespaceName] = ns
		objects = append(slices.Clip(objects), &inventory.Object{Ref: plan.RefOf(o), Content: o})
	}
	return inventory.New(source, taken, "v"+b.Minor+".0", objects, gaps)
}

// reasons are why a policy is there, as sentences.
func reasons(p *generate.Policy) []string {
	out := slices.Clone(p.Comments)
	if len(out) == 0 {
		out = append(out, fmt.Sprintf("For %s", p.For))
	}
	for _, rule := range p.Rules {
		var ports []string
		for _, port := range rule.Ports {
			ports = append(ports, port.String())
		}
		for _, r := range rule.Reasons {
			text := strings.TrimSpace(r.End + " " + strings.Join(ports, ", "))
			for _, e := range r.Declared {
				text += "; " + e.What
				if e.Object != nil {
					text += " of " + e.Object.Ref.String()
				}
			}
			if r.MoreDeclared > 0 {
				text += fmt.Sprintf("; and %d more", r.MoreDeclared)
			}
			if r.Note != "" {
				text += "; " + r.Note
			}
			if text != "" {
				out = append(out, text)
			}
		}
	}
	return out
}

// unopened asks about what is declared and not opened, and says what else is worth knowing.
func (b *builder) unopened(made *generate.Plan) {
	for _, u := range made.Unopened {
		b.decide(plan.Decision{
			Question: fmt.Sprintf("%s needs %s, port %d, and no policy opens it: how shall it be?", u.Need.From, u.Need.To, u.Need.Port),
			Because:  []string{u.Reason},
		})
	}
	for _, n := range made.Notes {
		if n.Sort == generate.NotOpened || n.Policy == "allow-dns" || n.Sort == generate.NotSeen && b.Declared == nil {
			continue // asked above; said of all baselines; nothing can have been seen
		}
		about := finding.Ref{}
		if n.Policy != "" {
			about = finding.Ref{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy", Namespace: n.Namespace, Name: n.Policy}
		}
		text := n.Text
		if n.About != "" {
			text = n.About + ": " + text
		}
		b.decide(plan.Decision{Object: about, Question: "Is this as it should be? " + text + "."})
	}
}
