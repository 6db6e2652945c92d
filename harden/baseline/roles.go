package baseline

import (
	"fmt"
	"maps"
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden/plan"
)

const rbacV1 = "rbac.authorization.k8s.io/v1"

// A right is one rule of a role.
type right struct {
	groups, resources, verbs, names []string
}

func (r right) rule() map[string]any {
	out := map[string]any{"apiGroups": list(r.groups...), "resources": list(r.resources...), "verbs": list(r.verbs...)}
	if len(r.names) > 0 {
		out["resourceNames"] = list(r.names...)
	}
	return out
}

var (
	reading = []string{"get", "list", "watch"}
	writing = []string{"create", "update", "patch", "delete"}
)

// readable is what everybody may read in a namespace: all that is at work there, but no Secret.
func readable() []right {
	return []right{
		{[]string{""}, []string{
			"configmaps", "endpoints", "events", "limitranges", "persistentvolumeclaims", "pods", "pods/log", "replicationcontrollers",
			"resourcequotas", "serviceaccounts", "services",
		}, reading, nil},
		{[]string{"apps"}, []string{"daemonsets", "deployments", "replicasets", "statefulsets"}, reading, nil},
		{[]string{"batch"}, []string{"cronjobs", "jobs"}, reading, nil},
		{[]string{"autoscaling"}, []string{"horizontalpodautoscalers"}, reading, nil},
		{[]string{"policy"}, []string{"poddisruptionbudgets"}, reading, nil},
		{[]string{"networking.k8s.io"}, []string{"ingresses", "networkpolicies"}, reading, nil},
		{[]string{"discovery.k8s.io"}, []string{"endpointslices"}, reading, nil},
		{[]string{"events.k8s.io"}, []string{"events"}, reading, nil},
		{[]string{"rbac.authorization.k8s.io"}, []string{"rolebindings", "roles"}, reading, nil},
		{[]string{"external-secrets.io"}, []string{"externalsecrets", "secretstores"}, reading, nil},
		{[]string{"metrics.k8s.io"}, []string{"pods"}, []string{"get", "list"}, nil},
	}
}

// operable is what keeps a service running without changing what runs: replicas, and pods that are made anew.
func operable() []right {
	return []right{
		{[]string{"apps"}, []string{"deployments/scale", "statefulsets/scale"}, []string{"get", "patch", "update"}, nil},
		{[]string{"autoscaling"}, []string{"horizontalpodautoscalers"}, []string{"patch", "update"}, nil},
		{[]string{""}, []string{"pods"}, []string{"delete"}, nil},
		{[]string{""}, []string{"pods/eviction"}, []string{"create"}, nil},
		{[]string{"batch"}, []string{"jobs"}, []string{"delete"}, nil},
	}
}

// deployed are the kinds that a deployer writes, by how the rights over them are named.
func deployed() []deployedKind {
	return []deployedKind{
		{"", "configmaps", "ConfigMap"}, {"", "persistentvolumeclaims", "PersistentVolumeClaim"}, {"", "services", "Service"},
		{"apps", "deployments", "Deployment"}, {"apps", "statefulsets", "StatefulSet"},
		{"batch", "cronjobs", "CronJob"}, {"batch", "jobs", "Job"},
		{"autoscaling", "horizontalpodautoscalers", "HorizontalPodAutoscaler"},
		{"policy", "poddisruptionbudgets", "PodDisruptionBudget"},
		{"networking.k8s.io", "ingresses", "Ingress"},
		{"external-secrets.io", "externalsecrets", "ExternalSecret"},
	}
}

type deployedKind struct{ group, resource, kind string }

// deployable are the rights of a deployer in a namespace. Where the objects are declared, they are named: a request that
// creates by name is what server-side apply sends.
func (b *builder) deployable(ns string) []right {
	var out []right
	byName := b.byName(ns)
	for _, k := range deployed() {
		r := right{groups: []string{k.group}, resources: []string{k.resource}, verbs: writing}
		if byName {
			if r.names = b.declared(ns, k); len(r.names) == 0 {
				continue
			}
		}
		if last := len(out) - 1; !byName && last >= 0 && out[last].groups[0] == k.group {
			out[last].resources = append(out[last].resources, k.resource)
			continue
		}
		out = append(out, r)
	}
	return out
}

// byName says that the deployer's rights in a namespace name their objects.
func (b *builder) byName(ns string) bool {
	return b.Declared != nil && !b.AnyName && slices.ContainsFunc(deployed(), func(k deployedKind) bool { return len(b.declared(ns, k)) > 0 })
}

// declared are the names of the declared objects of a kind in a namespace, sorted.
func (b *builder) declared(ns string, k deployedKind) []string {
	names := map[string]bool{}
	for _, o := range b.Declared.Of(k.group, k.kind) {
		if o.Namespace == ns && o.Name != "" {
			names[o.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// The names of the roles.
const (
	viewerRole   = "baseline-viewer"
	deployerRole = "baseline-deployer"
	operatorRole = "baseline-operator"
)

// roles is the step that lets people in.
func (b *builder) roles() error {
	s := plan.Step{
		Title: "Roles of viewers, deployers and operators",
		Why: "Each is bound to a group, so that people come and go at the identity provider. Nobody reads Secrets, runs commands in pods, " +
			"speaks for another or hands out rights; Kubernetes' own roles edit and admin allow the first two.",
		Before: []string{"see that the identity provider has the groups, and who is in them"},
	}
	for _, ns := range b.spaces() {
		if g := b.Groups.Viewer; g != "" {
			s.Changes = append(s.Changes, role(ns, viewerRole, readable()), bound(ns, viewerRole, g))
		}
		if g := b.Groups.Deployer; g != "" {
			c := role(ns, deployerRole, append(readable(), b.deployable(ns)...))
			c.Because = b.hole(ns)
			s.Changes = append(s.Changes, c, bound(ns, deployerRole, g))
		}
		if g := b.Groups.Operator; g != "" {
			s.Changes = append(s.Changes, role(ns, operatorRole, append(readable(), operable()...)), bound(ns, operatorRole, g))
		}
	}
	if len(s.Changes) > 0 {
		b.step("roles", s)
	}
	b.groupless()
	return nil
}

func role(ns, name string, rights []right) plan.Change {
	var rules []any
	for _, r := range rights {
		rules = append(rules, r.rule())
	}
	kind := "Role"
	if ns == "" {
		kind = "ClusterRole"
	}
	return create(object(rbacV1, kind, ns, name, map[string]any{"rules": rules}), says(name))
}

// says is what a role is for, a sentence without a final dot.
func says(name string) string {
	switch name {
	case viewerRole:
		return "Reads what is at work, logs too, and no Secret"
	case operatorRole:
		return "Reads, changes how many replicas there are, and deletes pods so that they are made anew; it changes nothing about what runs"
	}
	return "Reads and deploys; no Secrets, no accounts, no roles, no network policies, no commands in pods"
}

func bound(ns, name, group string) plan.Change {
	kind, what := "RoleBinding", "Role"
	if ns == "" {
		kind, what = "ClusterRoleBinding", "ClusterRole"
	}
	return create(object(rbacV1, kind, ns, name, map[string]any{
		"roleRef":  map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": what, "name": name},
		"subjects": []any{map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}},
	}))
}

// hole names what no rule can take from a deployer.
func (b *builder) hole(ns string) []string {
	out := []string{
		"Who deploys runs any image, as any account that the namespace's pods may have, and mounts any Secret of the namespace: no rule can " +
			"divide that",
		fmt.Sprintf("What narrows it: the policy %s names the accounts, the standard restricted keeps pods off the node, and the namespace "+
			"holds one team's things", guardName(ns)),
	}
	if b.byName(ns) {
		out = append(out, "Only declared objects, by name: deploy with kubectl apply --server-side, for a plain create has no name to compare")
	}
	return out
}

// groupless asks for groups that are not known.
func (b *builder) groupless() {
	for _, g := range []struct{ name, group string }{
		{"views", b.Groups.Viewer}, {"deploys", b.Groups.Deployer}, {"operates", b.Groups.Operator},
	} {
		if g.group == "" {
			b.decide(plan.Decision{Question: fmt.Sprintf("Which group %s? No role was written for it.", g.name)})
		}
	}
	b.decide(plan.Decision{
		Question: "How do people run commands in pods in an emergency? No role here lets them.",
		Because: []string{"exec hands over all that the pod has; bind a role with pods/exec to one person for one hour instead, and have " +
			"the audit log tell"},
	})
	if b.Groups.Deployer == "" || b.Kind == Cluster {
		return
	}
	for _, ns := range b.spaces() {
		because := []string{"no rule can let somebody deploy and keep him from running a pod of his own"}
		if !b.byName(ns) {
			because = append(because, "given the manifests, the rights are named after the objects in them, and only this is left to accept")
		}
		if b.Acceptance.whole() {
			because = append(because, "accepted by "+b.Acceptance.ApprovedBy+", "+b.Acceptance.Ticket)
		} else {
			because = append(because, "--accepted-by, --ticket, --owner and --expires write it down as an exception, which scans honour")
		}
		b.decide(plan.Decision{
			Object:   finding.Ref{APIVersion: rbacV1, Kind: "Role", Namespace: ns, Name: deployerRole},
			Question: "Who accepts that deployers run any pod of the namespace?", Because: because,
		})
	}
}
