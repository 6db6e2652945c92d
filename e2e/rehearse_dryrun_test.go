package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
)

// TestRehearsedDryRun has the built program ask a real API server about a change: what is refused breaks, what is not allowed
// to be asked is told, and nothing is kept.
func TestRehearsedDryRun(t *testing.T) {
	c := controlplane.Start(t, controlplane.Options{Minor: *minor})
	program := buildProgram(t)
	change := filepath.Join(t.TempDir(), "change.yaml")
	must(t, os.WriteFile(change, []byte(`
apiVersion: v1
kind: ConfigMap
metadata: {name: fine, namespace: default}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: negative, namespace: default}
spec: {replicas: -1, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: a}]}}}
`), 0o600))
	for user, want := range map[string][]string{
		"":     {"breaks", "Deployment default/negative", "greater than or equal to 0", "dry-run: judged by 2 objects"},
		reader: {"could not be asked"},
	} {
		if user == reader {
			bindReader(t, c)
		}
		kubeconfig, err := c.Kubeconfig(user)
		must(t, err)
		out, _ := exec.Command(program, "rehearse", change, "--kubeconfig", kubeconfig, "-f", "markdown").CombinedOutput() // #nosec G204 -- our own program
		for _, part := range want {
			if !strings.Contains(string(out), part) {
				t.Errorf("as %q: %q is missing:\n%s", user, part, out)
			}
		}
	}
	_, err := c.Client.CoreV1().ConfigMaps("default").Get(t.Context(), "fine", metav1.GetOptions{})
	if err == nil {
		t.Error("the ConfigMap was kept")
	}
}
