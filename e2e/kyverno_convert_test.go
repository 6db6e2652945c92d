package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
	"github.com/plimsoll-io/plimsoll/policy/kyverno"
)

// TestConvertedKyvernoPoliciesAreTaken creates what Kyverno policies are converted to at an API server: our own ones, and
// where PLIMSOLL_CORPORA is, Kyverno's library.
func TestConvertedKyvernoPoliciesAreTaken(t *testing.T) {
	folders := []string{filepath.Join("kyverno", "testdata"), filepath.Join("..", "cmd", "plimsoll", "testdata", "policy", "input")}
	if root := os.Getenv("PLIMSOLL_CORPORA"); root != "" {
		folders = append(folders, filepath.Join(root, "kyverno-policies", "policies"))
	}
	c := controlplane.Start(t, controlplane.Options{Minor: *minor})
	dryRun := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}
	taken := 0
	for _, p := range kyverno.Convert(kyvernoPolicies(t, folders)) {
		for _, r := range p.Rules {
			if !r.Converted() {
				continue
			}
			if _, err := c.Client.AdmissionregistrationV1().ValidatingAdmissionPolicies().Create(t.Context(), r.Admission, dryRun); err != nil {
				t.Errorf("%s %s: %v", p.Object.Name, r.Title(), err)
			}
			for _, b := range r.Bindings {
				if _, err := c.Client.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings().Create(t.Context(), b, dryRun); err != nil {
					t.Errorf("%s %s: binding: %v", p.Object.Name, r.Title(), err)
				}
			}
			taken++
		}
	}
	t.Logf("%d policies are taken", taken)
	if taken == 0 {
		t.Fatal("there is no policy")
	}
}

func kyvernoPolicies(t *testing.T, folders []string) []*inventory.Object {
	t.Helper()
	var out []*inventory.Object
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".yaml") {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			objects, _ := manifest.ReadBytes(path, data, manifest.Options{})
			out = append(out, objects...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}
