package enforce

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/plimsoll-io/plimsoll/auditlog"
	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// objects are all that an installation would write.
func objects(inst *Installation) []map[string]any {
	var out []map[string]any
	for _, b := range inst.Bundles {
		out = append(out, runtime.DeepCopyJSON(b.Policy))
		for _, binding := range b.Bindings {
			out = append(out, runtime.DeepCopyJSON(through(binding)))
		}
	}
	return out
}

// through is content as an API server gives it back: of plain JSON shapes only.
func through(content map[string]any) map[string]any {
	text, err := json.Marshal(content)
	if err != nil {
		panic(err)
	}
	out := map[string]any{}
	if err := json.Unmarshal(text, &out); err != nil {
		panic(err)
	}
	return out
}

func statusOf(t *testing.T, all []map[string]any) *Status {
	t.Helper()
	catalogue, err := control.All()
	if err != nil {
		t.Fatal(err)
	}
	return ReadStatus(all, catalogue, nil, today)
}

// TestStatus edits what is installed and holds what is said about it.
func TestStatus(t *testing.T) {
	labels := finding.Selector{Namespaces: []string{"shop"}, Labels: map[string]string{"a": "1", "b": "2"}}
	inst := compile(t, Request{Controls: only(t, "host-path"), Exceptions: []finding.Exception{exception(labels)}}, nil)
	for _, test := range []struct {
		name string
		edit func(all []map[string]any) []map[string]any
		want string // a part of the status; "" means that it is clean
	}{
		{"as installed", func(all []map[string]any) []map[string]any { return all }, ""},
		{"what a server fills in", func(all []map[string]any) []map[string]any {
			inventory.Map(all[1], "spec", "matchResources")["matchPolicy"] = "Equivalent"
			inventory.Map(all[1], "spec", "matchResources")["objectSelector"] = map[string]any{}
			return all
		}, ""},
		{"actions", func(all []map[string]any) []map[string]any {
			inventory.Map(all[1], "spec")["validationActions"] = []any{"Audit"}
			return all
		}, `"spec.validationActions","want":["Deny","Audit"],"have":["Audit"]`},
		{"a selector", func(all []map[string]any) []map[string]any {
			inventory.Map(all[1], "spec", "matchResources")["objectSelector"] = map[string]any{"matchLabels": map[string]any{"x": "y"}}
			return all
		}, "spec.matchResources.objectSelector"},
		{"the policy", func(all []map[string]any) []map[string]any {
			inventory.Map(all[0], "spec")["failurePolicy"] = "Ignore"
			return all
		}, `"spec.failurePolicy","want":"Fail","have":"Ignore"`},
		{"no policy", func(all []map[string]any) []map[string]any { return all[1:] }, "the policy is not there"},
		{"no binding", func(all []map[string]any) []map[string]any { return all[:1] }, "nothing binds the policy"},
		{"one binding of several", func(all []map[string]any) []map[string]any { return all[:2] }, "plimsoll-host-path-deny-2 is not there"},
		{"a foreign binding", func(all []map[string]any) []map[string]any {
			foreign := through(all[1])
			foreign["metadata"] = map[string]any{"name": "theirs"}
			return append(all, foreign)
		}, "Plimsoll did not write this binding"},
		{"a broken record", func(all []map[string]any) []map[string]any {
			inventory.Map(all[1], "metadata", "annotations")[scopeNote] = "{"
			return all
		}, "cannot be read"},
		{"an expired exception", func(all []map[string]any) []map[string]any {
			for _, o := range all[1:] {
				notes := inventory.Map(o, "metadata", "annotations")
				notes[exceptionsNote] = strings.ReplaceAll(notes[exceptionsNote].(string), "2026-11-23", "2026-11-22")
			}
			return all
		}, `"expired":true`},
	} {
		t.Run(test.name, func(t *testing.T) {
			status := statusOf(t, test.edit(objects(inst)))
			text, err := json.Marshal(status)
			if err != nil || len(status.Controls) != 1 || status.Clean() != (test.want == "") || !strings.Contains(string(text), test.want) {
				t.Errorf("status is %s, want %s", text, test.want)
			}
		})
	}
}

// TestDriftSaysWho holds that the field manager of an edit is told.
func TestDriftSaysWho(t *testing.T) {
	inst := compile(t, Request{Controls: only(t, "host-path")}, nil)
	all := objects(inst)
	inventory.Map(all[0], "spec")["failurePolicy"] = "Ignore"
	inventory.Map(all[0], "metadata")["managedFields"] = []any{
		map[string]any{"manager": Owner, "time": "2026-01-01T00:00:00Z", "fieldsV1": map[string]any{"f:spec": map[string]any{"f:variables": map[string]any{}}}},
		map[string]any{"manager": "kubectl-edit", "time": "2026-11-20T10:00:00Z", "fieldsV1": map[string]any{"f:spec": map[string]any{"f:failurePolicy": map[string]any{}}}},
		nil, "odd", map[string]any{"fieldsV1": "odd"},
	}
	drift := statusOf(t, all).Controls[0].Drift
	if len(drift) != 1 || drift[0].By != "kubectl-edit" || drift[0].Since != "2026-11-20T10:00:00Z" {
		t.Errorf("drift is %+v", drift)
	}
}

func TestOddObjects(t *testing.T) {
	inst := compile(t, Request{Controls: only(t, "host-path")}, nil)
	for _, odd := range []any{nil, "x", int64(1), []any{nil}, map[string]any{"labels": "x", "annotations": []any{}, "name": nil}} {
		for _, field := range []string{"metadata", "spec", "kind", "apiVersion"} {
			all := objects(inst)
			for _, o := range all {
				o[field] = odd
			}
			statusOf(t, all)
			present := []Present{{Content: all[0], Ours: true}, {Content: all[1], Ours: true}}
			inst.Plan(present)
			inst.Lost(present)
			Uninstall(present, nil)
		}
	}
}

// TestPlan holds what is written and what is removed, by what is there.
func TestPlan(t *testing.T) {
	audit := compile(t, Request{Controls: only(t, "host-path"), Stage: Audit}, nil)
	narrow := compile(t, Request{Controls: only(t, "host-path"), Stage: Warn, Scope: Scope{Namespaces: []string{"shop"}}}, nil)
	wide := compile(t, Request{Controls: only(t, "host-path"), Stage: Deny}, nil)
	var present []Present
	for _, o := range append(objects(audit), objects(narrow)[1:]...) {
		present = append(present, Present{Content: o, Ours: true})
	}
	if got := planned(wide.Plan(present)); got != "update plimsoll-host-path; create plimsoll-host-path-deny; remove plimsoll-host-path-audit; remove plimsoll-host-path-warn" {
		t.Errorf("everywhere: %s", got)
	}
	narrowDeny := compile(t, Request{Controls: only(t, "host-path"), Stage: Deny, Scope: Scope{Namespaces: []string{"shop"}}}, nil)
	if got := planned(narrowDeny.Plan(present)); got != "update plimsoll-host-path; create plimsoll-host-path-deny; remove plimsoll-host-path-warn" {
		t.Errorf("in one namespace: %s", got)
	}
	for i := range present {
		present[i].Ours = false
	}
	if got := planned(wide.Plan(present)); strings.Contains(got, "remove") {
		t.Errorf("what is not ours is removed: %s", got)
	}
	if got := narrow.Lost([]Present{{Content: objects(compile(t, Request{Controls: only(t, "host-path"), Stage: Warn}, nil))[1]}}); len(got) != 1 {
		t.Errorf("that the scope shrinks is not told: %v", got)
	}
}

func planned(p *plan.Plan) string {
	var out []string
	for _, s := range p.Steps {
		for _, c := range s.Changes {
			out = append(out, fmt.Sprintf("%s %s", c.Action, RefOf(c.Object).Name))
		}
	}
	return strings.Join(out, "; ")
}

func event(at time.Time, namespace, name string, code int, annotations ...string) *auditlog.Event {
	e := &auditlog.Event{Stage: auditlog.ResponseComplete, Time: at, Code: code, User: auditlog.User{Name: "ann"}}
	e.Object = auditlog.ObjectRef{Resource: "pods", Namespace: namespace, Name: name}
	for i := 0; i < len(annotations); i += 2 {
		e.Annotations = append(e.Annotations, auditlog.Annotation{Key: annotations[i], Value: annotations[i+1]})
	}
	return e
}

func failure(policy, action string) []string {
	return []string{failureAnnotation, fmt.Sprintf(`[{"message":"no","policy":%q,"binding":"b","expressionIndex":0,"validationActions":[%q,"Audit"]}]`, policy, action)}
}

// TestObserver counts events of several consumers.
func TestObserver(t *testing.T) {
	o := &Observer{Since: today.AddDate(0, 0, -7)}
	first, second := o.NewConsumer(), o.NewConsumer()
	first.Consume(event(today, "shop", "a", 201, failure("plimsoll-host-path", "Warn")...))
	first.Consume(event(today.Add(-time.Hour), "shop", "a", 422, failure("plimsoll-host-path", "Deny")...))
	second.Consume(event(today, "shop", "b", 422, "plimsoll-host-path/violations", "spec.volumes")) // as until 1.36
	second.Consume(event(today, "shop", "b", 201, append(failure("plimsoll-host-path", "Audit"), "plimsoll-host-path/violations", "spec.volumes")...))
	second.Consume(event(today.AddDate(0, 0, -8), "shop", "old", 422, failure("plimsoll-host-path", "Deny")...))
	second.Consume(event(today, "shop", "c", 422, failure("somebody-elses", "Deny")...))
	second.Consume(event(today, "shop", "d", 200, failureAnnotation, "{broken", "plimsoll-x/violations", ""))
	received := event(today, "shop", "a", 0, failure("plimsoll-host-path", "Deny")...)
	received.Stage = auditlog.RequestReceived
	second.Consume(received)
	got := o.Observations()
	if len(got) != 1 {
		t.Fatalf("observed is %+v", got)
	}
	one := got[0]
	if one.Denied != 2 || one.Warned != 1 || one.Audited != 1 || one.Count() != 4 || !one.First.Equal(today.Add(-time.Hour)) || !one.Last.Equal(today) {
		t.Errorf("observed is %+v", one)
	}
	if len(one.Objects) != 2 || one.Objects[0].Name != "a" || one.Objects[0].Count != 2 || one.Objects[0].User != "ann" {
		t.Errorf("objects are %+v", one.Objects)
	}
}

// TestPromotions holds what stands in the way.
func TestPromotions(t *testing.T) {
	pod := map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "a", "namespace": "shop"}, "spec": map[string]any{
		"containers": []any{map[string]any{"name": "a", "image": "a"}}, "volumes": []any{map[string]any{"name": "v", "hostPath": map[string]any{"path": "/etc"}}},
	}}
	inventoryOf := func(all ...map[string]any) *inventory.Inventory {
		var list []*inventory.Object
		for _, o := range all {
			list = append(list, &inventory.Object{Ref: RefOf(o), Content: o})
		}
		return inventory.New(inventory.Source{Kind: "cluster"}, today, "", list, nil)
	}
	week := Period{First: today.AddDate(0, 0, -8), Last: today.Add(-time.Minute), Complete: true}
	for _, test := range []struct {
		name   string
		scope  Scope
		age    int // of the binding, in days
		period Period
		inv    *inventory.Inventory
		seen   []Observation
		want   string // a part of what is in the way; "" means nothing
	}{
		{"clean", Scope{}, 8, week, inventoryOf(), nil, ""},
		{"an object", Scope{}, 8, week, inventoryOf(pod), nil, "Pod shop/a it violates the policy at spec.volumes[name=v].hostPath"},
		{"an object elsewhere", Scope{Namespaces: []string{"tools"}}, 8, week, inventoryOf(pod), nil, ""},
		{"no log", Scope{}, 8, Period{}, inventoryOf(), nil, "give the audit log"},
		{"a short log", Scope{}, 8, Period{First: today.AddDate(0, 0, -2), Last: today, Complete: true}, inventoryOf(), nil, "less than 7 days ago"},
		{"an old log", Scope{}, 8, Period{First: today.AddDate(0, 0, -20), Last: today.AddDate(0, 0, -3), Complete: true}, inventoryOf(), nil, "more than a day ago"},
		{"a broken log", Scope{}, 8, Period{First: week.First, Last: week.Last}, inventoryOf(), nil, "could not be read completely"},
		{"a log with gaps", Scope{}, 8, Period{First: week.First, Last: week.Last, Complete: true, Gaps: 2}, inventoryOf(), nil, "2 stretches"},
		{"a young binding", Scope{}, 3, week, inventoryOf(), nil, "has not been there for 7 days"},
		{"a violation", Scope{}, 8, week, inventoryOf(), []Observation{{Policy: "plimsoll-host-path", Namespace: "shop", Audited: 1,
			Objects: []ObservedObject{{Resource: "pods", Name: "b", Count: 3, Last: today, User: "ann"}}}}, "pods shop/b it violated the policy 3 times"},
		{"another policy's violation", Scope{}, 8, week, inventoryOf(), []Observation{{Policy: "plimsoll-host-port", Audited: 1, Objects: []ObservedObject{{Count: 1}}}}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			inst := compile(t, Request{Controls: only(t, "host-path"), Stage: Audit, Scope: test.scope}, nil)
			all := objects(inst)
			inventory.Map(all[1], "metadata")["creationTimestamp"] = today.AddDate(0, 0, -test.age).Format(time.RFC3339)
			promotions, err := Promotions(t.Context(), statusOf(t, all), PromoteRequest{
				Days: 7, Observed: test.seen, Period: test.period, Inventory: test.inv, Now: today,
			})
			if err != nil || len(promotions) != 1 || promotions[0].To != Warn {
				t.Fatalf("promotions are %+v, error %v", promotions, err)
			}
			var got []string
			for _, b := range promotions[0].Blockers {
				text := b.Why
				if b.Object != nil {
					text = b.Object.String() + " " + text
				}
				got = append(got, text)
			}
			if (len(got) == 0) != (test.want == "") || !strings.Contains(strings.Join(got, "; "), test.want) {
				t.Errorf("in the way is %q, want %q", got, test.want)
			}
			next, err := Install(promotions, control.Settings{})
			if err != nil || (len(next) == 0) != (test.want != "") {
				t.Errorf("installed next is %v, error %v", next, err)
			}
		})
	}
}

// FuzzRecord reads what people may have put into annotations.
func FuzzRecord(f *testing.F) {
	f.Add(`{"excluded":["kube-system"]}`, `[{"name":"x","expires":"2027-01-01","objects":{"namespaces":["a"],"labels":{"a":"1"}}}]`, "deny")
	f.Add(`{"namespaces":["a"]}`, `[{"objects":{"names":["*"]}}]`, "audit")
	f.Add(`null`, `null`, "")
	f.Add(`[]`, `{}`, "x")
	catalogue, err := control.All()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(_ *testing.T, scope, grants, stage string) {
		content := map[string]any{
			"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
			"metadata": map[string]any{
				"name": "plimsoll-wildcard-rbac-deny", "labels": map[string]any{ManagedBy: Owner, controlLabel: "wildcard-rbac", stageLabel: stage},
				"annotations": map[string]any{scopeNote: scope, exceptionsNote: grants},
			},
			"spec": map[string]any{"policyName": "plimsoll-wildcard-rbac"},
		}
		ReadStatus([]map[string]any{content}, catalogue, nil, today)
	})
}
