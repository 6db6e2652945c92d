package baseline_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/harden/baseline"
	"github.com/plimsoll-io/plimsoll/harden/plan"
)

// patched are the flags and volumes that the patches of all steps add to a static pod.
func patched(t *testing.T, b *baseline.Baseline) (flags, volumes []string) {
	t.Helper()
	for _, f := range filesOf(b, "kube-apiserver+json.yaml") {
		var ops []struct {
			Op, Path string
			Value    any
		}
		if err := yaml.Unmarshal(f.Text, &ops); err != nil {
			t.Fatal(err)
		}
		for _, o := range ops {
			switch o.Path {
			case "/spec/containers/0/command/-":
				flags = append(flags, o.Value.(string))
			case "/spec/volumes/-":
				volumes = append(volumes, o.Value.(map[string]any)["hostPath"].(map[string]any)["path"].(string))
			case "/spec/containers/0/volumeMounts/-":
			default:
				t.Errorf("a patch changes %s", o.Path)
			}
			if o.Op != "add" {
				t.Errorf("a patch does %s", o.Op)
			}
		}
	}
	return flags, volumes
}

func filesOf(b *baseline.Baseline, name string) []plan.File {
	var out []plan.File
	for _, s := range b.Plan.Steps {
		for _, f := range s.Files {
			if f.Name == name {
				out = append(out, f)
			}
		}
	}
	return out
}

// TestVersions holds the forms to what each minor takes: the API of authentication, the gate, and kubeadm's flags; and the
// patches of static pods to kubeadm's configuration. Every file that a flag names is on a volume.
func TestVersions(t *testing.T) {
	for _, c := range []struct {
		minor, authentication, kubeadm string
		gate                           bool
	}{
		{"1.30", "", "v1beta3", false},
		{"1.31", "v1beta1", "v1beta4", true},
		{"1.32", "v1beta1", "v1beta4", false},
		{"1.33", "v1beta1", "v1beta4", false},
		{"1.34", "v1", "v1beta4", false},
		{"1.37", "v1", "v1beta4", false},
	} {
		for _, kms := range []string{"", "unix:///var/run/kms/socket.sock"} {
			o := cluster()
			o.Minor, o.Encryption.KMS = c.minor, kms
			b := build(t, o)
			got := ""
			for _, f := range filesOf(b, "authentication.yaml") {
				_, rest, _ := strings.Cut(string(f.Text), "apiserver.config.k8s.io/")
				got, _, _ = strings.Cut(rest, "\n")
			}
			if got != c.authentication {
				t.Errorf("%s: AuthenticationConfiguration %q, want %q", c.minor, got, c.authentication)
			}
			flags, volumes := patched(t, b)
			if slices.ContainsFunc(flags, func(f string) bool { return strings.Contains(f, "feature-gates") }) != c.gate {
				t.Errorf("%s: flags %q", c.minor, flags)
			}
			config := string(fileOf(t, b, "cluster-configuration.yaml").Text)
			if !strings.Contains(config, "kubeadm.k8s.io/"+c.kubeadm+"\n") {
				t.Errorf("%s: another form of kubeadm's configuration:\n%s", c.minor, config)
			}
			for _, f := range flags {
				name, value, _ := strings.Cut(strings.TrimPrefix(f, "--"), "=")
				if !strings.Contains(config, name) || !strings.Contains(config, `"`+value+`"`) {
					t.Errorf("%s: kubeadm does not know %s", c.minor, f)
				}
				if strings.HasPrefix(value, "/") && !slices.ContainsFunc(volumes, func(v string) bool { return strings.HasPrefix(value, v+"/") }) {
					t.Errorf("%s: no volume holds %s", c.minor, value)
				}
			}
			for _, v := range volumes {
				if !strings.Contains(config, "hostPath: "+v+"\n") {
					t.Errorf("%s: kubeadm does not mount %s", c.minor, v)
				}
			}
		}
	}
}

// A node is a node of the control plane for the script of a step: kubectl, curl and crictl are stand-ins.
type node struct {
	*testing.T
	step, bin, manifest, kept, config, proc string
}

const before = "command: [kube-apiserver, --secure-port=6443]\n"

func newNode(t *testing.T, name string) *node {
	n := &node{T: t, step: t.TempDir(), bin: t.TempDir(), kept: t.TempDir(), config: t.TempDir(), proc: t.TempDir()}
	n.manifest = filepath.Join(t.TempDir(), "kube-apiserver.yaml")
	n.write(n.manifest, before)
	for _, s := range build(t, cluster()).Plan.Steps {
		if strings.HasSuffix(s.Name, name) {
			for _, f := range s.Files {
				n.write(filepath.Join(n.step, f.Name), string(f.Text))
			}
		}
	}
	n.tool("kubectl", `echo "command: [kube-apiserver, --secure-port=6443, --audit-policy-file=/x]"`)
	n.tool("crictl", "exit 0")
	n.running("kube-apiserver\x00--secure-port=6443\x00")
	return n
}

func (n *node) write(name, text string) {
	n.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		n.Fatal(err)
	}
}

func (n *node) tool(name, text string) {
	n.Helper()
	if err := os.WriteFile(filepath.Join(n.bin, name), []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil { // #nosec G306 -- it is to run
		n.Fatal(err)
	}
}

func (n *node) running(cmdline string) {
	n.Helper()
	if err := os.MkdirAll(filepath.Join(n.proc, "7"), 0o700); err != nil {
		n.Fatal(err)
	}
	n.write(filepath.Join(n.proc, "7", "cmdline"), cmdline)
}

func (n *node) run(arguments ...string) (string, error) {
	n.Helper()
	command := exec.CommandContext(n.Context(), "sh", append([]string{filepath.Join(n.step, "on-node.sh")}, arguments...)...)
	command.Env = append(os.Environ(), "PATH="+n.bin+":"+os.Getenv("PATH"), "BASELINE_MANIFEST="+n.manifest, "BASELINE_KEPT="+n.kept,
		"BASELINE_CONFIG="+n.config, "BASELINE_PROC="+n.proc, "BASELINE_WAIT=0")
	out, err := command.CombinedOutput()
	return string(out), err
}

func (n *node) holds(want string) {
	n.Helper()
	text, err := os.ReadFile(n.manifest)
	if err != nil || !strings.Contains(string(text), want) {
		n.Errorf("the manifest is %q, %v, want %q", text, err, want)
	}
}

// TestOnNode takes a step on a node where the API server comes back, and goes back.
func TestOnNode(t *testing.T) {
	n := newNode(t, "-audit")
	n.tool("curl", "exit 0")
	n.running("kube-apiserver\x00--audit-policy-file=/x\x00")
	if out, err := n.run(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	n.holds("--audit-policy-file")
	if _, err := os.Stat(filepath.Join(n.config, "audit", "audit-policy.yaml")); err != nil {
		t.Error(err)
	}
	if out, err := n.run(); err == nil || !strings.Contains(out, "already") {
		t.Errorf("the step is taken twice: %s", out)
	}
	n.running("kube-apiserver\x00")
	if out, err := n.run("back"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	n.holds(before)
}

// TestOnNodeFails holds that a step whose API server does not come back leaves the manifest of before.
func TestOnNodeFails(t *testing.T) {
	n := newNode(t, "-audit")
	n.tool("curl", `grep -q audit "$BASELINE_MANIFEST" && exit 22; exit 0`) // well only without the flag
	if out, err := n.run(); err == nil || !strings.Contains(out, "back in place") {
		t.Errorf("%v: %s", err, out)
	}
	n.holds(before)

	n = newNode(t, "-encryption") // whose files nobody has made
	if out, err := n.run(); err == nil || !strings.Contains(out, "encryption.yaml is not there") {
		t.Errorf("%v: %s", err, out)
	}
	n.holds(before)

	n = newNode(t, "-audit")
	n.tool("kubectl", "exit 1")
	if out, err := n.run(); err == nil {
		t.Errorf("a patch that fails is taken: %s", out)
	}
	n.holds(before)
}
