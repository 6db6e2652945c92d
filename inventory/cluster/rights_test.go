package cluster_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/inventory/cluster"
)

// TestRights holds the roles in deploy to what Read lists.
func TestRights(t *testing.T) {
	var rules []rbacv1.PolicyRule
	for _, file := range []string{"../../deploy/rbac.yaml", "../../deploy/secrets/rbac.yaml"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var role rbacv1.ClusterRole
		if err := yaml.UnmarshalStrict(text, &role); err != nil {
			t.Fatal(err)
		}
		rules = append(rules, role.Rules...)
	}
	var got, want []string
	for _, rule := range rules {
		if !slices.Equal(rule.Verbs, []string{"list"}) {
			t.Errorf("%v grants %v: Read only lists", rule.Resources, rule.Verbs)
		}
		for _, resource := range rule.Resources {
			got = append(got, strings.Join(rule.APIGroups, ",")+"/"+resource)
		}
	}
	for _, gk := range cluster.DefaultKinds() {
		want = append(want, gk.Group+"/"+plural(gk.Kind))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the roles grant %v\nRead lists %v", got, want)
	}
}

// plural is the name of the resource of a kind; package e2e asks a real API server whether that is right.
func plural(kind string) string {
	name := strings.ToLower(kind)
	switch {
	case name == "endpoints":
		return name
	case strings.HasSuffix(name, "s"):
		return name + "es"
	case strings.HasSuffix(name, "y") && !strings.HasSuffix(name, "ay"):
		return strings.TrimSuffix(name, "y") + "ies"
	}
	return name + "s"
}
