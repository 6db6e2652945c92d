package control

import (
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/inventory"
)

func namespaceWith(labels string) string {
	return "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {" + labels + "}}"
}

const (
	enforce        = "pod-security.kubernetes.io/enforce"
	privilegedSpec = `{containers: [{name: web, image: x, securityContext: {privileged: true}}]}`
	plainSpec      = `{containers: [{name: web, image: x}]}`
	restrictedSpec = `{securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}, containers: [{name: web, image: x, ` +
		`securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}`
)

// denyPolicy denies pods that share the network of their node.
const denyPolicy = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: no-host-network, uid: u1, creationTimestamp: "2026-01-01T00:00:00Z", generation: 1}
spec:
  failurePolicy: Fail
  matchConstraints:
    matchPolicy: Equivalent
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods], scope: "*"}]
  validations: [{expression: "!object.spec.?hostNetwork.orValue(false)"}]
status: {observedGeneration: 1, typeChecking: {}}`

// paramPolicy denies pods whose priority class is the one of its parameter.
const paramPolicy = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: no-class}
spec:
  paramKind: {apiVersion: v1, kind: ConfigMap}
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  validations: [{expression: "object.spec.?priorityClassName.orValue('') != params.data.class"}]`

const paramConfig = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: class, namespace: shop}\ndata: {class: high}"

func bindingOf(policy, spec string) string {
	return "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: {name: " + policy +
		"}\nspec: {policyName: " + policy + ", " + spec + "}"
}

// TestAdmissionRefuses: what the cluster would refuse, and all that it might let through.
func TestAdmissionRefuses(t *testing.T) {
	const hostNetwork = `{hostNetwork: true, containers: [{name: web, image: x}]}`
	const class = `{priorityClassName: high, containers: [{name: web, image: x}]}`
	deny := "validationActions: [Deny]"
	param := deny + ", paramRef: {name: class, namespace: shop, parameterNotFoundAction: Deny}"
	for name, c := range map[string]struct {
		spec    string
		objects []string
		want    string // part of why it is refused; "" when it is not
	}{
		"no label":                            {privilegedSpec, []string{namespaceWith("")}, ""},
		"no namespace":                        {privilegedSpec, nil, ""},
		"baseline against a privileged pod":   {privilegedSpec, []string{namespaceWith(enforce + ": baseline")}, "level baseline of namespace shop"},
		"baseline lets a plain pod through":   {plainSpec, []string{namespaceWith(enforce + ": baseline")}, ""},
		"restricted against a plain pod":      {plainSpec, []string{namespaceWith(enforce + ": restricted")}, "level restricted of namespace shop"},
		"restricted lets a good pod through":  {restrictedSpec, []string{namespaceWith(enforce + ": restricted")}, ""},
		"the level privileged":                {privilegedSpec, []string{namespaceWith(enforce + ": privileged")}, ""},
		"warn is no enforce":                  {privilegedSpec, []string{namespaceWith("pod-security.kubernetes.io/warn: restricted")}, ""},
		"an unknown level":                    {privilegedSpec, []string{namespaceWith(enforce + ": Baseline")}, ""},
		"a version of its own":                {privilegedSpec, []string{namespaceWith(enforce + ": baseline, " + enforce + "-version: v1.25")}, "level baseline"},
		"an unreadable version":               {privilegedSpec, []string{namespaceWith(enforce + ": baseline, " + enforce + "-version: newest")}, ""},
		"a policy that is bound to deny":      {hostNetwork, []string{namespaceWith(""), denyPolicy, bindingOf("no-host-network", deny)}, "ValidatingAdmissionPolicy no-host-network denies it"},
		"the policy lets it through":          {plainSpec, []string{namespaceWith(""), denyPolicy, bindingOf("no-host-network", deny)}, ""},
		"a policy that is not bound":          {hostNetwork, []string{namespaceWith(""), denyPolicy}, ""},
		"a policy that only warns":            {hostNetwork, []string{namespaceWith(""), denyPolicy, bindingOf("no-host-network", "validationActions: [Warn, Audit]")}, ""},
		"a binding to no policy":              {hostNetwork, []string{namespaceWith(""), bindingOf("no-host-network", deny)}, ""},
		"bound to another namespace":          {hostNetwork, []string{namespaceWith(""), denyPolicy, bindingOf("no-host-network", deny+", matchResources: {namespaceSelector: {matchLabels: {tier: prod}}}")}, ""},
		"bound to this namespace":             {hostNetwork, []string{namespaceWith("tier: prod"), denyPolicy, bindingOf("no-host-network", deny+", matchResources: {namespaceSelector: {matchLabels: {tier: prod}}}")}, "no-host-network denies it"},
		"a policy about other objects":        {hostNetwork, []string{namespaceWith(""), strings.Replace(denyPolicy, "[pods]", "[services]", 1), bindingOf("no-host-network", deny)}, ""},
		"a policy with its parameter":         {class, []string{namespaceWith(""), paramPolicy, paramConfig, bindingOf("no-class", param)}, "no-class denies it"},
		"a parameter that is not there":       {class, []string{namespaceWith(""), paramPolicy, bindingOf("no-class", param)}, ""},
		"a binding that names no parameter":   {class, []string{namespaceWith(""), paramPolicy, paramConfig, bindingOf("no-class", deny)}, ""},
		"a policy that cannot be compiled":    {hostNetwork, []string{namespaceWith(""), strings.Replace(denyPolicy, "!object", "!!!object.(", 1), bindingOf("no-host-network", deny)}, ""},
		"a policy that fails while it judges": {hostNetwork, []string{namespaceWith(""), strings.Replace(denyPolicy, "!object.spec.?hostNetwork.orValue(false)", "object.spec.nothing", 1), bindingOf("no-host-network", deny)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			pod := live(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop}\nspec: "+c.spec).All()[0].Content
			refused, why := newAdmission(live(t, c.objects...)).refused(pod, "shop")
			if refused != (c.want != "") || !strings.Contains(why, c.want) {
				t.Errorf("refused %v because %q: want %q", refused, why, c.want)
			}
		})
	}
}

// TestAdmissionOddShapes: objects of a cluster that are not what they should be refuse nothing, and nothing panics.
func TestAdmissionOddShapes(t *testing.T) {
	var objects []map[string]any
	for _, text := range []string{namespaceWith(enforce + ": restricted"), paramPolicy, paramConfig,
		bindingOf("no-class", "validationActions: [Deny], paramRef: {name: class, namespace: shop}"),
		"apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop}\nspec: " + restrictedSpec} {
		objects = append(objects, live(t, text).All()[0].Content)
	}
	pod := objects[len(objects)-1]
	for _, content := range objects {
		mutate(content, func() { newAdmission(factsOf(objects)).refused(pod, "shop") })
	}
	if inventory.Map(pod, "spec") == nil {
		t.Error("the pod was written to")
	}
}
