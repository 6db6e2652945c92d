package generate

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// preferred are the labels by which people know a workload, best first. Those that name the application itself come
// before nameLabels ends.
// Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/ and long custom.
var preferred = []string{
	"app.kubernetes.io/name", "app", "k8s-app", "name", "application", "service",
	"app.kubernetes.io/component", "component", "role", "tier",
	"app.kubernetes.io/instance", "instance", "release", "app.kubernetes.io/part-of",
}

const nameLabels = 6

func rank(key string) int {
	if i := slices.Index(preferred, key); i >= 0 {
		return i
	}
	if changing(key) {
		return len(preferred) + 1
	}
	return len(preferred)
}

// names says that the label is one that names an application.
func names(key string) bool { return rank(key) < nameLabels }

func compareKeys(a, b string) int { return cmp.Or(rank(a)-rank(b), strings.Compare(a, b)) }

// generated says that controllers make the label, so that the pods of tomorrow have another one or another value.
// Source: https://kubernetes.io/docs/reference/labels-annotations-taints/.
func generated(key string) bool {
	switch key {
	case "pod-template-hash", "rollouts-pod-template-hash", "controller-revision-hash",
		"pod-template-generation", "controller-uid", "job-name",
		"statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index", "security.istio.io/tlsMode",
		"service.istio.io/canonical-name", "service.istio.io/canonical-revision":
		return true
	}
	domain, _, _ := strings.Cut(key, "/")
	return domain == "batch.kubernetes.io" || domain == "topology.kubernetes.io" || domain == "topology.istio.io"
}

// changing says that the value of a label is made to change from release to release, or says nothing of the workload.
func changing(key string) bool {
	domain, name, has := strings.Cut(key, "/")
	if !has {
		domain, name = "", key
	}
	if domain == "helm.sh" || domain == "sidecar.istio.io" || domain == "istio.io" {
		return true
	}
	switch strings.ToLower(name) {
	case "version", "chart", "heritage", "managed-by", "revision", "rev", "commit", "git-commit",
		"git-sha", "sha", "build", "build-id", "date",
		"checksum", "hash", "config-hash", "image-tag", "tag":
		return true
	}
	return false
}

// podLabels are the labels of a pod or template that selectors can ask for and that no controller makes.
func podLabels(meta map[string]any) map[string]string {
	out := map[string]string{}
	for k, v := range inventory.Map(meta, "labels") {
		text, isText := v.(string)
		if !isText && v != nil || generated(k) { // the API server reads null as ""
			continue
		}
		if len(validation.IsQualifiedName(k)) == 0 && len(validation.IsValidLabelValue(text)) == 0 {
			out[k] = text
		}
	}
	return out
}

// ownLabels are the labels that the workload's own selector asks for.
func ownLabels(o *inventory.Object) map[string]string {
	spec := inventory.Map(o.Content, "spec")
	if o.Kind == "ReplicationController" {
		return inventory.Strings(inventory.Map(spec, "selector"))
	}
	return inventory.Strings(inventory.Map(spec, "selector", "matchLabels"))
}

func contains(labels, part map[string]string) bool {
	for k, v := range part {
		if have, ok := labels[k]; !ok || have != v {
			return false
		}
	}
	return true
}

// common are the labels that are in all maps.
func common(all []map[string]string) map[string]string {
	if len(all) == 0 {
		return nil
	}
	out := maps.Clone(all[0])
	for _, one := range all[1:] {
		maps.DeleteFunc(out, func(k, v string) bool { have, ok := one[k]; return !ok || have != v })
	}
	return out
}

func sortedKeys(labels map[string]string) []string {
	return slices.SortedFunc(maps.Keys(labels), compareKeys)
}

// labelText is the same for equal labels only.
func labelText(labels map[string]string) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		b.WriteString(k + "=" + labels[k] + ",")
	}
	return b.String()
}
