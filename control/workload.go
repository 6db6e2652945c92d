package control

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// workloadKinds are the kinds that hold a pod spec, and more.
func workloadKinds(more ...schema.GroupKind) []schema.GroupKind {
	return append(inventory.WorkloadKinds(), more...)
}

// A container is one container of a workload, of whatever sort.
type container struct {
	Path finding.Path // "spec.template.spec.containers[name=web]"
	Name string
	Spec map[string]any
}

// containers lists the init, main and ephemeral containers of a workload.
func (w Workload) containers() []container {
	var out []container
	for _, list := range []string{"initContainers", "containers", "ephemeralContainers"} {
		for i, item := range inventory.List(w.Template, list) {
			spec, ok := item.(map[string]any)
			if !ok {
				continue
			}
			at := finding.Path(w.At).Field(list)
			name, _ := spec["name"].(string)
			if name == "" {
				at = at.Index(i)
			} else {
				at = at.Item("name", name)
			}
			out = append(out, container{Path: at, Name: name, Spec: spec})
		}
	}
	return out
}

// labels are the labels that the workload's pods carry.
func (w Workload) labels() map[string]string {
	return inventory.Strings(inventory.Map(w.Meta, "labels"))
}

// ServiceAccount is the name of the account that the pods run as, and the field that names it; the field is "" when
// the pods run as the namespace's default account because nothing is said.
func (w Workload) ServiceAccount() (name, field string) {
	for _, field := range []string{"serviceAccountName", "serviceAccount"} {
		if name, _ := w.Template[field].(string); name != "" {
			return name, field
		}
	}
	return "default", ""
}

// fromFile says whether an object was read from a file. What a cluster hands out has been converted and completed.
func fromFile(o *inventory.Object) bool { return o.Origin.File != "" }
