package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
)

// TestDenyWedgesNothing holds that a cluster can still be lived in when policies that it violates are enforced: what
// was there before can be labelled, scaled, mended and deleted, but not made worse, and controllers go on working.
func TestDenyWedgesNothing(t *testing.T) {
	c := controlplane.Start(t, controlplane.Options{Minor: *minor, Controllers: true})
	if err := ensureNamespace(t.Context(), c, "shop"); err != nil {
		t.Fatal(err)
	}
	violators := makeViolators(t, c)
	b := &bindings{c: c}
	b.install(t, policyControls(t), admissionv1.Deny, admissionv1.Audit)

	for _, v := range violators {
		t.Run(v.resource, func(t *testing.T) { v.liveOn(t, c) })
	}
	t.Run("controllers", func(t *testing.T) { pods(t, c, "shop", "cart") })
	t.Run("role aggregation", func(t *testing.T) { aggregation(t, c) })
	t.Run("bootstrap of RBAC", func(t *testing.T) { bootstrapRBAC(t, c) })
	t.Run("namespace", func(t *testing.T) { deleteNamespace(t, c, "shop") })
}

// A violator is an object that violates many policies before they are enforced.
type violator struct {
	path     string // of the list, "/apis/apps/v1/namespaces/shop/deployments"
	resource string
	name     string
	at       string // JSON path of the pod template's spec, or of the pod's: "/spec/template/spec"
	scale    bool
}

// bad is a pod spec that most workload policies object to.
const bad = `{"hostNetwork":true,"hostPID":true,"containers":[{"name":"web","image":"nginx","securityContext":{"privileged":true}}]}`

func makeViolators(t *testing.T, c *controlplane.ControlPlane) []violator {
	t.Helper()
	const selector = `"selector":{"matchLabels":{"app":"cart"}},"template":{"metadata":{"labels":{"app":"cart"}},"spec":` + bad + `}`
	once := `{"restartPolicy":"Never",` + bad[1:]
	var out []violator
	for _, v := range []struct{ version, kind, resource, spec, at string }{
		{"apps/v1", "Deployment", "deployments", `{"replicas":2,` + selector + `}`, "/spec/template/spec"},
		{"apps/v1", "StatefulSet", "statefulsets", `{"serviceName":"cart","replicas":1,` + strings.ReplaceAll(selector, "cart", "db") + `}`, "/spec/template/spec"},
		{"apps/v1", "DaemonSet", "daemonsets", `{` + strings.ReplaceAll(selector, "cart", "agent") + `}`, "/spec/template/spec"},
		{"apps/v1", "ReplicaSet", "replicasets", `{"replicas":1,` + strings.ReplaceAll(selector, "cart", "rs") + `}`, "/spec/template/spec"},
		{"v1", "ReplicationController", "replicationcontrollers", `{"replicas":1,"selector":{"app":"rc"},"template":{"metadata":{"labels":{"app":"rc"}},"spec":` + bad + `}}`, "/spec/template/spec"},
		{"batch/v1", "Job", "jobs", `{"template":{"spec":` + once + `}}`, ""}, // its template cannot change
		{"batch/v1", "CronJob", "cronjobs", `{"schedule":"0 0 1 1 *","jobTemplate":{"spec":{"template":{"spec":` + once + `}}}}`, "/spec/jobTemplate/spec/template/spec"},
		{"v1", "Pod", "pods", bad, "/spec"},
		{"v1", "PodTemplate", "podtemplates", "", "/template/spec"},
	} {
		root := "/apis/" + v.version
		if v.version == "v1" {
			root = "/api/v1"
		}
		body := fmt.Sprintf(`{"apiVersion":%q,"kind":%q,"metadata":{"name":"cart","finalizers":["plimsoll.io/e2e"]},"spec":%s}`, v.version, v.kind, v.spec)
		if v.kind == "PodTemplate" {
			body = `{"apiVersion":"v1","kind":"PodTemplate","metadata":{"name":"cart","finalizers":["plimsoll.io/e2e"]},"template":{"spec":` + bad + `}}`
		}
		one := violator{
			path: root + "/namespaces/shop/" + v.resource, resource: v.resource, name: "cart", at: v.at,
			scale: strings.Contains(v.spec, `"replicas"`),
		}
		if err := c.Client.RESTClient().Post().AbsPath(one.path).SetHeader("Content-Type", "application/json").
			Body([]byte(body)).Do(t.Context()).Error(); err != nil {
			t.Fatalf("%s: %v", v.kind, err)
		}
		out = append(out, one)
	}
	return out
}

// patch changes the object by a JSON or a merge patch.
func (v violator) patch(ctx context.Context, c *controlplane.ControlPlane, kind types.PatchType, body string) error {
	return c.Client.RESTClient().Patch(kind).AbsPath(v.path, v.name).Body([]byte(body)).Do(ctx).Error()
}

// liveOn does to a violator what people and controllers do.
func (v violator) liveOn(t *testing.T, c *controlplane.ControlPlane) {
	ctx := t.Context()
	allowed := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	allowed("label", v.patch(ctx, c, types.MergePatchType, `{"metadata":{"labels":{"seen":"yes"},"annotations":{"seen":"yes"}}}`))
	if v.scale {
		allowed("scale", c.Client.RESTClient().Patch(types.MergePatchType).AbsPath(v.path, v.name, "scale").
			Body([]byte(`{"spec":{"replicas":3}}`)).Do(ctx).Error())
		allowed("scale in place", v.patch(ctx, c, types.MergePatchType, `{"spec":{"replicas":1}}`))
	}
	if v.at != "" {
		image := fmt.Sprintf(`[{"op":"replace","path":"%s/containers/0/image","value":"nginx:latest"}]`, v.at)
		if err := v.patch(ctx, c, types.JSONPatchType, image); err == nil || !strings.Contains(err.Error(), "plimsoll-") {
			t.Errorf("a new image for a violator is not denied: %v", err)
		}
	}
	if v.at != "" && v.resource != "pods" { // a Pod cannot be mended
		allowed("mend", v.patch(ctx, c, types.JSONPatchType, fmt.Sprintf(`[{"op":"replace","path":"%s","value":%s}]`, v.at, v.good(t))))
	}
	allowed("delete", c.Client.RESTClient().Delete().AbsPath(v.path, v.name).SetHeader("Content-Type", "application/json").
		Body([]byte(`{"propagationPolicy":"Background","gracePeriodSeconds":0}`)).Do(ctx).Error())
	allowed("remove the finalizer", v.patch(ctx, c, types.MergePatchType, `{"metadata":{"finalizers":null}}`))
	allowed("gone", controlplane.Wait(time.Minute, func() error {
		err := c.Client.RESTClient().Get().AbsPath(v.path, v.name).Do(ctx).Error()
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("it is still there: %v", err)
	}))
}

// good is a pod spec that no policy objects to.
func (v violator) good(t *testing.T) string {
	t.Helper()
	restart := "Always"
	if v.resource == "cronjobs" {
		restart = "Never"
	}
	return fmt.Sprintf(goodPod, restart)
}

const goodPod = `{"restartPolicy":%q,"serviceAccountName":"cart","automountServiceAccountToken":false,
"securityContext":{"runAsNonRoot":true,"runAsUser":20000,"runAsGroup":20000,"fsGroup":20000,"supplementalGroups":[20000],"seccompProfile":{"type":"RuntimeDefault"},"appArmorProfile":{"type":"RuntimeDefault"}},
"containers":[{"name":"web","image":"registry.example.com/shop/cart:1.2.3@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","imagePullPolicy":"Always",
"resources":{"requests":{"cpu":"100m","memory":"64Mi"},"limits":{"cpu":"200m","memory":"128Mi"}},
"livenessProbe":{"tcpSocket":{"port":8080}},"readinessProbe":{"tcpSocket":{"port":8080}},
"securityContext":{"privileged":false,"allowPrivilegeEscalation":false,"readOnlyRootFilesystem":true,"capabilities":{"drop":["ALL"]}}}]}`

// pods makes a good Deployment and waits for its Pods: the controllers make them under the same policies.
func pods(t *testing.T, c *controlplane.ControlPlane, namespace, name string) {
	t.Helper()
	if err := ensureAccount(t.Context(), c, namespace, name); err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"good"},"spec":{"replicas":2,
"selector":{"matchLabels":{"app":"good"}},"template":{"metadata":{"labels":{"app":"good"}},"spec":%s}}}`, fmt.Sprintf(goodPod, "Always"))
	if err := c.Client.RESTClient().Post().AbsPath("/apis/apps/v1/namespaces", namespace, "deployments").
		SetHeader("Content-Type", "application/json").Body([]byte(body)).Do(t.Context()).Error(); err != nil {
		t.Fatal(err)
	}
	err := controlplane.Wait(time.Minute, func() error {
		list, err := c.Client.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "app=good"})
		if err == nil && len(list.Items) != 2 {
			err = fmt.Errorf("%d pods: %v", len(list.Items), conditions(t.Context(), c, namespace))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func conditions(ctx context.Context, c *controlplane.ControlPlane, namespace string) []appsv1.DeploymentCondition {
	d, err := c.Client.AppsV1().Deployments(namespace).Get(ctx, "good", metav1.GetOptions{})
	if err != nil {
		return nil
	}
	return d.Status.Conditions
}

// aggregation makes a role that is aggregated into view, which holds no rights that a policy objects to.
func aggregation(t *testing.T, c *controlplane.ControlPlane) {
	role := &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: "view-carts", Labels: map[string]string{"rbac.authorization.k8s.io/aggregate-to-admin": "true"}},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{"shop.example.com"}, Resources: []string{"carts"}, Verbs: []string{"get"}}},
	}
	for _, label := range []string{"edit", "view"} {
		role.Labels["rbac.authorization.k8s.io/aggregate-to-"+label] = "true"
	}
	api := c.Client.RbacV1().ClusterRoles()
	if _, err := api.Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"admin", "edit", "view"} {
		err := controlplane.Wait(30*time.Second, func() error {
			got, err := api.Get(t.Context(), name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			for _, rule := range got.Rules {
				if len(rule.Resources) == 1 && rule.Resources[0] == "carts" {
					return nil
				}
			}
			return fmt.Errorf("%s has not been given the new rule", name)
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// bootstrapRBAC takes away default roles and bindings and restarts the API server, which puts them back.
func bootstrapRBAC(t *testing.T, c *controlplane.ControlPlane) {
	api := c.Client.RbacV1()
	for _, name := range []string{"system:kube-scheduler", "system:node-proxier", "system:controller:generic-garbage-collector"} {
		if err := api.ClusterRoles().Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := api.ClusterRoleBindings().Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			t.Fatal(err)
		}
	}
	admin, err := api.ClusterRoles().Get(t.Context(), "cluster-admin", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	admin.Rules = admin.Rules[:1]
	if _, err := api.ClusterRoles().Update(t.Context(), admin, metav1.UpdateOptions{}); err != nil {
		t.Logf("weaken cluster-admin: %v", err)
	}
	if err := c.RestartAPIServer(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"system:kube-scheduler", "system:node-proxier", "system:controller:generic-garbage-collector"} {
		err := controlplane.Wait(time.Minute, func() error {
			if _, err := api.ClusterRoles().Get(t.Context(), name, metav1.GetOptions{}); err != nil {
				return err
			}
			_, err := api.ClusterRoleBindings().Get(t.Context(), name, metav1.GetOptions{})
			return err
		})
		if err != nil {
			t.Errorf("the API server did not put %s back: %v", name, err)
		}
	}
}

// deleteNamespace deletes a namespace with all that is in it, which takes the namespace controller many requests.
func deleteNamespace(t *testing.T, c *controlplane.ControlPlane, name string) {
	if err := c.Client.CoreV1().Namespaces().Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	err := controlplane.Wait(2*time.Minute, func() error {
		got, err := c.Client.CoreV1().Namespaces().Get(t.Context(), name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		return fmt.Errorf("namespace %s is still there: %v", name, reasons(got))
	})
	if err != nil {
		t.Error(err)
	}
}

func reasons(n *corev1.Namespace) []string {
	var out []string
	for _, condition := range n.Status.Conditions {
		out = append(out, fmt.Sprintf("%s=%s %s", condition.Type, condition.Status, condition.Message))
	}
	return out
}
