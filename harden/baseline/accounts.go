package baseline

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// guardName is the policy about the accounts of a namespace's pods.
func guardName(ns string) string { return "baseline-accounts-" + ns }

// accounts is the step that says which accounts the pods of a namespace may have: who deploys chooses one, and thereby
// its rights.
func (b *builder) accounts() error {
	s := plan.Step{
		Title: "Accounts that pods may have",
		Why: "Whoever makes a pod picks its service account, and has its rights. This policy names the accounts for everybody, deployers " +
			"and controllers alike. " +
			"It denies from the start: the roles lean on it, and a new namespace has nothing that it could stop.",
		Undo: []string{"Without the binding, deployers may use every account of the namespace."},
	}
	for _, ns := range b.spaces() {
		c := create(guard(ns, b.allowed(ns)), "Add an account to the list when a program needs one, after looking at its role")
		c.Risk = "in a namespace that is in use already, pods with other accounts are no longer made"
		s.Changes = append(s.Changes, c,
			create(object(admissionV1, "ValidatingAdmissionPolicyBinding", "", guardName(ns), map[string]any{"spec": map[string]any{
				"policyName": guardName(ns), "validationActions": list("Deny", "Audit"),
				"matchResources": map[string]any{"namespaceSelector": map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": ns}}},
			}})))
	}
	b.step("accounts", s)
	return nil
}

const admissionV1 = "admissionregistration.k8s.io/v1"

// allowed are the accounts of a namespace's pods: those that are declared, and those that declared workloads use.
func (b *builder) allowed(ns string) []string {
	names := map[string]bool{"default": true}
	for _, name := range b.Accounts {
		names[name] = true
	}
	if b.Declared != nil {
		for _, o := range b.Declared.All() {
			if o.Namespace != ns {
				continue
			}
			if o.Kind == "ServiceAccount" && o.Group() == "" {
				names[o.Name] = true
			}
			spec, _ := o.PodSpec()
			for _, field := range []string{"serviceAccountName", "serviceAccount"} {
				names[inventory.String(spec, field)] = true
			}
		}
	}
	// The API server takes no other names, and an expression could be hidden in them.
	maps.DeleteFunc(names, func(name string, _ bool) bool { return len(validation.IsDNS1123Subdomain(name)) > 0 })
	return slices.Sorted(maps.Keys(names))
}

// guard is the policy. Updates that leave the pod template alone pass, so that what is there can be scaled and deleted.
func guard(ns string, accounts []string) map[string]any {
	rule := func(group string, resources ...string) map[string]any {
		return map[string]any{
			"apiGroups": list(group), "apiVersions": list("v1"), "operations": list("CREATE", "UPDATE"), "resources": list(resources...),
		}
	}
	quoted := make([]string, 0, len(accounts))
	for _, a := range accounts {
		quoted = append(quoted, "'"+a+"'") // names hold no quotes
	}
	return object(admissionV1, "ValidatingAdmissionPolicy", "", guardName(ns), map[string]any{"spec": map[string]any{
		"failurePolicy": "Fail",
		"matchConstraints": map[string]any{"resourceRules": []any{
			rule("", "pods", "replicationcontrollers"), rule("apps", "deployments", "daemonsets", "statefulsets", "replicasets"),
			rule("batch", "jobs", "cronjobs"),
		}},
		"matchConditions": []any{map[string]any{"name": "pod-template-changes", "expression": "request.operation == 'CREATE' || " +
			"(object.kind == 'Pod' ? object.?spec != oldObject.?spec : " +
			"object.kind == 'CronJob' ? object.?spec.jobTemplate.spec.template.spec != oldObject.?spec.jobTemplate.spec.template.spec : " +
			"object.?spec.template.spec != oldObject.?spec.template.spec)"}},
		"variables": []any{
			map[string]any{"name": "pod", "expression": "object.kind == 'Pod' ? object.?spec.orValue({}) : object.kind == 'CronJob' ? " +
				"object.?spec.jobTemplate.spec.template.spec.orValue({}) : object.?spec.template.spec.orValue({})"},
			map[string]any{"name": "account", "expression": "variables.pod.?serviceAccountName.orValue('') != '' ? " +
				"variables.pod.serviceAccountName : " +
				"variables.pod.?serviceAccount.orValue('') != '' ? variables.pod.serviceAccount : 'default'"},
		},
		"validations": []any{map[string]any{
			"expression":        "variables.account in [" + strings.Join(quoted, ", ") + "]",
			"messageExpression": "'Pods of namespace " + ns + " may not have the service account ' + variables.account",
			"reason":            "Forbidden",
		}},
	}})
}
