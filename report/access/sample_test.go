package access

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/auditlog"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/rbac/attack"
	"github.com/plimsoll-io/plimsoll/rbac/usage"
	"github.com/plimsoll-io/plimsoll/report/answer"
	"github.com/plimsoll-io/plimsoll/report/graph"
)

var update = flag.Bool("update", false, "write the golden files")

type content = map[string]any

func texts(list ...string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

func object(apiVersion, kind, namespace, name string, more content) *inventory.Object {
	o := content{"apiVersion": apiVersion, "kind": kind, "metadata": content{"namespace": namespace, "name": name}}
	for k, v := range more {
		o[k] = v
	}
	return &inventory.Object{Content: o, Ref: finding.Ref{APIVersion: apiVersion, Kind: kind, Namespace: namespace, Name: name}}
}

// sample is a small cluster in which every name holds the text.
func sample(s string) *inventory.Inventory {
	const group = "rbac.authorization.k8s.io/v1"
	rule := func(verbs, resources, names []any) content {
		return content{"apiGroups": texts("", s, "apps"), "resources": resources, "verbs": verbs, "resourceNames": names}
	}
	ref := func(kind, name string) content {
		return content{"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}
	}
	people := []any{
		content{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": s},
		content{"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": s},
		content{"kind": "ServiceAccount", "namespace": "ns" + s, "name": "sa" + s},
	}
	objects := []*inventory.Object{
		object("v1", "Namespace", "", "ns"+s, nil),
		object("v1", "ServiceAccount", "ns"+s, "sa"+s, nil),
		object(group, "ClusterRole", "", "reader"+s, content{"rules": []any{
			rule(texts("get", s), texts("secrets", s, "pods/exec"), texts(s, "other")),
			content{"nonResourceURLs": texts("/"+s, "*"), "verbs": texts("get")},
		}}),
		object(group, "ClusterRole", "", "binder"+s, content{"rules": []any{
			content{"apiGroups": texts("rbac.authorization.k8s.io"), "resources": texts("*"), "verbs": texts("*")},
		}}),
		object(group, "Role", "ns"+s, "pods"+s, content{"rules": []any{rule(texts("create", "get"), texts("pods"), nil)}}),
		object(group, "ClusterRoleBinding", "", "reader"+s, content{"roleRef": ref("ClusterRole", "reader"+s), "subjects": people}),
		object(group, "ClusterRoleBinding", "", "binder"+s, content{"roleRef": ref("ClusterRole", "binder"+s), "subjects": people[2:]}),
		object(group, "ClusterRoleBinding", "", "nothing"+s, content{"roleRef": ref("ClusterRole", "none"+s), "subjects": people}),
		object(group, "RoleBinding", "ns"+s, "pods"+s, content{"roleRef": ref("Role", "pods"+s), "subjects": people}),
		object("apps/v1", "Deployment", "ns"+s, "web"+s, content{"spec": content{"template": content{"spec": content{
			"serviceAccountName": "sa" + s, "containers": []any{content{"name": "c", "image": "i"}},
		}}}}),
	}
	gaps := []inventory.Gap{{Kind: "Role", AnyGroup: true, File: s + ".yaml", Line: 3, Reason: "it is broken: " + s},
		{Kind: "RoleBinding", AnyGroup: true, File: s + ".yaml", Line: 3, Reason: "it is broken: " + s}}
	taken := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	return inventory.New(inventory.Source{Kind: "files", Names: []string{s}}, taken, "", objects, gaps)
}

// answers are one document of every sort, all about the sample.
func answers(t testing.TB, s string) map[string]*answer.Document {
	t.Helper()
	inv := sample(s)
	a := rbac.New(inv)
	g := attack.New(inv, a, attack.Options{})
	header := func(kind string) Header { return HeaderOf(kind, inv, a) }
	subject := rbac.Subject{Kind: rbac.ServiceAccountKind, Namespace: "ns" + s, Name: "sa" + s}
	request := rbac.Request{Verb: "get", Resource: "secrets", Namespace: "ns" + s, Name: s}
	people := func(string) []string { return []string{s, "jane"} }
	used, err := usage.Collect(context.Background(), []auditlog.Input{auditlog.FromReader("log"+s, bytes.NewReader(events(s)))}, usage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	can, _ := Can(header("Decision"), subject, request, a.Grants(subject.Identity(), request))
	found := g.Paths(subject.Ref(), attack.ClusterAdmin, attack.Limits{})
	draw := func(bool) *graph.Graph { return Draw(found.Items, a, a.Subjects()) }
	empty := rbac.New(inventory.New(inventory.Source{}, time.Time{}, "", nil, nil))
	return map[string]*answer.Document{
		"can":      can,
		"who-can":  WhoCan(header("AccessList"), request, a.WhoCan(request), people),
		"list":     Rights(header("RightsList"), subject, subject.Identity(), a.Rights(subject.Identity())),
		"matrix":   Matrix(header("AccessMatrix"), a, MatrixOptions{Filter: rbac.Filter{NoDefaults: true}, People: people}),
		"paths":    Paths(header("EscalationPaths"), PathList{To: attack.ClusterAdmin, Paths: found.Items, More: found.More}, draw),
		"each":     Paths(header("EscalationPaths"), PathList{To: attack.ClusterAdmin, Paths: found.Items, Each: true, Hidden: 3}, draw),
		"reach":    ReachOf(header("Reach"), subject.Ref(), g.Reach(subject.Ref()).All()),
		"cut":      Cuts(header("CutSet"), g.CutSet([]finding.Ref{subject.Ref()}, attack.ClusterAdmin, attack.CutOptions{Rules: true}), 1),
		"unused":   Unused(header("UsageReport"), used.Summary, used.Unused(a, usage.UnusedOptions{Inventory: inv})),
		"generate": Generated(header("RolePlan"), used.Summary, used.Generate(subject, a, usage.GenerateOptions{Mode: usage.Replace})),
		"diff":     DiffOf(header("RBACDiff"), rbac.Diff(empty, a), nil),
	}
}

// events are a few audit events of the subject, and one that is cut off.
func events(s string) []byte {
	var b bytes.Buffer
	for i, name := range []string{s, "other"} {
		line, _ := json.Marshal(content{
			"kind": "Event", "apiVersion": "audit.k8s.io/v1", "stage": "ResponseComplete", "verb": "get",
			"user":                     content{"username": "system:serviceaccount:ns" + s + ":sa" + s},
			"objectRef":                content{"resource": "secrets", "namespace": "ns" + s, "name": name, "apiVersion": "v1"},
			"requestReceivedTimestamp": time.Date(2026, 10, 1+i, 0, 0, 0, 0, time.UTC).Format(time.RFC3339Nano),
			"responseStatus":           content{"code": 200},
		})
		b.Write(append(line, '\n'))
	}
	b.WriteString(`{"kind":"Event","apiVersion":"audit.k8s.io/v1"`)
	return b.Bytes()
}
