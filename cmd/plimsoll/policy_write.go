package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/apply"
	"github.com/plimsoll-io/plimsoll/harden/enforce"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/internal/textdiff"
	"github.com/plimsoll-io/plimsoll/inventory/cluster"
	"github.com/plimsoll-io/plimsoll/policy/admission"
	reportadmission "github.com/plimsoll-io/plimsoll/report/admission"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// WriteOptions say which cluster is written to, and how.
type WriteOptions struct {
	Kubeconfig string
	Context    string
	Timeout    time.Duration
	Apply      bool
	Force      bool
	Undo       string
}

// AddFlags declares the flags.
func (o *WriteOptions) AddFlags(f *pflag.FlagSet) {
	f.StringVar(&o.Kubeconfig, "kubeconfig", "", "kubeconfig `file` of the cluster")
	f.StringVar(&o.Context, "context", "", "kubeconfig context of the cluster")
	f.DurationVar(&o.Timeout, "timeout", 10*time.Minute, "longest time that reading a cluster may take")
	f.BoolVar(&o.Apply, "apply", false, "write to the cluster")
	f.BoolVar(&o.Force, "force-conflicts", false, "take fields over that belong to somebody else")
	f.StringVar(&o.Undo, "undo", "", "`file` that will say how to go back")
}

// cluster says whether a cluster is meant.
func (o *WriteOptions) cluster() bool { return o.Apply || o.Context != "" || o.Kubeconfig != "" }

// A writing is one plan on its way into a cluster.
type writing struct {
	client  *apply.Client
	options WriteOptions
	changes []reportadmission.Change
	written bool
}

func (o *WriteOptions) connect() (*writing, error) {
	client, err := apply.Connect(cluster.Config{Kubeconfig: o.Kubeconfig, Context: o.Context})
	if err != nil {
		return nil, err
	}
	return &writing{client: client, options: *o}, nil
}

// present are the policies and bindings that are there, and the namespace of the parameters with what we wrote into it.
func (w *writing) present(ctx context.Context, params string) ([]enforce.Present, error) {
	ctx, cancel := context.WithTimeout(ctx, w.options.Timeout)
	defer cancel()
	var out []enforce.Present
	for _, kind := range []string{admission.ValidatingKind, admission.ValidatingBindingKind} {
		objects, err := w.client.List(ctx, schema.GroupVersionKind{Group: admission.Group, Version: "v1", Kind: kind}, "")
		if err != nil {
			return nil, err
		}
		for _, content := range objects {
			out = append(out, enforce.Present{Content: content, Ours: apply.Owns(content)})
		}
	}
	if params == "" {
		return out, nil
	}
	namespace, err := w.client.Get(ctx, schema.GroupVersionKind{Version: "v1", Kind: "Namespace"}, "", params)
	if err != nil || namespace == nil {
		return out, err
	}
	return append(out, enforce.Present{Content: namespace, Ours: apply.Owns(namespace)}), nil
}

// run tries a plan and, with --apply and when nothing else stands in the way, writes it. outcome is how the command
// ends; the changes say what came of each.
func (w *writing) run(ctx context.Context, p *plan.Plan, may bool) (outcome, err error) {
	ctx, cancel := context.WithTimeout(ctx, w.options.Timeout)
	defer cancel()
	trial, err := w.client.Try(ctx, changesOf(p), apply.Options{ForceConflicts: w.options.Force})
	if err != nil {
		return nil, err
	}
	defer func() { w.report(trial) }()
	for _, r := range trial.Results {
		switch {
		case r.Err != nil:
			outcome = worse(outcome, exitCode(exitError))
		case len(r.Conflicts) > 0:
			outcome = worse(outcome, exitCode(exitFindings))
		}
	}
	if outcome != nil || !w.options.Apply || !may {
		return outcome, nil
	}
	if err := w.writeUndo(trial); err != nil {
		return nil, err
	}
	w.written = true
	return nil, w.client.Write(ctx, trial)
}

// writeUndo writes the file before anything changes, so that it is there whatever happens then.
func (w *writing) writeUndo(trial *apply.Trial) error {
	if w.options.Undo == "" {
		return nil
	}
	text, err := trial.Undo()
	if err != nil {
		return err
	}
	if err := os.WriteFile(w.options.Undo, text, 0o600); err != nil {
		return fmt.Errorf("write how to go back: %w", err)
	}
	return nil
}

func changesOf(p *plan.Plan) []apply.Change {
	var out []apply.Change
	for _, step := range p.Steps {
		for _, c := range step.Changes {
			out = append(out, apply.Change{Object: c.Object, Remove: c.Action == plan.Remove, Needs: enforce.PolicyOf(c.Object)})
		}
	}
	return out
}

// report keeps what came of each change for the answer.
func (w *writing) report(trial *apply.Trial) {
	w.changes = []reportadmission.Change{}
	for _, r := range trial.Results {
		c := reportadmission.Change{Object: r.Ref, Action: string(r.Action), Conflicts: []reportadmission.Conflict{}, Untried: r.Untried, Written: r.Done}
		for _, x := range r.Conflicts {
			c.Conflicts = append(c.Conflicts, reportadmission.Conflict(x))
		}
		if r.Err != nil {
			c.Error = r.Err.Error()
		}
		if r.Action != apply.Kept && len(r.Conflicts) == 0 && r.Err == nil {
			c.Diff = diffOf(&r)
		}
		w.changes = append(w.changes, c)
	}
}

func diffOf(r *apply.Result) string {
	text := func(content map[string]any) []byte {
		if content == nil {
			return nil
		}
		out, err := answer.YAML(content)
		if err != nil {
			return []byte(err.Error() + "\n")
		}
		return out
	}
	name := strings.ToLower(r.Ref.Kind) + "/" + r.Ref.Name
	if r.Ref.Namespace != "" {
		name = r.Ref.Namespace + "/" + name
	}
	var out strings.Builder
	if err := textdiff.Unified(&out, name, text(r.Before), text(r.After), nil); err != nil {
		return err.Error()
	}
	return out.String()
}

// writeChangeDiffs writes how objects change, and what stands in the way.
func writeChangeDiffs(w io.Writer, changes []reportadmission.Change) error {
	same := true
	for _, c := range changes {
		for _, x := range c.Conflicts {
			same = false
			fmt.Fprintf(w, "# conflict: %s of %s belongs to %s: not taken without --force-conflicts\n", x.Field, c.Object, x.Owner)
		}
		if c.Error != "" {
			same = false
			fmt.Fprintf(w, "# error: %s: %s\n", c.Object, c.Error)
		}
		if c.Diff != "" {
			same = false
			if _, err := io.WriteString(w, c.Diff); err != nil {
				return err
			}
		}
	}
	if same {
		_, err := io.WriteString(w, "# Nothing changes.\n")
		return err
	}
	return nil
}

// worse is the outcome that matters more: errors, then findings, then gaps.
func worse(a, b error) error {
	rank := func(err error) int {
		var code exitCode
		if !errors.As(err, &code) {
			return 0
		}
		return map[exitCode]int{exitError: 3, exitFindings: 2, exitIncomplete: 1}[code]
	}
	if rank(b) > rank(a) {
		return b
	}
	return a
}
