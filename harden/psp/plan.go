package psp

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy/podsecurity"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// ErrNone says that there is nothing to migrate.
var ErrNone = errors.New("there is no PodSecurityPolicy in what was read")

// Options say how to migrate.
type Options struct {
	// Namespaces are those to migrate; empty means those in which RBAC let pods use each policy.
	Namespaces []string
	// Version is the version to pin the levels to, "v1.33".
	Version string
}

// The steps of the plan.
const (
	stepWatch = "1-watch"
	stepDeny  = "2-enforce"
)

// New plans the migration of the PodSecurityPolicies of an inventory. The error is ErrNone, or says that Version is
// not known.
func New(inv *inventory.Inventory, opts Options) (*plan.Plan, error) {
	evaluator, err := podsecurity.New(opts.Version)
	if err != nil {
		return nil, fmt.Errorf("migrate PodSecurityPolicies: %w", err)
	}
	m := &migration{inv: inv, opts: opts, evaluator: evaluator, plan: &plan.Plan{}}
	for _, o := range inv.All() {
		if Is(o) {
			m.found = append(m.found, o)
		}
	}
	if len(m.found) == 0 {
		return nil, ErrNone
	}
	m.read()
	m.place()
	m.watch()
	m.enforce()
	m.plan.Title = "From PodSecurityPolicies to Pod Security levels and admission policies"
	m.plan.CannotKnow = append(m.plan.CannotKnow,
		"What PodSecurityPolicies filled in is seen in running pods, and not in the templates that they came from: rehearse the plan against the templates (plimsoll rehearse).")
	return m.plan, nil
}

type migration struct {
	inv       *inventory.Inventory
	opts      Options
	evaluator *podsecurity.Evaluator
	found     []*inventory.Object
	policies  []*Policy
	// used are the policies by namespace; the key "" is for those of which it is not known, or everywhere.
	used map[string][]*Policy
	plan *plan.Plan
}

func (m *migration) decide(o *inventory.Object, path finding.Path, question string, because ...string) {
	m.plan.Decisions = append(m.plan.Decisions, plan.Decision{Object: o.Ref, Path: path, Position: o.Position(path), Question: question, Because: because})
}

func (m *migration) read() {
	names := map[string]bool{}
	for _, o := range m.found {
		p, err := Read(o)
		if err != nil {
			m.decide(o, "spec", "Mend the PodSecurityPolicy, or leave it behind: it was not migrated", err.Error())
			continue
		}
		if names[o.Name] {
			m.decide(o, "metadata.name", "Choose one of the PodSecurityPolicies of this name: only the first was migrated")
			continue
		}
		names[o.Name] = true
		m.policies = append(m.policies, p)
	}
}

// place finds the namespaces of each policy.
func (m *migration) place() {
	m.used = map[string][]*Policy{}
	usable := usedIn(m.inv)
	for _, p := range m.policies {
		namespaces := m.opts.Namespaces
		if len(namespaces) == 0 {
			namespaces = usable[p.Object.Name]
		}
		if len(namespaces) == 0 {
			namespaces = []string{""}
			m.decide(p.Object, "", "Name the namespaces to migrate with --in: no Role or ClusterRole that was read lets pods of any use it",
				"its policy is bound to all namespaces, and stays at the stage where it only writes to the audit log")
		}
		for _, ns := range namespaces {
			m.used[ns] = append(m.used[ns], p)
		}
	}
	for _, ns := range m.namespaces() {
		if list := m.used[ns]; len(list) > 1 {
			m.decide(list[0].Object, "", fmt.Sprintf("Choose one PodSecurityPolicy for the namespace %s: it had %s", ns, names(list)),
				"a pod was admitted by any one of them, and admission policies all have to agree",
				"until then the namespace gets the level that all of them keep to, and no policy")
		}
	}
}

func names(list []*Policy) string {
	var out []string
	for _, p := range list {
		out = append(out, p.Object.Name)
	}
	return strings.Join(out, ", ")
}

// namespaces are those that are known, sorted.
func (m *migration) namespaces() []string {
	var out []string
	for ns := range m.used {
		if ns != "" {
			out = append(out, ns)
		}
	}
	slices.Sort(out)
	return out
}

// level is the strictest level that all policies of a namespace keep to.
func level(list []*Policy) Level {
	out := Restricted
	for _, p := range list {
		if l := p.Level(); out.demands(l) {
			out = l
		}
	}
	return out
}

// only are the namespaces whose one policy this is: there it can be asked for.
func (m *migration) only(p *Policy) []string {
	var out []string
	for _, ns := range m.namespaces() {
		if list := m.used[ns]; len(list) == 1 && list[0] == p {
			out = append(out, ns)
		}
	}
	return out
}

// usedIn are the namespaces in which some pod may use each PodSecurityPolicy, by its name, as far as roles name them: whoever
// may do anything, may use all, and says nothing about one.
func usedIn(inv *inventory.Inventory) map[string][]string {
	out := map[string][]string{}
	for _, b := range rbac.New(inv).Bindings() {
		if b.Role == nil {
			continue
		}
		for _, rule := range b.Role.Rules {
			if !slices.Contains(rule.Resources, "podsecuritypolicies") || !slices.Contains(rule.Verbs, "use") && !slices.Contains(rule.Verbs, "*") {
				continue
			}
			for _, p := range inv.All() {
				if Is(p) && (len(rule.ResourceNames) == 0 || slices.Contains(rule.ResourceNames, p.Name)) {
					out[p.Name] = append(out[p.Name], namespacesOf(inv, b)...)
				}
			}
		}
	}
	for name, list := range out {
		slices.Sort(list)
		out[name] = slices.Compact(list)
	}
	return out
}

// namespacesOf are the namespaces whose pods a binding is about.
func namespacesOf(inv *inventory.Inventory, b *rbac.Binding) []string {
	if b.Namespace != "" {
		return []string{b.Namespace}
	}
	var out []string
	for _, s := range b.Subjects {
		ns, one := strings.CutPrefix(s.Name, "system:serviceaccounts:")
		switch {
		case s.Kind == rbac.ServiceAccountKind:
			out = append(out, s.Namespace)
		case s.Kind == rbac.GroupKind && one:
			out = append(out, ns)
		case s.Kind == rbac.GroupKind && (s.Name == "system:authenticated" || s.Name == "system:serviceaccounts"):
			for _, o := range inv.Of("", "Namespace") {
				out = append(out, o.Name)
			}
		}
	}
	return out
}
