package enforce

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/policy"
	"github.com/plimsoll-io/plimsoll/scan"
)

// An exemption is what an exception comes to for one policy, in the words that a binding has. Nil lists hold
// everything; all parts must match.
type exemption struct {
	namespaces []string
	kinds      []schema.GroupKind // among those of the policy
	names      []string
	labels     map[string]string
}

// everything says that the exemption covers all objects of these kinds, wherever it holds at all.
func (e exemption) everything(kinds []schema.GroupKind) bool {
	return len(e.names) == 0 && len(e.labels) == 0 && e.hasAll(kinds)
}

func (e exemption) hasAll(kinds []schema.GroupKind) bool {
	return e.kinds == nil || !slices.ContainsFunc(kinds, func(gk schema.GroupKind) bool { return !slices.Contains(e.kinds, gk) })
}

// no is a reason to refuse.
type no struct{ why, instead string }

// exempt reads an exception for one control. concerned is false when it has nothing to do with the policy.
func exempt(x Grant, c control.Control, settings control.Settings) (e exemption, concerned bool, refusal *no) {
	if len(x.Objects.Paths) > 0 {
		return e, true, &no{"it is for some paths of an object, and admission takes or refuses an object as a whole",
			"leave paths out, which accepts the control on these objects altogether, or mend the other paths and keep the exception for scans only"}
	}
	what := about(c)
	if e.namespaces, refusal = exact(x.Objects.Namespaces, "namespaces"); refusal != nil {
		return e, true, refusal
	}
	kinds := what.kinds
	if e.namespaces != nil {
		kinds = what.namespaced // the namespace of a cluster-scoped object is none of these
	}
	for _, gk := range kinds {
		if scan.Fits(x.Objects.Kinds, gk.Kind) {
			e.kinds = append(e.kinds, gk)
		}
	}
	if custom := customKind(x, what, settings); custom != "" {
		return e, true, &no{"its kinds hold " + custom + ", whose pods an API server judges as pods, not knowing whose they are",
			"choose by namespaces, or by labels that the pods have as well, without kinds"}
	}
	if len(e.kinds) == 0 {
		return e, false, nil
	}
	if len(e.kinds) == len(what.kinds) {
		e.kinds = nil
	}
	if e.names, refusal = exact(x.Objects.Names, "names"); refusal != nil {
		return e, true, refusal
	}
	if refusal = ownersAndPods(&e, x, what); refusal != nil {
		return e, true, refusal
	}
	e.labels, refusal = validLabels(x.Objects.Labels)
	return e, true, refusal
}

// exact are the values as a binding can hold them: wildcards for everything are nil, others cannot be installed.
func exact(patterns []string, what string) ([]string, *no) {
	if scan.Fits(patterns, "any-name-at-all") && scan.Fits(patterns, "x") && scan.Fits(patterns, "") {
		return nil, nil
	}
	for _, p := range patterns {
		if strings.ContainsAny(p, "*?") {
			return nil, &no{fmt.Sprintf("%s hold the pattern %q, and a binding only knows whole %s", what, p, what), "list the " + what}
		}
	}
	return sorted(patterns), nil
}

// customKind is a kind of custom resources with pods in them that the exception names, "" when there is none.
func customKind(x Grant, what subject, settings control.Settings) string {
	if !what.workloads || len(x.Objects.Kinds) == 0 {
		return ""
	}
	for _, key := range slices.Sorted(maps.Keys(settings.PodTemplates)) {
		kind, _, _ := strings.Cut(key, ".")
		if scan.Fits(x.Objects.Kinds, kind) && !everyKind(x, what) {
			return kind
		}
	}
	return ""
}

func everyKind(x Grant, what subject) bool {
	return !slices.ContainsFunc(what.kinds, func(gk schema.GroupKind) bool { return !scan.Fits(x.Objects.Kinds, gk.Kind) })
}

// ownersAndPods refuses what fits a workload but not its pods: an API server is asked about both, and sees of a pod
// neither the kind nor the name of its owner.
func ownersAndPods(e *exemption, x Grant, what subject) *no {
	if !what.workloads {
		return nil
	}
	var chosen []schema.GroupKind
	for _, gk := range what.pods {
		if e.kinds == nil || slices.Contains(e.kinds, gk) {
			chosen = append(chosen, gk)
		}
	}
	switch {
	case len(chosen) == 0:
		return nil
	case len(e.names) > 0 && len(chosen) == 1 && chosen[0].Kind == "Pod":
		return nil // pods that people make themselves
	case len(e.names) > 0:
		return &no{fmt.Sprintf("it names %s, and the pods of a workload have names of their own", list(x.Objects.Names)),
			"choose by namespaces, or by labels that both the workload and its pod template have"}
	case len(chosen) < len(what.pods):
		return &no{fmt.Sprintf("it is for the kinds %s only, and an API server sees of a pod neither which kind of workload it belongs to, nor whether it does", list(x.Objects.Kinds)),
			"leave kinds out, and choose by namespaces, or by labels that both the workload and its pod template have"}
	}
	return nil
}

func validLabels(labels map[string]string) (map[string]string, *no) {
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		wrong := append(validation.IsQualifiedName(key), validation.IsValidLabelValue(labels[key])...)
		if len(wrong) > 0 {
			return nil, &no{fmt.Sprintf("no object can have the label %q: %s", key, wrong[0]), "correct the label"}
		}
	}
	return labels, nil
}

func list(words []string) string {
	const shown = 3
	if len(words) > shown {
		return fmt.Sprintf("%s and %d more", strings.Join(words[:shown], ", "), len(words)-shown)
	}
	return strings.Join(words, ", ")
}

// resourceKind is the kind behind a resource of a rule, "pods/ephemeralcontainers".
func resourceKind(kinds []schema.GroupKind, group, version, resource string) (schema.GroupKind, bool) {
	base, _, _ := strings.Cut(resource, "/")
	for _, gk := range kinds {
		if gk.Group == group && policy.ResourceFor(gk.WithVersion(version)).Resource == base {
			return gk, true
		}
	}
	return schema.GroupKind{}, false
}

// A Grant is an exception as it is installed: what a binding has to know, and what people look for.
type Grant struct {
	Name string `json:"name"`
	// Expires is the last day on which it holds, "2027-03-31".
	Expires string           `json:"expires"`
	Objects finding.Selector `json:"objects"`
}
