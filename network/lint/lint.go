// Package lint finds mistakes in network policies: what does nothing, does more or less than it seems to, or was forgotten.
//
// A Problem is only reported where it is sure. Where the inventory does not show enough, Unjudged says so. The package
// judges what policies say, whatever the network plugin makes of them.
package lint

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// A Problem is a mistake, or what looks like one.
type Problem struct {
	Kind     Kind             `json:"kind"`
	Severity finding.Severity `json:"severity"`
	Object   finding.Ref      `json:"object"`
	// Path is the part of the object that is meant, "spec.ingress[0].from[1]"; "" for all of it.
	Path     finding.Path     `json:"path"`
	Position finding.Position `json:"position"`
	// Message is one sentence without a final dot.
	Message string           `json:"message"`
	Because []finding.Reason `json:"because"`
	Remedy  string           `json:"remedy"`
	// Source is where Object was read; nil for a namespace of which no object was.
	Source *inventory.Object `json:"-"`
}

// An Unjudged is a question that the inventory does not show enough to answer.
type Unjudged struct {
	Kind   Kind        `json:"kind"`
	Object finding.Ref `json:"object"`
	// Reason is one sentence without a final dot.
	Reason string `json:"reason"`
}

// A Report is what Check found.
type Report struct {
	// Problems are sorted by object and path.
	Problems []Problem
	Unjudged []Unjudged
}

// Reads are the kinds that Check looks at beside those of network and network/service.
func Reads() []schema.GroupKind { return []schema.GroupKind{{Kind: "Node"}} }

// Check finds the problems of the policies of an inventory: of some kinds, or of all when none is named. m is its Map and
// services are its Services, which may be nil unless MissingDNS or ServiceAddress is asked for.
func Check(inv *inventory.Inventory, m *network.Map, services *service.Services, only ...Kind) *Report {
	c := newChecker(inv, m.AssumeEnforced(), services)
	c.only = only
	if c.wants(Refused, HostBits, Duplicate, NoEffect, AmbiguousPriority) {
		c.warnings()
	}
	for _, step := range []struct {
		kinds []Kind
		run   func(*policy)
	}{
		{[]Kind{SelectsNothing, OnlyHostNetwork, NoSuchPeer, NoSuchNamespace}, c.selection},
		{[]Kind{NoSuchPort, OtherProtocol}, c.ports},
		{[]Kind{AllowAll, AllowAllPods}, c.openings},
		{[]Kind{PodAddresses, ServiceAddress}, c.blocks},
		{[]Kind{RepeatedPeer}, c.repeats},
		{[]Kind{NameContradicts}, c.name},
		{[]Kind{OneEndOpen, Overruled}, c.ends},
	} {
		if c.wants(step.kinds...) {
			for _, p := range c.policies {
				step.run(p)
			}
		}
	}
	for _, step := range []struct {
		kinds []Kind
		run   func()
	}{
		{[]Kind{ShadowedPolicy, ShadowedRule}, c.shadows},
		{[]Kind{NeverAsked}, c.adminOrder},
		{[]Kind{NoDenyIngress, NoDenyEgress}, c.defaultDeny},
		{[]Kind{MissingDNS}, c.dns},
		{[]Kind{MetadataAllowed, MetadataReachable}, c.metadata},
	} {
		if c.wants(step.kinds...) {
			step.run()
		}
	}
	return c.report()
}

// wants says whether one of the kinds is asked for.
func (c *checker) wants(kinds ...Kind) bool {
	return len(c.only) == 0 || slices.ContainsFunc(kinds, func(k Kind) bool { return slices.Contains(c.only, k) })
}

// A checker checks one inventory.
type checker struct {
	inv       *inventory.Inventory
	m         *network.Map
	services  *service.Services
	policies  []*policy
	selecting [2]map[*network.Peer][]*policy // by direction: the policies that surely isolate a peer
	partial   bool                           // other objects may exist elsewhere: it was read from files
	only      []Kind                         // that are asked for; none: all
	kinds     map[Kind]Description
	problems  []Problem
	unjudged  []Unjudged
	told      map[Unjudged]bool
	nodes     []podRange                       // once they were asked for
	pods      map[netip.Addr]*inventory.Object // likewise
}

// A policy is a reading with its rules.
type policy struct {
	network.Reading
	rules [2][]network.RuleReading
}

func directions() []network.Direction { return []network.Direction{network.Ingress, network.Egress} }

func newChecker(inv *inventory.Inventory, m *network.Map, services *service.Services) *checker {
	c := &checker{
		inv: inv, m: m, services: services, partial: inv.Source.Kind != "cluster", kinds: map[Kind]Description{}, told: map[Unjudged]bool{},
	}
	for _, k := range Kinds() {
		c.kinds[k.Kind] = k
	}
	c.policies, c.selecting = readPolicies(m)
	return c
}

func readPolicies(m *network.Map) (list []*policy, selecting [2]map[*network.Peer][]*policy) {
	for d := range selecting {
		selecting[d] = map[*network.Peer][]*policy{}
	}
	for _, r := range m.Readings() {
		p := &policy{Reading: r}
		for _, d := range directions() {
			p.rules[d] = p.Rules(d)
			if p.Isolates(d) == network.Allowed && p.Doubt == "" {
				for peer := range p.Selects.Sure() {
					selecting[d][peer] = append(selecting[d][peer], p)
				}
			}
		}
		list = append(list, p)
	}
	return list, selecting
}

// isNetworkPolicy says that the policy is no policy of the whole cluster.
func (p *policy) isNetworkPolicy() bool { return p.Tier == network.NetworkPolicyTier }

// found reports a problem of the kind's own severity.
func (c *checker) found(kind Kind, o *inventory.Object, path finding.Path, message string, because ...finding.Reason) *Problem {
	k := c.kinds[kind]
	c.problems = append(c.problems, Problem{
		Kind: kind, Severity: k.Severity, Object: o.Ref, Path: path, Position: o.Position(path), Message: message,
		Because: append([]finding.Reason{}, because...), Remedy: k.Remedy, Source: o,
	})
	return &c.problems[len(c.problems)-1]
}

// cannot says that a question stays open, once.
func (c *checker) cannot(kind Kind, object finding.Ref, reason string) {
	u := Unjudged{kind, object, reason}
	if !c.told[u] {
		c.told[u] = true
		c.unjudged = append(c.unjudged, u)
	}
}

func (c *checker) report() *Report {
	c.problems = slices.DeleteFunc(c.problems, func(p Problem) bool { return !c.wants(p.Kind) })
	c.unjudged = slices.DeleteFunc(c.unjudged, func(u Unjudged) bool { return !c.wants(u.Kind) })
	slices.SortStableFunc(c.problems, func(a, b Problem) int {
		return cmp.Or(a.Object.Compare(b.Object), cmp.Compare(a.Position.File, b.Position.File), cmp.Compare(a.Position.Line, b.Position.Line),
			strings.Compare(string(a.Path), string(b.Path)), strings.Compare(string(a.Kind), string(b.Kind)), strings.Compare(a.Message, b.Message))
	})
	slices.SortStableFunc(c.unjudged, func(a, b Unjudged) int {
		return cmp.Or(strings.Compare(string(a.Kind), string(b.Kind)), a.Object.Compare(b.Object), strings.Compare(a.Reason, b.Reason))
	})
	return &Report{c.problems, c.unjudged}
}

// proves is inventory.Proves, in fewer letters: nearly every judgement has one.
func proves(fact, message string, object *inventory.Object) finding.Reason {
	return inventory.Proves(fact, message, object)
}
