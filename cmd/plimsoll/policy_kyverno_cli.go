package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy/admission"
	"github.com/plimsoll-io/plimsoll/policy/kyverno"
)

// kyvernoTime is how long Kyverno's program may take.
const kyvernoTime = 60 * time.Second

// askKyverno asks Kyverno's own program about what has no equivalent, if the program is there, and says so.
func (o *PolicyTestOptions) askKyverno(ctx context.Context, run *policyTest, results []kyverno.Result) ([]kyverno.Result, []string) {
	open := func(r kyverno.Result) bool { return r.Result.Result == admission.Unsupported }
	if o.Kyverno == "" || !slices.ContainsFunc(results, open) {
		return results, nil
	}
	program, err := exec.LookPath(o.Kyverno)
	if err != nil {
		return results, []string{"some rules have no equivalent, and the program " + o.Kyverno + " is not there to be asked"}
	}
	var policies []*inventory.Object
	wanted := func(p *kyverno.Policy) bool {
		return slices.ContainsFunc(results, func(r kyverno.Result) bool { return open(r) && r.Policy == p.Object.Name })
	}
	for _, p := range run.kyverno.Policies {
		if wanted(p) {
			policies = append(policies, p.Object)
		}
	}
	var objects []*inventory.Object
	for _, obj := range run.inv.All() {
		if slices.ContainsFunc(results, func(r kyverno.Result) bool { return open(r) && r.Resource == obj.Ref }) {
			objects = append(objects, obj)
		}
	}
	said, err := applyKyverno(ctx, program, policies, objects)
	if err != nil {
		return results, []string{"some rules have no equivalent, and " + program + " did not answer: " + err.Error()}
	}
	answered := 0
	out := slices.Clone(results)
	for i := range out {
		if !open(out[i]) {
			continue
		}
		if said.fill(&out[i]) {
			answered++
		}
	}
	return out, []string{display.Plural(answered, "result") + " of rules without an equivalent came from " + program}
}

// A kyvernoReport is what Kyverno's program writes.
type kyvernoReport struct {
	Results []struct {
		Policy, Rule, Message, Result string
		Resources                     []struct{ Kind, Namespace, Name, APIVersion string }
	}
}

// fill takes over what the report says of a result.
func (k *kyvernoReport) fill(r *kyverno.Result) bool {
	for _, said := range k.Results {
		if said.Policy != r.Policy && said.Policy != r.Resource.Namespace+"/"+r.Policy || said.Rule != r.Rule && r.Rule != "" {
			continue
		}
		for _, about := range said.Resources {
			if about.Kind != r.Resource.Kind || about.Name != r.Resource.Name || about.APIVersion != r.Resource.APIVersion ||
				r.Resource.Namespace != "" && about.Namespace != r.Resource.Namespace {
				continue
			}
			outcome := map[string]admission.Outcome{"pass": admission.Pass, "fail": admission.Fail, "warn": admission.Fail, "error": admission.Error, "skip": admission.Skip}[said.Result]
			if outcome == "" {
				return false
			}
			r.Skipped = outcome == admission.Skip
			r.Result.Result, r.Message = outcome, "Kyverno says: "+said.Message
			return true
		}
	}
	return false
}

// applyKyverno runs "kyverno apply" over copies in a folder of its own.
func applyKyverno(ctx context.Context, program string, policies, objects []*inventory.Object) (*kyvernoReport, error) {
	dir, err := os.MkdirTemp("", "plimsoll-kyverno-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	for name, all := range map[string][]*inventory.Object{"policies.yaml": policies, "objects.yaml": objects} {
		if err := writeObjects(filepath.Join(dir, name), all); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, kyvernoTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "apply", "policies.yaml", "--resource", "objects.yaml", "--policy-report", "--output-format", "json")
	cmd.Dir = dir
	// It is to judge what is written, and to reach no cluster.
	cmd.Env = []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "KUBECONFIG=" + filepath.Join(dir, "none"), "HTTPS_PROXY=http://127.0.0.1:1", "HTTP_PROXY=http://127.0.0.1:1"}
	cmd.WaitDelay = time.Second
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	runErr := cmd.Run() // a failure of a policy is an error of the program, too
	start := bytes.IndexByte(out.Bytes(), '{')
	report := &kyvernoReport{}
	if start < 0 {
		return nil, fmt.Errorf("it wrote no report: %w", cmp.Or(runErr, errors.New("standard output is empty")))
	}
	if err := json.NewDecoder(bytes.NewReader(out.Bytes()[start:])).Decode(report); err != nil {
		return nil, fmt.Errorf("read its report: %w", err)
	}
	return report, nil
}

func writeObjects(file string, objects []*inventory.Object) error {
	var out bytes.Buffer
	for _, o := range objects {
		text, err := yaml.Marshal(admission.RequestOf(o).Object)
		if err != nil {
			return err
		}
		out.WriteString("---\n")
		out.Write(text)
	}
	return os.WriteFile(file, out.Bytes(), 0o600)
}
