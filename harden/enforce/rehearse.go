package enforce

import (
	"context"
	"fmt"
	"maps"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy"
	"github.com/plimsoll-io/plimsoll/scan"
)

// A Break is an object that is there now and that a policy objects to where its bindings hold: it would be refused, or
// warned about, when it is made again or the part that the policy looks at changes.
type Break struct {
	Control string      `json:"control"`
	Object  finding.Ref `json:"object"`
	// Paths are where, at most ten; Message is what it says about the first.
	Paths   []finding.Path `json:"paths"`
	Message string         `json:"message"`
}

// A Rehearsal is what policies say of the objects that are there.
type Rehearsal struct {
	Breaks []Break `json:"breaks"`
	// Judged counts the pairs of control and object that were looked at.
	Judged  int       `json:"judged"`
	Unknown []Unknown `json:"unknown"`
}

// An Unknown is what could not be judged.
type Unknown struct {
	Control string `json:"control"`
	Why     string `json:"why"` // a sentence without a final dot
}

// Rehearsed are bindings to rehearse, by control.
type Rehearsed struct {
	Control  control.Control
	Bindings []map[string]any
}

// Kinds are the kinds of objects that a rehearsal of controls looks at.
func Kinds(controls []control.Control) []schema.GroupKind {
	seen := map[schema.GroupKind]bool{namespaceKind: true}
	out := []schema.GroupKind{namespaceKind}
	add := func(kinds []schema.GroupKind) {
		for _, gk := range kinds {
			if !seen[gk] {
				seen[gk] = true
				out = append(out, gk)
			}
		}
	}
	for _, c := range controls {
		if c.Policy != nil {
			add(c.Policy.Kinds())
		}
	}
	add(inventory.WorkloadKinds())
	return out
}

// Rehearse judges the objects of an inventory by controls, as far as their bindings hold. The only error is a
// cancelled context.
func Rehearse(ctx context.Context, inv *inventory.Inventory, items []Rehearsed, settings control.Settings, now time.Time) (*Rehearsal, error) {
	out := &Rehearsal{Breaks: []Break{}, Unknown: []Unknown{}}
	controls := make([]control.Control, len(items))
	for i, item := range items {
		controls[i] = item.Control
	}
	rep, err := scan.Run(ctx, inv, scan.Options{Controls: controls, Settings: settings, Now: now})
	if err != nil {
		return nil, err
	}
	for i, r := range rep.Results {
		matches, err := matchesOf(items[i].Bindings)
		if err != nil {
			out.Unknown = append(out.Unknown, Unknown{r.Control.ID, err.Error()})
			continue
		}
		out.Judged += len(r.Passed) + len(r.Findings)
		if r.Skipped != "" {
			out.Unknown = append(out.Unknown, Unknown{r.Control.ID, r.Skipped})
		}
		for _, e := range r.Errors {
			out.Unknown = append(out.Unknown, Unknown{r.Control.ID, fmt.Sprintf("%s could not be judged: %s", e.Object, e.Message)})
		}
		out.add(inv, r, matches)
	}
	return out, nil
}

// add adds the findings that lie where the bindings hold, object by object.
func (out *Rehearsal) add(inv *inventory.Inventory, r scan.Result, matches []*admissionv1.MatchResources) {
	at := map[finding.Ref]int{}
	for _, f := range r.Findings {
		if i, ok := at[f.Object]; ok {
			if i >= 0 && len(out.Breaks[i].Paths) < 10 {
				out.Breaks[i].Paths = append(out.Breaks[i].Paths, f.Path)
			}
			continue
		}
		held, err := holds(inv, f.Object, matches)
		at[f.Object] = -1
		if err != nil {
			out.Unknown = append(out.Unknown, Unknown{r.Control.ID, fmt.Sprintf("whether %s is in its scope: %v", f.Object, err)})
		} else if held {
			at[f.Object] = len(out.Breaks)
			out.Breaks = append(out.Breaks, Break{Control: r.Control.ID, Object: f.Object, Paths: []finding.Path{f.Path}, Message: f.Message})
		}
	}
}

// holds says whether any of the bindings is about an object.
func holds(inv *inventory.Inventory, ref finding.Ref, matches []*admissionv1.MatchResources) (bool, error) {
	in := policy.Input{Kind: schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind)}
	in.Resource = policy.ResourceFor(in.Kind)
	if o := inv.Get(ref.Group(), ref.Kind, ref.Namespace, ref.Name); o != nil {
		in.Object = placed(o)
	}
	if ns := inv.Get("", "Namespace", "", ref.Namespace); ns != nil {
		in.Namespace = ns.Content
	}
	for _, m := range matches {
		held, err := policy.Selects(m, in)
		if held || err != nil {
			return held, err
		}
	}
	return false, nil
}

// placed is an object with its namespace in it, which manifests may leave out.
func placed(o *inventory.Object) map[string]any {
	if o.Namespace == "" || inventory.String(o.Content, "metadata", "namespace") == o.Namespace {
		return o.Content
	}
	meta := maps.Clone(inventory.Map(o.Content, "metadata"))
	if meta == nil {
		meta = map[string]any{}
	}
	meta["namespace"] = o.Namespace
	content := maps.Clone(o.Content)
	content["metadata"] = meta
	return content
}

// matchesOf are the matchResources of bindings.
func matchesOf(bindings []map[string]any) ([]*admissionv1.MatchResources, error) {
	var out []*admissionv1.MatchResources
	for _, b := range bindings {
		var read admissionv1.ValidatingAdmissionPolicyBinding
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(b, &read); err != nil {
			return nil, fmt.Errorf("read binding %s: %w", RefOf(b).Name, err)
		}
		out = append(out, read.Spec.MatchResources)
	}
	return out, nil
}
