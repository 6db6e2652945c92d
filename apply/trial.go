package apply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A Change is one object to write, or to remove.
type Change struct {
	// Object is what to apply: the fields in it become ours. Of a removal, its apiVersion, kind, namespace and name.
	Object map[string]any
	Remove bool
	// Needs is an object without which the server cannot judge this one. Where it is among the changes and not there
	// yet, the server's no to this one says nothing; zero when there is none.
	Needs finding.Ref
}

// Options say how to write.
type Options struct {
	// ForceConflicts takes fields away from those who own them.
	ForceConflicts bool
}

// An Action is what becomes of an object.
type Action string

// The actions. Kept is for objects that are as they should be, and for removals of what is gone.
const (
	Created Action = "create"
	Updated Action = "update"
	Removed Action = "remove"
	Kept    Action = "keep"
)

// A Conflict is a field that somebody else owns and wants otherwise.
type Conflict struct {
	Field string `json:"field"` // ".spec.validationActions"
	Owner string `json:"owner"` // field manager, "kubectl-edit"
}

// A Result is what came, or would come, of one change.
type Result struct {
	Ref    finding.Ref
	Action Action
	// Before and After are the object without what the server keeps for itself; nil when there is none.
	Before, After map[string]any
	// Conflicts keep the object from being written.
	Conflicts []Conflict
	// Err says why it cannot be written otherwise.
	Err error
	// Untried says why the server could not be asked; "" when it was. It is no error: what is missing is made before.
	Untried string
	// Done says that it was written.
	Done bool

	change Change
	live   *unstructured.Unstructured
}

// A Trial is what the API server says of changes that it was asked to try.
type Trial struct {
	Results []Result
	options Options
}

// Try asks the API server what would become of changes, in their order, and changes nothing. The error is that of a
// server that cannot be asked at all; what is wrong with single changes is in their results.
func (c *Client) Try(ctx context.Context, changes []Change, options Options) (*Trial, error) {
	t := &Trial{options: options}
	made := map[finding.Ref]bool{} // by earlier changes
	for _, change := range changes {
		r := c.try(ctx, change, options)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		switch {
		case apierrors.IsNotFound(r.Err) && made[namespaceRef(r.Ref.Namespace)]:
			r.Action, r.After, r.Err, r.Untried = Created, change.Object, nil, "its namespace is not there yet"
		case (apierrors.IsForbidden(r.Err) || apierrors.IsInvalid(r.Err)) && r.Action == Created && made[change.Needs]:
			r.After, r.Err, r.Untried = change.Object, nil, change.Needs.String()+" is not there yet"
		}
		made[r.Ref] = made[r.Ref] || r.Action == Created && r.Err == nil
		t.Results = append(t.Results, r)
	}
	return t, nil
}

func namespaceRef(name string) finding.Ref {
	return finding.Ref{APIVersion: "v1", Kind: "Namespace", Name: name}
}

func (c *Client) try(ctx context.Context, change Change, options Options) Result {
	r := Result{Ref: refOf(change.Object), change: change}
	api, object, err := c.of(ctx, change.Object)
	if err != nil {
		r.Err = err
		return r
	}
	live, err := api.Get(ctx, object.GetName(), metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		r.Err = fmt.Errorf("read it: %w", err)
		return r
	}
	if err == nil {
		r.live, r.Before = live, clean(live.Object)
	}
	if change.Remove {
		r.Action = Removed
		if r.tryRemoval(); r.Action == Removed && r.Err == nil {
			r.Err = c.remove(ctx, &r, true)
		}
		return r
	}
	after, err := c.send(ctx, &r, options, true)
	if err != nil {
		r.fail(err)
		return r
	}
	r.After = clean(after.Object)
	r.Action = Updated
	switch {
	case r.live == nil:
		r.Action = Created
	case reflect.DeepEqual(r.Before, r.After) && Owns(r.live.Object):
		r.Action = Kept
	}
	return r
}

// tryRemoval holds that only our own objects are removed.
func (r *Result) tryRemoval() {
	switch {
	case r.live == nil:
		r.Action = Kept
	case !Owns(r.live.Object):
		r.Err = fmt.Errorf("it is not removed: %s wrote it", strings.Join(writers(r.live.Object), ", "))
	}
}

// fail notes what the server objects to.
func (r *Result) fail(err error) {
	r.Action = Updated
	if r.live == nil {
		r.Action = Created
	}
	var status apierrors.APIStatus
	if errors.As(err, &status) && status.Status().Details != nil {
		for _, cause := range status.Status().Details.Causes {
			if cause.Type == metav1.CauseTypeFieldManagerConflict {
				r.Conflicts = append(r.Conflicts, Conflict{Field: cause.Field, Owner: owner(cause.Message)})
			}
		}
	}
	if len(r.Conflicts) == 0 {
		r.Err = err
	}
}

// owner is the field manager in a message such as: conflict with "kubectl-edit" using apps/v1.
func owner(message string) string {
	_, rest, _ := strings.Cut(message, `"`)
	name, _, found := strings.Cut(rest, `"`)
	if !found {
		return message
	}
	return name
}

// send applies the object of a result. When it was there at the trial it has to be the same still.
func (c *Client) send(ctx context.Context, r *Result, options Options, dryRun bool) (*unstructured.Unstructured, error) {
	api, object, err := c.of(ctx, runtime.DeepCopyJSON(plain(r.change.Object)))
	if err != nil {
		return nil, err
	}
	if r.live != nil {
		object.SetResourceVersion(r.live.GetResourceVersion())
	}
	apply := metav1.ApplyOptions{FieldManager: Manager, Force: options.ForceConflicts}
	if dryRun {
		apply.DryRun = []string{metav1.DryRunAll}
	}
	return api.Apply(ctx, object.GetName(), object, apply)
}

// plain is content with the number types that copying needs.
func plain(content map[string]any) map[string]any {
	text, err := json.Marshal(content)
	if err != nil {
		return content
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(text); err != nil {
		return content
	}
	return object.Object
}

// OK says whether everything can be written.
func (t *Trial) OK() bool {
	return !slices.ContainsFunc(t.Results, func(r Result) bool { return r.Err != nil || len(r.Conflicts) > 0 })
}

// Changes says whether anything would be written.
func (t *Trial) Changes() bool {
	return slices.ContainsFunc(t.Results, func(r Result) bool { return r.Action != Kept })
}

func refOf(content map[string]any) finding.Ref {
	return finding.Ref{
		APIVersion: inventory.String(content, "apiVersion"), Kind: inventory.String(content, "kind"),
		Namespace: inventory.String(content, "metadata", "namespace"), Name: inventory.String(content, "metadata", "name"),
	}
}

// serverFields are the metadata that the server keeps for itself.
var serverFields = []string{"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink"}

// clean is an object without what the server keeps for itself.
func clean(content map[string]any) map[string]any {
	out := runtime.DeepCopyJSON(content)
	delete(out, "status")
	for _, field := range serverFields {
		delete(inventory.Map(out, "metadata"), field)
	}
	return out
}

// writers are the field managers of an object.
func writers(content map[string]any) []string {
	var out []string
	for _, entry := range inventory.Maps(inventory.Map(content, "metadata")["managedFields"]) {
		if name := inventory.String(entry, "manager"); name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	if out == nil {
		return []string{"somebody else"}
	}
	return out
}
