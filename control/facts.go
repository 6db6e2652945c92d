package control

import (
	"strings"
	"sync"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/exposure"
	"github.com/plimsoll-io/plimsoll/network/lint"
	"github.com/plimsoll-io/plimsoll/network/service"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/rbac/attack"
	"github.com/plimsoll-io/plimsoll/rbac/usage"
)

// Facts are the models that Checks reason with, each computed at most once per inventory. Safe for concurrent use.
type Facts struct {
	*inventory.Inventory
	// Settings are what the user configured.
	Settings Settings

	workloads   func() []Workload
	namespaces  func() []*inventory.Object
	network     func() *network.Map
	exposure    func() *exposure.Exposure
	problems    func() []lint.Problem // of network policies
	policies    func() *networkPolicies
	podSecurity func() podVerdicts
	access      func() *rbac.Authorizer
	attacks     func() *attack.Graph
	escalations func() map[finding.Ref]Escalation
}

// Settings are what controls can be told.
type Settings struct {
	// Params are the parameter ConfigMaps' data by control id: {"untrusted-registry": {"registries": "…\n…"}}.
	Params map[string]map[string]string
	// PodTemplates says where custom resources embed a PodTemplateSpec: {"Rollout.argoproj.io": "spec.template"}.
	PodTemplates map[string]string
	// Target is the Kubernetes version to judge deprecated APIs against, "1.37"; "" means the inventory's own, or
	// the newest known.
	Target string
	// Used is what subjects did, by the audit log; nil without one.
	Used *usage.Usage `json:"-"`
	// People knows the users and groups of the identity provider; nil when nobody gave a list.
	People People `json:"-"`
	// Members are the people in a group, by the same list; nil when nobody gave one.
	Members func(group string) []string `json:"-"`
}

// People are the users and groups that an identity provider has, by the names that the API server knows them by.
type People interface {
	HasUser(name string) bool
	HasGroup(name string) bool
}

// A Workload is an object that makes pods.
type Workload struct {
	Object   *inventory.Object
	Template map[string]any // the pod spec
	Meta     map[string]any // the pods' metadata; may be nil
	At       string         // path of the pod spec, "spec.template.spec"
	MetaAt   string
}

// NewFacts prepares the facts of an inventory.
func NewFacts(inv *inventory.Inventory, settings Settings) *Facts {
	f := &Facts{Inventory: inv, Settings: settings}
	f.workloads = sync.OnceValue(f.findWorkloads)
	f.namespaces = sync.OnceValue(f.findNamespaces)
	f.network = sync.OnceValue(func() *network.Map { return network.New(f.Inventory) })
	f.exposure = sync.OnceValue(func() *exposure.Exposure {
		return exposure.New(f.Inventory, f.Network(), service.New(f.Inventory, f.Network()))
	})
	f.problems = sync.OnceValue(f.findNetworkProblems)
	f.policies = sync.OnceValue(f.findNetworkPolicies)
	f.podSecurity = sync.OnceValue(f.judgePodSecurity)
	f.access = sync.OnceValue(func() *rbac.Authorizer { return rbac.New(f.Inventory) })
	f.attacks = sync.OnceValue(func() *attack.Graph {
		return attack.New(f.Inventory, f.Access(), attack.Options{Refused: newAdmission(f).refused, Members: f.Settings.Members})
	})
	f.escalations = sync.OnceValue(f.findEscalations)
	return f
}

// Access answers who can do what.
func (f *Facts) Access() *rbac.Authorizer { return f.access() }

// Network says who can talk to whom.
func (f *Facts) Network() *network.Map { return f.network() }

// Exposure is the ways in from outside, and what policies let through of them.
func (f *Facts) Exposure() *exposure.Exposure { return f.exposure() }

// Attacks is how rights, workloads, nodes and secrets combine to more.
func (f *Facts) Attacks() *attack.Graph { return f.attacks() }

// Workloads returns every object that makes pods and is nobody else's copy: a ReplicaSet of a Deployment and the Pods
// of a Job are left out when their top owner is in the inventory. Custom resources count where Settings.PodTemplates
// says that they embed a pod template.
func (f *Facts) Workloads() []Workload { return f.workloads() }

func (f *Facts) findWorkloads() []Workload {
	var out []Workload
	for _, o := range f.All() {
		if f.TopOwner(o) != o {
			continue
		}
		if w, ok := f.workload(o); ok {
			out = append(out, w)
		}
	}
	return out
}

// workload reads an object that makes pods; ok is false for all others.
func (f *Facts) workload(o *inventory.Object) (w Workload, ok bool) {
	if spec, at := o.PodSpec(); spec != nil {
		meta, metaAt := o.PodMeta()
		return Workload{Object: o, Template: spec, Meta: meta, At: string(at), MetaAt: string(metaAt)}, true
	}
	at, ok := f.Settings.PodTemplates[o.Kind+"."+o.Group()]
	if !ok {
		return Workload{}, false
	}
	template := inventory.Map(o.Content, strings.Split(at, ".")...)
	spec := inventory.Map(template, "spec")
	if spec == nil {
		return Workload{}, false
	}
	return Workload{
		Object: o, Template: spec, Meta: inventory.Map(template, "metadata"), At: at + ".spec", MetaAt: at + ".metadata",
	}, true
}
