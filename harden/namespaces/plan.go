// Package namespaces plans how to harden the namespaces of a cluster: the highest Pod Security level that each can take
// now, limits of what its pods may use, and tokens that nobody needs. What would refuse or break what exists is in no
// step: it is named, with what stands in the way.
package namespaces

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy/podsecurity"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// Manager is the field manager of the plan's objects.
const Manager = "plimsoll-namespaces"

// A Part is one thing that a plan can be about.
type Part string

// The parts.
const (
	PodSecurity Part = "pod-security" // labels of the Pod Security admission
	Limits      Part = "limits"       // LimitRanges and ResourceQuotas
	Tokens      Part = "tokens"       // tokens of service accounts that are mounted without need
	Network     Part = "network"      // whether pods are isolated: only said, see package harden/policies
)

// Parts are all parts.
func Parts() []Part { return []Part{PodSecurity, Limits, Tokens, Network} }

// Options say what to plan.
type Options struct {
	// Parts are those to plan; all when there are none.
	Parts []Part
	// Only are the namespaces to plan for; all when there are none.
	Only []string
	// Version is the Kubernetes version to judge by and to pin levels to, "1.37" or "v1.37.2".
	Version string
	// VersionAssumed says that nothing that was read tells the version.
	VersionAssumed bool
	// Headroom is how much more than declared a quota allows, in percent.
	Headroom int
	// Nodes is how many nodes there are, where the inventory does not say; 0 when that is not known.
	Nodes int
	// DefaultRequests are what containers without requests are to get where no container of their namespace says more,
	// by resource.
	DefaultRequests map[string]string
}

// A Namespace is what was found out about one.
type Namespace struct {
	Name string `json:"name"`
	// System says why the namespace stays as it is; "" for all but those of Kubernetes itself.
	System string `json:"system,omitempty"`
	// Unknown says why no level can be enforced: what was not read may need more.
	Unknown string `json:"unknown,omitempty"`
	// Enforced is the level that it enforces now, "privileged" when none is; Version is "" when it is not pinned.
	Enforced string `json:"enforced"`
	Version  string `json:"version,omitempty"`
	// Can is the highest level that all pods and templates meet; Next the one above it, "" when there is none.
	Can  string `json:"can"`
	Next string `json:"next"`
	// Judged is how many workloads, Pods included, were judged.
	Judged int `json:"judged"`
	// Blockers are what stands between the namespace and the next level. Those that keep it from the level that it
	// enforces already are refused when their pods are made again.
	Blockers []Blocker `json:"blockers"`

	object  *inventory.Object // nil when it was not read
	missing []podMiss
}

// A Blocker is a workload that does not meet a level.
type Blocker struct {
	Object   finding.Ref      `json:"object"`
	Position finding.Position `json:"position"`
	Fields   []Field          `json:"fields"`
}

// A Field is what a workload would have to change.
type Field struct {
	Path finding.Path `json:"path"`
	// Check is upstream's name of the rule, Message what it says.
	Check   string `json:"check"`
	Message string `json:"message"`
	// Injected says that live Pods have it and their template does not: "in 2 of 3 pods".
	Injected string `json:"injected,omitempty"`
}

// A Report is a plan, and what it was made from.
type Report struct {
	Plan       *plan.Plan
	Namespaces []*Namespace
	// Pinned is the version that levels are pinned to, "v1.37".
	Pinned string
}

// Reads are the kinds that a plan depends on.
func Reads() []schema.GroupKind {
	return slices.Concat(inventory.WorkloadKinds(), rbac.Reads(), []schema.GroupKind{
		{Kind: "Namespace"}, {Kind: "ServiceAccount"}, {Kind: "ResourceQuota"}, {Kind: "LimitRange"}, {Kind: "Node"},
		{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"}, {Group: "networking.k8s.io", Kind: "NetworkPolicy"},
	})
}

// New plans for an inventory. The error says that the version cannot be read.
func New(inv *inventory.Inventory, options Options) (*Report, error) {
	evaluator, err := podsecurity.New(options.Version)
	if err != nil {
		return nil, fmt.Errorf("plan namespaces: %w", err)
	}
	if len(options.Parts) == 0 {
		options.Parts = Parts()
	}
	p := &planner{
		inv: inv, facts: control.NewFacts(inv, control.Settings{}), options: options, evaluator: evaluator,
		plan: &plan.Plan{Manager: Manager}, pinned: pin(options.Version),
	}
	p.gather()
	p.plan.Title = "Hardening of " + display.Plural(len(p.list), "namespace")
	for _, part := range []struct {
		part Part
		plan func()
	}{{PodSecurity, p.levels}, {Limits, p.limits}, {Tokens, p.tokens}, {Network, p.network}} {
		if slices.Contains(options.Parts, part.part) {
			part.plan()
		}
	}
	number(p.plan.Steps)
	return &Report{Plan: p.plan, Namespaces: p.list, Pinned: p.pinned}, nil
}

// A planner makes one plan.
type planner struct {
	inv       *inventory.Inventory
	facts     *control.Facts
	options   Options
	evaluator *podsecurity.Evaluator
	plan      *plan.Plan
	pinned    string
	list      []*Namespace
	byName    map[string]*Namespace
	workloads map[string][]control.Workload // by namespace
	live      map[*inventory.Object][]*inventory.Object
	silence   map[string][]string            // namespaces of which nothing tells how much their containers need, by resources
	scalers   map[string][]*inventory.Object // HorizontalPodAutoscalers by namespace and name of what they scale
	index     map[string][]*inventory.Object // objects of some kinds by kind and namespace
}

// step adds a step, unless it is empty.
func (p *planner) step(s plan.Step) {
	if len(s.Changes) > 0 {
		p.plan.Steps = append(p.plan.Steps, s)
	}
}

// number puts the place of each step before its name.
func number(steps []plan.Step) {
	for i := range steps {
		steps[i].Name = fmt.Sprintf("%d-%s", i+1, steps[i].Name)
	}
}

func (p *planner) cannotKnow(text string) { p.plan.CannotKnow = append(p.plan.CannotKnow, text) }

func (p *planner) decide(o finding.Ref, question string, because ...string) {
	p.plan.Decisions = append(p.plan.Decisions, plan.Decision{Object: o, Question: question, Because: because})
}

// gather lists the namespaces with what runs in them.
func (p *planner) gather() {
	p.byName, p.workloads = map[string]*Namespace{}, map[string][]control.Workload{}
	p.live = map[*inventory.Object][]*inventory.Object{}
	add := func(name string, o *inventory.Object) {
		if name == "" || len(p.options.Only) > 0 && !slices.Contains(p.options.Only, name) {
			return
		}
		if ns := p.byName[name]; ns != nil {
			if ns.object == nil {
				ns.object = o
			}
			return
		}
		ns := &Namespace{Name: name, object: o, System: system(name), Blockers: []Blocker{}}
		p.byName[name], p.list = ns, append(p.list, ns)
	}
	for _, o := range p.inv.Of("", "Namespace") {
		add(o.Name, o)
	}
	for _, w := range p.facts.Workloads() {
		add(w.Object.Namespace, nil)
		p.workloads[w.Object.Namespace] = append(p.workloads[w.Object.Namespace], w)
	}
	for _, pod := range p.inv.Of("", "Pod") {
		if owner := p.inv.TopOwner(pod); owner != pod {
			p.live[owner] = append(p.live[owner], pod)
		}
	}
	slices.SortFunc(p.list, func(a, b *Namespace) int { return cmp.Compare(a.Name, b.Name) })
	seen := map[string]bool{}
	for _, o := range p.inv.All() {
		seen[o.Namespace] = true
	}
	for _, ns := range p.list {
		ns.Unknown = p.unknown(ns, seen[ns.Name])
	}
}

// unknown says why what was read of a namespace may not be all of it; "" when it is.
func (p *planner) unknown(ns *Namespace, seen bool) string {
	if why := p.gap(ns.Name, inventory.WorkloadKinds()...); why != "" {
		return why
	}
	if ns.object == nil {
		if why := p.gap(ns.Name, schema.GroupKind{Kind: "Namespace"}); why != "" {
			return why
		}
	}
	switch {
	case p.inv.Source.Kind == "cluster" && !seen:
		return "none of its objects was read, not even its default service account"
	case p.inv.Source.Kind != "cluster" && len(p.workloads[ns.Name]) == 0:
		return "nothing that makes pods was found in it, and files need not hold all"
	}
	return ""
}

// gap says what may be missing of these kinds in a namespace; "" when nothing may.
func (p *planner) gap(namespace string, kinds ...schema.GroupKind) string {
	for _, g := range p.inv.Gaps {
		if (g.Namespace == "" || g.Namespace == namespace) && slices.ContainsFunc(kinds, g.Covers) {
			return g.Reason
		}
	}
	return ""
}

// system says why a namespace of Kubernetes itself is left alone; "" for all others.
func system(name string) string {
	switch name {
	case "kube-system":
		return "the network plugin, kube-proxy and the control plane run here and need their nodes; add-ons come and go without notice"
	case "kube-public", "kube-node-lease":
		return "Kubernetes itself uses it and no pods belong here: RBAC decides who may create some"
	}
	return ""
}

// pin is a version as labels of namespaces take it: "v1.37".
func pin(version string) string {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(parts) < 2 {
		return ""
	}
	return "v" + parts[0] + "." + strings.TrimRight(parts[1], "+")
}
