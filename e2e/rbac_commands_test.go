package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
)

// rbacCommands are the questions that the live cluster and its snapshot must answer alike. "paths" reads Secrets too,
// which the reader may not list.
var rbacCommands = []struct {
	arguments string
	want      int
}{
	{"who-can get secrets -n shop", 0},
	{"who-can get nodes", 0},
	{"who-can get /metrics", 0},
	{"can sa:shop/cart get secrets -n shop --name cart-database", 0},
	{"can sa:shop/cart list secrets -n shop", 1},
	{"can sa:ci/deployer create deployments.apps/scale -n shop", 1},
	{"list sa:ci/deployer", 0},
	{"list user:eve", 0}, // in the group oncall by aws-auth
	{"matrix --defaults", 0},
	{"paths", 3},
	{"paths --from sa:ci/deployer", 3},
	{"reach sa:ci/deployer", 3},
	{"cut", 3},
}

// TestRBACCommands asks the built program about a live API server, with the rights of deploy/rbac.yaml only.
func TestRBACCommands(t *testing.T) {
	c := controlplane.Start(t, controlplane.Options{Minor: *minor, Controllers: true})
	role := bindReader(t, c)
	fillShop(t, c)
	if err := create(t, c, []string{"/api/v1/namespaces/kube-system/configmaps"}, awsAuth); err != nil {
		t.Fatal(err)
	}
	kubeconfig, err := c.Kubeconfig(reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &program{binary: buildProgram(t), live: []string{"--kubeconfig", kubeconfig}}
	p.untilReadable(t)
	snapshot := filepath.Join(t.TempDir(), "cluster.plimsoll")
	if _, stderr, code := p.ask(t, append([]string{"snapshot", "-o", snapshot}, p.live...)...); code != 0 {
		t.Fatalf("snapshot: exit code %d: %s", code, stderr)
	}
	for _, q := range rbacCommands {
		t.Run(q.arguments, func(t *testing.T) { p.sameAnswer(t, q.arguments, q.want, snapshot) })
	}
	t.Run("diff", func(t *testing.T) { p.noDifference(t, snapshot) })
	t.Run("one namespace", func(t *testing.T) { p.oneNamespace(t) })
	t.Run("less rights", func(t *testing.T) { p.lessRights(t, c, role) })
}

// bindReader gives the reader the role of deploy/rbac.yaml and nothing else.
func bindReader(t *testing.T, c *controlplane.ControlPlane) *rbacv1.ClusterRole {
	t.Helper()
	var role rbacv1.ClusterRole
	if err := yaml.UnmarshalStrict(fileText(t, "../deploy/rbac.yaml"), &role); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Client.RbacV1().ClusterRoles().Create(t.Context(), &role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: reader}},
	}
	if _, err := c.Client.RbacV1().ClusterRoleBindings().Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	return &role
}

// fillShop makes the objects of the shipped example.
func fillShop(t *testing.T, c *controlplane.ControlPlane) {
	t.Helper()
	for document := range bytes.SplitSeq(fileText(t, "../examples/access/cluster.yaml"), []byte("\n---\n")) {
		var o map[string]any
		if err := yaml.Unmarshal(document, &o); err != nil {
			t.Fatal(err)
		}
		gvk := schema.FromAPIVersionAndKind(fmt.Sprint(o["apiVersion"]), fmt.Sprint(o["kind"]))
		path := []string{"/apis", gvk.Group, gvk.Version}
		if gvk.Group == "" {
			path = []string{"/api", gvk.Version}
		}
		if namespace, ok := o["metadata"].(map[string]any)["namespace"].(string); ok {
			path = append(path, "namespaces", namespace)
		}
		if err := create(t, c, append(path, strings.ToLower(gvk.Kind)+"s"), o); err != nil {
			t.Fatalf("create %s: %v", gvk.Kind, err)
		}
	}
}

// awsAuth puts a user into a group, as EKS reads it.
var awsAuth = map[string]any{
	"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "aws-auth", "namespace": "kube-system"},
	"data": map[string]any{"mapUsers": "- userarn: arn:aws:iam::111122223333:user/eve\n  username: eve\n  groups: [oncall]\n"},
}

// A program is the built plimsoll, and the flags that lead it to the cluster.
type program struct {
	binary string
	live   []string
}

func (p *program) ask(t *testing.T, arguments ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	command := exec.CommandContext(t.Context(), p.binary, arguments...)
	command.Stdout, command.Stderr = &out, &errs
	var ended *exec.ExitError
	if err := command.Run(); err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), command.ProcessState.ExitCode()
}

// untilReadable waits until the API server knows the reader's rights.
func (p *program) untilReadable(t *testing.T) {
	t.Helper()
	err := controlplane.Wait(30*time.Second, func() error {
		if out, stderr, code := p.ask(t, append([]string{"rbac", "who-can", "get", "pods"}, p.live...)...); code != 0 {
			return fmt.Errorf("exit code %d: %s%s", code, out, stderr)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// sameAnswer asks the cluster and the snapshot, as people and as programs would.
func (p *program) sameAnswer(t *testing.T, arguments string, want int, snapshot string) {
	all := append([]string{"rbac"}, strings.Fields(arguments)...)
	live, stderr, code := p.ask(t, slices.Concat(all, p.live, []string{"-f", "json"})...)
	kept, stderrKept, codeKept := p.ask(t, slices.Concat(all, []string{snapshot, "-f", "json"})...)
	if code != want || codeKept != want || stderr+stderrKept != "" {
		t.Fatalf("exit codes %d of the cluster, %d of the snapshot, want %d: %s%s", code, codeKept, want, stderr, stderrKept)
	}
	a, b := withoutHeader(t, live), withoutHeader(t, kept)
	if a != b {
		at := 0
		for at < min(len(a), len(b)) && a[at] == b[at] {
			at++
		}
		t.Errorf("the answers differ at byte %d:\ncluster  …%s\nsnapshot …%s", at, a[max(0, at-200):min(len(a), at+200)], b[max(0, at-200):min(len(b), at+200)])
	}
	if strings.Contains(arguments, "eve") && !strings.Contains(live, `"oncall"`) {
		t.Errorf("the group of aws-auth is missing: %s", live)
	}
	text, _, code := p.ask(t, slices.Concat(all, p.live, []string{"-v"})...)
	if code != want {
		t.Errorf("as a table: exit code %d, want %d", code, want)
	}
	if want == 3 && !strings.Contains(text, "could not be read: secrets") {
		t.Errorf("it does not say that Secrets could not be read:\n%s", text)
	}
}

// withoutHeader is an answer without what tells how and when it was read.
func withoutHeader(t *testing.T, text string) string {
	t.Helper()
	var body map[string]any
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		t.Fatal(err)
	}
	for _, member := range []string{"inventory", "unseen"} {
		if body[member] == nil {
			t.Errorf("the answer has no %s", member)
		}
		delete(body, member)
	}
	out, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// noDifference compares the snapshot with itself.
func (p *program) noDifference(t *testing.T, snapshot string) {
	out, stderr, code := p.ask(t, "rbac", "diff", snapshot, snapshot, "-f", "json", "--fail-on-gain", "--fail-on-path")
	var diff struct{ Items, Opened, Closed []any }
	if err := json.Unmarshal([]byte(out), &diff); err != nil {
		t.Fatal(err)
	}
	if code != 3 || len(diff.Items)+len(diff.Opened)+len(diff.Closed) > 0 {
		t.Errorf("exit code %d, want 3; %d changes, %d paths opened, %d closed: %s", code, len(diff.Items), len(diff.Opened), len(diff.Closed), stderr)
	}
}

// oneNamespace holds that reading one namespace answers about it just as well.
func (p *program) oneNamespace(t *testing.T) {
	for arguments, want := range map[string]int{
		"can sa:shop/cart get secrets -n shop --name cart-database": 0, "can sa:ci/deployer patch deployments.apps -n shop": 0,
		"can sa:ci/runner create pods -n shop": 1, "can sa:ci/runner create pods -n ci": 0,
	} {
		if out, stderr, code := p.ask(t, slices.Concat([]string{"rbac"}, strings.Fields(arguments), p.live)...); code != want {
			t.Errorf("%s: exit code %d, want %d: %s%s", arguments, code, want, out, stderr)
		} else if strings.Contains(out, "There is no ServiceAccount") {
			t.Errorf("%s: service accounts of namespaces that were not read are said to be missing: %s", arguments, out)
		}
	}
	out, _, code := p.ask(t, slices.Concat([]string{"rbac", "paths", "-n", "shop"}, p.live)...)
	if code != 3 || !strings.Contains(out, "only the namespace shop was read") {
		t.Errorf("paths: exit code %d, want 3, since ways through other namespaces are not seen: %s", code, out)
	}
}

// lessRights takes every kind that questions about rights depend on from the reader in turn: what may be missing then
// is never answered with a plain no, and a yes stays a yes.
func (p *program) lessRights(t *testing.T, c *controlplane.ControlPlane, role *rbacv1.ClusterRole) {
	for i, rule := range role.Rules {
		for _, resource := range rule.Resources {
			missing := schema.GroupResource{Group: rule.APIGroups[0], Resource: resource}
			needed := missing.Group == rbacv1.GroupName
			if !needed && !slices.Contains([]string{"nodes", "namespaces", "serviceaccounts", "customresourcedefinitions"}, resource) {
				continue
			}
			less := role.DeepCopy()
			less.Rules[i].Resources = slices.DeleteFunc(slices.Clone(rule.Resources), func(r string) bool { return r == resource })
			update(t, c, less, missing)
			no, code := 1, 0
			if needed {
				no, code = 3, 3
			}
			for arguments, want := range map[string]int{
				"can sa:shop/cart delete secrets -n shop": no, "can group:system:masters get pods -n shop": 0,
				"who-can get secrets -n shop": code, "list sa:ci/deployer": code, "matrix": code, "paths": 3,
			} {
				out, stderr, got := p.ask(t, slices.Concat([]string{"rbac"}, strings.Fields(arguments), p.live)...)
				if got != want {
					t.Errorf("%s without %s: exit code %d, want %d: %s%s", arguments, missing, got, want, out, stderr)
				}
				if want == 3 && (needed || arguments == "paths") && !strings.Contains(out, "could not be read: ") {
					t.Errorf("%s without %s does not say what could not be read:\n%s", arguments, missing, out)
				}
			}
		}
	}
}

func fileText(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
