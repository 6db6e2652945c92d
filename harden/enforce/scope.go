package enforce

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/policy"
)

// A Scope says where policies are enforced.
type Scope struct {
	// Namespaces, when not empty, are the only ones; cluster-scoped objects but these Namespaces are then left alone.
	Namespaces []string `json:"namespaces,omitempty"`
	// Excluded namespaces are left alone.
	Excluded []string `json:"excluded,omitempty"`
	// System says that policies about workloads also hold in the namespaces of Kubernetes itself.
	System bool `json:"system,omitempty"`
}

// systemNamespaces are those of Kubernetes itself. Its network plug-ins, kube-proxy and static pods need what many
// policies about workloads forbid, and a cluster whose plug-ins cannot be upgraded does not heal; whoever may create
// pods in kube-system holds the cluster already.
var systemNamespaces = []string{"kube-node-lease", "kube-public", "kube-system"}

// aboutSystem are the controls about workloads in the namespaces of Kubernetes.
var aboutSystem = []string{"system-namespace-workload"}

// of is the scope for one control, sorted, with the namespaces of Kubernetes left out where they should be.
func (s Scope) of(c control.Control) Scope {
	out := Scope{Namespaces: sorted(s.Namespaces), Excluded: sorted(s.Excluded), System: s.System}
	if !s.System && len(s.Namespaces) == 0 && about(c).workloads && !slices.Contains(aboutSystem, c.ID) {
		out.Excluded = sorted(append(out.Excluded, systemNamespaces...))
	}
	if len(out.Namespaces) > 0 {
		out.Namespaces = slices.DeleteFunc(out.Namespaces, func(n string) bool { return slices.Contains(out.Excluded, n) })
		out.Excluded = nil
	}
	return out
}

// covers says whether a scope holds everywhere where the other one does.
func (s Scope) covers(o Scope) bool {
	switch {
	case len(s.Namespaces) > 0:
		return len(o.Namespaces) > 0 && !slices.ContainsFunc(o.Namespaces, func(n string) bool { return !slices.Contains(s.Namespaces, n) })
	case len(o.Namespaces) > 0:
		return !slices.ContainsFunc(o.Namespaces, func(n string) bool { return slices.Contains(s.Excluded, n) })
	}
	return !slices.ContainsFunc(s.Excluded, func(n string) bool { return !slices.Contains(o.Excluded, n) })
}

// String is the scope in words: "every namespace but kube-system".
func (s Scope) String() string {
	switch {
	case len(s.Namespaces) > 0:
		return strings.Join(s.Namespaces, ", ")
	case len(s.Excluded) > 0:
		return "everywhere but " + strings.Join(s.Excluded, ", ")
	}
	return "everywhere"
}

func sorted(names []string) []string {
	out := slices.Clone(names)
	slices.Sort(out)
	return slices.Compact(out)
}

// A subject is what a policy looks at.
type subject struct {
	kinds []schema.GroupKind
	// pods are the kinds among them whose objects are pods or make some by way of a controller.
	pods []schema.GroupKind
	// workloads says that the policy judges a workload and, again, its pods.
	workloads  bool
	namespaced []schema.GroupKind
}

// makers are the kinds that end in pods. PodTemplates are left out: nothing makes pods of them by itself.
var makers = []schema.GroupKind{
	{Kind: "Pod"}, {Kind: "ReplicationController"}, {Group: "apps", Kind: "DaemonSet"}, {Group: "apps", Kind: "Deployment"},
	{Group: "apps", Kind: "ReplicaSet"}, {Group: "apps", Kind: "StatefulSet"}, {Group: "batch", Kind: "CronJob"}, {Group: "batch", Kind: "Job"},
}

var namespaceKind = schema.GroupKind{Kind: "Namespace"}

func about(c control.Control) subject {
	s := subject{kinds: c.Policy.Kinds()}
	for _, gk := range s.kinds {
		if slices.Contains(makers, gk) {
			s.pods = append(s.pods, gk)
		}
		if policy.Namespaced(gk.WithVersion("v1")) {
			s.namespaced = append(s.namespaced, gk)
		}
	}
	s.workloads = len(s.pods) > 1
	return s
}

// within are the kinds that a binding for named namespaces is about: what lives in them, and they themselves.
func (s subject) within() []schema.GroupKind {
	out := slices.Clone(s.namespaced)
	if slices.Contains(s.kinds, namespaceKind) {
		out = append(out, namespaceKind)
	}
	return out
}

// ScopeOf is where a control is to hold.
func (inst *Installation) ScopeOf(c control.Control) Scope { return inst.Request.Scope.of(c) }
