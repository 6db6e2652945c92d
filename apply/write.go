package apply

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// ErrNotClean says that something was wrong in a trial, so that nothing was written.
var ErrNotClean = errors.New("the API server would not take all changes: nothing was written")

// Write writes what was tried, in its order, and marks what is done. It writes nothing when anything was wrong in the
// trial, and stops where an object is not any more what it was then.
func (c *Client) Write(ctx context.Context, t *Trial) error {
	if !t.OK() {
		return ErrNotClean
	}
	for i := range t.Results {
		r := &t.Results[i]
		if r.Action == Kept {
			continue
		}
		if err := c.write(ctx, r, t.options); err != nil {
			return fmt.Errorf("%s %s: %w", r.Action, r.Ref, err)
		}
		r.Done = true
	}
	return nil
}

func (c *Client) write(ctx context.Context, r *Result, options Options) error {
	if r.Action != Removed {
		_, err := c.send(ctx, r, options, false)
		if apierrors.IsConflict(err) {
			return fmt.Errorf("somebody changed it meanwhile, try again: %w", err)
		}
		return err
	}
	return c.remove(ctx, r, false)
}

// remove deletes an object if it is still what it was at the trial. What is gone meanwhile is as it should be.
func (c *Client) remove(ctx context.Context, r *Result, dryRun bool) error {
	api, object, err := c.of(ctx, r.change.Object)
	if err != nil {
		return err
	}
	uid, version := r.live.GetUID(), r.live.GetResourceVersion()
	options := metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid, ResourceVersion: &version}}
	if dryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	if err = api.Delete(ctx, object.GetName(), options); apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// Undo is how to go back to what was there before a trial is written: the objects to apply, as YAML, and above them
// what to remove first. It is nil when there is nothing to go back from.
func (t *Trial) Undo() ([]byte, error) {
	if !t.Changes() {
		return nil, nil
	}
	var out bytes.Buffer
	out.WriteString("# How to go back to what was there before.\n")
	removals(&out, t.Results)
	documents := 0
	for _, r := range t.Results {
		if r.Before == nil || r.Action == Kept {
			continue
		}
		if documents++; documents == 1 {
			fmt.Fprintf(&out, "#\n# Then apply this file:\n#   kubectl apply --server-side --field-manager=%s --force-conflicts -f FILE\n", Manager)
		}
		text, err := yaml.Marshal(r.Before)
		if err != nil {
			return nil, fmt.Errorf("write how to undo %s: %w", r.Ref, err)
		}
		out.WriteString("---\n")
		out.Write(text)
	}
	return out.Bytes(), nil
}

// removals writes the commands that remove what is new, in the reverse order.
func removals(out *bytes.Buffer, results []Result) {
	first := true
	for i := len(results) - 1; i >= 0; i-- {
		r := results[i]
		if r.Action != Created || r.Ref.Kind == "Namespace" && r.Ref.Group() == "" {
			continue // others may have put something into the namespace
		}
		if first {
			out.WriteString("#\n# Remove what is new:\n")
			first = false
		}
		fmt.Fprintf(out, "#   kubectl delete %s%s %s%s\n", strings.ToLower(r.Ref.Kind), suffix(r.Ref.Group()), r.Ref.Name, namespaceFlag(r.change.Object))
	}
}

func suffix(group string) string {
	if group == "" {
		return ""
	}
	return "." + group
}

func namespaceFlag(object map[string]any) string {
	if ns := inventory.String(object, "metadata", "namespace"); ns != "" {
		return " -n " + ns
	}
	return ""
}
