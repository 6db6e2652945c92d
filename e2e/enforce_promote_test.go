package e2e

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
)

const hostPathPod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":%q,"namespace":%q},"spec":{"containers":[{"name":"a","image":"a"}],` +
	`"volumes":[{"name":"v","hostPath":{"path":"/etc"}}]}}`

// TestPolicyPromote takes a control from audit to deny, by what is there and by the audit log.
func TestPolicyPromote(t *testing.T) {
	e := startEnforcer(t, controlplane.Options{})
	must(t, ensureNamespace(t.Context(), e.c, "shop"))
	must(t, ensureNamespace(t.Context(), e.c, "tools"))
	e.policy(t, 0, "install host-path --stage audit -n shop --apply")
	e.awaitObserved(t, "audited", "shop", "one")
	if err := e.createPod(t, "kept", "tools"); err != nil { // outside of the scope
		t.Fatal(err)
	}
	if err := e.createPod(t, "kept", "shop"); err != nil {
		t.Fatal(err)
	}

	blocked := e.policy(t, 1, "promote --days 0 --apply")
	if got := blockers(blocked); !strings.Contains(got, "Pod shop/kept") && !strings.Contains(got, "kept") || strings.Contains(got, "tools") {
		t.Errorf("in the way is %s", got)
	}
	now := int64(0)
	must(t, e.c.Client.CoreV1().Pods("shop").Delete(t.Context(), "kept", metav1.DeleteOptions{GracePeriodSeconds: &now}))
	for _, missing := range []struct{ arguments, want string }{
		{"promote", "give the audit log"},
		{"promote --audit " + e.auditFile(t, 0), "begins on"},
		{"promote --audit " + e.auditFile(t, 0), "has not been there for 7 days"},
		{"promote --audit " + e.auditFile(t, 0), "it violated the policy"},
	} {
		if got := blockers(e.policy(t, 1, missing.arguments)); !strings.Contains(got, missing.want) {
			t.Errorf("%s: in the way is %s, want %q", missing.arguments, got, missing.want)
		}
	}
	e.policy(t, 0, "promote --days 0 --apply")
	e.stage(t, "plimsoll-host-path-warn", "Warn Audit")
	e.policy(t, 0, "promote --days 0 --apply")
	e.stage(t, "plimsoll-host-path-deny", "Deny Audit")
	e.awaitObserved(t, "denied", "shop", "two")
	if err := e.createPod(t, "other", "tools"); err != nil {
		t.Errorf("a pod outside of the scope is refused: %v", err)
	}
	if got := e.policy(t, 0, "promote --days 0"); len(got["items"].([]any)) != 0 {
		t.Errorf("there is a stage after the last: %v", got)
	}
}

func (e *enforcer) createPod(t *testing.T, name, namespace string) error {
	return e.c.Client.RESTClient().Post().AbsPath("/api/v1/namespaces", namespace, "pods").SetHeader("Content-Type", "application/json").
		Body(fmt.Appendf(nil, hostPathPod, name, namespace)).Do(t.Context()).Error()
}

// awaitObserved makes pods that violate the policy until the status shows, by the audit log, that one was noticed.
func (e *enforcer) awaitObserved(t *testing.T, field, namespace, name string) {
	t.Helper()
	n := 0
	err := controlplane.Wait(time.Minute, func() error {
		n++
		_ = e.createPod(t, fmt.Sprintf("%s-%d", name, n), namespace)
		now := int64(0)
		_ = e.c.Client.CoreV1().Pods(namespace).Delete(t.Context(), fmt.Sprintf("%s-%d", name, n), metav1.DeleteOptions{GracePeriodSeconds: &now})
		status := e.policy(t, 0, "status --audit "+e.auditFile(t, 0))
		for _, item := range status["observed"].([]any) {
			o := item.(map[string]any)
			if o["policy"] == "plimsoll-host-path" && o["namespace"] == namespace && o[field].(float64) > 0 {
				first := o["objects"].([]any)[0].(map[string]any)
				if first["resource"] != "pods" || first["name"] == "" || first["user"] != "e2e-admin" {
					t.Errorf("the object is %v", first)
				}
				return nil
			}
		}
		return fmt.Errorf("nothing was %s: %v", field, status["observed"])
	})
	must(t, err)
}

var eventTime = regexp.MustCompile(`(Timestamp":")([0-9TZ:.-]+)"`)

// auditFile is the audit log until now, without its last line if that is still being written, with its times moved.
func (e *enforcer) auditFile(t *testing.T, days int) string {
	t.Helper()
	text := fileText(t, filepath.Join(e.c.Folder, "audit.log"))
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	if days != 0 {
		text = eventTime.ReplaceAllFunc(text, func(m []byte) []byte {
			parts := eventTime.FindSubmatch(m)
			at, err := time.Parse(time.RFC3339Nano, string(parts[2]))
			must(t, err)
			return fmt.Appendf(nil, `%s%s"`, parts[1], at.AddDate(0, 0, days).Format(time.RFC3339Nano))
		})
	}
	return e.file(t, fmt.Sprintf("audit-%d.log", days), string(text))
}

// stage holds that the only binding is this one, with these actions.
func (e *enforcer) stage(t *testing.T, name, actions string) {
	t.Helper()
	all, err := e.c.Client.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings().List(t.Context(), metav1.ListOptions{})
	must(t, err)
	if len(all.Items) != 1 || all.Items[0].Name != name {
		t.Fatalf("the bindings are %v, want %s", all.Items, name)
	}
	if got := strings.Trim(fmt.Sprint(all.Items[0].Spec.ValidationActions), "[]"); got != actions {
		t.Errorf("the actions of %s are %s, want %s", name, got, actions)
	}
}

func blockers(promotion map[string]any) string {
	var out []string
	for _, item := range promotion["items"].([]any) {
		for _, b := range item.(map[string]any)["blockers"].([]any) {
			blocker := b.(map[string]any)
			object := ""
			if o, ok := blocker["object"].(map[string]any); ok {
				object = fmt.Sprint(o["kind"], " ", o["namespace"], "/", o["name"])
			}
			out = append(out, object+" "+fmt.Sprint(blocker["why"]))
		}
	}
	return strings.Join(out, "; ")
}

// TestStaleExceptions holds that a binding's exceptions are told when they have expired, and go when it is installed again.
func TestStaleExceptions(t *testing.T) {
	e := startEnforcer(t, controlplane.Options{})
	must(t, ensureNamespace(t.Context(), e.c, "shop"))
	fresh := e.file(t, "fresh.yaml", enforceConfig)
	stale := e.file(t, "stale.yaml", strings.ReplaceAll(enforceConfig, "2099-12-31", "2020-01-01"))
	e.policy(t, 0, "install host-path --stage deny --apply", "--config", fresh)
	bindings := e.c.Client.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings()
	installed, err := bindings.Get(t.Context(), "plimsoll-host-path-deny", metav1.GetOptions{})
	must(t, err)
	if text := asJSON(t, installed.Spec.MatchResources); !strings.Contains(text, "shop") {
		t.Fatalf("the exception is not in the binding: %s", text)
	}
	installed.TypeMeta = metav1.TypeMeta{APIVersion: "admissionregistration.k8s.io/v1", Kind: "ValidatingAdmissionPolicyBinding"}
	installed.ManagedFields, installed.ResourceVersion, installed.UID = nil, "", ""
	installed.Annotations["plimsoll.io/exceptions"] = strings.ReplaceAll(installed.Annotations["plimsoll.io/exceptions"], "2099-12-31", "2020-01-01") // time passes
	_, err = bindings.Patch(t.Context(), installed.Name, types.ApplyPatchType, []byte(asJSON(t, installed)), metav1.PatchOptions{FieldManager: "plimsoll"})
	must(t, err)
	if text := fmt.Sprint(e.policy(t, 1, "status")["items"]); !strings.Contains(text, "expired:true") {
		t.Errorf("the expired exception is not told: %s", text)
	}
	got := e.policy(t, 0, "install host-path --stage deny --apply", "--config", stale)
	if !strings.Contains(fmt.Sprint(got["warnings"]), "agent") {
		t.Errorf("that an exception expired is not told: %v", got["warnings"])
	}
	installed, err = bindings.Get(t.Context(), "plimsoll-host-path-deny", metav1.GetOptions{})
	must(t, err)
	if text := asJSON(t, installed.Spec.MatchResources); strings.Contains(text, "shop") {
		t.Errorf("the expired exception still holds: %s", text)
	}
	e.policy(t, 0, "status")
}
