package policy_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/policy"
)

// TestParseRefused: what is no policy is refused with a reason.
func TestParseRefused(t *testing.T) {
	const head = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: x}\n"
	const rules = "matchConstraints: {resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}"
	for text, want := range map[string]string{
		"":                                      "want ValidatingAdmissionPolicy",
		"- a":                                   "parse policy",
		"kind: Pod":                             `is "Pod"`,
		head:                                    "resourceRules is missing",
		head + "spec: {variables: [], typo: 1}": `unknown field "typo"`,
		head + "spec: {" + rules + "}":          "neither validations nor auditAnnotations",
		head + "spec: {failurePolicy: Maybe, " + rules + ", validations: [{expression: 'true'}]}": "want Fail or Ignore",
		strings.Replace(head, "name: x", "", 1) + "spec: {" + rules + "}":                         "metadata.name is missing",
		head + "spec: {}\nspec: {}": "already set",
		strings.Repeat("#", 3<<20):  "more than the limit",
	} {
		_, err := policy.Parse([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%.60q): error %v: want one with %q", text, err, want)
		}
	}
}

func TestResourceFor(t *testing.T) {
	for kind, want := range map[string]string{
		"v1 Pod":                             "/v1 pods",
		"apps/v1 Deployment":                 "apps/v1 deployments",
		"extensions/v1beta1 Deployment":      "apps/v1 deployments",
		"batch/v1beta1 CronJob":              "batch/v1 cronjobs",
		"networking.k8s.io/v1 NetworkPolicy": "networking.k8s.io/v1 networkpolicies",
		"networking.k8s.io/v1beta1 Ingress":  "networking.k8s.io/v1 ingresses",
		"v1 Ingress":                         "networking.k8s.io/v1 ingresses",
		"serving.knative.dev/v1 Service":     "serving.knative.dev/v1 services",
		"argoproj.io/v1alpha1 Rollout":       "argoproj.io/v1alpha1 rollouts",
		"example.com/v1 Proxy":               "example.com/v1 proxies",
		"example.com/v1 Gateway":             "example.com/v1 gateways",
	} {
		apiVersion, name, _ := strings.Cut(kind, " ")
		got := policy.ResourceFor(schema.FromAPIVersionAndKind(apiVersion, name))
		if s := got.GroupVersion().Group + "/" + got.Version + " " + got.Resource; s != want {
			t.Errorf("ResourceFor(%s) = %s, want %s", kind, s, want)
		}
	}
}
