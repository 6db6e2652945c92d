package kyverno

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// The programs that are compared. Building Kyverno's takes minutes the first time.
var (
	ours = sync.OnceValues(func() (string, error) {
		if program := os.Getenv("PLIMSOLL_PROGRAM"); program != "" {
			return program, nil
		}
		file := filepath.Join(os.TempDir(), fmt.Sprintf("plimsoll-e2e-%d", os.Getpid()))
		cmd := exec.Command("go", "build", "-o", file, "./cmd/plimsoll")
		cmd.Dir = filepath.Join("..", "..")
		out, err := cmd.CombinedOutput()
		if err != nil {
			err = fmt.Errorf("build plimsoll: %w: %s", err, out)
		}
		return file, err
	})
	theirs = sync.OnceValues(func() (string, error) {
		if program := os.Getenv("PLIMSOLL_KYVERNO"); program != "" {
			return program, nil
		}
		out, err := exec.Command("go", "tool", "-n", "kubectl-kyverno").Output()
		return strings.TrimSpace(string(out)), err
	})
)

func TestMain(m *testing.M) {
	code := m.Run()
	if file, err := ours(); err == nil && file != os.Getenv("PLIMSOLL_PROGRAM") {
		os.Remove(file)
	}
	os.Exit(code)
}

// A place is one rule and one object.
type place struct{ policy, rule, kind, namespace, name string }

// A said is a verdict.
type said struct{ result, message string }

// run runs a program in a folder and returns its standard output.
func run(t *testing.T, dir, program string, args ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "KUBECONFIG="+filepath.Join(dir, "none"))
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err := cmd.Run() // a failure of a policy is one of the program, too
	if out.Len() == 0 {
		t.Logf("%s %v: %v %s", filepath.Base(program), args, err, complaints.String())
	}
	return out.Bytes()
}

type theirReport struct {
	Results []struct {
		Policy, Rule, Message, Result string
		Resources                     []struct{ Kind, Namespace, Name string }
	}
}

// askKyverno judges the objects of a folder's objects.yaml by its policy.yaml.
func askKyverno(t *testing.T, dir string) map[place]said {
	t.Helper()
	program, err := theirs()
	if err != nil {
		t.Fatalf("build Kyverno: %v", err)
	}
	out := run(t, dir, program, "apply", "policy.yaml", "--resource", "objects.yaml", "--policy-report", "--output-format", "json")
	start := bytes.IndexByte(out, '{')
	if start < 0 {
		return nil // it does not take the policy
	}
	var report theirReport
	if err := json.NewDecoder(bytes.NewReader(out[start:])).Decode(&report); err != nil {
		t.Fatalf("read Kyverno's report: %v: %s", err, out)
	}
	verdicts := map[place]said{}
	for _, r := range report.Results {
		for _, o := range r.Resources {
			rule, result := r.Rule, r.Result
			if result == "warn" {
				result = "fail"
			}
			verdicts[place{name(r.Policy), rule, o.Kind, o.Namespace, o.Name}] = said{result, r.Message}
		}
	}
	return verdicts
}

// name is a policy's name without its namespace.
func name(policy string) string { return policy[strings.LastIndexByte(policy, '/')+1:] }

// askPlimsoll does the same.
func askPlimsoll(t *testing.T, dir string) map[place]said {
	t.Helper()
	program, err := ours()
	if err != nil {
		t.Fatal(err)
	}
	out := run(t, dir, program, "policy", "test", "--kyverno", "", "-f", "json", "--policy", "policy.yaml", "objects.yaml")
	var answer struct {
		Items []struct {
			Policy, Rule, Result, Message string
			Resource                      struct{ Kind, Namespace, Name string }
		}
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatalf("read our answer: %v: %s", err, out)
	}
	verdicts := map[place]said{}
	for _, r := range answer.Items {
		rule := r.Rule
		if rule == "autogen-defaults" || rule == "autogen-cronjobs" {
			rule = "" // of policies without rules
		}
		verdicts[place{r.Policy, rule, r.Resource.Kind, r.Resource.Namespace, r.Resource.Name}] = said{r.Result, r.Message}
	}
	return verdicts
}
