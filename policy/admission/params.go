package admission

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy"
)

// missingParams says why there are no parameters to judge with.
type missingParams struct {
	reason string
	// sure says that there are none; else they may only not have been read.
	sure bool
	// refused says that an API server then refuses the request, if failurePolicy is Fail.
	refused bool
}

// params are the parameter objects that the request is judged with, one after the other, as an API server finds them. A
// nil one means that the policy is judged without.
func (j *judgement) params(b *Binding) ([]map[string]any, *missingParams) {
	kind := j.policy.paramKind()
	switch {
	case kind == nil:
		return []map[string]any{nil}, nil
	case b == nil:
		return j.paramsUnbound(*kind)
	case b.spec.ParamRef == nil:
		return []map[string]any{nil}, nil
	}
	ref := b.spec.ParamRef
	namespace, wrong := j.paramNamespace(*kind, ref)
	if wrong != "" {
		return nil, &missingParams{reason: wrong, sure: true, refused: true}
	}
	selector := labels.Nothing()
	if ref.Selector != nil {
		var err error
		if selector, err = metav1.LabelSelectorAsSelector(ref.Selector); err != nil {
			return nil, &missingParams{reason: "read paramRef.selector: " + err.Error(), sure: true, refused: true}
		}
	}
	var out []map[string]any
	for _, o := range j.world.of(*kind) {
		if o.Namespace == namespace && (o.Name == ref.Name || ref.Selector != nil && selector.Matches(labels.Set(o.Labels()))) {
			out = append(out, o.Content)
		}
	}
	if len(out) > 0 {
		return usable(out)
	}
	what := fmt.Sprintf("the parameters of binding %s (%s %s) are not in what was read", b.Object.Name, kind.Kind,
		cmp.Or(strings.TrimPrefix(namespace+"/"+ref.Name, "/"), "by label"))
	if !j.world.Complete {
		return nil, &missingParams{reason: what + ": name a file with --params"}
	}
	deny := ref.ParameterNotFoundAction != nil && *ref.ParameterNotFoundAction == admissionv1.DenyAction
	return nil, &missingParams{reason: what, sure: true, refused: deny}
}

// paramsUnbound are all parameters of the kind: nothing says which of them are meant.
func (j *judgement) paramsUnbound(kind admissionv1.ParamKind) ([]map[string]any, *missingParams) {
	var out []map[string]any
	for _, o := range j.world.Params {
		if isOf(o, kind) {
			out = append(out, o.Content)
		}
	}
	if len(out) > 0 {
		return usable(out)
	}
	return nil, &missingParams{reason: fmt.Sprintf("the policy needs parameters (%s), and no binding names them: name a file with --params", kind.Kind)}
}

// paramNamespace is the namespace that a binding's parameters are in, or what is wrong with the binding.
func (j *judgement) paramNamespace(kind admissionv1.ParamKind, ref *admissionv1.ParamRef) (namespace, wrong string) {
	gvk := schema.FromAPIVersionAndKind(kind.APIVersion, kind.Kind)
	namespaced := policy.Namespaced(gvk)
	if known := j.world.of(kind); len(known) > 0 {
		namespaced = known[0].Namespace != ""
	}
	switch {
	case !namespaced && ref.Namespace != "":
		return "", "paramRef.namespace is set, and parameters of kind " + kind.Kind + " live in no namespace"
	case !namespaced:
		return "", ""
	case ref.Namespace != "":
		return ref.Namespace, ""
	case j.request.Ref.Namespace == "":
		return "", "paramRef names no namespace, and the object lives in none"
	}
	return j.request.Ref.Namespace, ""
}

// of are the known parameters of a kind. Those that were named as parameters come first.
func (w *World) of(kind admissionv1.ParamKind) []*inventory.Object {
	var out []*inventory.Object
	gvk := schema.FromAPIVersionAndKind(kind.APIVersion, kind.Kind)
	if w.Inventory != nil {
		out = w.Inventory.Of(gvk.Group, gvk.Kind)
	}
	if len(w.Params) == 0 {
		return out
	}
	named := slices.DeleteFunc(slices.Clone(w.Params), func(o *inventory.Object) bool { return !isOf(o, kind) })
	for _, o := range out {
		if !slices.ContainsFunc(named, func(n *inventory.Object) bool { return n.Name == o.Name && n.Namespace == o.Namespace }) {
			named = append(named, o)
		}
	}
	return named
}

func isOf(o *inventory.Object, kind admissionv1.ParamKind) bool {
	return o.GroupKind() == schema.FromAPIVersionAndKind(kind.APIVersion, kind.Kind).GroupKind()
}

// usable refuses parameters of which a part was taken out, since it looks like a secret: verdicts would be wrong.
func usable(params []map[string]any) ([]map[string]any, *missingParams) {
	for _, p := range params {
		if redacted(p) {
			return nil, &missingParams{reason: "the parameters hold what looks like a secret, which policies do not get to see here"}
		}
	}
	return params, nil
}

func redacted(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.HasPrefix(v, "<redacted:")
	case map[string]any:
		for _, item := range v {
			if redacted(item) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, redacted)
	}
	return false
}
