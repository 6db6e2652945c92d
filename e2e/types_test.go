package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
	"github.com/plimsoll-io/plimsoll/inventory/cluster"
	"github.com/plimsoll-io/plimsoll/policy"
)

// TestTypesAgreeWithTheCluster has the controller of a cluster check the types of expressions, and compares its warnings
// with ours by the OpenAPI documents of the same cluster.
func TestTypesAgreeWithTheCluster(t *testing.T) {
	c := controlplane.Start(t, controlplane.Options{Minor: *minor, Controllers: true})
	documents, err := cluster.OpenAPI(t.Context(), cluster.Config{REST: c.REST}, []schema.GroupVersion{{Group: "apps", Version: "v1"}, {Version: "v1"}, {Group: "example.com", Version: "v1"}})
	must(t, err)
	if len(documents) != 2 {
		t.Fatalf("%d documents of 2 that are served", len(documents))
	}
	schemas, err := policy.ReadSchemas(documents...)
	must(t, err)
	for i, expression := range []string{
		"object.spec.replicas < 5",
		"object.spec.replicaz < 5",
		"object.spec.template.spec.containers.all(c, c.image > 1)",
		"object.metadata.labels['a'] == 'b' && variables.n > 'x'",
		"!has(object.spec.paused) || object.spec.pausd",
		"object.spec.template.spec.securityContext.runAsUser == 'root'",
		"oldObject == null || oldObject.spec.selector == object.spec.selector",
	} {
		text := fmt.Sprintf(`
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: types-%d}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments, statefulsets]}]}
  variables: [{name: "n", expression: "object.spec.replicas"}]
  validations: [{expression: %q, messageExpression: "'replicas: ' + string(object.spec.replicas)"}]
`, i, expression)
		p, err := policy.Parse([]byte(text))
		must(t, err)
		ours, known := p.CheckTypes(schemas)
		if known != 2 {
			t.Errorf("%s: %d kinds are known, want 2", expression, known)
		}
		theirs := typeWarnings(t, c, text)
		if len(ours) != len(theirs) {
			t.Errorf("%s\nours   %v\ntheirs %v", expression, ours, theirs)
			continue
		}
		for j := range ours {
			if ours[j].Path != theirs[j].FieldRef || ours[j].Message != strings.TrimSpace(theirs[j].Warning) {
				t.Errorf("%s\nours   %v\ntheirs %v", expression, ours[j], theirs[j])
			}
		}
	}
}

// typeWarnings creates a policy and waits for what the cluster's controller writes into its status.
func typeWarnings(t *testing.T, c *controlplane.ControlPlane, text string) []admissionv1.ExpressionWarning {
	t.Helper()
	var vap admissionv1.ValidatingAdmissionPolicy
	must(t, yaml.UnmarshalStrict([]byte(text), &vap))
	policies := c.Client.AdmissionregistrationV1().ValidatingAdmissionPolicies()
	_, err := policies.Create(t.Context(), &vap, metav1.CreateOptions{})
	must(t, err)
	var out []admissionv1.ExpressionWarning
	must(t, controlplane.Wait(time.Minute, func() error {
		now, err := policies.Get(t.Context(), vap.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if now.Status.TypeChecking == nil || now.Status.ObservedGeneration != now.Generation {
			return fmt.Errorf("policy %s is not type-checked yet", vap.Name)
		}
		out = now.Status.TypeChecking.ExpressionWarnings
		return nil
	}))
	return out
}
