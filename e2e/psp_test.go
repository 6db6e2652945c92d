package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden/psp"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy"
	"github.com/plimsoll-io/plimsoll/policy/admission"
	"github.com/plimsoll-io/plimsoll/policy/podsecurity"
)

const (
	migratedPolicies = 250
	migratedPods     = 12
)

// TestPSPMigration compares migrated policies with the code of Kubernetes 1.24, on random PodSecurityPolicies and pods:
// whole policies have to agree pod by pod, and the level with what is left for a policy never admits what was refused.
func TestPSPMigration(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 24)) // #nosec G404 -- test data
	var questions bytes.Buffer
	var policies []*psp.Policy
	var pods [][]map[string]any
	for i := range migratedPolicies {
		content := randomPSP(random, i)
		p, err := psp.Read(&inventory.Object{Ref: finding.Ref{APIVersion: "policy/v1beta1", Kind: psp.Kind, Name: fmt.Sprintf("p%d", i)}, Content: content})
		if err != nil {
			t.Fatal(err)
		}
		var list []map[string]any
		for j := range migratedPods {
			list = append(list, randomPSPPod(random, j))
		}
		policies, pods = append(policies, p), append(pods, list)
		if err := json.NewEncoder(&questions).Encode(map[string]any{"psp": content, "pods": list}); err != nil {
			t.Fatal(err)
		}
	}
	answers := askPSP(t, &questions)
	refused, admitted, wider := 0, 0, 0
	for i, p := range policies {
		whole, rest := setOf(t, p, psp.Privileged), setOf(t, p, p.Level())
		for j, pod := range pods[i] {
			want := len(answers[i][j]) > 0
			if got := denies(whole, pod); got != want {
				t.Errorf("policy %s\npod %s\nKubernetes 1.24: %v\nmigrated: refused %v", show(p.Object.Content), show(pod), answers[i][j], got)
			}
			now := denies(rest, pod) || breaksLevel(t, p.Level(), pod)
			switch {
			case want && !now:
				t.Errorf("policy %s\npod %s\nKubernetes 1.24: %v\nlevel %s and the rest admit it", show(p.Object.Content), show(pod), answers[i][j], p.Level())
			case now && !want:
				wider++
			case want:
				refused++
			default:
				admitted++
			}
		}
	}
	t.Logf("%d pods refused and %d admitted by both; %d refused by the level alone", refused, admitted, wider)
	if refused < 100 || admitted < 100 {
		t.Error("too few pods of one sort to show anything")
	}
}

func askPSP(t *testing.T, questions *bytes.Buffer) [][][]string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "psp")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = "psp"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the oracle: %v\n%s", err, out)
	}
	ask := exec.Command(program)
	ask.Stdin = questions
	out, err := ask.Output()
	if err != nil {
		t.Fatalf("ask the oracle: %v", err)
	}
	var answers [][][]string
	for decoder := json.NewDecoder(bytes.NewReader(out)); decoder.More(); {
		var answer [][]string
		if err := decoder.Decode(&answer); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, answer)
	}
	return answers
}

// setOf is the policy that is left at a level, bound to all namespaces.
func setOf(t *testing.T, p *psp.Policy, level psp.Level) *admission.Set {
	t.Helper()
	var objects []*inventory.Object
	if content := p.Validating(level); content != nil {
		for _, c := range []map[string]any{content, p.Binding(nil, "Deny")} {
			var plain map[string]any
			text, err := json.Marshal(c)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(text, &plain); err != nil {
				t.Fatal(err)
			}
			objects = append(objects, &inventory.Object{Content: plain, Ref: finding.Ref{APIVersion: inventory.String(plain, "apiVersion"),
				Kind: inventory.String(plain, "kind"), Name: inventory.String(plain, "metadata", "name")}})
		}
	}
	set := admission.Read(objects, policy.Newest)
	for _, problem := range set.Problems {
		t.Fatalf("%s: %s %s\n%s", p.Object.Name, problem.Rule, problem.Message, show(objects[0].Content))
	}
	return set
}

func denies(set *admission.Set, pod map[string]any) bool {
	results := set.Review(context.Background(), admission.World{Complete: true},
		admission.Request{Ref: finding.Ref{APIVersion: "v1", Kind: "Pod", Namespace: "default", Name: "p"}, Object: pod})
	return admission.VerdictOf(results) == admission.Deny
}

func breaksLevel(t *testing.T, level psp.Level, pod map[string]any) bool {
	t.Helper()
	evaluator, err := podsecurity.New("")
	if err != nil {
		t.Fatal(err)
	}
	verdict, err := evaluator.Judge(inventory.Map(pod, "metadata"), inventory.Map(pod, "spec"))
	if err != nil {
		t.Fatal(err)
	}
	return level == psp.Baseline && len(verdict.Baseline) > 0 || level == psp.Restricted && len(verdict.Restricted) > 0
}

func show(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
