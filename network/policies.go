package network

import (
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// readPolicies reads all NetworkPolicies, sorted by namespace and name. Of equal objects with one name one counts; when
// they differ it is not known which of them is in force.
func readPolicies(w *warner, inv *inventory.Inventory) []*policy {
	objects := slices.Concat(inv.Of("networking.k8s.io", "NetworkPolicy"), inv.Of("extensions", "NetworkPolicy"))
	byName := map[finding.Ref][]*policy{}
	out := make([]*policy, 0, len(objects))
	for _, o := range objects {
		name := finding.Ref{Namespace: o.Namespace, Name: o.Name}
		same := byName[name]
		if slices.ContainsFunc(same, func(p *policy) bool { return reflect.DeepEqual(p.object.Content["spec"], o.Content["spec"]) }) {
			continue
		}
		p := readPolicy(w, o)
		byName[name] = append(same, p)
		out = append(out, p)
		if len(same) > 0 {
			w.begin(o)
			w.warn(Duplicate, "", "Another object defines %s with other content; it is not known which of them counts", o)
			for _, p := range byName[name] {
				p.doubt = "several objects of this name differ"
			}
		}
	}
	sortPolicies(out)
	return out
}

// An unseen policy stands for those that could not be read.
type unseen struct {
	namespace string // "" for all
	reason    string
}

func unseenPolicies(inv *inventory.Inventory) []unseen {
	var out []unseen
	for _, gap := range inv.Gaps {
		if !gap.Covers(schema.GroupKind{Group: "networking.k8s.io", Kind: "NetworkPolicy"}) {
			continue
		}
		u := unseen{gap.Namespace, "NetworkPolicies may be missing: " + gap.Reason}
		if !slices.ContainsFunc(out, func(o unseen) bool { return o.namespace == u.namespace }) {
			out = append(out, u)
		}
	}
	return out
}

// compileUnseen makes a policy that may select all pods of the namespaces that could not be read, and may allow
// everything.
func (m *Map) compileUnseen(u unseen) *compiled {
	p := &policy{name: u.reason, doubt: u.reason, isolates: [directions]tri{maybe, maybe}, wild: true}
	c := m.compiler.compile(p)
	if u.namespace == "" {
		c.subject = m.compiler.matchers.across(selector{}, selector{})
	} else {
		c.subject = m.compiler.matchers.inNamespace(m.names.of(u.namespace), selector{})
	}
	return c
}
