package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
)

// What a scan of 10,000 pods from 1,000 workloads may take, on two cores.
const (
	workloads        = 1000
	podsEach         = 10
	longestScan      = 15 * time.Second
	mostMemoryKiB    = 600 << 10
	requestsAtMost   = 200 // some 50 kinds, and 20 pages of pods
	creatingAtOnce   = 16
	namespacesInTest = 20
)

// TestScale scans a large cluster with the program as users run it.
func TestScale(t *testing.T) {
	if !*long {
		t.Skip("takes minutes: -args -long")
	}
	c := controlplane.Start(t, controlplane.Options{Minor: *minor})
	begun := time.Now()
	crowd(t, c)
	t.Logf("%d pods made in %v", workloads*podsEach, time.Since(begun).Round(time.Second))
	plimsoll := buildProgram(t)
	kubeconfig, err := c.Kubeconfig("")
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "report.json")
	took, memory := run(t, plimsoll, 1, "scan", "--kubeconfig", kubeconfig, "-f", "json", "-o", out)
	requests := requestsOf(t, out)
	t.Logf("scan: %v, %d MiB, %d requests", took.Round(10*time.Millisecond), memory>>10, requests)
	if took > longestScan || memory > mostMemoryKiB || requests > requestsAtMost {
		t.Errorf("want at most %v, %d MiB and %d requests", longestScan, mostMemoryKiB>>10, requestsAtMost)
	}
	saved := filepath.Join(t.TempDir(), "cluster.plimsoll")
	took, memory = run(t, plimsoll, 0, "snapshot", "--kubeconfig", kubeconfig, "-o", saved)
	info, err := os.Stat(saved)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("snapshot: %v, %d MiB in memory, %d KiB on disk", took.Round(10*time.Millisecond), memory>>10, info.Size()>>10)
	took, memory = run(t, plimsoll, 1, "scan", saved, "-f", "json", "-o", out)
	t.Logf("scan of the snapshot: %v, %d MiB", took.Round(10*time.Millisecond), memory>>10)
}

func buildProgram(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "plimsoll")
	build := exec.Command("go", "build", "-o", binary, "./cmd/plimsoll")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the program: %v\n%s", err, out)
	}
	return binary
}

// run runs the program and returns what it took: wall time, and memory in KiB at most.
func run(t *testing.T, binary string, wantCode int, arguments ...string) (time.Duration, int64) {
	t.Helper()
	command := exec.Command(binary, arguments...)
	begun := time.Now()
	out, err := command.CombinedOutput()
	took := time.Since(begun)
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	if code := command.ProcessState.ExitCode(); code != wantCode {
		t.Errorf("%v: exit code %d, want %d\n%s", arguments, code, wantCode, out)
	}
	return took, command.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
}

func requestsOf(t *testing.T, file string) int {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Inventory struct{ Source struct{ Requests int } }
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	return doc.Inventory.Source.Requests
}

// crowd makes Deployments with their ReplicaSets and Pods, as controllers and kubelets would leave them.
func crowd(t *testing.T, c *controlplane.ControlPlane) {
	t.Helper()
	for i := range namespacesInTest {
		if err := ensureNamespace(t.Context(), c, fmt.Sprintf("team-%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(creatingAtOnce)
	for i := range workloads {
		group.Go(func() error { return workload(ctx, c, i) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

func workload(ctx context.Context, c *controlplane.ControlPlane, i int) error {
	namespace, name := fmt.Sprintf("team-%d", i%namespacesInTest), fmt.Sprintf("app-%d", i)
	pod := fmt.Sprintf(`{"containers":[{"name":"web","image":"registry.example.com/%[1]s:1.%[2]d","ports":[{"containerPort":8080}],
"env":[{"name":"LOG_LEVEL","value":"info"},{"name":"POD_NAME","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}],
"resources":{"requests":{"cpu":"100m","memory":"128Mi"},"limits":{"memory":"256Mi"}},"readinessProbe":{"httpGet":{"path":"/","port":8080}}},
{"name":"proxy","image":"registry.example.com/proxy:3","securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}]}`, name, i)
	spec := fmt.Sprintf(`{"replicas":%d,"selector":{"matchLabels":{"app":%q}},"template":{"metadata":{"labels":{"app":%q}},"spec":%s}}`, podsEach, name, name, pod)
	create := func(root, resource, kind, name, owner, spec string) (uid string, err error) {
		body := fmt.Sprintf(`{"apiVersion":%q,"kind":%q,"metadata":{"name":%q,"labels":{"app":"app-%d"}%s},"spec":%s}`,
			root, kind, name, i, owner, spec)
		path := []string{"/apis", root, "namespaces", namespace, resource}
		if root == "v1" {
			path[0] = "/api"
		}
		answer, err := c.Client.RESTClient().Post().AbsPath(path...).SetHeader("Content-Type", "application/json").
			SetHeader("Accept", "application/json").Body([]byte(body)).Do(ctx).Raw()
		if err != nil {
			return "", fmt.Errorf("make %s %s: %w", kind, name, err)
		}
		var made struct {
			Metadata struct{ UID string }
		}
		err = json.Unmarshal(answer, &made)
		return made.Metadata.UID, err
	}
	owned := func(kind, name, uid string) string {
		return fmt.Sprintf(`,"ownerReferences":[{"apiVersion":"apps/v1","kind":%q,"name":%q,"uid":%q,"controller":true}]`, kind, name, uid)
	}
	uid, err := create("apps/v1", "deployments", "Deployment", name, "", spec)
	if err != nil {
		return err
	}
	set := name + "-6c8d"
	if uid, err = create("apps/v1", "replicasets", "ReplicaSet", set, owned("Deployment", name, uid), spec); err != nil {
		return err
	}
	for n := range podsEach {
		if _, err := create("v1", "pods", "Pod", fmt.Sprintf("%s-%d", set, n), owned("ReplicaSet", set, uid), pod); err != nil {
			return err
		}
	}
	return nil
}
