package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// A resource is one list that the API server offers, in the version that it prefers.
type resource struct {
	schema.GroupVersionResource
	kind       string
	namespaced bool
	builtin    bool // its types are compiled in, so it may travel as protobuf
}

func (r resource) groupKind() schema.GroupKind { return schema.GroupKind{Group: r.Group, Kind: r.kind} }

// discover finds the lists to read, sorted by group and kind. A group that the API server cannot describe, as when
// the service behind an APIService is down, is a gap for each kind that would have been read from it.
func (r *reader) discover(ctx context.Context) ([]resource, []inventory.Gap, error) {
	served, err := r.discovery.ServerPreferredResourcesWithContext(ctx)
	var failed *discovery.ErrGroupDiscoveryFailed
	if err != nil && !errors.As(err, &failed) {
		return nil, nil, fmt.Errorf("discover what the API server offers: %w", err)
	}
	var found []resource
	for _, group := range served {
		gv, err := schema.ParseGroupVersion(group.GroupVersion)
		if err != nil {
			continue // the API server cannot serve such a group
		}
		for _, res := range group.APIResources {
			if r.listable(gv, res) {
				found = append(found, newResource(gv, res))
			}
		}
	}
	slices.SortFunc(found, func(a, b resource) int {
		if c := strings.Compare(a.Group, b.Group); c != 0 {
			return c
		}
		return strings.Compare(a.kind, b.kind)
	})
	return found, r.undiscovered(failed, found), nil
}

func (r *reader) listable(gv schema.GroupVersion, res metav1.APIResource) bool {
	return !strings.Contains(res.Name, "/") && slices.Contains(res.Verbs, "list") &&
		r.config.wants(schema.GroupKind{Group: gv.Group, Kind: res.Kind})
}

func newResource(gv schema.GroupVersion, res metav1.APIResource) resource {
	return resource{
		GroupVersionResource: gv.WithResource(res.Name), kind: res.Kind, namespaced: res.Namespaced,
		builtin: scheme.Scheme.Recognizes(gv.WithKind(res.Kind + "List")),
	}
}

// undiscovered turns groups that could not be described into gaps. One that no control reads from is none.
func (r *reader) undiscovered(failed *discovery.ErrGroupDiscoveryFailed, found []resource) []inventory.Gap {
	if failed == nil {
		return nil
	}
	var gaps []inventory.Gap
	for gv, err := range failed.Groups {
		for _, gk := range r.config.wantsGroup(gv.Group) {
			known := func(res resource) bool { return res.groupKind() == gk }
			covered := func(g inventory.Gap) bool { return g.Covers(gk) }
			if !slices.ContainsFunc(found, known) && !slices.ContainsFunc(gaps, covered) {
				reason := "the API server cannot say what " + gv.String() + " offers: " + sentence(err.Error())
				gaps = append(gaps, inventory.Gap{Kind: gk.Kind, Group: gk.Group, Reason: reason})
			}
		}
	}
	return gaps
}
