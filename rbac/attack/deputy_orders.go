package attack

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// writing is how subjects can make an object of a custom kind say what they want: make one, or change one that the
// inventory holds.
func (b *builder) writing(group, resource, kind string, cluster bool) holding {
	create, change := b.creating(group, resource, cluster), b.changing(group, resource, cluster)
	all := b.inv.Of(group, kind)
	return holding{
		subjects: either(create, change).subjects,
		of: func(s rbac.Subject) []holder {
			out := create.of(s)
			made := len(out)
			for _, h := range change.of(s) {
				same := func(o holder) bool { return o.namespace == h.namespace && grantsKey(o.grants) == grantsKey(h.grants) }
				if slices.ContainsFunc(out[:made], same) || !h.reaches(all) {
					continue
				}
				out = append(out, h)
			}
			return out
		},
	}
}

// reaches says whether the holder's right covers one of the objects.
func (h holder) reaches(objects []*inventory.Object) bool {
	return slices.ContainsFunc(objects, func(o *inventory.Object) bool {
		return h.covers(o.Name) && (h.namespace == "" || h.namespace == o.Namespace)
	})
}

// at is the holding where it counts in one namespace.
func (ways holding) at(namespace string) holding {
	return holding{subjects: ways.subjects, of: func(s rbac.Subject) []holder {
		var out []holder
		for _, h := range ways.of(s) {
			if h.namespace == "" || h.namespace == namespace {
				h.namespace = namespace
				out = append(out, h)
			}
		}
		return out
	}}
}

// on is the holding where it covers one name.
func (ways holding) on(name string) holding {
	return holding{subjects: ways.subjects, of: func(s rbac.Subject) []holder {
		return slices.DeleteFunc(ways.of(s), func(h holder) bool { return !h.covers(name) })
	}}
}

// acts adds the step to all that a deputy can do.
func (b *builder) acts(h holder, w *workload, note string) {
	b.add(subject(h), w.account().Ref(), proof{grants: h.grants, object: w.object, path: w.at, note: note})
}

// runsPods says whether a deputy's account may make some kind of workload in a namespace ("" asks for everywhere), of the
// kinds that allowed lets pass.
func (b *builder) runsPods(account rbac.Subject, namespace string, allowed func(group, kind string) bool) bool {
	for _, k := range []struct{ group, kind, resource string }{
		{"", "Pod", "pods"}, {"apps", "Deployment", "deployments"}, {"apps", "StatefulSet", "statefulsets"},
		{"apps", "DaemonSet", "daemonsets"}, {"batch", "Job", "jobs"}, {"batch", "CronJob", "cronjobs"},
	} {
		if allowed(k.group, k.kind) && b.may(account, right{verbs: []string{"create"}, group: k.group, resource: k.resource}, namespace) {
			return true
		}
	}
	return false
}
