package control

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// namespaceKinds are what findNamespaces looks at.
func namespaceKinds(more ...schema.GroupKind) []schema.GroupKind {
	return append(workloadKinds(schema.GroupKind{Kind: "Namespace"}), more...)
}

// namespaced are the kinds besides workloads whose objects show that a namespace is in use.
var namespaced = []schema.GroupKind{
	{Kind: "ResourceQuota"}, {Kind: "LimitRange"}, {Group: "networking.k8s.io", Kind: "NetworkPolicy"},
}

// Namespaces returns the namespaces to judge, sorted by name: those that are objects, and those that workloads or
// limits name though no object says so, as in most sets of manifests; the latter have no position. Left out are the
// namespaces of the system (kube-system and such), and the default one of a cluster while nothing runs in it.
func (f *Facts) Namespaces() []*inventory.Object { return f.namespaces() }

func (f *Facts) findNamespaces() []*inventory.Object {
	used := map[string]bool{}
	for _, w := range f.Workloads() {
		used[w.Object.Namespace] = true
	}
	for _, gk := range namespaced {
		for _, o := range f.Of(gk.Group, gk.Kind) {
			used[o.Namespace] = true
		}
	}
	byName := map[string]*inventory.Object{}
	for _, o := range f.Of("", "Namespace") {
		if byName[o.Name] == nil && (o.Name != "default" || fromFile(o) || used["default"]) {
			byName[o.Name] = o
		}
	}
	for name := range used {
		if byName[name] == nil && name != "" {
			byName[name] = &inventory.Object{Ref: finding.Ref{APIVersion: "v1", Kind: "Namespace", Name: name}}
		}
	}
	var out []*inventory.Object
	for name, o := range byName {
		if !isSystemNamespace(name) {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(a, b *inventory.Object) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// isSystemNamespace says that Kubernetes itself lives there, where quotas and denials would stop the cluster.
func isSystemNamespace(name string) bool {
	return name == "kube-system" || name == "kube-public" || name == "kube-node-lease"
}

// judgeNamespaces judges each namespace alone: judge returns why it fails, or no message.
func judgeNamespaces(f *Facts, judge func(ns *inventory.Object) (message string, because []finding.Reason)) Judgement {
	var j Judgement
	for _, ns := range f.Namespaces() {
		j.Examined = append(j.Examined, ns)
		if message, because := judge(ns); message != "" {
			j.Findings = append(j.Findings, found(ns, "", message, because...))
		}
	}
	return j
}
