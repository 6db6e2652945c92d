package attack

import (
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

var patchControllers = Technique{
	ID: "patch-controllers", Title: "Change the pod template of a workload", MITRE: "T1543",
	What: "Who may change an existing Deployment, DaemonSet, StatefulSet, ReplicaSet, ReplicationController or CronJob writes a new pod " +
		"template into it: the pods that its controller makes next are the attacker's, as any service account, with any Secret and on " +
		"any node, as create-pods tells. The same request can raise replicas or shorten the schedule, so that pods are made at once. " +
		"The template of a Job cannot be changed. Subresources (scale, status) do not carry the template.",
	Needs: "update or patch on the kind, and an object of it in the namespace; with resourceNames, an object of that name.",
	Proof: "The binding and rule, and the workload where one is named. Check with: " +
		"kubectl set image deployment/NAME '*=registry.k8s.io/pause:3.10' -n NAMESPACE --dry-run=server --as SUBJECT",
	Cut: "Give autoscalers scale only (deployments/scale); name with resourceNames what a deployer deploys; restrict accounts and Secrets as for create-pods.",
	find: func(b *builder) {
		for _, kind := range podMakers() {
			if kind.fixed {
				continue
			}
			for _, h := range b.joint(b.changing(kind.group, kind.resource, false)) {
				b.addTemplates(h, kind)
			}
		}
	},
}

// addTemplates adds what follows from changing the templates of a kind's objects where there are any.
func (b *builder) addTemplates(h holder, kind podMaker) {
	if h.names != nil {
		for _, ns := range b.namespacesOf(h) {
			for _, name := range h.names {
				if o := b.inv.Get(kind.group, kind.kind, ns, name); o != nil {
					b.addTemplate(h, ns, proof{grants: h.grants, object: o})
				}
			}
		}
		return
	}
	places := b.placesOf(kind)
	if h.namespace != "" {
		if o := places[h.namespace]; o != nil {
			b.addTemplate(h, h.namespace, proof{grants: h.grants, object: o, note: "there is " + o.String() + " to change"})
		}
		return
	}
	if len(places) == 0 {
		return
	}
	b.add(subject(h), b.templates(kind), proof{grants: h.grants})
	access := b.accessWhere(places)
	b.add(subject(h), set(AnyNodeKind, ""), proof{grants: h.grants, cut: access.cut, note: access.note})
}

// addTemplate adds what follows from changing a template in a namespace.
func (b *builder) addTemplate(h holder, namespace string, p proof) {
	h.namespace = namespace
	b.addMadePods(h, p)
}

// placesOf are the namespaces with workloads of a kind, with one of each.
func (b *builder) placesOf(kind podMaker) map[string]*inventory.Object {
	if places, known := b.kindPlaces[kind.resource]; known {
		return places
	}
	places := map[string]*inventory.Object{}
	for _, o := range b.inv.Of(kind.group, kind.kind) {
		if places[o.Namespace] == nil {
			places[o.Namespace] = o
		}
	}
	if b.kindPlaces == nil {
		b.kindPlaces = map[string]map[string]*inventory.Object{}
	}
	b.kindPlaces[kind.resource] = places
	return places
}

// templates is the set of a kind's pod templates, which gives the accounts and Secrets of their namespaces.
func (b *builder) templates(kind podMaker) finding.Ref {
	r := finding.Ref{Kind: AnyTemplateKind, Name: kind.kind}
	if _, known := b.ids[r]; known {
		return r
	}
	places := b.placesOf(kind)
	for _, ns := range b.namespaces {
		if places[ns] != nil {
			b.link(r, set(AnyAccountKind, ns))
			b.link(r, set(AnySecretKind, ns))
		}
	}
	return r
}

// accessWhere looks for a namespace among these whose admission lets a pod pass that takes its node.
func (b *builder) accessWhere(places map[string]*inventory.Object) nodeAccess {
	var first nodeAccess
	for _, ns := range b.namespaces {
		if places[ns] == nil {
			continue
		}
		answer := b.nodeAccess(&b.hosts, newHostPods, ns)
		if answer.cut == "" {
			return answer
		}
		if first.cut == "" {
			first = answer
		}
	}
	return first
}
