// Package bootstrap recognises the roles and bindings that Kubernetes itself installs, by what they grant.
//
// An API server creates some 150 RBAC objects when it starts, nine of them with wildcards. Judging them says nothing
// about a cluster, so Mark sets Default on those that grant what their version's do. Names and labels prove nothing:
// a renamed copy, and a default with one right more, are judged like everything else.
//
// What an object grants is compared as a set of atoms: one verb on one resource, one subject, one role reference, one
// selector of an aggregation rule. Order and grouping do not matter, since an API server that starts on an older
// cluster adds the missing rights one by one, and never takes one away. So an object is a default when
//
//   - it has every atom of its version's default, and
//   - each of its atoms is one that this default has, or had in an earlier version that we know.
//
// An aggregated role (admin, edit, view) may also hold what the ClusterRoles of the same inventory add to it: those are
// judged themselves. Objects of installers, such as kubeadm:get-nodes, are no defaults of Kubernetes.
package bootstrap

import (
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/plimsoll-io/plimsoll/inventory"
)

//go:generate go run gen/main.go

// Group is the API group of the objects that Mark looks at.
const Group = "rbac.authorization.k8s.io"

// Mark sets Default on every object that is an unchanged default of this Kubernetes version ("v1.37.2"). With a version
// that is "" or not known, an unchanged default of any known version counts. It never clears Default.
func Mark(objects []*inventory.Object, version string) {
	m := marker{objects: objects, minors: minorsOf(version)}
	for _, o := range objects {
		if o.Group() == Group && m.isDefault(o) {
			o.Default = true
		}
	}
}

// minorsOf are the minors to compare with, as bits: the one of the version, or all.
func minorsOf(version string) minors {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(parts) < 2 || parts[0] != "1" {
		return allMinors
	}
	// Clouds write the minor as "34+".
	minor, err := strconv.Atoi(strings.TrimSuffix(parts[1], "+"))
	if err != nil || minor < oldest || minor > newest {
		return allMinors
	}
	return bit(minor)
}

type marker struct {
	objects []*inventory.Object
	minors  minors
}

func (m *marker) isDefault(o *inventory.Object) bool {
	want := table()[key{o.Kind, o.Namespace, o.Name}]
	if want == nil {
		return false
	}
	have, ok := atomsOf(o.Kind, o.Content)
	if !ok {
		return false
	}
	var added map[atom]bool
	selectors := aggregation(o.Content)
	if selectors != nil {
		added = m.aggregated(selectors)
	}
	for minor := oldest; minor <= newest; minor++ {
		if m.minors&bit(minor) != 0 && matches(want, have, added, minor, selectors != nil) {
			return true
		}
	}
	return false
}

// matches says whether an object with these atoms is an unchanged default of a minor. A default that the minor no longer
// has stays in the cluster as the last minor that had it left it.
func matches(want *entry, have, added map[atom]bool, minor int, aggregated bool) bool {
	for want.present&bit(minor) == 0 {
		if minor--; minor < oldest {
			return false
		}
	}
	for a := range have {
		if want.allowed[a]&upTo(minor) == 0 && !added[a] {
			return false
		}
	}
	for a, in := range want.required {
		// The aggregation controller fills in the rules a moment later.
		if in&bit(minor) != 0 && !have[a] && !(aggregated && a.isRight()) {
			return false
		}
	}
	return true
}

// aggregation reads an aggregation rule; nil when there is none.
func aggregation(content map[string]any) []labels.Selector {
	var selectors []labels.Selector
	for _, item := range inventory.List(content, "aggregationRule", "clusterRoleSelectors") {
		fields, ok := item.(map[string]any)
		if !ok {
			continue
		}
		selector := &metav1.LabelSelector{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields, selector); err != nil {
			continue
		}
		if s, err := metav1.LabelSelectorAsSelector(selector); err == nil {
			selectors = append(selectors, s)
		}
	}
	return selectors
}

// aggregated are the rights of all ClusterRoles that the selectors select.
func (m *marker) aggregated(selectors []labels.Selector) map[atom]bool {
	rights := map[atom]bool{}
	for _, o := range m.objects {
		if o.Kind != "ClusterRole" || o.Group() != Group {
			continue
		}
		have := labels.Set(o.Labels())
		for _, s := range selectors {
			if !s.Matches(have) {
				continue
			}
			atoms, _ := atomsOf(o.Kind, o.Content)
			for a := range atoms {
				if a.isRight() {
					rights[a] = true
				}
			}
			break
		}
	}
	return rights
}
