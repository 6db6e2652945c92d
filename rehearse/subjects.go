package rehearse

import (
	"cmp"
	"maps"

	admissionv1 "k8s.io/api/admissionregistration/v1"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy/admission"
	"github.com/plimsoll-io/plimsoll/policy/kyverno"
)

// subjectsOf is everything that is there after the change, as if it were made again, and what templates make. Where pods of
// a template run, they stand for it: they show what webhooks have made of it.
func subjectsOf(s *state) []subject {
	var out []subject
	for _, o := range s.after.All() {
		if spec, _ := o.PodSpec(); spec != nil || admission.Is(o) || kyverno.Is(o) {
			continue
		}
		out = append(out, subject{request: creation(o), top: o, real: o})
	}
	for _, families := range s.families() {
		for _, f := range families {
			out = append(out, f.subjects()...)
		}
	}
	return out
}

// subjects are a workload and all that it makes or has made.
func (f *family) subjects() []subject {
	out := []subject{{request: creation(f.top), top: f.top, real: f.top}}
	there := map[string]bool{f.top.Kind: true}
	for _, o := range f.made {
		there[o.Kind] = true
		out = append(out, subject{request: creation(o), top: f.top, what: "its " + o.Kind + "s", real: o})
	}
	for _, o := range made(f.top) {
		if !there[o.Kind] {
			out = append(out, subject{request: creation(o), top: f.top, what: "its " + o.Kind + "s"})
		}
	}
	return out
}

// subjectsOfChange are an object of the change and what it makes.
func subjectsOfChange(c *Change) []subject {
	first := subject{request: creation(c.New), top: c.New}
	if c.Old != nil {
		first.request.Operation, first.request.OldObject = admissionv1.Update, c.Old.Content
	}
	out := []subject{first}
	for _, o := range made(c.New) {
		out = append(out, subject{request: creation(o), top: c.New, what: "its " + o.Kind + "s"})
	}
	return out
}

// creation is the request that makes an object again: without what only the API server writes.
func creation(o *inventory.Object) admission.Request {
	r := admission.RequestOf(o)
	meta := inventory.Map(r.Object, "metadata")
	_, status := r.Object["status"]
	_, live := meta["resourceVersion"]
	if !live && !status {
		return r
	}
	content := maps.Clone(r.Object)
	if meta != nil {
		meta = maps.Clone(meta)
		for _, field := range served {
			delete(meta, field)
		}
		delete(meta, "deletionTimestamp")
		content["metadata"] = meta
	}
	if _, workload := inventory.PodPath(o.GroupKind()); workload {
		delete(content, "status")
	}
	if o.Kind == "Pod" && o.Group() == "" {
		if spec := maps.Clone(inventory.Map(content, "spec")); spec != nil {
			delete(spec, "nodeName") // the scheduler writes it
			content["spec"] = spec
		}
		content["status"] = map[string]any{"phase": "Pending"}
	}
	r.Object = content
	return r
}

// made is what controllers make of a workload: a ReplicaSet or a Job, and pods. Nothing for pods and other objects.
func made(o *inventory.Object) []*inventory.Object {
	if o.Kind == "Pod" || o.Kind == "PodTemplate" {
		return nil
	}
	spec, _ := o.PodSpec()
	if spec == nil {
		return nil
	}
	maker := o
	var out []*inventory.Object
	switch o.Kind {
	case "Deployment":
		content := maps.Clone(inventory.Map(o.Content, "spec"))
		for _, field := range [...]string{"strategy", "paused", "revisionHistoryLimit", "progressDeadlineSeconds"} {
			delete(content, field)
		}
		maker = child(o, "apps/v1", "ReplicaSet", inventory.Map(o.Content, "spec", "template", "metadata"), content)
		out = append(out, maker)
	case "CronJob":
		template := inventory.Map(o.Content, "spec", "jobTemplate")
		maker = child(o, "batch/v1", "Job", inventory.Map(template, "metadata"), inventory.Map(template, "spec"))
		out = append(out, maker)
	}
	meta, _ := o.PodMeta()
	pod := child(maker, "v1", "Pod", meta, spec)
	pod.Content["status"] = map[string]any{"phase": "Pending"}
	return append(out, pod)
}

// child is an object that a controller makes of a template.
func child(owner *inventory.Object, apiVersion, kind string, meta, spec map[string]any) *inventory.Object {
	meta = maps.Clone(meta)
	if meta == nil {
		meta = map[string]any{}
	}
	for _, field := range served {
		delete(meta, field)
	}
	name := owner.Name + "-00000" // the end is chosen by chance
	meta["name"], meta["generateName"], meta["namespace"] = name, owner.Name+"-", owner.Namespace
	meta["ownerReferences"] = []any{map[string]any{
		"apiVersion": owner.APIVersion, "kind": owner.Kind, "name": owner.Name, "controller": true, "blockOwnerDeletion": true,
		"uid": cmp.Or(inventory.String(owner.Content, "metadata", "uid"), "00000000-0000-0000-0000-000000000000"),
	}}
	if kind == "Pod" && inventory.String(spec, "serviceAccountName") == "" {
		spec = maps.Clone(spec)
		spec["serviceAccountName"] = "default"
	}
	return &inventory.Object{
		Ref:     finding.Ref{APIVersion: apiVersion, Kind: kind, Namespace: owner.Namespace, Name: name},
		Origin:  owner.Origin,
		Content: map[string]any{"apiVersion": apiVersion, "kind": kind, "metadata": meta, "spec": spec},
	}
}
