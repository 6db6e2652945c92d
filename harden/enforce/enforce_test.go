package enforce

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

var today = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// only is the control of an id.
func only(t *testing.T, ids ...string) []control.Control {
	t.Helper()
	all, err := control.All()
	if err != nil {
		t.Fatal(err)
	}
	out := slices.DeleteFunc(all, func(c control.Control) bool { return !slices.Contains(ids, c.ID) })
	if len(out) != len(ids) {
		t.Fatalf("no such controls: %v", ids)
	}
	return out
}

func exception(objects finding.Selector) finding.Exception {
	return finding.Exception{Name: "x", Controls: []string{"*"}, Objects: objects, Expires: today}
}

func compile(t *testing.T, req Request, inv *inventory.Inventory) *Installation {
	t.Helper()
	req.Now = today
	if req.Stage == "" {
		req.Stage = Deny
	}
	inst, err := Compile(req, inv)
	if err != nil {
		t.Fatal(err)
	}
	return inst
}

// TestExceptions holds which exceptions can be installed, and what the bindings are then.
func TestExceptions(t *testing.T) {
	for _, test := range []struct {
		name, control string
		objects       finding.Selector
		refused       string   // a part of why
		matches       []string // a part of each binding's matchResources
	}{
		{"a namespace", "host-path", finding.Selector{Namespaces: []string{"shop"}}, "", []string{`"kube-system","shop"]`}},
		{"labels", "host-path", finding.Selector{Labels: map[string]string{"app": "agent"}}, "", []string{`"key":"app","operator":"NotIn","values":["agent"]`}},
		{"two labels need two bindings", "host-path", finding.Selector{Labels: map[string]string{"a": "1", "b": "2"}}, "",
			[]string{`"key":"a","operator":"NotIn"`, `"key":"b","operator":"NotIn"`}},
		{"labels in a namespace", "host-path", finding.Selector{Namespaces: []string{"shop"}, Labels: map[string]string{"a": "1"}}, "",
			[]string{`"kube-system","shop"]`, `"objectSelector":{"matchExpressions":[{"key":"a"`}},
		{"every kind", "host-path", finding.Selector{Namespaces: []string{"shop"}, Kinds: []string{"*"}}, "", []string{`"shop"]`}},
		{"a kind of workload", "host-path", finding.Selector{Kinds: []string{"DaemonSet"}}, "neither which kind of workload", nil},
		{"all pods", "host-path", finding.Selector{Kinds: []string{"Pod"}}, "neither which kind of workload", nil},
		{"a pod by name", "host-path", finding.Selector{Kinds: []string{"Pod"}, Names: []string{"agent"}}, "", []string{`"resourceNames":["agent"]`}},
		{"a workload by name", "host-path", finding.Selector{Names: []string{"agent"}}, "names of their own", nil},
		{"a role by name", "wildcard-rbac", finding.Selector{Names: []string{"ops"}}, "", []string{`"excludeResourceRules":[{"apiGroups":["rbac`}},
		{"a role by name and label", "wildcard-rbac", finding.Selector{Names: []string{"ops"}, Labels: map[string]string{"a": "1"}}, "",
			[]string{`"resourceNames":["ops"]`, `"objectSelector"`}},
		{"roles of a namespace, never cluster roles", "wildcard-rbac", finding.Selector{Namespaces: []string{"shop"}}, "", []string{`"NotIn","values":["shop"]`}},
		{"a pattern of names", "wildcard-rbac", finding.Selector{Names: []string{"ops-*"}}, `names hold the pattern "ops-*"`, nil},
		{"a pattern of namespaces", "host-path", finding.Selector{Namespaces: []string{"team-?"}}, "namespaces hold the pattern", nil},
		{"paths", "host-path", finding.Selector{Namespaces: []string{"shop"}, Paths: []string{"spec.*"}}, "some paths of an object", nil},
		{"an impossible label", "host-path", finding.Selector{Labels: map[string]string{"a b": "1"}}, "no object can have the label", nil},
		{"nothing that the policy looks at", "wildcard-rbac", finding.Selector{Kinds: []string{"Pod"}}, "", []string{"null"}},
		{"cluster-scoped objects live in no namespace", "pod-security-not-enforced", finding.Selector{Namespaces: []string{"shop"}}, "", []string{"null"}},
		{"custom resources", "host-path", finding.Selector{Kinds: []string{"Rollout"}}, "its kinds hold Rollout", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			inst := compile(t, Request{
				Controls: only(t, test.control), Exceptions: []finding.Exception{exception(test.objects)},
				Settings: control.Settings{PodTemplates: map[string]string{"Rollout.argoproj.io": "spec.template"}},
			}, nil)
			if test.refused != "" {
				if len(inst.Refused) != 1 || !strings.Contains(inst.Refused[0].Why, test.refused) || inst.Refused[0].Instead == "" || len(inst.Bundles) > 0 {
					t.Fatalf("refused is %+v, want %q", inst.Refused, test.refused)
				}
				return
			}
			if len(inst.Refused) > 0 || len(inst.Bundles) != 1 || len(inst.Bundles[0].Bindings) != len(test.matches) {
				t.Fatalf("refused is %+v, bundles are %+v", inst.Refused, inst.Bundles)
			}
			for i, want := range test.matches {
				text, err := json.Marshal(inventory.Map(inst.Bundles[0].Bindings[i], "spec")["matchResources"])
				if err != nil || !strings.Contains(string(text), want) {
					t.Errorf("binding %d matches %s, want %s", i, text, want)
				}
			}
		})
	}
}

func TestTooManyBindings(t *testing.T) {
	var exceptions []finding.Exception
	for i := range 5 {
		x := exception(finding.Selector{Labels: map[string]string{"a": fmt.Sprint(i), "b": "1"}})
		x.Name = fmt.Sprint("x", i)
		exceptions = append(exceptions, x)
	}
	_, err := Compile(Request{Controls: only(t, "host-path"), Stage: Audit, Exceptions: exceptions, Now: today}, nil)
	if err == nil || !strings.Contains(err.Error(), "more than 16 bindings") {
		t.Errorf("error is %v", err)
	}
}

func TestExpiredExceptionsAreNotInstalled(t *testing.T) {
	x := exception(finding.Selector{Namespaces: []string{"shop"}})
	for days, want := range map[int]int{0: 1, -1: 0} {
		x.Expires = today.Truncate(24*time.Hour).AddDate(0, 0, days)
		inst := compile(t, Request{Controls: only(t, "host-path"), Exceptions: []finding.Exception{x}}, nil)
		if got := len(inst.Bundles[0].Grants); got != want || len(inst.Expired) != 1-want {
			t.Errorf("%d days: %d exceptions are installed, want %d", days, got, want)
		}
	}
}

// TestManifests holds that policies are the catalogue's files, byte for byte, for every control that is a policy.
func TestManifests(t *testing.T) {
	all, err := control.All()
	if err != nil {
		t.Fatal(err)
	}
	inst := compile(t, Request{Controls: all, Settings: control.Settings{Params: map[string]map[string]string{"untrusted-registry": {"registries": "a\n"}}}}, nil)
	var out bytes.Buffer
	if err := inst.WriteManifests(&out); err != nil {
		t.Fatal(err)
	}
	policies := 0
	for _, c := range all {
		if c.Policy == nil {
			continue
		}
		policies++
		if !bytes.Contains(out.Bytes(), control.PolicyText(c.ID)) {
			t.Errorf("the policy of %s is not in the manifests as it is", c.ID)
		}
	}
	if len(inst.Bundles) != policies {
		t.Errorf("%d controls are installed, %d are policies: %+v", len(inst.Bundles), policies, inst.LeftOut)
	}
	for document := range bytes.SplitSeq(out.Bytes(), []byte("\n---\n")) {
		var o map[string]any
		if err := yaml.Unmarshal(document, &o); err != nil || RefOf(o).Name == "" {
			t.Errorf("not an object: %v\n%s", err, document)
		}
	}
}

func TestStages(t *testing.T) {
	for stage, want := range map[Stage]string{Audit: "[Audit]", Warn: "[Warn Audit]", Deny: "[Deny Audit]"} {
		inst := compile(t, Request{Controls: only(t, "host-path"), Stage: stage}, nil)
		if got := fmt.Sprint(actionsOf(inst.Bundles[0].Bindings[0])); got != want {
			t.Errorf("%s: %s, want %s", stage, got, want)
		}
	}
	if next, ok := Audit.Next(); !ok || next != Warn {
		t.Error("warn does not follow audit")
	}
	if _, ok := Deny.Next(); ok {
		t.Error("something follows deny")
	}
	if _, err := ParseStage("block"); err == nil {
		t.Error("a stage that there is none of is read")
	}
}

// TestScopes holds where controls hold, as people read it.
func TestScopes(t *testing.T) {
	for _, test := range []struct {
		control string
		scope   Scope
		want    string
	}{
		{"host-path", Scope{}, "everywhere but kube-node-lease, kube-public, kube-system"},
		{"host-path", Scope{System: true}, "everywhere"},
		{"host-path", Scope{Namespaces: []string{"shop", "kube-system"}}, "kube-system, shop"},
		{"host-path", Scope{Namespaces: []string{"shop", "db"}, Excluded: []string{"db"}}, "shop"},
		{"system-namespace-workload", Scope{}, "everywhere"},
		{"wildcard-rbac", Scope{Excluded: []string{"b", "a", "b"}}, "everywhere but a, b"},
	} {
		if got := test.scope.of(only(t, test.control)[0]).String(); got != test.want {
			t.Errorf("%s %+v: %s, want %s", test.control, test.scope, got, test.want)
		}
	}
	for _, test := range []struct {
		a, b Scope
		want bool
	}{
		{Scope{}, Scope{Excluded: []string{"a"}}, true},
		{Scope{Excluded: []string{"a"}}, Scope{}, false},
		{Scope{Excluded: []string{"a"}}, Scope{Namespaces: []string{"b"}}, true},
		{Scope{Excluded: []string{"a"}}, Scope{Namespaces: []string{"a"}}, false},
		{Scope{Namespaces: []string{"a", "b"}}, Scope{Namespaces: []string{"a"}}, true},
		{Scope{Namespaces: []string{"a"}}, Scope{Excluded: []string{"b"}}, false},
	} {
		if got := test.a.covers(test.b); got != test.want {
			t.Errorf("%s covers %s: %v", test.a, test.b, got)
		}
	}
}

func TestLeftOut(t *testing.T) {
	inst := compile(t, Request{Controls: only(t, "untrusted-registry", "stale-grant", "mutating-webhook-fails-open"), Scope: Scope{Namespaces: []string{"shop"}}}, nil)
	if len(inst.Bundles) > 0 || len(inst.LeftOut) != 3 {
		t.Errorf("left out are %+v", inst.LeftOut)
	}
}

func TestGapsAreTold(t *testing.T) {
	inv := inventory.New(inventory.Source{}, today, "", nil, []inventory.Gap{{Kind: "Deployment", Group: "apps", Reason: "deployments is forbidden"}})
	x := exception(finding.Selector{Labels: map[string]string{"a": "1"}})
	for id, want := range map[string]bool{"host-path": true, "wildcard-rbac": false} {
		inst := compile(t, Request{Controls: only(t, id), Exceptions: []finding.Exception{x}}, inv)
		if got := strings.Contains(strings.Join(inst.Warnings, " "), "deployments is forbidden"); got != want {
			t.Errorf("%s: warnings are %v", id, inst.Warnings)
		}
	}
}

// TestAlike holds that labels that a workload and its pods do not share are refused when that is seen.
func TestAlike(t *testing.T) {
	workload := func(own, pods map[string]any) *inventory.Inventory {
		content := map[string]any{
			"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "web", "namespace": "shop", "labels": own},
			"spec": map[string]any{"template": map[string]any{"metadata": map[string]any{"labels": pods}, "spec": map[string]any{}}},
		}
		return inventory.New(inventory.Source{}, today, "", []*inventory.Object{{Ref: RefOf(content), Content: content}}, nil)
	}
	label, other := map[string]any{"a": "1"}, map[string]any{"b": "1"}
	for _, test := range []struct {
		own, pods map[string]any
		refused   string
	}{
		{label, label, ""}, {other, other, ""}, {nil, nil, ""}, {label, other, "its pods would be refused"}, {other, label, "would pass"}, {map[string]any{"a": 1}, nil, ""},
	} {
		inst := compile(t, Request{Controls: only(t, "host-path"), Exceptions: []finding.Exception{exception(finding.Selector{Labels: map[string]string{"a": "1"}})}},
			workload(test.own, test.pods))
		got := ""
		if len(inst.Refused) > 0 {
			got = inst.Refused[0].Why
		}
		if (test.refused == "") != (got == "") || !strings.Contains(got, test.refused) {
			t.Errorf("%v and %v: refused is %q", test.own, test.pods, got)
		}
		if test.refused == "" && !strings.Contains(strings.Join(inst.Warnings, " "), "whoever may label") {
			t.Errorf("that users could except themselves is not told: %v", inst.Warnings)
		}
	}
}
