package rbac

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// aggregate gives every ClusterRole with an aggregationRule the rules of the ClusterRoles that it selects, through
// further aggregation too. Cycles are allowed, as in a cluster.
func (a *Authorizer) aggregate() {
	selected := map[*Role][]*Role{}
	for _, role := range a.roles {
		if role.Kind == "ClusterRole" && role.Object.Content["aggregationRule"] != nil {
			selected[role] = a.selected(role)
		}
	}
	for _, role := range a.roles {
		if _, aggregated := selected[role]; !aggregated {
			continue
		}
		role.Rules, role.From = nil, nil
		seen := map[*Role]bool{role: true}
		for queue := selected[role]; len(queue) > 0; queue = queue[1:] {
			source := queue[0]
			if seen[source] {
				continue
			}
			seen[source] = true
			if more, aggregated := selected[source]; aggregated {
				queue = append(queue[:len(queue):len(queue)], more...)
				continue
			}
			for _, rule := range source.Rules {
				role.Rules = append(role.Rules, rule)
				role.From = append(role.From, source)
			}
		}
	}
}

// selected are the ClusterRoles that any selector of the role's aggregationRule matches, but the role itself.
func (a *Authorizer) selected(role *Role) []*Role {
	var out []*Role
	var selectors []labels.Selector
	for _, item := range inventory.List(role.Object.Content, "aggregationRule", "clusterRoleSelectors") {
		content, ok := item.(map[string]any)
		if !ok {
			continue
		}
		var ls metav1.LabelSelector
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(content, &ls); err != nil {
			continue
		}
		if s, err := metav1.LabelSelectorAsSelector(&ls); err == nil {
			selectors = append(selectors, s)
		}
	}
	for _, other := range a.roles {
		if other == role || other.Kind != "ClusterRole" {
			continue
		}
		set := labels.Set(other.Object.Labels())
		for _, s := range selectors {
			if s.Matches(set) {
				out = append(out, other)
				break
			}
		}
	}
	return out
}
