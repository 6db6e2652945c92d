package baseline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/framework"
	"github.com/plimsoll-io/plimsoll/harden/baseline"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/network/rehearse"
	"github.com/plimsoll-io/plimsoll/network/service"
	"github.com/plimsoll-io/plimsoll/rbac/attack"
	"github.com/plimsoll-io/plimsoll/scan"
)

// now is when the tests scan.
var now = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

var groups = baseline.Groups{Viewer: "lookers", Deployer: "makers", Operator: "keepers"}

// shop is a namespace without anything declared.
func shop() baseline.Options {
	return baseline.Options{Kind: baseline.Namespace, Name: "shop", Groups: groups, Minor: "1.37", Store: baseline.Store{Provider: "vault"}}
}

func cluster() baseline.Options {
	g := groups
	g.Deployer = ""
	return baseline.Options{Kind: baseline.Cluster, Groups: g, Minor: "1.37"}
}

var acceptance = baseline.Acceptance{Owner: "shop team", Ticket: "SEC-1", ApprovedBy: "A. " +
	"Person", Expires: time.Date(2027, 3, 31, 0, 0, 0, 0, time.UTC)}

func build(t *testing.T, o baseline.Options) *baseline.Baseline {
	t.Helper()
	b, err := baseline.Build(o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// objects are what a baseline applies, in order.
func objects(t *testing.T, b *baseline.Baseline) []*inventory.Object {
	t.Helper()
	var out []*inventory.Object
	seen := map[finding.Ref]bool{}
	for _, s := range b.Plan.Steps {
		for _, c := range s.Changes {
			ref := plan.RefOf(c.Object)
			if seen[ref] {
				t.Errorf("%s is there twice: a kustomization of all steps takes it once", ref)
			}
			seen[ref] = true
			out = append(out, &inventory.Object{Ref: ref, Content: jsonShape(t, c.Object)})
		}
	}
	return out
}

// jsonShape is an object as it comes back from its text.
func jsonShape(t *testing.T, o map[string]any) map[string]any {
	t.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]any{}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func inventoryOf(objects ...*inventory.Object) *inventory.Inventory {
	return inventory.New(inventory.Source{Kind: "files", Names: []string{"baseline"}}, now, "v1.37.2", objects, nil)
}

// declared reads manifests as the command does.
func declared(t *testing.T, text string) *inventory.Inventory {
	t.Helper()
	list, gaps := manifest.ReadBytes("app.yaml", []byte(text), manifest.Options{Namespace: "shop"})
	if len(gaps) > 0 {
		t.Fatal(gaps)
	}
	return inventoryOf(list...)
}

const app = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: web
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: web
        image: registry.example.com/web@sha256:0000000000000000000000000000000000000000000000000000000000000001
        env: [{name: STORE, value: "http://store:8080"}]
        ports: [{containerPort: 9000}]
        resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {cpu: 100m, memory: 32Mi}}
        securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: web, namespace: shop}
automountServiceAccountToken: false
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: store, namespace: shop}
spec:
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec:
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: store
        image: registry.example.com/store@sha256:0000000000000000000000000000000000000000000000000000000000000002
        ports: [{containerPort: 8080}]
        resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {cpu: 100m, memory: 32Mi}}
        securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
---
apiVersion: v1
kind: Service
metadata: {name: store, namespace: shop}
spec: {selector: {app: store}, ports: [{port: 8080}]}
`

func scanned(t *testing.T, inv *inventory.Inventory, exceptions []finding.Exception) *scan.Report {
	t.Helper()
	all, err := control.All()
	if err != nil {
		t.Fatal(err)
	}
	r, err := scan.Run(context.Background(), inv, scan.Options{Controls: all, Exceptions: exceptions, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestNoFindings holds the objects of each baseline to the whole catalogue: nothing of medium or above but what no rule
// can take from a deployer, and nothing else excepted.
func TestNoFindings(t *testing.T) {
	hole := []string{"create-pods Role/shop/baseline-deployer"}
	anyName := []string{"configmaps-write Role/shop/baseline-deployer", "create-pods Role/shop/baseline-deployer", "network-write " +
		"Role/shop/baseline-deployer"}
	for _, c := range []struct {
		name string
		with func(*baseline.Options)
		want []string
	}{
		{"nothing declared", func(*baseline.Options) {}, anyName},
		{"no deployer", func(o *baseline.Options) { o.Groups.Deployer = "" }, nil},
		{"declared", func(o *baseline.Options) { o.Declared = declared(t, app) }, hole},
		{"declared, any name", func(o *baseline.Options) { o.Declared, o.AnyName = declared(t, app), true }, anyName},
		{"a team", func(o *baseline.Options) {
			o.Kind, o.Namespaces, o.Groups.Deployer = baseline.Team, []string{"shop", "cart"}, ""
		}, nil},
		{"registries", func(o *baseline.Options) { o.Registries, o.Groups.Deployer = []string{"registry.example.com"}, "" }, nil},
		{"a cluster", func(o *baseline.Options) { *o = cluster() }, nil},
		{"a cluster with registries", func(o *baseline.Options) { *o = cluster(); o.Registries = []string{"registry.example.com"} }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := shop()
			c.with(&o)
			list := objects(t, build(t, o))
			if o.Declared != nil {
				list = append(list, o.Declared.All()...)
			}
			found := map[string]bool{}
			for _, r := range scanned(t, inventoryOf(list...), nil).Results {
				for _, f := range r.Findings {
					if f.Severity >= finding.Medium {
						found[f.Control+" "+f.Object.Kind+"/"+f.Object.Namespace+"/"+f.Object.Name] = true
					}
				}
				for _, e := range r.Errors {
					t.Errorf("%s cannot judge %s: %s", r.Control.ID, e.Object, e.Message)
				}
			}
			if got := slices.Sorted(maps.Keys(found)); !slices.Equal(got, c.want) {
				t.Errorf("findings %q, want %q", got, c.want)
			}
		})
	}
}

// TestAccepted holds that what is accepted is written down as scans read it, and that nothing is left open then.
func TestAccepted(t *testing.T) {
	o := shop()
	o.Acceptance = acceptance
	b := build(t, o)
	if len(b.Files) != 1 || !strings.Contains(string(b.Files[0].Text), "SEC-1") {
		t.Fatalf("no exception is written: %v", b.Files)
	}
	x := finding.Exception{
		Name: "x", Controls: []string{"create-pods", "configmaps-write", "network-write"}, Reason: "r", Owner: "o", Ticket: "t", ApprovedBy: "a",
		Expires: acceptance.Expires, Objects: finding.Selector{Namespaces: []string{"shop"}, Kinds: []string{"Role"}, Names: []string{"baseline-deployer"}},
	}
	for _, r := range scanned(t, inventoryOf(objects(t, b)...), []finding.Exception{x}).Results {
		for _, f := range r.Findings {
			if f.Severity >= finding.Medium {
				t.Errorf("%s %s is open", f.Control, f.Object)
			}
		}
	}
}

// TestMature holds the objects to each criterion of the levels that controls decide.
func TestMature(t *testing.T) {
	o := shop()
	o.Groups.Deployer, o.Declared, o.Registries = "", declared(t, app), []string{"registry.example.com"}
	for name, inv := range map[string]*inventory.Inventory{
		"namespace": inventoryOf(append(objects(t, build(t, o)), o.Declared.All()...)...),
		"cluster":   inventoryOf(objects(t, build(t, cluster()))...),
	} {
		levels, err := framework.Levels(scanned(t, inv, nil))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range levels {
			for _, criterion := range append(c.Compliant, c.Mature...) {
				if len(criterion.Controls) > 0 && criterion.Status == framework.NotMet {
					t.Errorf("%s: %s misses %q (%v)", name, c.Capability, criterion.Text, criterion.Controls)
				}
			}
		}
	}
}

// TestPaths holds that the groups have no way to more than their rights: none to any goal of an attacker.
func TestPaths(t *testing.T) {
	o := shop()
	o.Declared = declared(t, app)
	for name, list := range map[string][]*inventory.Object{
		"namespace": append(objects(t, build(t, o)), o.Declared.All()...),
		"cluster":   objects(t, build(t, cluster())),
	} {
		graph := control.NewFacts(inventoryOf(list...), control.Settings{}).Attacks()
		for _, group := range []string{groups.Viewer, groups.Deployer, groups.Operator} {
			from := finding.Ref{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "Group", Name: group}
			if name == "namespace" && !graph.Has(from) {
				t.Errorf("%s: the group %s holds nothing", name, group)
			}
			for _, goal := range attack.Goals() {
				p, ok := graph.Shortest(from, goal)
				if ok && !p.Blocked() {
					t.Errorf("%s: %s reaches %s: %+v", name, group, goal.Name, p)
				}
			}
		}
	}
}

// TestPoliciesUnchanged holds the policies to the catalogue, byte for byte, and their bindings to stage audit.
func TestPoliciesUnchanged(t *testing.T) {
	for _, o := range []baseline.Options{shop(), cluster()} {
		policies := 0
		for _, s := range build(t, o).Plan.Steps {
			for _, c := range s.Changes {
				ref := plan.RefOf(c.Object)
				id, ours := strings.CutPrefix(ref.Name, "plimsoll-")
				switch {
				case ref.Kind == "ValidatingAdmissionPolicy" && ours:
					policies++
					if !bytes.Equal(c.Text, control.PolicyText(id)) {
						t.Errorf("%s is not as the catalogue has it", ref.Name)
					}
				case ref.Kind == "ValidatingAdmissionPolicyBinding" && ours:
					if actions := inventory.List(jsonShape(t, c.Object), "spec", "validationActions"); !reflect.DeepEqual(actions, []any{"Audit"}) {
						t.Errorf("%s does %v", ref.Name, actions)
					}
				}
			}
		}
		if policies < 60 {
			t.Errorf("%s: only %d policies", o.Kind, policies)
		}
	}
}

// TestFlows holds that what is declared, and DNS, stays open under the policies, and that the rest does not.
func TestFlows(t *testing.T) {
	o := shop()
	o.Declared = declared(t, app)
	bare, full := o.Declared, inventoryOf(append(objects(t, build(t, o)), o.Declared.All()...)...)
	before, after := network.New(bare).AssumeEnforced(), network.New(full).AssumeEnforced()
	needs := need.Declared(bare, before, service.New(bare, before), need.DeclaredOptions{})
	if len(needs.List) == 0 {
		t.Fatal("nothing is declared")
	}
	if r := rehearse.Judge(needs, before, after); len(r.Breaks) > 0 {
		t.Errorf("the baseline breaks %+v", r.Breaks)
	}
	peer := func(name string) *network.Peer {
		for _, p := range after.Peers() {
			if p.Object != nil && p.Object.Name == name {
				return p
			}
		}
		t.Fatalf("no peer %s", name)
		return nil
	}
	if v := after.Explain(peer("store"), peer("web"), network.OnePort(network.TCP, 9000)); v.Answer() != network.Denied {
		t.Errorf("store reaches web, which nobody declared: %+v", v)
	}
}

// TestDeterministic holds that the same options give the same baseline.
func TestDeterministic(t *testing.T) {
	for range 5 {
		for _, o := range []baseline.Options{shop(), cluster()} {
			if !reflect.DeepEqual(build(t, o), build(t, o)) {
				t.Fatalf("%s: two runs differ", o.Kind)
			}
		}
	}
}

// TestRefused holds what is refused, and that nothing of it panics.
func TestRefused(t *testing.T) {
	for name, with := range map[string]func(*baseline.Options){
		"no such kind":        func(o *baseline.Options) { o.Kind = "galaxy" },
		"no name":             func(o *baseline.Options) { o.Name = "" },
		"a path":              func(o *baseline.Options) { o.Name = "../shop" },
		"the default one":     func(o *baseline.Options) { o.Name = "default" },
		"one of Kubernetes":   func(o *baseline.Options) { o.Name = "kube-system" },
		"everybody":           func(o *baseline.Options) { o.Groups.Viewer = "system:authenticated" },
		"masters":             func(o *baseline.Options) { o.Groups.Operator = "system:masters" },
		"a line break":        func(o *baseline.Options) { o.Groups.Operator = "a\nb" },
		"an old version":      func(o *baseline.Options) { o.Minor = "1.29" },
		"no version":          func(o *baseline.Options) { o.Minor = "newest" },
		"no amount":           func(o *baseline.Options) { o.Quota = map[string]string{"pods": "many"} },
		"no entry of a quota": func(o *baseline.Options) { o.Quota = map[string]string{"pots": "1"} },
		"no store":            func(o *baseline.Options) { o.Store.Provider = "drawer" },
		"secrets in the open": func(o *baseline.Options) { o.Store.Place = "http://vault.example.com" },
		"a password":          func(o *baseline.Options) { o.Store.Place = "https://me:word@vault.example.com" },
		"a bad account":       func(o *baseline.Options) { o.Accounts = []string{"x'] || true || ['"} },
		"no socket": func(o *baseline.Options) {
			*o = cluster()
			o.Encryption.KMS = "http://kms"
		},
		"a namespace of a cluster": func(o *baseline.Options) { o.Kind = baseline.Cluster },
	} {
		o := shop()
		with(&o)
		if b, err := baseline.Build(o); err == nil {
			t.Errorf("%s: taken: %s", name, b.Plan.Title)
		} else if strings.Contains(err.Error(), "word@") {
			t.Errorf("%s: the error tells the password", name)
		}
	}
}

// TestOddShapes gives manifests that are no manifests.
func TestOddShapes(t *testing.T) {
	for _, spec := range []any{nil, "x", []any{1}, map[string]any{"template": map[string]any{"spec": map[string]any{
		"serviceAccountName": "x'] || true || ['", "containers": []any{nil, "x", map[string]any{"name": 1}},
	}}}} {
		content := map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "odd", "namespace": "shop"}, "spec": spec}
		o := shop()
		o.Declared = inventoryOf(&inventory.Object{Ref: plan.RefOf(content), Content: content})
		b := build(t, o)
		for _, c := range objects(t, b) {
			if c.Name == "baseline-accounts-shop" && strings.Contains(strings.ReplaceAll(jsonText(t, c.Content), " ", ""), "||true||") {
				t.Error("a name from a manifest became an expression")
			}
		}
	}
}

func jsonText(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
