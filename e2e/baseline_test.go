package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
)

// Where the baseline puts things on a node, which a test puts elsewhere.
const (
	nodeConfig = "/etc/kubernetes/baseline"
	nodeAudit  = "/var/log/kubernetes/audit"
)

// baselineFolder has the program write a baseline.
func baselineFolder(t *testing.T, p *program, arguments ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "baseline")
	all := slices.Concat([]string{"harden", "baseline"}, arguments, []string{"--output-dir", dir})
	if out, stderr, code := p.ask(t, all...); code != 0 {
		t.Fatalf("exit code %d: %s%s", code, out, stderr)
	}
	return dir
}

// aNode is the folders of a node of the control plane, in temporary ones.
type aNode struct{ config, audit string }

// prepared puts the files of a cluster's baseline in place, as its README says.
func prepared(t *testing.T, dir string) aNode {
	t.Helper()
	n := aNode{t.TempDir(), t.TempDir()}
	for name, part := range map[string]string{"audit-policy.yaml": "audit", "authentication.yaml": "anonymous"} {
		found, err := filepath.Glob(filepath.Join(dir, "*", name))
		if err != nil || len(found) != 1 {
			t.Fatalf("%s is there %d times: %v", name, len(found), err)
		}
		text, err := os.ReadFile(found[0])
		must(t, err)
		must(t, os.MkdirAll(filepath.Join(n.config, part), 0o700))
		must(t, os.WriteFile(filepath.Join(n.config, part, name), text, 0o600))
	}
	script, err := filepath.Glob(filepath.Join(dir, "*", "make-encryption-config.sh"))
	if err != nil || len(script) != 1 {
		t.Fatal("no script makes the key", err)
	}
	out, err := exec.CommandContext(t.Context(), "sh", script[0], filepath.Join(n.config, "encryption")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, name := range []string{"encryption.yaml", "encryption-write.yaml"} {
		if info, err := os.Stat(filepath.Join(n.config, "encryption", name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("%s: %v, %v", name, info, err)
		}
	}
	if exec.CommandContext(t.Context(), "sh", script[0], filepath.Join(n.config, "encryption")).Run() == nil {
		t.Fatal("the script replaces a key that may be in use")
	}
	return n
}

// flags are what the ClusterConfiguration for kubeadm sets, for a node in temporary folders.
func (n aNode) flags(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*", "cluster-configuration.yaml"))
	if err != nil || len(found) != 1 {
		t.Fatal("no configuration for kubeadm", err)
	}
	text, err := os.ReadFile(found[0])
	must(t, err)
	var c struct {
		APIServer struct {
			ExtraArgs []struct{ Name, Value string } `json:"extraArgs"`
		} `json:"apiServer"`
	}
	must(t, yaml.Unmarshal(text, &c))
	var out []string
	for _, a := range c.APIServer.ExtraArgs {
		out = append(out, "--"+a.Name+"="+strings.NewReplacer(nodeConfig, n.config, nodeAudit, n.audit).Replace(a.Value))
	}
	return out
}

// anonymous asks without credentials.
func anonymous(t *testing.T, c *controlplane.ControlPlane, path string) int {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} // #nosec G402 -- loopback
	answer, err := client.Get(c.REST.Host + path)
	must(t, err)
	_, _ = io.Copy(io.Discard, answer.Body)
	must(t, answer.Body.Close())
	return answer.StatusCode
}

// inStorage says whether a text is in the files of etcd, which are its log too.
func inStorage(t *testing.T, c *controlplane.ControlPlane, text string) bool {
	t.Helper()
	found := false
	must(t, filepath.WalkDir(filepath.Join(c.Folder, "etcd"), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || found {
			return err
		}
		content, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil // etcd has thrown it away meanwhile
		}
		found = bytes.Contains(content, []byte(text))
		return err
	}))
	return found
}

func writeSecret(t *testing.T, c *controlplane.ControlPlane, name, value string) {
	t.Helper()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, StringData: map[string]string{"value": value}}
	_, err := c.Client.CoreV1().Secrets("default").Create(t.Context(), secret, metav1.CreateOptions{})
	must(t, err)
}

func readSecret(t *testing.T, client kubernetes.Interface, name, value string) {
	t.Helper()
	got, err := client.CoreV1().Secrets("default").Get(context.Background(), name, metav1.GetOptions{})
	if err != nil || string(got.Data["value"]) != value {
		t.Errorf("the Secret %s cannot be read: %v", name, err)
	}
}

// TestBaselineAPIServer starts an API server with the flags and files of a cluster's baseline, in the order of its
// README, and goes back again.
func TestBaselineAPIServer(t *testing.T) {
	dir := baselineFolder(t, &program{binary: buildProgram(t)}, "cluster", "--kubernetes-version", *minor)
	node := prepared(t, dir)
	c := controlplane.Start(t, controlplane.Options{Minor: *minor, Flags: node.flags(t, dir)})
	for path, want := range map[string]int{
		"/readyz": 200, "/livez": 200, "/healthz": 200, "/api": 401, "/version": 401, "/livez/etcd": 401, "/api/v1/secrets": 401,
	} {
		if got := anonymous(t, c, path); got != want {
			t.Errorf("anonymous %s: %d, want %d", path, got, want)
		}
	}

	writeSecret(t, c, "before", "value-in-the-clear")
	if !inStorage(t, c, "value-in-the-clear") {
		t.Error("nodes that only learn to read already write encrypted")
	}
	read, write := filepath.Join(node.config, "encryption", "encryption.yaml"), filepath.Join(node.config, "encryption", "encryption-write.yaml")
	must(t, os.Rename(read, filepath.Join(node.config, "encryption", "encryption-read.yaml")))
	must(t, os.Rename(write, read))
	number := 0
	must(t, controlplane.Wait(4*time.Minute, func() error { // the API server looks once a minute
		number++
		value := fmt.Sprintf("value-%d-to-be-hidden", number)
		writeSecret(t, c, fmt.Sprintf("after-%d", number), value)
		if inStorage(t, c, value) {
			time.Sleep(time.Second) // fewer Secrets while nothing can have changed
			return fmt.Errorf("Secrets are still written in the clear")
		}
		return nil
	}))
	if !inStorage(t, c, "k8s:enc:secretbox:v1:") {
		t.Error("nothing is encrypted")
	}
	readSecret(t, c.Client, "before", "value-in-the-clear")
	readSecret(t, c.Client, fmt.Sprintf("after-%d", number), fmt.Sprintf("value-%d-to-be-hidden", number))

	node.recorded(t, number)
	node.back(t, c, number)
}

// recorded holds that the log has the Secrets' requests, and no value.
func (n aNode) recorded(t *testing.T, number int) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(n.audit, "audit.log"))
	must(t, err)
	if !strings.Contains(string(text), fmt.Sprintf("after-%d", number)) && !strings.Contains(string(text), `"resource":"secrets"`) {
		t.Error("requests for Secrets are not recorded")
	}
	for _, value := range []string{"value-in-the-clear", "to-be-hidden", "dmFsdWUt"} { // the last is base64
		if strings.Contains(string(text), value) {
			t.Errorf("the audit log tells %s", value)
		}
	}
	if strings.Contains(string(text), `"stage":"RequestReceived"`) || strings.Contains(string(text), `"requestURI":"/readyz"`) {
		t.Error("the audit log holds what is to be left out")
	}
}

// back takes encryption back as its README says: write in the clear again, rewrite, and only then take the flags away.
func (n aNode) back(t *testing.T, c *controlplane.ControlPlane, number int) {
	t.Helper()
	must(t, os.Rename(filepath.Join(n.config, "encryption", "encryption-read.yaml"), filepath.Join(n.config, "encryption", "encryption.yaml")))
	must(t, c.RestartAPIServer())
	all, err := c.Client.CoreV1().Secrets("").List(t.Context(), metav1.ListOptions{})
	must(t, err)
	for i := range all.Items {
		s := &all.Items[i]
		_, err := c.Client.CoreV1().Secrets(s.Namespace).Update(t.Context(), s, metav1.UpdateOptions{})
		must(t, err)
	}
	c.Flags = nil
	must(t, c.RestartAPIServer())
	readSecret(t, c.Client, "before", "value-in-the-clear")
	readSecret(t, c.Client, fmt.Sprintf("after-%d", number), fmt.Sprintf("value-%d-to-be-hidden", number))
}
