package attack

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// Controllers that act on custom resources are deputies: what they do for the author of such an object, they do with
// their own rights. This file finds them; deputy_orders.go knows who can give them orders.

// A deputy is how to know a controller: the API group of its custom resources has to be served, and a workload has to
// run it. A name alone is no sign.
type deputy struct {
	group string
	image func(image string) bool // says whether an image is the controller's
	// labels are of the controller's pods, all of them, "app.kubernetes.io/part-of=flux": for images that were renamed.
	// They count only where a definition of the group is there.
	labels []string
}

// deputies are the workloads that run a controller, unless they are scaled to nothing.
func (b *builder) deputies(d deputy) []*workload {
	served, sure := b.serves(d.group)
	if !served {
		return nil
	}
	var running []int
	for image, workloads := range b.imageUsers() {
		if d.image(image) {
			running = append(running, workloads...)
		}
	}
	slices.Sort(running)
	var out []*workload
	for _, i := range slices.Compact(running) {
		if w := &b.workloads[i]; !w.isIdle() {
			out = append(out, w)
		}
	}
	if len(out) > 0 || !sure || len(d.labels) == 0 {
		return out
	}
	for i := range b.workloads {
		if w := &b.workloads[i]; w.labelled(d.labels) && !w.isIdle() {
			out = append(out, w)
		}
	}
	return out
}

// imageUsers are the workloads, by their indexes, that run an image.
func (b *builder) imageUsers() map[string][]int {
	if b.images != nil {
		return b.images
	}
	b.images = map[string][]int{}
	for i := range b.workloads {
		list, _ := b.workloads[i].spec["containers"].([]any)
		for _, item := range list {
			c, _ := item.(map[string]any)
			if image, _ := c["image"].(string); image != "" {
				b.images[image] = append(b.images[image], i)
			}
		}
	}
	return b.images
}

// serves says whether the API server has custom resources of a group. Manifests often leave definitions out, and then
// nobody knows: that counts as served, but not as sure.
func (b *builder) serves(group string) (served, sure bool) {
	const definitions, kind = "apiextensions.k8s.io", "CustomResourceDefinition"
	if b.groups == nil {
		b.groups = map[string]bool{}
		for _, gk := range b.inv.Kinds() {
			b.groups[gk.Group] = true
		}
		for _, o := range b.inv.Of(definitions, kind) {
			_, g, _ := strings.Cut(o.Name, ".")
			b.groups[g] = true
		}
	}
	if b.groups[group] {
		return true, true
	}
	_, unread := b.inv.Incomplete(schema.GroupKind{Group: definitions, Kind: kind})
	return unread || b.inv.Source.Kind != "cluster", false
}

// imageNamed knows images by the last element of their repository's name, or by the last two where a name has a slash,
// whatever registry or mirror holds them.
func imageNamed(names ...string) func(image string) bool {
	return func(image string) bool {
		return slices.ContainsFunc(names, func(name string) bool {
			if !strings.Contains(image, name) {
				return false
			}
			repository := imageRepository(image)
			return repository == name || strings.HasSuffix(repository, "/"+name)
		})
	}
}

// imageRepository is the name of an image without tag and digest.
func imageRepository(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if colon := strings.LastIndexByte(image, ':'); colon > strings.LastIndexByte(image, '/') {
		image = image[:colon]
	}
	return image
}

// imageName is the last element of the name of an image's repository, without tag and digest.
func imageName(image string) string {
	repository := imageRepository(image)
	return repository[strings.LastIndexByte(repository, '/')+1:]
}

// isIdle says that the workload is scaled to nothing.
func (w *workload) isIdle() bool {
	replicas := inventory.Map(w.object.Content, "spec")["replicas"]
	return replicas == int64(0) || replicas == float64(0)
}

// labelled says that the workload's pods have all the labels.
func (w *workload) labelled(labels []string) bool {
	meta, _ := w.object.PodMeta()
	have := inventory.Map(meta, "labels")
	return !slices.ContainsFunc(labels, func(label string) bool {
		key, value, _ := strings.Cut(label, "=")
		return have[key] != value
	})
}

// flag is the value of a command line flag of the workload's containers, with one or two dashes; "true" where it has none.
func (w *workload) flag(name string) (value string, given bool) {
	for _, c := range inventory.Maps(w.spec["containers"]) {
		words := append(texts(c["command"]), texts(c["args"])...)
		for i, word := range words {
			key, v, joined := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(word, "-"), "-"), "=")
			if !strings.HasPrefix(word, "-") || key != name {
				continue
			}
			switch {
			case joined:
				return w.expand(c, v), true
			case i+1 < len(words) && !strings.HasPrefix(words[i+1], "-"):
				return w.expand(c, words[i+1]), true
			}
			return "true", true
		}
	}
	return "", false
}

// expand replaces a value that is nothing but a reference to a variable of the container: $(POD_NAMESPACE).
func (w *workload) expand(container map[string]any, value string) string {
	name, ok := strings.CutPrefix(value, "$(")
	if !ok || !strings.HasSuffix(name, ")") {
		return value
	}
	for _, env := range inventory.Maps(container["env"]) {
		if inventory.String(env, "name") != strings.TrimSuffix(name, ")") {
			continue
		}
		if inventory.String(env, "valueFrom", "fieldRef", "fieldPath") == "metadata.namespace" {
			return w.object.Namespace
		}
		return inventory.String(env, "value")
	}
	return value
}

// texts are the members of a list that are strings.
func texts(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, item := range list {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// may says whether a deputy's account holds a right on every name in the namespace ("" asks for everywhere).
func (b *builder) may(account rbac.Subject, r right, namespace string) bool {
	return slices.ContainsFunc(b.held(account, r, namespace), func(h holder) bool { return h.names == nil })
}
