package psp

import (
	"slices"
	"strconv"
	"strings"
)

const admissionVersion = "admissionregistration.k8s.io/v1"

// containers are all containers of the pod, in one list.
const containers = "variables.pod.?containers.orValue([]) + variables.pod.?initContainers.orValue([]) + variables.pod.?ephemeralContainers.orValue([])"

// Validating is the ValidatingAdmissionPolicy for what a level does not demand; nil when there is nothing left. It judges
// pods, as PodSecurityPolicies did, when they are created and when their spec changes.
func (p *Policy) Validating(level Level) map[string]any {
	rest := p.rest(level)
	if len(rest) == 0 {
		return nil
	}
	validations := make([]any, len(rest))
	for i, c := range rest {
		validations[i] = map[string]any{"expression": c.cel, "message": p.Object.Name + ": " + oneLine(c.message) + " (" + c.field + ")"}
	}
	return map[string]any{
		"apiVersion": admissionVersion, "kind": "ValidatingAdmissionPolicy",
		"metadata": map[string]any{"name": p.name(), "annotations": map[string]any{"plimsoll.io/from": Kind + " " + p.Object.Name}},
		"spec": map[string]any{
			"failurePolicy": "Fail",
			"matchConstraints": map[string]any{"resourceRules": []any{map[string]any{
				"apiGroups": []any{""}, "apiVersions": []any{"v1"}, "operations": []any{"CREATE", "UPDATE"},
				"resources": []any{"pods", "pods/ephemeralcontainers"},
			}}},
			// Pods that are there can still be labelled, and deleted when they have finalizers.
			"matchConditions": []any{map[string]any{"name": "spec-changes",
				"expression": "request.operation == 'CREATE' || object.spec != oldObject.spec"}},
			"variables": []any{
				map[string]any{"name": "pod", "expression": "object.spec"},
				map[string]any{"name": "containers", "expression": containers},
			},
			"validations": validations,
		},
	}
}

// mostMessage is how long a message may be, by far: an API server drops those over 5 KiB.
const mostMessage = 1000

func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > mostMessage {
		return strings.ToValidUTF8(s[:mostMessage], "") + "…"
	}
	return s
}

// name is the name of the policy and its binding.
func (p *Policy) name() string { return "psp-" + p.Object.Name }

// Binding binds the policy to namespaces, all of them when none are named. Actions are "Audit", or "Deny".
func (p *Policy) Binding(namespaces []string, actions ...string) map[string]any {
	spec := map[string]any{"policyName": p.name(), "validationActions": anys(actions)}
	if len(namespaces) > 0 {
		spec["matchResources"] = map[string]any{"namespaceSelector": map[string]any{"matchExpressions": []any{map[string]any{
			"key": "kubernetes.io/metadata.name", "operator": "In", "values": anys(namespaces),
		}}}}
	}
	return map[string]any{
		"apiVersion": admissionVersion, "kind": "ValidatingAdmissionPolicyBinding",
		"metadata": map[string]any{"name": p.name()}, "spec": spec,
	}
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// FilledIn are the fields that the PodSecurityPolicy filled in for pods that left them out, and nobody does any more.
func (p *Policy) FilledIn() []string {
	s := p.spec
	var out []string
	for _, c := range p.checks() {
		if c.filledIn != "" {
			out = append(out, c.filledIn)
		}
	}
	if len(s.DefaultAddCapabilities) > 0 {
		out = append(out, "securityContext.capabilities.add of containers: "+strings.Join(s.DefaultAddCapabilities, ", "))
	}
	if d := s.DefaultAllowPrivilegeEscalation; d != nil {
		out = append(out, "securityContext.allowPrivilegeEscalation of containers: "+strconv.FormatBool(*d))
	}
	if r := s.RuntimeClass; r != nil && r.DefaultRuntimeClassName != nil {
		out = append(out, "runtimeClassName: "+*r.DefaultRuntimeClassName)
	}
	if p.defaultSeccomp != "" {
		out = append(out, "the seccomp profile "+p.defaultSeccomp)
	}
	if p.defaultAppArmor != "" {
		out = append(out, "the AppArmor profile "+p.defaultAppArmor)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// labels are the Pod Security labels of a namespace, in the order in which they are introduced.
func labels(ns, mode string, level Level, version string) map[string]any {
	key := "pod-security.kubernetes.io/" + mode
	return map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": ns,
		"labels": map[string]any{key: string(level), key + "-version": version}}}
}
