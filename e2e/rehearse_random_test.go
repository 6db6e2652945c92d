package e2e

import (
	"fmt"
	"strconv"
)

// object makes up a pod, or a workload that makes none now.
func (r *rehearsalWorld) object(namespace, name string) rehearsalObject {
	spec, labels := r.podSpec(), map[string]any{"app": name, "tier": r.pick("web", "db")}
	meta := map[string]any{"name": name, "namespace": namespace, "labels": map[string]any{"team": r.pick("a", "b")}}
	template := map[string]any{"metadata": map[string]any{"labels": labels}, "spec": spec}
	o := rehearsalObject{pod: spec, labels: labels}
	switch r.random.IntN(6) {
	case 0:
		delete(spec, "activeDeadlineSeconds") // of a Deployment it is refused
		o.content = map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": map[string]any{
			"replicas": int64(0), "selector": map[string]any{"matchLabels": map[string]any{"app": name}}, "template": template,
		}}
	case 1:
		spec["restartPolicy"] = "Never"
		o.content = map[string]any{"apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta, "spec": map[string]any{
			"schedule": "0 0 1 1 *", "suspend": true, "jobTemplate": map[string]any{"spec": map[string]any{"template": template}},
		}}
	case 2:
		spec["restartPolicy"] = "Never"
		o.content = map[string]any{"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": map[string]any{"suspend": true, "template": template}}
	default:
		meta["labels"] = labels
		o.content = map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
	}
	return o
}

func (r *rehearsalWorld) podSpec() map[string]any {
	spec := map[string]any{}
	var containers []any
	for i := range 1 + r.random.IntN(2) {
		c := map[string]any{"name": fmt.Sprintf("c%d", i), "image": r.pick("nginx", "example.com/app:1.2")}
		context := map[string]any{}
		if r.chance(20) {
			context["privileged"] = true
		}
		if r.chance(50) && context["privileged"] == nil {
			context["allowPrivilegeEscalation"] = false
		}
		if r.chance(50) {
			context["capabilities"] = map[string]any{"drop": []any{"ALL"}}
		}
		if r.chance(50) {
			context["runAsNonRoot"] = true
		}
		if r.chance(70) {
			context["seccompProfile"] = map[string]any{"type": "RuntimeDefault"}
		}
		c["securityContext"] = context
		c["resources"] = r.resources()
		containers = append(containers, c)
	}
	spec["containers"] = containers
	if r.chance(10) {
		spec["hostNetwork"] = true
	}
	if r.chance(15) {
		spec["volumes"] = []any{map[string]any{"name": "logs", "hostPath": map[string]any{"path": "/var/log"}}}
	}
	if r.chance(20) {
		spec["activeDeadlineSeconds"] = int64(600)
	}
	return spec
}

// resources makes up what a container asks for: nothing, a part or all of it.
func (r *rehearsalWorld) resources() map[string]any {
	out := map[string]any{}
	requests, limits := map[string]any{}, map[string]any{}
	for _, name := range []string{"cpu", "memory"} {
		unit := map[string]string{"cpu": "m", "memory": "Mi"}[name]
		request := 50 * (1 + r.random.IntN(6))
		if r.chance(75) {
			requests[name] = strconv.Itoa(request) + unit
		}
		if r.chance(60) {
			limits[name] = strconv.Itoa(request*(1+r.random.IntN(4))) + unit
		}
	}
	if len(requests) > 0 {
		out["requests"] = requests
	}
	if len(limits) > 0 {
		out["limits"] = limits
	}
	return out
}

// labels makes up the labels of a namespace.
func (r *rehearsalWorld) labels(namespace string) []map[string]any {
	labels := map[string]any{}
	for _, mode := range []string{"enforce", "warn", "audit"} {
		if mode == "enforce" || r.chance(40) {
			labels["pod-security.kubernetes.io/"+mode] = r.pick("privileged", "baseline", "baseline", "restricted", "restricted")
		}
		if r.chance(50) {
			labels["pod-security.kubernetes.io/"+mode+"-version"] = r.pick("latest", "v1.0", "v1.18", "v1.20", "v1.24", "v1.29")
		}
	}
	return []map[string]any{{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": namespace, "labels": labels}}}
}

// policies makes up policies and bindings for one namespace.
func (r *rehearsalWorld) policies(namespace string) []map[string]any {
	var out []map[string]any
	for i := range 1 + r.random.IntN(3) {
		name := fmt.Sprintf("%s-%d", namespace, i)
		rule := map[string]any{"apiGroups": []any{""}, "apiVersions": []any{"v1"}, "resources": []any{"pods"}, "operations": []any{"CREATE"}}
		expression := r.pick(
			"!object.spec.containers.exists(c, c.?securityContext.?privileged.orValue(false))",
			"object.spec.containers.all(c, has(c.resources) && has(c.resources.limits) && 'memory' in c.resources.limits)",
			"!has(object.spec.volumes) || !object.spec.volumes.exists(v, has(v.hostPath))",
			"object.metadata.labels.tier == 'web'",
			"object.spec.containers.all(c, c.image.contains(':'))",
			"object.spec.activeDeadlineSeconds < 1000", // fails where it is not set
			"object.spec.containers.size() < 2 || object.spec.serviceAccountName != 'default'",
		)
		if r.chance(35) {
			rule = map[string]any{"apiGroups": []any{"apps", "batch"}, "apiVersions": []any{"v1"},
				"resources": []any{"deployments", "jobs", "cronjobs"}, "operations": []any{"CREATE", "UPDATE"}}
			expression = r.pick("object.metadata.labels.team == 'a'", "object.kind != 'CronJob'",
				"object.kind != 'Deployment' || object.spec.replicas > 0")
		}
		spec := map[string]any{
			"failurePolicy":    r.pick("Fail", "Fail", "Ignore"),
			"matchConstraints": map[string]any{"resourceRules": []any{rule}},
			"validations":      []any{map[string]any{"expression": expression, "messageExpression": "'no ' + object.metadata.name"}},
		}
		if r.chance(30) {
			spec["matchConditions"] = []any{map[string]any{"name": "some", "expression": r.pick(
				"has(object.metadata.labels) && 'app' in object.metadata.labels && object.metadata.labels.app != 'o3'",
				"request.operation == 'CREATE'", "namespaceObject.metadata.name.startsWith('rehearsal')")}}
		}
		binding := map[string]any{"policyName": name, "validationActions": []any{r.pick("Deny", "Deny", "Deny", "Warn", "Audit")}, "matchResources": map[string]any{
			"namespaceSelector": map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": namespace}},
		}}
		if r.chance(20) {
			binding["matchResources"].(map[string]any)["objectSelector"] = map[string]any{"matchLabels": map[string]any{"tier": "db"}}
		}
		out = append(out,
			map[string]any{"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": map[string]any{"name": name}, "spec": spec},
			map[string]any{"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding", "metadata": map[string]any{"name": name}, "spec": binding})
	}
	return out
}

// quota makes up a quota that is about as large as what is there.
func (r *rehearsalWorld) quota(namespace string, objects int) []map[string]any {
	hard := map[string]any{}
	for _, one := range [][2]string{{"requests.cpu", "m"}, {"limits.memory", "Mi"}, {"requests.memory", "Mi"}, {"limits.cpu", "m"}} {
		if r.chance(25) {
			hard[one[0]] = strconv.Itoa(100*objects*(1+r.random.IntN(6))) + one[1]
		}
	}
	if r.chance(40) || len(hard) == 0 {
		hard[r.pick("pods", "count/pods")] = strconv.Itoa(objects/3 + r.random.IntN(objects/2))
	}
	if r.chance(30) {
		hard["count/deployments.apps"] = strconv.Itoa(r.random.IntN(3))
	}
	spec := map[string]any{"hard": hard}
	if _, counts := hard["count/deployments.apps"]; r.chance(30) && !counts {
		spec["scopes"] = []any{r.pick("Terminating", "NotTerminating")}
	}
	return []map[string]any{{"apiVersion": "v1", "kind": "ResourceQuota", "metadata": map[string]any{"name": "q", "namespace": namespace}, "spec": spec}}
}

// limits makes up a limit range.
func (r *rehearsalWorld) limits(namespace string) []map[string]any {
	item := map[string]any{"type": "Container"}
	cpu := func(n int) map[string]any { return map[string]any{"cpu": strconv.Itoa(n) + "m"} }
	if r.chance(50) {
		item["max"] = cpu(300 + 100*r.random.IntN(6))
	}
	if r.chance(50) {
		item["min"] = cpu(50 + 50*r.random.IntN(3))
	}
	if r.chance(40) {
		item["default"] = cpu(250)
		item["defaultRequest"] = cpu(200)
	}
	if r.chance(40) {
		item["maxLimitRequestRatio"] = map[string]any{"cpu": strconv.Itoa(1 + r.random.IntN(3))}
	}
	items := []any{item}
	if r.chance(30) {
		items = append(items, map[string]any{"type": "Pod", "max": map[string]any{"memory": strconv.Itoa(300+100*r.random.IntN(6)) + "Mi"}})
	}
	return []map[string]any{{"apiVersion": "v1", "kind": "LimitRange", "metadata": map[string]any{"name": "l", "namespace": namespace},
		"spec": map[string]any{"limits": items}}}
}
