package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
)

// installer is the user that installs policies, with the rights of deploy/rbac.yaml and deploy/enforce/rbac.yaml only.
const installer = reader

// An enforcer installs policies with the built program.
type enforcer struct {
	*program
	c      *controlplane.ControlPlane
	folder string
}

func startEnforcer(t *testing.T, o controlplane.Options) *enforcer {
	t.Helper()
	o.Minor = *minor
	c := controlplane.Start(t, o)
	if err := ensureNamespace(t.Context(), c, "plimsoll"); err != nil {
		t.Fatal(err)
	}
	bindReader(t, c)
	bindInstaller(t, c)
	kubeconfig, err := c.Kubeconfig(installer)
	if err != nil {
		t.Fatal(err)
	}
	e := &enforcer{&program{binary: buildProgram(t), live: []string{"--kubeconfig", kubeconfig}}, c, t.TempDir()}
	e.untilReadable(t)
	return e
}

func bindInstaller(t *testing.T, c *controlplane.ControlPlane) {
	t.Helper()
	subjects := []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: installer}}
	for document := range bytes.SplitSeq(fileText(t, "../deploy/enforce/rbac.yaml"), []byte("\n---\n")) {
		var kind metav1.TypeMeta
		if err := yaml.Unmarshal(document, &kind); err != nil {
			t.Fatal(err)
		}
		var err error
		switch kind.Kind {
		case "ClusterRole":
			var role rbacv1.ClusterRole
			must(t, yaml.UnmarshalStrict(document, &role))
			_, err = c.Client.RbacV1().ClusterRoles().Create(t.Context(), &role, metav1.CreateOptions{})
			must(t, err)
			_, err = c.Client.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
				ObjectMeta: metav1.ObjectMeta{Name: role.Name}, Subjects: subjects,
				RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
			}, metav1.CreateOptions{})
		case "Role":
			var role rbacv1.Role
			must(t, yaml.UnmarshalStrict(document, &role))
			_, err = c.Client.RbacV1().Roles(role.Namespace).Create(t.Context(), &role, metav1.CreateOptions{})
			must(t, err)
			_, err = c.Client.RbacV1().RoleBindings(role.Namespace).Create(t.Context(), &rbacv1.RoleBinding{
				ObjectMeta: metav1.ObjectMeta{Name: role.Name}, Subjects: subjects,
				RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name},
			}, metav1.CreateOptions{})
		}
		must(t, err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// policy runs `plimsoll policy` against the cluster and reads its answer as JSON.
func (e *enforcer) policy(t *testing.T, want int, arguments string, more ...string) map[string]any {
	t.Helper()
	all := append([]string{"policy"}, strings.Fields(arguments)...)
	stdout, stderr, code := e.ask(t, append(append(append(all, "-f", "json"), e.live...), more...)...)
	if code != want {
		t.Fatalf("policy %s: exit code %d, want %d\n%s\n%s", arguments, code, want, stderr, stdout)
	}
	var out map[string]any
	if err := json.Unmarshal([]byte(stdout), &out); err != nil {
		t.Fatalf("policy %s: %v\n%s%s", arguments, err, stdout, stderr)
	}
	return out
}

// file writes a file into the test's folder and returns its path.
func (e *enforcer) file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(e.folder, name)
	must(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

const enforceConfig = `apiVersion: plimsoll.io/v1
kind: Config
params:
  untrusted-registry: {registries: "registry.example.com\n"}
exceptions:
- name: agent
  controls: [host-path]
  objects: {namespaces: [shop]}
  reason: reads the node's logs
  owner: platform
  ticket: OPS-1
  approvedBy: ann
  expires: 2099-12-31
`

// TestPolicyLifeCycle installs a level at each stage, looks at it, and takes it away again.
func TestPolicyLifeCycle(t *testing.T) {
	e := startEnforcer(t, controlplane.Options{})
	must(t, ensureNamespace(t.Context(), e.c, "shop"))
	before := e.installed(t)
	config := e.file(t, "plimsoll.yaml", enforceConfig)

	plan := e.policy(t, 0, "install --level mature host-path --stage audit --live", "--config", config)
	if got := e.installed(t); len(got) != len(before) {
		t.Fatalf("a plan wrote something: %v", got)
	}
	changes := len(plan["changes"].([]any))
	for _, stage := range []string{"audit", "warn", "deny"} {
		undo := filepath.Join(e.folder, stage+"-undo.yaml")
		if stage == "deny" { // what Kubernetes itself makes violates some of it
			blocked := e.policy(t, 1, "install --level mature host-path --apply --stage deny", "--config", config)
			if n := count(blocked["changes"].([]any), "written", true); n > 0 || blocked["written"] != false {
				t.Errorf("%d objects were written though others violate the policies", n)
			}
		}
		got := e.policy(t, 0, "install --level mature host-path --apply --unrehearsed --undo "+undo+" --stage "+stage, "--config", config)
		if written := count(got["changes"].([]any), "written", true); stage == "audit" && written != changes || written == 0 {
			t.Errorf("stage %s: %d objects written, planned were %d", stage, written, changes)
		}
		again := e.policy(t, 0, "install --level mature host-path --live --unrehearsed --stage "+stage, "--config", config)
		if n := count(again["changes"].([]any), "action", "keep"); n != len(again["changes"].([]any)) {
			t.Errorf("stage %s: installing twice is not the same as once: %v", stage, again["changes"])
		}
		if info, err := os.Stat(undo); err != nil || info.Size() == 0 {
			t.Errorf("stage %s: no way back was written: %v", stage, err)
		}
	}
	e.policy(t, 0, "status")
	for name := range e.installed(t) {
		if strings.HasSuffix(name, "-audit") || strings.HasSuffix(name, "-warn") {
			t.Errorf("%s is still there after the next stage", name)
		}
	}
	t.Run("parameters", func(t *testing.T) { e.noParameters(t, config) })
	t.Run("drift", func(t *testing.T) { e.edited(t, config) })
	t.Run("uninstall", func(t *testing.T) { e.uninstall(t, before) })
}

// noParameters holds that a policy without its parameters is said to do nothing.
func (e *enforcer) noParameters(t *testing.T, config string) {
	configs := e.c.Client.CoreV1().ConfigMaps("plimsoll")
	must(t, configs.Delete(t.Context(), "plimsoll-untrusted-registry", metav1.DeleteOptions{}))
	status := e.policy(t, 1, "status")
	if text := fmt.Sprint(status["items"]); !strings.Contains(text, "it refuses nothing") {
		t.Errorf("missing parameters are not told: %s", text)
	}
	e.policy(t, 0, "install untrusted-registry --stage deny --apply --unrehearsed", "--config", config)
	e.policy(t, 0, "status")
}

// edited changes a binding and a policy as people do, and holds that this is shown and not overwritten.
func (e *enforcer) edited(t *testing.T, config string) {
	api := e.c.Client.AdmissionregistrationV1()
	_, err := api.ValidatingAdmissionPolicyBindings().Patch(t.Context(), "plimsoll-host-path-deny", types.MergePatchType,
		[]byte(`{"spec":{"validationActions":["Audit"],"matchResources":{"namespaceSelector":{"matchExpressions":[{"key":"kubernetes.io/metadata.name","operator":"DoesNotExist"}]}}}}`), metav1.PatchOptions{FieldManager: "kubectl-edit"})
	must(t, err)
	_, err = api.ValidatingAdmissionPolicies().Patch(t.Context(), "plimsoll-wildcard-rbac", types.MergePatchType,
		[]byte(`{"spec":{"failurePolicy":"Ignore"}}`), metav1.PatchOptions{FieldManager: "kubectl-edit"})
	must(t, err)
	status := e.policy(t, 1, "status")
	var drift []string
	for _, item := range status["items"].([]any) {
		c := item.(map[string]any)
		for _, d := range c["drift"].([]any) {
			drift = append(drift, fmt.Sprint(c["control"], " ", d.(map[string]any)["path"], " ", d.(map[string]any)["by"]))
		}
		for _, b := range c["bindings"].([]any) {
			for _, d := range b.(map[string]any)["drift"].([]any) {
				drift = append(drift, fmt.Sprint(c["control"], " ", d.(map[string]any)["path"], " ", d.(map[string]any)["by"]))
			}
		}
	}
	if got, want := strings.Join(drift, "; "), "host-path spec.matchResources.namespaceSelector.matchExpressions[0].operator kubectl-edit; "+
		"host-path spec.matchResources.namespaceSelector.matchExpressions[0].values kubectl-edit; "+
		"host-path spec.validationActions <nil>; wildcard-rbac spec.failurePolicy kubectl-edit"; got != want {
		t.Errorf("drift is %q, want %q", got, want)
	}

	const again = "install host-path wildcard-rbac --stage deny --apply --unrehearsed"
	before := e.installed(t)
	conflict := e.policy(t, 1, again, "--config", config)
	for _, want := range []string{"map[field:.spec.matchResources owner:kubectl-edit]", "map[field:.spec.failurePolicy owner:kubectl-edit]"} {
		if got := fmt.Sprint(conflict["changes"]); !strings.Contains(got, want) {
			t.Errorf("the conflict %s is not shown: %s", want, got)
		}
	}
	if !maps.Equal(before, e.installed(t)) {
		t.Error("a conflict was forced")
	}
	undo := filepath.Join(e.folder, "forced-undo.yaml")
	e.policy(t, 0, again+" --force-conflicts --undo "+undo, "--config", config)
	e.policy(t, 0, "status")
	if text := string(fileText(t, undo)); !strings.Contains(text, "failurePolicy: Ignore") {
		t.Errorf("the way back does not hold what was there: %s", text)
	}
}

// uninstall holds that everything of ours goes, and nothing else.
func (e *enforcer) uninstall(t *testing.T, before map[string]string) {
	api := e.c.Client.AdmissionregistrationV1()
	own, err := api.ValidatingAdmissionPolicyBindings().Get(t.Context(), "plimsoll-host-path-deny", metav1.GetOptions{})
	must(t, err)
	foreign := &admissionv1.ValidatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: "plimsoll-theirs", Labels: own.Labels}, Spec: own.Spec}
	_, err = api.ValidatingAdmissionPolicyBindings().Create(t.Context(), foreign, metav1.CreateOptions{FieldManager: "kubectl-create"})
	must(t, err)
	everything := e.installed(t)
	e.policy(t, 0, "uninstall")
	if !maps.Equal(everything, e.installed(t)) {
		t.Error("showing what would be removed removed something")
	}
	got := e.policy(t, 0, "uninstall --apply")
	left := e.installed(t)
	for name := range before {
		delete(left, name)
	}
	if names := slices.Sorted(maps.Keys(left)); strings.Join(names, " ") != "binding/plimsoll-theirs policy/plimsoll-host-path" {
		t.Errorf("left are %v: %v", names, got["left"])
	}
	must(t, api.ValidatingAdmissionPolicyBindings().Delete(t.Context(), "plimsoll-theirs", metav1.DeleteOptions{}))
	e.policy(t, 0, "uninstall --apply")
	if !maps.Equal(before, e.installed(t)) {
		t.Errorf("left is %v", e.installed(t))
	}
}

func count(items []any, field string, want any) int {
	n := 0
	for _, item := range items {
		if item.(map[string]any)[field] == want {
			n++
		}
	}
	return n
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	must(t, err)
	return string(text)
}

// installed are the policies, bindings and parameters that are there, by kind and name.
func (e *enforcer) installed(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	api := e.c.Client.AdmissionregistrationV1()
	policies, err := api.ValidatingAdmissionPolicies().List(t.Context(), metav1.ListOptions{})
	must(t, err)
	for _, p := range policies.Items {
		out["policy/"+p.Name] = asJSON(t, p.Spec)
	}
	bindings, err := api.ValidatingAdmissionPolicyBindings().List(t.Context(), metav1.ListOptions{})
	must(t, err)
	for _, b := range bindings.Items {
		out["binding/"+b.Name] = asJSON(t, b.Spec)
	}
	configs, err := e.c.Client.CoreV1().ConfigMaps("plimsoll").List(t.Context(), metav1.ListOptions{})
	must(t, err)
	for _, m := range configs.Items {
		out["configmap/"+m.Name] = asJSON(t, m.Data)
	}
	return out
}
