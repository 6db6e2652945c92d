package inventory

import (
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
)

// podPaths says where each built-in workload kind keeps its pod spec.
var podPaths = map[schema.GroupKind]finding.Path{
	{Kind: "Pod"}:                             "spec",
	{Kind: "PodTemplate"}:                     "template.spec",
	{Kind: "ReplicationController"}:           "spec.template.spec",
	{Group: "apps", Kind: "Deployment"}:       "spec.template.spec",
	{Group: "apps", Kind: "DaemonSet"}:        "spec.template.spec",
	{Group: "apps", Kind: "StatefulSet"}:      "spec.template.spec",
	{Group: "apps", Kind: "ReplicaSet"}:       "spec.template.spec",
	{Group: "extensions", Kind: "Deployment"}: "spec.template.spec",
	{Group: "extensions", Kind: "DaemonSet"}:  "spec.template.spec",
	{Group: "extensions", Kind: "ReplicaSet"}: "spec.template.spec",
	{Group: "batch", Kind: "Job"}:             "spec.template.spec",
	{Group: "batch", Kind: "CronJob"}:         "spec.jobTemplate.spec.template.spec",
}

// WorkloadKinds are the built-in kinds that hold a pod spec.
func WorkloadKinds() []schema.GroupKind {
	return []schema.GroupKind{
		{Kind: "Pod"}, {Kind: "PodTemplate"}, {Kind: "ReplicationController"},
		{Group: "apps", Kind: "Deployment"}, {Group: "apps", Kind: "DaemonSet"},
		{Group: "apps", Kind: "StatefulSet"}, {Group: "apps", Kind: "ReplicaSet"},
		{Group: "batch", Kind: "Job"}, {Group: "batch", Kind: "CronJob"},
	}
}

// PodPath is where an object of this kind keeps its pod spec, "spec.template.spec"; ok is false for other kinds.
func PodPath(gk schema.GroupKind) (path finding.Path, ok bool) {
	path, ok = podPaths[gk]
	return path, ok
}

// PodSpec returns the pod spec of a built-in workload and its path, or nil.
func (o *Object) PodSpec() (spec map[string]any, at finding.Path) {
	at, ok := PodPath(o.GroupKind())
	if !ok {
		return nil, ""
	}
	return Map(o.Content, strings.Split(string(at), ".")...), at
}

// PodMeta returns the metadata of the pods that a built-in workload makes, and its path; nil when it has none.
func (o *Object) PodMeta() (meta map[string]any, at finding.Path) {
	_, specAt := o.PodSpec()
	if specAt == "" {
		return nil, ""
	}
	parent := strings.TrimSuffix(strings.TrimSuffix(string(specAt), "spec"), ".")
	at = "metadata"
	if parent != "" {
		at = finding.Path(parent + ".metadata")
	}
	return Map(o.Content, strings.Split(string(at), ".")...), at
}

// RunningContainers are the containers of a pod spec that keep running: also init containers that are sidecars.
func RunningContainers(spec map[string]any) []map[string]any {
	out := Maps(spec["containers"])
	for _, c := range Maps(spec["initContainers"]) {
		if String(c, "restartPolicy") == "Always" {
			out = append(out, c)
		}
	}
	return out
}

// Map walks fields down to a map; nil when one is missing or of another type.
func Map(content map[string]any, fields ...string) map[string]any {
	for _, f := range fields {
		content, _ = content[f].(map[string]any)
	}
	return content
}

// String walks fields down to a string; "" when one is missing or of another type.
func String(content map[string]any, fields ...string) string {
	last := len(fields) - 1
	s, _ := Map(content, fields[:last]...)[fields[last]].(string)
	return s
}

// List walks fields down to a list; nil when one is missing or of another type.
func List(content map[string]any, fields ...string) []any {
	last := len(fields) - 1
	l, _ := Map(content, fields[:last]...)[fields[last]].([]any)
	return l
}

// Maps are the items of a list that are maps; empty when v is no list.
func Maps(v any) []map[string]any {
	list, _ := v.([]any)
	out := make([]map[string]any, 0, len(list))
	for _, item := range list {
		if m, ok := item.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// Labels are the object's labels; values that are no strings are left out.
func (o *Object) Labels() map[string]string { return Strings(Map(o.Content, "metadata", "labels")) }

// Annotations are the object's annotations; values that are no strings are left out.
func (o *Object) Annotations() map[string]string {
	return Strings(Map(o.Content, "metadata", "annotations"))
}

// Strings keeps the entries of m whose values are strings.
func Strings(m map[string]any) map[string]string {
	out := make(map[string]string, len(m))
	for k, v := range m {
		if s, ok := v.(string); ok {
			out[k] = s
		}
	}
	return out
}
