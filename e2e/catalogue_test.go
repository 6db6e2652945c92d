// Package e2e holds the tests that need a real control plane.
package e2e

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
	"github.com/plimsoll-io/plimsoll/internal/txtartest"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
)

var (
	long  = flag.Bool("long", false, "also run the tests that take minutes")
	minor = flag.String("minor", controlplane.Newest, "version of Kubernetes to test against, one of the folders in versions")
)

// paramNamespace is where the parameter objects of policies live.
const paramNamespace = "plimsoll-params"

// policyControls are the controls that are policies.
func policyControls(t testing.TB) []control.Control {
	t.Helper()
	all, err := control.All()
	if err != nil {
		t.Fatal(err)
	}
	var out []control.Control
	for _, c := range all {
		if c.Policy != nil {
			out = append(out, c)
		}
	}
	return out
}

// bindings installs policies and lets each of them act on everything.
type bindings struct {
	c *controlplane.ControlPlane
	n int // sentinels so far
}

// install creates the policies of controls, bound with actions, and waits until the API server judges with them.
func (b *bindings) install(t testing.TB, controls []control.Control, actions ...admissionv1.ValidationAction) {
	t.Helper()
	api := b.c.Client.AdmissionregistrationV1()
	for _, c := range controls {
		source := c.Policy.Source.DeepCopy()
		if _, err := api.ValidatingAdmissionPolicies().Create(t.Context(), source, metav1.CreateOptions{}); err != nil {
			t.Errorf("install %s: %v", source.Name, err)
			continue
		}
		binding := &admissionv1.ValidatingAdmissionPolicyBinding{
			ObjectMeta: metav1.ObjectMeta{Name: source.Name},
			Spec:       admissionv1.ValidatingAdmissionPolicyBindingSpec{PolicyName: source.Name, ValidationActions: actions},
		}
		if source.Spec.ParamKind != nil {
			allow := admissionv1.AllowAction
			binding.Spec.ParamRef = &admissionv1.ParamRef{Name: source.Name, Namespace: paramNamespace, ParameterNotFoundAction: &allow}
		}
		if _, err := api.ValidatingAdmissionPolicyBindings().Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
			t.Fatalf("bind %s: %v", source.Name, err)
		}
	}
	b.settle(t)
}

// act changes what the bindings of controls do.
func (b *bindings) act(t testing.TB, controls []control.Control, actions ...admissionv1.ValidationAction) {
	t.Helper()
	api := b.c.Client.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings()
	for _, c := range controls {
		binding, err := api.Get(t.Context(), c.Policy.Source.Name, metav1.GetOptions{})
		if err != nil {
			t.Error(err) // it could not be installed
			continue
		}
		binding.Spec.ValidationActions = actions
		if _, err := api.Update(t.Context(), binding, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	b.settle(t)
}

// remove deletes policies and bindings.
func (b *bindings) remove(t testing.TB, controls []control.Control) {
	t.Helper()
	api := b.c.Client.AdmissionregistrationV1()
	for _, c := range controls {
		name := c.Policy.Source.Name
		if err := api.ValidatingAdmissionPolicyBindings().Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := api.ValidatingAdmissionPolicies().Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	b.settle(t)
}

// settle waits until the API server acts on a policy that was installed after all the others: policies and bindings
// reach it in the order in which they were written.
func (b *bindings) settle(t testing.TB) {
	t.Helper()
	b.n++
	name := fmt.Sprintf("sentinel-%d", b.n)
	policy := &admissionv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: name}}
	policy.Spec.MatchConstraints = &admissionv1.MatchResources{ResourceRules: []admissionv1.NamedRuleWithOperations{{
		ResourceNames: []string{name},
		RuleWithOperations: admissionv1.RuleWithOperations{
			Operations: []admissionv1.OperationType{admissionv1.Create},
			Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"configmaps"}},
		},
	}}}
	policy.Spec.Validations = []admissionv1.Validation{{Expression: "false", Message: "it is there"}}
	api := b.c.Client.AdmissionregistrationV1()
	if _, err := api.ValidatingAdmissionPolicies().Create(t.Context(), policy, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := api.ValidatingAdmissionPolicyBindings().Create(t.Context(), &admissionv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: name, ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny},
		},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	probe := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "kube-public"}}
	err := controlplane.Wait(time.Minute, func() error {
		_, err := b.c.Client.CoreV1().ConfigMaps("kube-public").Create(t.Context(), probe, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err == nil || !strings.Contains(err.Error(), "it is there") {
			return fmt.Errorf("the API server does not act on policies yet: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A testCase is one case of a control's test data, and the objects in it.
type testCase struct {
	control  string
	name     string // "fail: privileged in an init container"
	settings []byte
	objects  []*inventory.Object
}

// testCases reads every case of the catalogue's test data.
func testCases(t testing.TB) []testCase {
	t.Helper()
	files, err := filepath.Glob("../control/testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data of controls: %v", err)
	}
	var out []testCase
	for _, path := range files {
		file, err := txtartest.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range file.Cases {
			objects, _ := manifest.ReadBytes("case.yaml", c.Input, manifest.Options{})
			out = append(out, testCase{
				control: strings.TrimSuffix(filepath.Base(path), ".txtar"), name: c.Word + ": " + c.Name,
				settings: c.Settings, objects: objects,
			})
		}
	}
	return out
}

// ensureNamespace makes a namespace with its default service account, as the controllers would.
func ensureNamespace(ctx context.Context, c *controlplane.ControlPlane, name string) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	_, err := c.Client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	return ensureAccount(ctx, c, name, "default")
}

func ensureAccount(ctx context.Context, c *controlplane.ControlPlane, namespace, name string) error {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}
	_, err := c.Client.CoreV1().ServiceAccounts(namespace).Create(ctx, account, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	return nil
}
