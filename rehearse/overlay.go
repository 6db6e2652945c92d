package rehearse

import (
	"maps"
	"reflect"
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// overlay lays the proposed objects over those that exist: each takes the place of the one of its group, kind, namespace and
// name, and of several the last one counts, as when they are applied in their order. Objects that stay as they are, are no
// change. Notes say what a person may not expect.
func overlay(before, proposed *inventory.Inventory, evidence Evidence) (after *inventory.Inventory, changes []Change, notes []string) {
	taken := map[finding.Ref]*inventory.Object{} // nil for removed ones
	for _, ref := range evidence.Removed {
		old := before.Get(ref.Group(), ref.Kind, ref.Namespace, ref.Name)
		if old == nil {
			notes = append(notes, ref.String()+" is to be removed, and is not there")
			continue
		}
		if _, twice := taken[identity(old.Ref)]; !twice {
			taken[identity(old.Ref)] = nil
			changes = append(changes, Change{Old: old})
		}
	}
	for _, o := range lastOfEach(proposed.All(), &notes) {
		old := before.Get(o.Group(), o.Kind, o.Namespace, o.Name)
		if _, removed := taken[identity(o.Ref)]; removed {
			notes = append(notes, o.String()+" is removed and made again: it is taken to be made again")
			changes = slices.DeleteFunc(changes, func(c Change) bool { return identity(c.Ref()) == identity(o.Ref) })
		}
		if old != nil && same(old, o) {
			continue
		}
		o = applied(before, old, o)
		taken[identity(o.Ref)] = o
		changes = append(changes, Change{Old: old, New: o})
	}
	objects := make([]*inventory.Object, 0, len(before.All())+len(changes))
	for _, o := range before.All() {
		if _, changed := taken[identity(o.Ref)]; !changed {
			objects = append(objects, o)
		}
	}
	for _, c := range changes {
		if c.New != nil {
			objects = append(objects, c.New)
		}
	}
	gaps := slices.Concat(before.Gaps, proposed.Gaps)
	return inventory.New(before.Source, before.Taken, before.Version, objects, gaps), changes, notes
}

// lastOfEach are the objects, of those that are there several times only the last.
func lastOfEach(objects []*inventory.Object, notes *[]string) []*inventory.Object {
	last := make(map[finding.Ref]int, len(objects))
	for i, o := range objects {
		if before, twice := last[identity(o.Ref)]; twice && !reflect.DeepEqual(objects[before].Content, o.Content) {
			*notes = append(*notes, o.String()+" is in the change more than once: the last one counts")
		}
		last[identity(o.Ref)] = i
	}
	var out []*inventory.Object
	for i, o := range objects {
		if last[identity(o.Ref)] == i {
			out = append(out, o)
		}
	}
	return out
}

// identity is what makes two objects the same, whatever version of the API they are written in.
func identity(ref finding.Ref) finding.Ref {
	ref.APIVersion = ref.Group()
	return ref
}

// served are the fields of metadata that the API server keeps, and kubectl's record of what was applied.
var served = []string{"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink"}

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// same says whether two objects say the same. It may say no of objects that differ only in defaults: nothing is lost then,
// since what they do is compared, too.
func same(a, b *inventory.Object) bool {
	return a.APIVersion == b.APIVersion && reflect.DeepEqual(essence(a), essence(b))
}

// essence is an object without what the API server writes by itself.
func essence(o *inventory.Object) map[string]any {
	content := maps.Clone(o.Content)
	delete(content, "status")
	meta := maps.Clone(inventory.Map(content, "metadata"))
	for _, field := range served {
		delete(meta, field)
	}
	if _, has := meta["namespace"]; !has && o.Namespace != "" {
		meta["namespace"] = o.Namespace
	}
	if annotations := inventory.Map(meta, "annotations"); annotations != nil {
		annotations = maps.Clone(annotations)
		delete(annotations, lastApplied)
		meta["annotations"] = annotations
		if len(annotations) == 0 {
			delete(meta, "annotations")
		}
	}
	if meta != nil {
		content["metadata"] = meta
	}
	if labels := inventory.Map(meta, "labels"); o.Kind == "Namespace" && o.Group() == "" && labels != nil {
		labels = maps.Clone(labels)
		delete(labels, nameLabel) // the API server adds it
		meta["labels"] = labels
	}
	return content
}

// nameLabel is on every namespace: the API server sees to it.
const nameLabel = "kubernetes.io/metadata.name"

// applied is what applying makes of an object. Labels of a namespace that the manifest does not name stay, as the labels of
// others do; to remove one, the manifest has to be given with the label empty, or it is removed by hand. What files say of
// a namespace is all there is of it.
func applied(before *inventory.Inventory, old, proposed *inventory.Object) *inventory.Object {
	if proposed.Kind != "Namespace" || proposed.Group() != "" {
		return proposed
	}
	labels := map[string]any{}
	if old != nil && before.Source.Kind != "files" {
		maps.Copy(labels, inventory.Map(old.Content, "metadata", "labels"))
	}
	maps.Copy(labels, inventory.Map(proposed.Content, "metadata", "labels"))
	labels[nameLabel] = proposed.Name
	out := *proposed
	out.Content = maps.Clone(proposed.Content)
	meta := maps.Clone(inventory.Map(proposed.Content, "metadata"))
	if meta == nil {
		meta = map[string]any{}
	}
	meta["labels"] = labels
	out.Content["metadata"] = meta
	return &out
}
