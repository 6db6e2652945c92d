package control

import (
	"reflect"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/lint"
)

// directions are what a NetworkPolicy can isolate pods in.
func directions() []network.Direction { return []network.Direction{network.Ingress, network.Egress} }

// A networkPolicy is a NetworkPolicy as the network Map reads it.
type networkPolicy struct {
	network.Reading
	// open says by direction whom one of its rules allows on all ports, when that is everyone or a whole family of addresses.
	open [2]string
	// rivals are objects of the same name with other content: one of them is in force.
	rivals []*networkPolicy
}

// isolates says that the policy, or whichever object of its name is in force, isolates pods that it selects.
func (p *networkPolicy) isolates(d network.Direction) bool { return p.Isolates(d) == network.Allowed }

// networkPolicies are all of them, by namespace, found by a label that they ask for.
type networkPolicies struct {
	byNamespace map[string]*namespacePolicies
	errors      []ObjectError // those that cannot be read
}

type namespacePolicies struct {
	all []*networkPolicy
	// byLabel holds the policies that ask for a label to be equal to a value, under one such label each; rest holds
	// the others. Looking up a pod's labels costs the number of its labels, not of the policies.
	byLabel map[[2]string][]*networkPolicy
	rest    []*networkPolicy
}

func (f *Facts) findNetworkPolicies() *networkPolicies {
	m := f.Network()
	all := &networkPolicies{byNamespace: map[string]*namespacePolicies{}}
	byName := map[finding.Ref][]*networkPolicy{}
	for _, r := range m.Readings() {
		if r.Tier != network.NetworkPolicyTier {
			continue
		}
		p := newNetworkPolicy(r)
		ns := all.byNamespace[r.Object.Namespace]
		if ns == nil {
			ns = &namespacePolicies{byLabel: map[[2]string][]*networkPolicy{}}
			all.byNamespace[r.Object.Namespace] = ns
		}
		ns.add(p)
		name := finding.Ref{Namespace: r.Object.Namespace, Name: r.Object.Name}
		byName[name] = append(byName[name], p)
	}
	for _, same := range byName {
		for _, p := range same {
			p.rivals = same
		}
	}
	all.errors = unreadable(m.Warnings())
	return all
}

// unreadable reports the policies of which it is not known what they select or isolate.
func unreadable(warnings []network.Warning) []ObjectError {
	var out []ObjectError
	for _, w := range warnings {
		decides := w.Path == "spec" || w.Path == "spec.podSelector" || strings.HasPrefix(string(w.Path), "spec.policyTypes")
		if w.Fact == network.Refused && decides && w.Source != nil && w.Object.Kind == "NetworkPolicy" {
			out = append(out, ObjectError{Object: w.Object, Position: w.Source.Origin, Message: w.Message})
		}
	}
	return out
}

func newNetworkPolicy(r network.Reading) *networkPolicy {
	p := &networkPolicy{Reading: r}
	for _, d := range directions() {
		rules := r.Rules(d)
		for i := range rules {
			if words := lint.OpeningOf(&rules[i]).Words(); words != "" {
				p.open[d] = words
				break
			}
		}
	}
	return p
}

func (ns *namespacePolicies) add(p *networkPolicy) {
	ns.all = append(ns.all, p)
	key, value, ok := p.Selects.Label()
	if !ok {
		ns.rest = append(ns.rest, p)
		return
	}
	at := [2]string{key, value}
	ns.byLabel[at] = append(ns.byLabel[at], p)
}

// of finds how an object is read: of equal objects with one name only one is.
func (all *networkPolicies) of(o *inventory.Object) *networkPolicy {
	ns := all.byNamespace[o.Namespace]
	if ns == nil {
		return nil
	}
	i := slices.IndexFunc(ns.all, func(p *networkPolicy) bool {
		return p.Object == o || p.Object.Name == o.Name && reflect.DeepEqual(p.Object.Content["spec"], o.Content["spec"])
	})
	if i < 0 {
		return nil
	}
	return ns.all[i]
}

// selecting lists the policies of a namespace that select a pod with these labels.
func (all *networkPolicies) selecting(namespace string, labels map[string]string) []*networkPolicy {
	ns := all.byNamespace[namespace]
	if ns == nil {
		return nil
	}
	var out []*networkPolicy
	candidates := func(list []*networkPolicy) {
		for _, p := range list {
			if p.Selects.Matches(namespace, labels) == network.Allowed {
				out = append(out, p)
			}
		}
	}
	candidates(ns.rest)
	for key, value := range labels {
		candidates(ns.byLabel[[2]string{key, value}])
	}
	return out
}

// isolation says in which directions these policies, all of which select a pod, keep it apart, and which policy opens
// a direction. Of objects with one name all have to select the pod.
func isolation(policies []*networkPolicy) (isolated [2]bool, opened [2]*networkPolicy) {
	for _, p := range policies {
		for _, d := range directions() {
			if !p.isolates(d) {
				continue
			}
			if !slices.ContainsFunc(p.rivals, func(q *networkPolicy) bool { return !q.isolates(d) || !slices.Contains(policies, q) }) {
				isolated[d] = true
			}
			if p.open[d] != "" && (opened[d] == nil || p.Object.Compare(opened[d].Object.Ref) < 0) {
				opened[d] = p
			}
		}
	}
	for _, d := range directions() {
		if opened[d] != nil {
			isolated[d] = false
		}
	}
	return isolated, opened
}

// lacking names the directions that are not isolated, "ingress and egress", and says why.
func lacking(isolated [2]bool, opened [2]*networkPolicy) (names string, because []finding.Reason) {
	for _, d := range directions() {
		if isolated[d] {
			continue
		}
		if names != "" {
			names += " and "
		}
		names += d.String()
		if p := opened[d]; p != nil {
			word := [...]string{" from ", " to "}[d]
			because = append(because, proves("allow-all", d.String()+word+p.open[d]+" is allowed by "+p.Object.String(), p.Object))
			continue
		}
		because = append(because, proves("no-policy", "no NetworkPolicy isolates "+d.String(), nil))
	}
	return names, because
}
