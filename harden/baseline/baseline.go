// Package baseline plans what a new cluster, team or namespace starts with: roles bound to groups, namespaces that deny
// by default and take only restricted pods, the catalogue's policies in audit stage, an audit policy, the flags and files
// of the API server, and a place for secrets to come from. It is what hardening guides describe, with what they usually
// leave out: what breaks, in which order, and how to go back.
package baseline

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network/generate"
)

// A Kind is what a baseline is for.
type Kind string

// The kinds.
const (
	Cluster   Kind = "cluster"
	Team      Kind = "team"      // some namespaces with the same people
	Namespace Kind = "namespace" // one namespace
)

// Groups are the groups, as the cluster's authentication names them, that the roles are bound to. A role without a
// group is not written.
type Groups struct{ Viewer, Deployer, Operator string }

// An Acceptance says who accepts what a deployer can do. Only a whole one becomes an exception.
type Acceptance struct {
	Owner, Ticket, ApprovedBy string
	Expires                   time.Time // the last day
}

func (a Acceptance) whole() bool {
	return a.Owner != "" && a.Ticket != "" && a.ApprovedBy != "" && !a.Expires.IsZero()
}

// Options say what to plan.
type Options struct {
	Kind Kind
	// Name is that of the team or namespace; "" for a cluster.
	Name string
	// Namespaces are those of a team; its name when there are none.
	Namespaces []string
	Groups     Groups
	// Minor is the Kubernetes minor of the cluster: "1.37".
	Minor string
	// Declared are the objects that are to run there, nil when they are not known: their connections are opened, and
	// the deployer's rights named after them.
	Declared *inventory.Inventory
	// AnyName lets a deployer choose names though Declared says them.
	AnyName bool
	// Accounts are service accounts that pods may have besides the default one and the declared ones.
	Accounts []string
	// Quota overrides entries of the ResourceQuotas: "requests.cpu" = "8".
	Quota map[string]string
	// Registries are where images may come from; nothing is said about that without any.
	Registries []string
	Store      Store
	Encryption Encryption
	// Network are what connections cannot be opened without: addresses of the API server, of nodes, and so on.
	Network    generate.Options
	Acceptance Acceptance
}

// A Baseline is a plan, and the files that belong beside its steps.
type Baseline struct {
	Plan  *plan.Plan
	Files []plan.File
}

// PartOf is the label that all objects of a baseline carry, with its value.
const (
	PartOf     = "app.kubernetes.io/part-of"
	PartOfThis = "plimsoll-baseline"
)

// Manager is who applies the baseline of a team or namespace, as the API server notes it. That of a cluster is applied as
// `plimsoll policy` applies policies, which it hands over to.
const Manager = "plimsoll-baseline"

// Build plans a baseline.
func Build(o Options) (*Baseline, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	b := &builder{Options: o, plan: &plan.Plan{Manager: Manager}}
	var steps []func() error
	if o.Kind == Cluster {
		b.plan.Title, b.plan.Manager = "Baseline of a cluster", ""
		steps = []func() error{b.auditing, b.anonymous, b.encryption, b.kubeadm, b.policies, b.clusterRoles}
	} else {
		b.plan.Title = fmt.Sprintf("Baseline of the %s %s", o.Kind, o.Name)
		steps = []func() error{b.definitions, b.namespaces, b.network, b.accounts, b.policies, b.roles, b.secretStore}
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	b.exceptions()
	b.level()
	return &Baseline{Plan: b.plan, Files: b.files}, nil
}

// A builder makes one baseline.
type builder struct {
	Options
	plan  *plan.Plan
	files []plan.File
}

// step adds a step, numbered by its place.
func (b *builder) step(name string, s plan.Step) {
	s.Name = strconv.Itoa(len(b.plan.Steps)+1) + "-" + name
	b.plan.Steps = append(b.plan.Steps, s)
}

func (b *builder) decide(d plan.Decision) { b.plan.Decisions = append(b.plan.Decisions, d) }

// spaces are the namespaces of the baseline, sorted.
func (o *Options) spaces() []string {
	if o.Kind == Cluster {
		return nil
	}
	if len(o.Namespaces) == 0 {
		return []string{o.Name}
	}
	out := slices.Clone(o.Namespaces)
	slices.Sort(out)
	return slices.Compact(out)
}

// check says what is wrong with options.
func (o *Options) check() error {
	switch o.Kind {
	case Cluster:
		if o.Name != "" || len(o.Namespaces) > 0 {
			return fmt.Errorf("a cluster's baseline has no name and no namespaces")
		}
	case Team, Namespace:
		if o.Name == "" {
			return fmt.Errorf("name the %s", o.Kind)
		}
		if o.Kind == Namespace && len(o.Namespaces) > 0 {
			return fmt.Errorf("a namespace's baseline is for one namespace")
		}
	default:
		return fmt.Errorf("there is no baseline for a %q: use cluster, team or namespace", o.Kind)
	}
	for _, name := range append(o.spaces(), o.Accounts...) {
		if bad := validation.IsDNS1123Label(name); len(bad) > 0 {
			return fmt.Errorf("%q is no name: %s", name, bad[0])
		}
	}
	for _, name := range o.spaces() {
		if name == "default" || strings.HasPrefix(name, "kube-") {
			return fmt.Errorf("%s is a namespace of Kubernetes: its baseline would stop what runs there", name)
		}
	}
	for _, group := range []string{o.Groups.Viewer, o.Groups.Deployer, o.Groups.Operator} {
		if err := checkGroup(group); err != nil {
			return err
		}
	}
	if o.Name != "" {
		if bad := validation.IsDNS1123Label(o.Name); len(bad) > 0 {
			return fmt.Errorf("%q is no name: %s", o.Name, bad[0])
		}
	}
	return o.checkMinor()
}

// checkGroup refuses groups that are no people: Kubernetes puts everybody, or what it trusts, into them.
func checkGroup(group string) error {
	odd := strings.ContainsFunc(group, func(r rune) bool { return r < ' ' || r == 0x7f })
	if odd || strings.HasPrefix(group, "system:") || strings.TrimSpace(group) != group {
		return fmt.Errorf("%q is no group of people: name one of your identity provider", group)
	}
	return nil
}

// oldestMinor is the first that serves ValidatingAdmissionPolicy v1.
const oldestMinor = 30

func (o *Options) checkMinor() error {
	if n := o.minor(); n < oldestMinor {
		return fmt.Errorf("%q is no version from 1.%d on: its admission policies are not served", o.Minor, oldestMinor)
	}
	return nil
}

// minor is the number of the minor version; -1 when it is none.
func (o *Options) minor() int {
	text, ok := strings.CutPrefix(o.Minor, "1.")
	n, err := strconv.Atoi(text)
	if !ok || err != nil || n < 0 || n > 999 || strconv.Itoa(n) != text {
		return -1
	}
	return n
}

// object is an object of the baseline.
func object(apiVersion, kind, namespace, name string, rest map[string]any) map[string]any {
	meta := map[string]any{"name": name, "labels": map[string]any{PartOf: PartOfThis}}
	if namespace != "" {
		meta["namespace"] = namespace
	}
	out := map[string]any{"apiVersion": apiVersion, "kind": kind, "metadata": meta}
	for key, value := range rest {
		out[key] = value
	}
	return out
}

func create(o map[string]any, because ...string) plan.Change {
	return plan.Change{Action: plan.Create, Object: o, Because: because}
}

func list(values ...string) []any {
	out := make([]any, 0, len(values))
	for _, v := range values {
		out = append(out, v)
	}
	return out
}
