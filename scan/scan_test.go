package scan_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy"
	"github.com/plimsoll-io/plimsoll/scan"
)

var taken = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// privileged is the shipped control about privileged containers.
func privileged(t *testing.T) control.Control {
	t.Helper()
	text, err := os.ReadFile("../control/policies/privileged-container.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p, err := policy.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return control.Control{
		ID: "privileged-container", Title: "Container runs privileged", Severity: finding.High,
		Capability: control.PodSecurity, Policy: p, Reads: inventory.WorkloadKinds(),
	}
}

// object builds an object; content is completed with what names it.
func object(apiVersion, kind, namespace, name string, content map[string]any) *inventory.Object {
	meta, _ := content["metadata"].(map[string]any)
	if meta == nil {
		meta = map[string]any{}
		content["metadata"] = meta
	}
	meta["name"], meta["namespace"] = name, namespace
	content["apiVersion"], content["kind"] = apiVersion, kind
	return &inventory.Object{
		Ref:     finding.Ref{APIVersion: apiVersion, Kind: kind, Namespace: namespace, Name: name},
		Content: content,
	}
}

func podSpec(privileged bool) map[string]any {
	return map[string]any{"containers": []any{map[string]any{
		"name": "web", "image": "shop/web:1", "securityContext": map[string]any{"privileged": privileged},
	}}}
}

func deployment(name string, privileged bool) *inventory.Object {
	return object("apps/v1", "Deployment", "shop", name, map[string]any{"spec": map[string]any{
		"template": map[string]any{
			"metadata": map[string]any{"labels": map[string]any{"app": name}},
			"spec":     podSpec(privileged),
		},
	}})
}

func ownedPod(name, owner string, privileged bool) *inventory.Object {
	return object("v1", "Pod", "shop", name, map[string]any{
		"metadata": map[string]any{"ownerReferences": []any{map[string]any{
			"apiVersion": "apps/v1", "kind": "Deployment", "name": owner, "controller": true,
		}}},
		"spec": podSpec(privileged),
	})
}

func run(t *testing.T, inv *inventory.Inventory, opts scan.Options) *scan.Report {
	t.Helper()
	rep, err := scan.Run(context.Background(), inv, opts)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func files(objects []*inventory.Object, gaps ...inventory.Gap) *inventory.Inventory {
	return inventory.New(inventory.Source{Kind: "files", Names: []string{"shop"}}, taken, "", objects, gaps)
}

func TestStatus(t *testing.T) {
	gap := inventory.Gap{Kind: "Deployment", AnyGroup: true, File: "broken.yaml", Reason: "broken.yaml is no YAML"}
	broken := object("apps/v1", "Deployment", "shop", "broken", map[string]any{"spec": map[string]any{
		"template": map[string]any{"spec": map[string]any{"containers": "none"}},
	}})
	tests := []struct {
		name    string
		objects []*inventory.Object
		gaps    []inventory.Gap
		want    scan.Status
		full    bool // coverage
	}{
		{"nothing to judge", nil, nil, scan.NotApplicable, true},
		{"pass", []*inventory.Object{deployment("cart", false)}, nil, scan.Pass, true},
		{"fail", []*inventory.Object{deployment("cart", true)}, nil, scan.Fail, true},
		{"a gap is never a pass", []*inventory.Object{deployment("cart", false)}, []inventory.Gap{gap}, scan.Skipped, false},
		{"a gap hides no finding", []*inventory.Object{deployment("cart", true)}, []inventory.Gap{gap}, scan.Fail, false},
		{"an error is no pass", []*inventory.Object{deployment("cart", false), broken}, nil, scan.Error, false},
		{"fail is worse than error", []*inventory.Object{deployment("cart", true), broken}, nil, scan.Fail, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			rep := run(t, files(test.objects, test.gaps...), scan.Options{Controls: []control.Control{privileged(t)}})
			if got := rep.Results[0].Status; got != test.want {
				t.Errorf("status is %s, want %s: %+v", got, test.want, rep.Results[0])
			}
			if full := rep.Summary.Coverage == 100; full != test.full {
				t.Errorf("coverage is %v", rep.Summary.Coverage)
			}
		})
	}
}

func TestGapSkipsWhatJoins(t *testing.T) {
	joins := control.Control{
		ID: "joins", Reads: []schema.GroupKind{{Kind: "Secret"}},
		Check: func(*control.Facts) control.Judgement {
			t.Error("the check ran in spite of the gap")
			return control.Judgement{}
		},
	}
	alone := control.Control{
		ID: "alone", Reads: []schema.GroupKind{{Kind: "Secret"}}, PerObject: true, Severity: finding.Low,
		Check: func(f *control.Facts) control.Judgement {
			return control.Judgement{Examined: f.All(), Findings: []finding.Finding{{Object: f.All()[0].Ref}}}
		},
	}
	inv := files([]*inventory.Object{deployment("cart", false)}, inventory.Gap{Kind: "Secret", Reason: "forbidden"})
	rep := run(t, inv, scan.Options{Controls: []control.Control{joins, alone}})
	if got := rep.Results[0]; got.Status != scan.Skipped || got.Skipped == "" {
		t.Errorf("a control that joins is %s %q, want skipped with a reason", got.Status, got.Skipped)
	}
	if got := rep.Results[1]; got.Status != scan.Fail || got.Skipped == "" {
		t.Errorf("a per-object control is %s %q, want fail and a note of the gap", got.Status, got.Skipped)
	}
}

func TestFold(t *testing.T) {
	tests := []struct {
		name     string
		template bool
		pods     []bool
		want     int
		because  string
	}{
		{"clean", false, []bool{false, false}, 0, ""},
		{"the template and its pods are one finding", true, []bool{true, true}, 1, ""},
		{"injected in some pods", false, []bool{true, false, true}, 1, "injected in 2 of 3 pods; the template does not have it"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			objects := []*inventory.Object{deployment("cart", test.template)}
			for i, p := range test.pods {
				objects = append(objects, ownedPod("cart-"+string(rune('a'+i)), "cart", p))
			}
			rep := run(t, files(objects), scan.Options{Controls: []control.Control{privileged(t)}})
			got := rep.Results[0].Findings
			if len(got) != test.want {
				t.Fatalf("%d findings, want %d: %+v", len(got), test.want, got)
			}
			if test.want == 1 {
				if got[0].Object.Kind != "Deployment" || got[0].Path != "spec.template.spec.containers[name=web].securityContext.privileged" {
					t.Errorf("finding is on %v at %s", got[0].Object, got[0].Path)
				}
				if test.because != "" && got[0].Because[0].Message != test.because {
					t.Errorf("because %+v", got[0].Because)
				}
			}
		})
	}
}

func TestContext(t *testing.T) {
	service := object("v1", "Service", "shop", "cart", map[string]any{"spec": map[string]any{
		"type": "LoadBalancer", "selector": map[string]any{"app": "cart"}, "ports": []any{map[string]any{"port": int64(80)}},
		"externalTrafficPolicy": "Local",
	}})
	policy := func(spec map[string]any) *inventory.Object {
		return object("networking.k8s.io/v1", "NetworkPolicy", "shop", "only", map[string]any{"spec": spec})
	}
	everyone := []any{map[string]any{"from": []any{map[string]any{"ipBlock": map[string]any{"cidr": "10.0.0.0/8"}}}}}
	for name, c := range map[string]struct {
		more []*inventory.Object
		gaps []inventory.Gap
		want finding.Severity
		says string
	}{
		"no policy":          {want: finding.Critical, says: "reachable from outside the cluster through LoadBalancer Service cart"},
		"denied":             {more: []*inventory.Object{policy(map[string]any{"podSelector": map[string]any{}})}, want: finding.High},
		"perhaps":            {more: []*inventory.Object{policy(map[string]any{"ingress": everyone})}, want: finding.Critical, says: "may be reachable"},
		"policies not read":  {gaps: []inventory.Gap{{Kind: "NetworkPolicy", Group: "networking.k8s.io"}}, want: finding.Critical, says: "may be reachable"},
		"denied in a subset": {more: []*inventory.Object{policy(map[string]any{"podSelector": map[string]any{"matchLabels": map[string]any{"app": "inner"}}})}, want: finding.Critical},
	} {
		objects := append([]*inventory.Object{deployment("cart", true), deployment("inner", true), service}, c.more...)
		rep := run(t, inventory.New(inventory.Source{}, time.Time{}, "", objects, c.gaps), scan.Options{Controls: []control.Control{privileged(t)}})
		severities, because := map[string]finding.Severity{}, ""
		for _, f := range rep.Results[0].Findings {
			severities[f.Object.Name] = f.Severity
			for _, r := range f.Because {
				because += r.Message
			}
		}
		if severities["cart"] != c.want || severities["inner"] != finding.High || !strings.Contains(because, c.says) {
			t.Errorf("%s: severities are %v because %q: want %s for cart, high for the other", name, severities, because, c.want)
		}
	}
}

func TestPodTemplatesInCustomResources(t *testing.T) {
	rollout := object("argoproj.io/v1alpha1", "Rollout", "shop", "cart", map[string]any{"spec": map[string]any{
		"template": map[string]any{"spec": podSpec(true)},
	}})
	rep := run(t, files([]*inventory.Object{rollout}), scan.Options{
		Controls: []control.Control{privileged(t)},
		Settings: control.Settings{PodTemplates: map[string]string{"Rollout.argoproj.io": "spec.template"}},
	})
	got := rep.Results[0].Findings
	if len(got) != 1 || got[0].Path != "spec.template.spec.containers[name=web].securityContext.privileged" {
		t.Errorf("findings: %+v", got)
	}
}

func TestDefaultsAreNotJudged(t *testing.T) {
	d := deployment("cart", true)
	d.Default = true
	rep := run(t, files([]*inventory.Object{d}), scan.Options{Controls: []control.Control{privileged(t)}})
	if got := rep.Results[0].Status; got != scan.NotApplicable {
		t.Errorf("status is %s", got)
	}
}

// TestTokenRaises: pods whose token leads to the whole cluster make what is wrong with them worse.
func TestTokenRaises(t *testing.T) {
	binding := object("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "", "cart", map[string]any{
		"roleRef":  map[string]any{"kind": "ClusterRole", "name": "cluster-admin"},
		"subjects": []any{map[string]any{"kind": "ServiceAccount", "namespace": "shop", "name": "default"}},
	})
	rep := run(t, files([]*inventory.Object{deployment("cart", true), binding}), scan.Options{Controls: []control.Control{privileged(t)}})
	f := rep.Results[0].Findings[0]
	if f.Severity != finding.Critical || !slices.ContainsFunc(f.Because, func(r finding.Reason) bool {
		return r.Effect == "raises" && r.Fact == "token-leads-to-cluster-admin" && r.Object.String() == "ServiceAccount shop/default"
	}) {
		t.Errorf("severity %s because of %v", f.Severity, f.Because)
	}
}
