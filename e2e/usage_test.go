package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/plimsoll-io/plimsoll/auditlog"
	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/rbac/usage"
)

const auditEverything = `apiVersion: audit.k8s.io/v1
kind: Policy
rules:
- level: Metadata
`

// A call is a request as a client sends it.
type call struct {
	method, path, body string
	header             map[string]string
}

const (
	configMaps   = "/api/v1/namespaces/app/configmaps"
	accounts     = "/api/v1/namespaces/app/serviceaccounts"
	tokenRequest = `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}`
)

var (
	apply = map[string]string{"Content-Type": "application/apply-patch+yaml"}
	merge = map[string]string{"Content-Type": "application/merge-patch+json"}
)

func configMap(name string) string {
	return `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"` + name + `"}}`
}

// usedCalls are what the account does while it may do everything.
var usedCalls = []call{
	{method: "GET", path: configMaps},
	{method: "GET", path: configMaps + "/one"},
	{method: "GET", path: "/api/v1/namespaces/app/secrets?fieldSelector=metadata.name%3Donly"},
	{method: "GET", path: configMaps + "?watch=1&timeoutSeconds=1"},
	{method: "POST", path: configMaps, body: configMap("two")},
	{method: "PATCH", path: configMaps + "/three?fieldManager=e2e", body: configMap("three"), header: apply},
	{method: "PATCH", path: "/apis/apps/v1/namespaces/app/deployments/web?fieldManager=e2e", body: deploymentBody, header: apply},
	{method: "PUT", path: configMaps + "/one", body: configMap("one")},
	{method: "DELETE", path: configMaps + "/two"},
	{method: "DELETE", path: configMaps + "?labelSelector=x%3Dy"},
	{method: "GET", path: "/api/v1/nodes"},
	{method: "GET", path: "/api/v1/pods"},
	{method: "GET", path: "/metrics"},
	{method: "GET", path: "/version"},
	{method: "POST", path: accounts + "/web/token", body: tokenRequest},
	{method: "GET", path: "/apis/apps/v1/namespaces/app/deployments/none/scale"},
	{method: "GET", path: "/api/v1/namespaces/app/pods/none/log"},
	{method: "PATCH", path: "/api/v1/namespaces/app", body: `{"metadata":{"labels":{"a":"b"}}}`, header: merge},
	{method: "POST", path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
		body: `{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview",` +
			`"spec":{"nonResourceAttributes":{"verb":"get","path":"/"}}}`},
	{method: "GET", path: configMaps + "/one", header: map[string]string{"Impersonate-User": "system:serviceaccount:app:boss"}},
	{method: "GET", path: configMaps + "/one", header: map[string]string{
		"Impersonate-User": "bob", "Impersonate-Group": "system:masters", "Impersonate-Uid": "7", "Impersonate-Extra-Scopes": "view"}},
}

const deploymentBody = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},` +
	`"spec":{"selector":{"matchLabels":{"a":"b"}},` +
	`"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}`

// otherCalls it never makes, though some are close to what it does.
var otherCalls = []call{
	{method: "GET", path: configMaps + "/two"},
	{method: "DELETE", path: configMaps + "/one"},
	{method: "PUT", path: configMaps + "/three", body: configMap("three")},
	{method: "GET", path: "/api/v1/namespaces/default/configmaps"},
	{method: "GET", path: "/api/v1/configmaps"},
	{method: "GET", path: "/api/v1/namespaces/app/secrets"},
	{method: "GET", path: "/api/v1/namespaces/app/secrets/only"},
	{method: "GET", path: "/api/v1/nodes/one"},
	{method: "GET", path: "/metrics/slis"},
	{method: "GET", path: "/api/v1/namespaces/app/pods/other/log"},
	{method: "POST", path: accounts + "/default/token", body: tokenRequest},
	{method: "GET", path: configMaps + "/one", header: map[string]string{"Impersonate-User": "system:serviceaccount:app:default"}},
	{method: "GET", path: configMaps + "/one", header: map[string]string{"Impersonate-User": "bob", "Impersonate-Group": "ops"}},
}

// TestUsage lets an account with all rights do what it does, generates the least roles from the API server's audit log,
// puts them in the place of all rights, and tries again: everything it did works, and nothing else.
func TestUsage(t *testing.T) {
	c := controlplane.Start(t, controlplane.Options{Minor: *minor, Audit: auditEverything})
	client := account(t, c)
	prepare(t, c)
	for _, r := range usedCalls {
		if code := client.send(t, r); code == http.StatusForbidden || code == http.StatusUnauthorized {
			t.Fatalf("%s %s gives %d to an admin", r.method, r.path, code)
		}
	}
	web := rbac.Account("app", "web")
	used := usedBy(t, c, web)
	existing := rbac.New(read(t, c, ""))
	for _, s := range used.Unused(existing, usage.UnusedOptions{}).Subjects {
		if s.Subject == web && (len(s.Elsewhere) > 0 || s.Grants[0].Unused) {
			t.Errorf("used and not granted: %v", s.Elsewhere)
		}
	}
	plan := used.Generate(web, existing, usage.GenerateOptions{Mode: usage.Replace})
	if len(plan.Replaces) != 1 || plan.Replaces[0].Name != "everything" {
		t.Fatalf("replaces %v", plan.Replaces)
	}
	if err := c.Client.RbacV1().ClusterRoleBindings().Delete(t.Context(), "everything", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, o := range plan.Objects {
		createRole(t, c, o)
	}
	prepare(t, c)
	for _, r := range otherCalls {
		err := controlplane.Wait(30*time.Second, func() error { // authorizers and their caches take a moment
			if code := client.send(t, r); code != http.StatusForbidden {
				return fmt.Errorf("%s %s gives %d", r.method, r.path, code)
			}
			return nil
		})
		if err != nil {
			t.Errorf("not used before: %v", err)
		}
	}
	for _, r := range usedCalls {
		err := controlplane.Wait(30*time.Second, func() error {
			if code := client.send(t, r); code == http.StatusForbidden {
				return fmt.Errorf("%s %s gives %d", r.method, r.path, code)
			}
			return nil
		})
		if err != nil {
			t.Errorf("used before: %v", err)
		}
	}
}

// A caller sends requests with a token.
type caller struct {
	http *http.Client
	host string
}

func (c caller) send(t *testing.T, r call) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), r.method, c.host+r.path, strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	if r.body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for k, v := range r.header {
		request.Header.Set(k, v)
	}
	response, err := c.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

// account makes the service account app/web, gives it all rights, and connects as it.
func account(t *testing.T, c *controlplane.ControlPlane) caller {
	t.Helper()
	if err := ensureNamespace(t.Context(), c, "app"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"web", "boss"} {
		if err := ensureAccount(t.Context(), c, "app", name); err != nil {
			t.Fatal(err)
		}
	}
	for name, subject := range map[string]string{"everything": "web", "boss": "boss"} {
		_, err := c.Client.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbac.Group, Kind: "ClusterRole", Name: "cluster-admin"},
			Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: "app", Name: subject}},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}
	request := &authenticationv1.TokenRequest{}
	token, err := c.Client.CoreV1().ServiceAccounts("app").CreateToken(t.Context(), "web", request, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	config := rest.AnonymousClientConfig(c.REST)
	config.BearerToken = token.Status.Token
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	out := caller{client, config.Host}
	err = controlplane.Wait(30*time.Second, func() error {
		if code := out.send(t, call{method: "GET", path: configMaps}); code != http.StatusOK {
			return fmt.Errorf("an admin gets %d", code)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// prepare makes what is there before the account does anything, and removes what it made.
func prepare(t *testing.T, c *controlplane.ControlPlane) {
	t.Helper()
	admin, err := rest.HTTPClientFor(c.REST)
	if err != nil {
		t.Fatal(err)
	}
	as := caller{admin, c.REST.Host}
	for _, r := range []call{
		{method: "DELETE", path: configMaps + "/two"}, {method: "DELETE", path: configMaps + "/three"},
		{method: "DELETE", path: "/apis/apps/v1/namespaces/app/deployments/web"},
		{method: "POST", path: configMaps, body: configMap("one")},
	} {
		as.send(t, r)
	}
}

// usedBy waits until the audit log has the last request, and tells what was used.
func usedBy(t *testing.T, c *controlplane.ControlPlane, subject rbac.Subject) *usage.Usage {
	t.Helper()
	file := filepath.Join(c.Folder, "audit.log")
	log := auditlog.Input{Name: file, Open: func() (io.ReadCloser, error) { return os.Open(file) }}
	var used *usage.Usage
	err := controlplane.Wait(30*time.Second, func() (err error) {
		if used, err = usage.Collect(t.Context(), []auditlog.Input{log}, usage.Options{}); err != nil {
			return err
		}
		for _, u := range used.Of(subject).Used() {
			if u.Resource == "uids" {
				return nil
			}
		}
		return fmt.Errorf("the last request of %s is not in the log", subject)
	})
	if err != nil {
		t.Fatal(err)
	}
	if s := used.Summary; s.Broken > 1 || s.Foreign > 0 || len(s.Incomplete) > 0 { // the last line may still be written
		t.Errorf("%+v", s)
	}
	return used
}

// createRole makes a generated object; the API server refuses invalid ones.
func createRole(t *testing.T, c *controlplane.ControlPlane, o map[string]any) {
	t.Helper()
	body, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	path := "/apis/" + rbac.Group + "/v1/"
	if ns := inventory.String(o, "metadata", "namespace"); ns != "" {
		path += "namespaces/" + ns + "/"
	}
	path += strings.ToLower(inventory.String(o, "kind")) + "s"
	if err := c.Client.RbacV1().RESTClient().Post().AbsPath(path).Body(bytes.TrimSpace(body)).Do(t.Context()).Error(); err != nil {
		t.Fatalf("the API server refuses %s: %v", body, err)
	}
}
