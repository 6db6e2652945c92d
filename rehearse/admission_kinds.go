package rehearse

import (
	"encoding/json"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy"
	"github.com/plimsoll-io/plimsoll/policy/kyverno"
)

// Kinds are what has to be read of a cluster to rehearse the objects of a change, besides the usual kinds: what its policies
// judge, and their parameters. Policies that cannot be read ask for nothing.
func Kinds(change []*inventory.Object) []schema.GroupKind {
	var out []schema.GroupKind
	for _, o := range change {
		if !judgesObjects(o.Ref) {
			continue
		}
		out = append(out, mentionedKinds(o)...)
		if kind := inventory.Map(o.Content, "spec", "paramKind"); kind != nil {
			out = append(out, schema.FromAPIVersionAndKind(inventory.String(kind, "apiVersion"), inventory.String(kind, "kind")).GroupKind())
		}
	}
	return out
}

// mentionedKinds are the kinds that a policy judges, as far as its rules name them.
func mentionedKinds(o *inventory.Object) []schema.GroupKind {
	if kyverno.Is(o) {
		return inventory.WorkloadKinds()
	}
	content := map[string]any{"apiVersion": o.APIVersion, "kind": o.Kind, "metadata": map[string]any{"name": o.Name}, "spec": o.Content["spec"]}
	text, err := json.Marshal(content)
	if err != nil {
		return nil
	}
	p, err := policy.Parse(text)
	if err != nil {
		return nil
	}
	return p.Kinds()
}
