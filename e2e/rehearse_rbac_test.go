package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"

	"github.com/plimsoll-io/plimsoll/auditlog"
	"github.com/plimsoll-io/plimsoll/auditlog/auditpolicy"
	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/rehearse"
)

// rightsRounds is how many changes of rights are made up; rightsCalls how many requests are made before each.
const (
	rightsRounds = 6
	rightsCalls  = 120
)

// mixedAudit records at every level, so that a policy can be judged by what it recorded.
const mixedAudit = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: Metadata, resources: [{group: "", resources: [secrets, serviceaccounts/token]}]}
- {level: RequestResponse, users: ["system:serviceaccount:rights:s0"], verbs: [create, update]}
- {level: Request, resources: [{group: "", resources: [configmaps], resourceNames: [a]}]}
- {level: Request, userGroups: ["system:serviceaccounts:rights"], nonResourceURLs: ["/version*"]}
- {level: Metadata, namespaces: [rights, other]}
- {level: Metadata, userGroups: ["system:serviceaccounts:rights"]}
- {level: RequestResponse, verbs: [watch]}
- {level: Metadata}
`

// TestRehearsedRights lets service accounts do things by chance, makes up changes of roles and bindings, rehearses them by
// the audit log, makes them, and repeats every request: what was said to be denied is denied, and nothing else.
func TestRehearsedRights(t *testing.T) {
	c := controlplane.Start(t, controlplane.Options{Minor: *minor, Controllers: true, Audit: mixedAudit})
	t.Logf("seed %d", *seed)
	w := &rightsWorld{T: t, c: c, random: rand.New(rand.NewPCG(*seed, 5)), clients: map[string]caller{}} //nolint:gosec // has to be repeatable
	w.prepare()
	for range rightsRounds {
		w.round()
	}
	t.Logf("%d requests repeated, %d of them denied", w.repeated, w.denied)
	if w.repeated < 200 || w.denied < 20 || w.denied == w.repeated {
		t.Errorf("only %d requests repeated, %d of them denied", w.repeated, w.denied)
	}
	w.rejudge()
}

type rightsWorld struct {
	*testing.T
	c        *controlplane.ControlPlane
	random   *rand.Rand
	clients  map[string]caller
	repeated int
	denied   int
	marks    int
}

func (w *rightsWorld) one(list ...string) string { return list[w.random.IntN(len(list))] }

// prepare makes namespaces, and accounts with tokens.
func (w *rightsWorld) prepare() {
	for _, ns := range []string{"rights", "other"} {
		must(w.T, ensureNamespace(w.Context(), w.c, ns))
	}
	for i := range 3 {
		name := fmt.Sprintf("s%d", i)
		must(w.T, ensureAccount(w.Context(), w.c, "rights", name))
		token, err := w.c.Client.CoreV1().ServiceAccounts("rights").CreateToken(w.Context(), name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
		must(w.T, err)
		config := rest.AnonymousClientConfig(w.c.REST)
		config.BearerToken = token.Status.Token
		config.QPS = -1
		client, err := rest.HTTPClientFor(config)
		must(w.T, err)
		w.clients[name] = caller{client, config.Host}
	}
}

// A madeRequest is one that an account made, and what it needs.
type madeRequest struct {
	account string
	call    call
	request rbac.Request
}

func (w *rightsWorld) request() madeRequest {
	ns, resource := w.one("rights", "other"), w.one("configmaps", "secrets", "pods", "services")
	path, name := "/api/v1/namespaces/"+ns+"/"+resource, w.one("a", "b", "c")
	r := rbac.Request{Resource: resource, Namespace: ns}
	m := madeRequest{account: w.one("s0", "s1", "s2")}
	switch w.random.IntN(8) {
	case 0, 1:
		r.Verb, r.Name, m.call = "get", name, call{method: "GET", path: path + "/" + name}
	case 2, 3:
		r.Verb, m.call = "list", call{method: "GET", path: path}
	case 4:
		if resource == "pods" { // where admission has a say
			r.Resource, path = "configmaps", "/api/v1/namespaces/"+ns+"/configmaps"
		}
		r.Verb, m.call = "create", call{method: "POST", path: path, body: `{"metadata":{"name":"Not Valid"}}`}
	case 5:
		r.Verb, r.Name, m.call = "delete", name, call{method: "DELETE", path: path + "/" + name}
	case 6:
		r.Resource, r.Subresource, r.Verb, r.Name = "pods", "log", "get", name
		m.call = call{method: "GET", path: "/api/v1/namespaces/" + ns + "/pods/" + name + "/log"}
	case 7:
		r = rbac.Request{Verb: "get", Path: w.one("/metrics", "/logs", "/version")}
		m.call = call{method: "GET", path: r.Path}
	}
	m.request = r
	return m
}

// rules are made up of what requests ask for.
func (w *rightsWorld) rules(paths bool) []rbacv1.PolicyRule {
	var out []rbacv1.PolicyRule
	for range 1 + w.random.IntN(4) {
		if paths && w.random.IntN(4) == 0 {
			out = append(out, rbacv1.PolicyRule{Verbs: []string{"get"}, NonResourceURLs: []string{w.one("/metrics", "/logs", "/l*", "*")}})
			continue
		}
		rule := rbacv1.PolicyRule{APIGroups: []string{""}, Verbs: []string{w.one("get", "list", "*"), w.one("create", "delete", "get")},
			Resources: []string{w.one("configmaps", "secrets", "pods", "*"), w.one("services", "pods/log", "pods", "*/log")}}
		if w.random.IntN(4) == 0 {
			rule.ResourceNames = []string{w.one("a", "b")}
		}
		out = append(out, rule)
	}
	return out
}

// rights are roles and bindings made up by chance, always of the same names. Names of bindings tell their role, which cannot
// be changed.
func (w *rightsWorld) rights() []runtime.Object {
	subjects := func() (out []rbacv1.Subject) {
		for range 1 + w.random.IntN(2) {
			if w.random.IntN(4) == 0 {
				out = append(out, rbacv1.Subject{Kind: "Group", APIGroup: rbac.Group, Name: w.one("system:serviceaccounts:rights", "system:authenticated")})
				continue
			}
			out = append(out, rbacv1.Subject{Kind: "ServiceAccount", Namespace: "rights", Name: w.one("s0", "s1", "s2")})
		}
		return out
	}
	role := func(kind, name string) rbacv1.RoleRef {
		return rbacv1.RoleRef{APIGroup: rbac.Group, Kind: kind, Name: name}
	}
	types := func(kind string) metav1.TypeMeta { return metav1.TypeMeta{APIVersion: rbac.Group + "/v1", Kind: kind} }
	labels := map[string]string{}
	if w.random.IntN(2) == 0 {
		labels["e2e/aggregate"] = "yes"
	}
	out := []runtime.Object{
		&rbacv1.ClusterRole{TypeMeta: types("ClusterRole"), ObjectMeta: metav1.ObjectMeta{Name: "e2e-source", Labels: labels}, Rules: w.rules(true)},
		&rbacv1.ClusterRole{TypeMeta: types("ClusterRole"), ObjectMeta: metav1.ObjectMeta{Name: "e2e-source-2", Labels: map[string]string{"e2e/aggregate": "yes"}},
			Rules: w.rules(false)[:1]},
		&rbacv1.ClusterRole{TypeMeta: types("ClusterRole"), ObjectMeta: metav1.ObjectMeta{Name: "e2e-all"},
			AggregationRule: &rbacv1.AggregationRule{ClusterRoleSelectors: []metav1.LabelSelector{{MatchLabels: map[string]string{"e2e/aggregate": "yes"}}}}},
		&rbacv1.ClusterRoleBinding{TypeMeta: types("ClusterRoleBinding"), ObjectMeta: metav1.ObjectMeta{Name: "e2e-source"}, RoleRef: role("ClusterRole", "e2e-source"), Subjects: subjects()},
		&rbacv1.ClusterRoleBinding{TypeMeta: types("ClusterRoleBinding"), ObjectMeta: metav1.ObjectMeta{Name: "e2e-all"}, RoleRef: role("ClusterRole", "e2e-all"), Subjects: subjects()},
	}
	for _, ns := range []string{"rights", "other"} {
		out = append(out,
			&rbacv1.Role{TypeMeta: types("Role"), ObjectMeta: metav1.ObjectMeta{Name: "e2e", Namespace: ns}, Rules: w.rules(false)},
			&rbacv1.RoleBinding{TypeMeta: types("RoleBinding"), ObjectMeta: metav1.ObjectMeta{Name: "e2e", Namespace: ns}, RoleRef: role("Role", "e2e"), Subjects: subjects()},
			&rbacv1.RoleBinding{TypeMeta: types("RoleBinding"), ObjectMeta: metav1.ObjectMeta{Name: "e2e-view", Namespace: ns}, RoleRef: role("ClusterRole", "e2e-all"), Subjects: subjects()})
	}
	return out
}

// round compares what is predicted with what happens.
func (w *rightsWorld) round() {
	w.put(w.rights())
	w.settle()
	w.flush()
	from := w.size()
	var made []madeRequest
	for range rightsCalls {
		m := w.request()
		if w.clients[m.account].send(w.T, m.call) != http.StatusForbidden {
			made = append(made, m)
		}
	}
	w.flush()
	change := w.rights()
	change = slices.DeleteFunc(change, func(runtime.Object) bool { return w.random.IntN(3) == 0 })
	removed := w.removal(change)
	before, proposed := read(w.T, w.c, ""), inventoryOf(w.T, change)
	answer, err := rehearse.Run(w.Context(), before, proposed, rehearse.Evidence{Audit: []auditlog.Input{w.log(from)}, Removed: removed, Now: time.Now()})
	must(w.T, err)
	w.put(change)
	w.remove(removed)
	w.settle()
	actual := map[deniedRight]int64{}
	for _, m := range made {
		w.repeated++
		if w.clients[m.account].send(w.T, m.call) == http.StatusForbidden {
			w.denied++
			actual[m.right()]++
		}
	}
	if predicted := predictedRights(answer); !maps.Equal(predicted, actual) {
		w.Errorf("of %d requests\n%v are predicted to be denied, and\n%v are", len(made), predicted, actual)
	}
}

// A deniedRight is what requests are counted by.
type deniedRight struct{ user, verb, resource, namespace, path string }

func (m madeRequest) right() deniedRight {
	resource := m.request.Resource
	if m.request.Subresource != "" {
		resource += "/" + m.request.Subresource
	}
	return deniedRight{"system:serviceaccount:rights:" + m.account, m.request.Verb, resource, m.request.Namespace, m.request.Path}
}

func predictedRights(r *rehearse.Rehearsal) map[deniedRight]int64 {
	out := map[deniedRight]int64{}
	for _, b := range r.Breaks {
		if e := b.Event; b.Sort == "rbac" && e != nil && !b.Already && !strings.HasPrefix(e.Path, "/e2e/") { // requests of the test itself
			out[deniedRight{e.User, e.Verb, e.Resource, e.Namespace, e.Path}] += b.Count
		}
	}
	return out
}

// removal is one object that goes, and is not changed besides.
func (w *rightsWorld) removal(change []runtime.Object) []finding.Ref {
	ref := finding.Ref{APIVersion: rbac.Group + "/v1", Kind: "RoleBinding", Namespace: "other", Name: w.one("e2e", "e2e-view")}
	for _, o := range inventoryOf(w.T, change).All() {
		if o.Ref == ref {
			return nil
		}
	}
	return []finding.Ref{ref}
}

func (w *rightsWorld) remove(refs []finding.Ref) {
	for _, ref := range refs {
		must(w.T, w.c.Client.RbacV1().RoleBindings(ref.Namespace).Delete(w.Context(), ref.Name, metav1.DeleteOptions{}))
	}
}

// put makes objects, or puts them in the place of those that are there.
func (w *rightsWorld) put(objects []runtime.Object) {
	for _, o := range objects {
		content := contentOf(w.T, o)
		path := "/apis/" + rbac.Group + "/v1/"
		if ns := inventory.String(content, "metadata", "namespace"); ns != "" {
			path += "namespaces/" + ns + "/"
		}
		path += strings.ToLower(inventory.String(content, "kind")) + "s"
		body, err := json.Marshal(content)
		must(w.T, err)
		client := w.c.Client.RbacV1().RESTClient()
		if client.Put().AbsPath(path, inventory.String(content, "metadata", "name")).Body(body).Do(w.Context()).Error() != nil {
			must(w.T, client.Post().AbsPath(path).Body(body).Do(w.Context()).Error())
		}
	}
}

// settle waits until the controller has aggregated and the authorizer has read what was written: an account of a mark of its
// own sees it last.
func (w *rightsWorld) settle() {
	w.Helper()
	err := controlplane.Wait(60*time.Second, func() error {
		live := rbac.New(read(w.T, w.c, ""))
		settled := rbac.NewSettled(read(w.T, w.c, ""))
		if diff := rbac.Diff(live, settled); len(diff) > 0 {
			return fmt.Errorf("%d subjects are not settled", len(diff))
		}
		return nil
	})
	must(w.T, err)
	w.marks++
	path := fmt.Sprintf("/e2e/mark/%d", w.marks)
	name := fmt.Sprintf("e2e-mark-%d", w.marks)
	types := metav1.TypeMeta{APIVersion: rbac.Group + "/v1", Kind: "ClusterRole"}
	w.put([]runtime.Object{
		&rbacv1.ClusterRole{TypeMeta: types, ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: []rbacv1.PolicyRule{{Verbs: []string{"get"}, NonResourceURLs: []string{path}}}},
	})
	types.Kind = "ClusterRoleBinding"
	w.put([]runtime.Object{&rbacv1.ClusterRoleBinding{TypeMeta: types, ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:  rbacv1.RoleRef{APIGroup: rbac.Group, Kind: "ClusterRole", Name: name},
		Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: "rights", Name: "s0"}, {Kind: "ServiceAccount", Namespace: "rights", Name: "s1"}}}})
	must(w.T, controlplane.Wait(60*time.Second, func() error {
		if code := w.clients["s0"].send(w.T, call{method: "GET", path: path}); code == http.StatusForbidden {
			return fmt.Errorf("the mark is not read yet")
		}
		return nil
	}))
	time.Sleep(300 * time.Millisecond) // each kind has a watch of its own
}

// log is the audit log from a place on.
func (w *rightsWorld) log(from int64) auditlog.Input {
	file := filepath.Join(w.c.Folder, "audit.log")
	return auditlog.Input{Name: file, Open: func() (io.ReadCloser, error) {
		f, err := os.Open(file)
		if err == nil {
			_, err = f.Seek(from, io.SeekStart)
		}
		return f, err
	}}
}

func (w *rightsWorld) size() int64 {
	info, err := os.Stat(filepath.Join(w.c.Folder, "audit.log"))
	must(w.T, err)
	return info.Size()
}

// flush waits until the log has a last request.
func (w *rightsWorld) flush() {
	w.marks++
	path := fmt.Sprintf("/e2e/flush/%d", w.marks)
	w.clients["s0"].send(w.T, call{method: "GET", path: path})
	must(w.T, controlplane.Wait(30*time.Second, func() error {
		data, err := os.ReadFile(filepath.Join(w.c.Folder, "audit.log"))
		if err == nil && !strings.Contains(string(data), path) {
			return fmt.Errorf("the audit log has no request for %s", path)
		}
		return err
	}))
}

// rejudge holds the levels that the API server recorded to those that the policy is said to record.
func (w *rightsWorld) rejudge() {
	policy, problems := auditpolicy.Parse([]byte(mixedAudit))
	if len(problems) > 0 {
		w.Fatal(problems)
	}
	j := &levels{policy: policy, by: map[string]int{}}
	_, err := auditlog.Read(w.Context(), []auditlog.Input{w.log(0)}, auditlog.Options{Ordered: true}, func() auditlog.Consumer { return j })
	must(w.T, err)
	for _, wrong := range j.wrong[:min(len(j.wrong), 5)] {
		w.Error(wrong)
	}
	w.Logf("%d events judged again, %v", j.events, j.by)
	if len(j.by) != 3 {
		w.Errorf("not every level was recorded: %v", j.by)
	}
}

// levels compares the level of each event with that of a policy.
type levels struct {
	policy *auditpolicy.Policy
	events int
	by     map[string]int
	wrong  []string
}

func (l *levels) Consume(e *auditlog.Event) {
	l.events++
	l.by[e.Level]++
	if d := l.policy.Judge(auditpolicy.AttributesOf(e)); d.Level != e.Level || !d.Records(e.Stage) {
		l.wrong = append(l.wrong, fmt.Sprintf("%s %s of %s is recorded at %s at stage %s, and judged %+v", e.Verb, e.RequestURI, e.User.Name, e.Level, e.Stage, d))
	}
}

func contentOf(t testing.TB, o runtime.Object) map[string]any {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	must(t, err)
	return content
}

// inventoryOf is what manifests of the objects hold.
func inventoryOf(t testing.TB, objects []runtime.Object) *inventory.Inventory {
	t.Helper()
	var out []*inventory.Object
	for _, o := range objects {
		content := contentOf(t, o)
		out = append(out, &inventory.Object{Content: content, Ref: finding.Ref{
			APIVersion: inventory.String(content, "apiVersion"), Kind: inventory.String(content, "kind"),
			Namespace: inventory.String(content, "metadata", "namespace"), Name: inventory.String(content, "metadata", "name"),
		}})
	}
	return inventory.New(inventory.Source{Kind: "files"}, time.Now(), "", out, nil)
}
