package rehearse

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/need"
)

// IsPolicy says whether an object is a policy of the network: one of Kubernetes, or of a plugin, whose effect is not
// understood.
func IsPolicy(o *inventory.Object) bool {
	gk := o.GroupKind()
	return gk.Group != "" && slices.Contains(network.Reads(), gk) && !slices.Contains(inventory.WorkloadKinds(), gk)
}

// Propose lays policies over those of an inventory: they take the place of those of the same name. With only, NetworkPolicies
// replace all that their namespaces have.
func Propose(current *inventory.Inventory, objects []*inventory.Object, gaps []inventory.Gap, only bool) *inventory.Inventory {
	proposed := map[finding.Ref]bool{}
	namespaces := map[string]bool{}
	var policies []*inventory.Object
	for _, p := range objects {
		if !IsPolicy(p) {
			continue
		}
		policies = append(policies, p)
		proposed[nameOf(p)] = true
		if p.Kind == "NetworkPolicy" {
			namespaces[p.Namespace] = true
		}
	}
	kept := slices.DeleteFunc(slices.Clone(current.All()), func(p *inventory.Object) bool {
		return IsPolicy(p) && (proposed[nameOf(p)] || only && p.Kind == "NetworkPolicy" && namespaces[p.Namespace])
	})
	return inventory.New(current.Source, current.Taken, current.Version, append(kept, policies...), slices.Concat(current.Gaps, gaps))
}

// nameOf is what makes two policies the same, whatever version of the API they are written in.
func nameOf(o *inventory.Object) finding.Ref {
	ref := o.Ref
	ref.APIVersion = o.Group()
	return ref
}

// Enforced is Rehearse as if the network plugin enforced both Maps. Where it is not known whether it does, CannotKnow says so.
func Enforced(needs *need.Needs, current, proposed *network.Map) *Rehearsal {
	before := current.AssumeEnforced()
	after := before
	if proposed != current {
		after = proposed.AssumeEnforced()
	}
	r := Rehearse(needs, before, after)
	if plugin := current.Plugin(); plugin.Doubt() != "" {
		r.CannotKnow = append(r.CannotKnow, "Whether policies have an effect at all: "+plugin.Doubt())
	}
	return r
}
