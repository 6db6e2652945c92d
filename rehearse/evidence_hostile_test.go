package rehearse

import (
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// TestEvidenceOddShapes gives every kind whose rehearsal is told by evidence fields of wrong types: nothing panics, and
// nothing that cannot be read is called safe without having been looked at.
func TestEvidenceOddShapes(t *testing.T) {
	kinds := []string{"rbac.authorization.k8s.io/v1 ClusterRole", "rbac.authorization.k8s.io/v1 RoleBinding", "v1 ServiceAccount", "v1 Service", "v1 Namespace",
		"networking.k8s.io/v1 NetworkPolicy", "networking.k8s.io/v1 Ingress", "gateway.networking.k8s.io/v1 HTTPRoute", "gateway.networking.k8s.io/v1 Gateway",
		"gateway.networking.k8s.io/v1beta1 ReferenceGrant", "audit.k8s.io/v1 Policy", "apps/v1 Deployment"}
	odd := []any{nil, "x", int64(-1), true, []any{nil, "x", []any{}}, map[string]any{"": nil}, []any{map[string]any{
		"backendRefs": []any{nil, map[string]any{"port": "x", "weight": "y"}}, "matches": "x", "http": map[string]any{"paths": []any{1, map[string]any{"backend": 5}}}}}}
	object := func(kind string, field int, value any) *inventory.Object {
		version, name, _ := strings.Cut(kind, " ")
		content := map[string]any{"apiVersion": version, "kind": name, "metadata": map[string]any{"name": "a", "labels": value}}
		for i, f := range []string{"spec", "rules", "roleRef", "subjects", "aggregationRule", "imagePullSecrets"} {
			if i == field {
				content[f] = value
			}
			if field > 5 && f == "spec" {
				content[f] = map[string]any{"rules": value, "tls": value, "ports": value, "hostnames": value, "parentRefs": value, "template": value, "from": value, "to": value}
			}
		}
		return &inventory.Object{Ref: finding.Ref{APIVersion: version, Kind: name, Namespace: "n", Name: "a"}, Content: content}
	}
	for _, kind := range kinds {
		for field := range 7 {
			for i, value := range odd {
				one, two := object(kind, field, value), object(kind, field, odd[(i+1)%len(odd)])
				of := func(o *inventory.Object) *inventory.Inventory {
					return inventory.New(inventory.Source{Kind: "files"}, evidenceTime, "", []*inventory.Object{o}, nil)
				}
				if _, err := Run(t.Context(), of(one), of(two), Evidence{Now: evidenceTime}); err != nil {
					t.Logf("%s: %v", kind, err)
				}
			}
		}
	}
}
