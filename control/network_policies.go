package control

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A direction is what a NetworkPolicy can isolate pods in.
type direction int

const (
	ingress direction = iota
	egress
)

var directions = [...]direction{ingress, egress}

func (d direction) String() string { return [...]string{"ingress", "egress"}[d] }

// A networkPolicy is a NetworkPolicy, as far as controls reason about it.
type networkPolicy struct {
	object  *inventory.Object
	pods    selector
	isolate [2]bool // by direction: pods that it selects are cut off but for its rules
	open    [2]bool // by direction: one of its rules allows everything
	err     error   // its selector cannot be read
}

// networkPolicies are all of them, by namespace, found by a label that they ask for.
type networkPolicies struct {
	byNamespace map[string]*namespacePolicies
}

type namespacePolicies struct {
	all []*networkPolicy
	// byLabel holds the policies that ask for a label to be equal to a value, under one such label each; rest holds
	// the others. Looking up a pod's labels costs the number of its labels, not of the policies.
	byLabel map[[2]string][]*networkPolicy
	rest    []*networkPolicy
}

func (f *Facts) findNetworkPolicies() *networkPolicies {
	all := &networkPolicies{byNamespace: map[string]*namespacePolicies{}}
	objects := slices.Concat(f.Of("networking.k8s.io", "NetworkPolicy"), f.Of("extensions", "NetworkPolicy"))
	for _, o := range objects {
		ns := all.byNamespace[o.Namespace]
		if ns == nil {
			ns = &namespacePolicies{byLabel: map[[2]string][]*networkPolicy{}}
			all.byNamespace[o.Namespace] = ns
		}
		ns.add(parseNetworkPolicy(o))
	}
	return all
}

func (ns *namespacePolicies) add(p *networkPolicy) {
	ns.all = append(ns.all, p)
	first := ""
	for key := range p.pods.equal {
		if first == "" || key < first {
			first = key
		}
	}
	if first == "" {
		ns.rest = append(ns.rest, p)
		return
	}
	at := [2]string{first, p.pods.equal[first]}
	ns.byLabel[at] = append(ns.byLabel[at], p)
}

func parseNetworkPolicy(o *inventory.Object) *networkPolicy {
	p := &networkPolicy{object: o}
	p.pods, p.err = parseSelector(inventory.Map(o.Content, "spec", "podSelector"))
	types := inventory.List(o.Content, "spec", "policyTypes")
	// Without policyTypes the API server fills in Ingress, and Egress when there is an egress section with rules.
	p.isolate[ingress] = len(types) == 0 || slices.Contains(types, any("Ingress"))
	p.isolate[egress] = slices.Contains(types, any("Egress")) ||
		len(types) == 0 && len(inventory.List(o.Content, "spec", "egress")) > 0
	for _, d := range directions {
		p.open[d] = slices.ContainsFunc(inventory.List(o.Content, "spec", d.String()), func(rule any) bool {
			return allowsAll(rule, d)
		})
	}
	return p
}

// allowsAll says whether a rule lets everything through: no ports, and no peers or every address.
func allowsAll(rule any, d direction) bool {
	m, _ := rule.(map[string]any)
	if len(inventory.List(m, "ports")) > 0 {
		return false
	}
	peers := inventory.List(m, [...]string{"from", "to"}[d])
	return len(peers) == 0 || slices.ContainsFunc(peers, func(peer any) bool {
		m, _ := peer.(map[string]any)
		block := inventory.Map(m, "ipBlock")
		cidr, _ := block["cidr"].(string)
		return (cidr == "0.0.0.0/0" || cidr == "::/0") && len(inventory.List(block, "except")) == 0
	})
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
			if p.err == nil && p.pods.matches(labels) {
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
// a direction for everything.
func isolation(policies []*networkPolicy) (isolated [2]bool, opened [2]*networkPolicy) {
	for _, p := range policies {
		for _, d := range directions {
			if !p.isolate[d] {
				continue
			}
			isolated[d] = true
			if p.open[d] {
				opened[d] = p
			}
		}
	}
	for _, d := range directions {
		if opened[d] != nil {
			isolated[d] = false
		}
	}
	return isolated, opened
}

// lacking names the directions that are not isolated, "ingress and egress", and says why.
func lacking(isolated [2]bool, opened [2]*networkPolicy) (names string, because []finding.Reason) {
	for _, d := range directions {
		if isolated[d] {
			continue
		}
		if names != "" {
			names += " and "
		}
		names += d.String()
		if p := opened[d]; p != nil {
			because = append(because, proves("allow-all", d.String()+" is allowed to everything by "+p.object.String(), p.object))
			continue
		}
		because = append(because, proves("no-policy", "no NetworkPolicy isolates "+d.String(), nil))
	}
	return names, because
}

// policyErrors reports the policies whose selectors cannot be read.
func (all *networkPolicies) policyErrors() []ObjectError {
	var errs []ObjectError
	for _, ns := range all.byNamespace {
		for _, p := range ns.all {
			if p.err != nil {
				errs = append(errs, ObjectError{Object: p.object.Ref, Position: p.object.Origin, Message: p.err.Error()})
			}
		}
	}
	slices.SortFunc(errs, func(a, b ObjectError) int { return a.Object.Compare(b.Object) })
	return errs
}
