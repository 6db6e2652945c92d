package kyverno

import (
	"bytes"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/json"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// autogenAnnotation names the controllers that rules about pods are generated for.
const autogenAnnotation = "pod-controllers.kyverno.io/autogen-controllers"

// podControllers are the kinds that rules can be generated for, as Kyverno writes them; CronJobs get a rule of their own.
var podControllers = map[string]string{
	"DaemonSet": "apps/v1/DaemonSet", "Deployment": "apps/v1/Deployment", "Job": "batch/v1/Job", "ReplicaSet": "apps/v1/ReplicaSet",
	"ReplicationController": "v1/ReplicationController", "StatefulSet": "apps/v1/StatefulSet", "CronJob": "batch/v1/CronJob",
}

// autogenControllers are the kinds that the rules of a policy are generated for; none where a rule does not allow it.
func autogenControllers(o *inventory.Object, rules []map[string]any) []string {
	needed := false
	for _, r := range rules {
		if r["generate"] != nil || inventory.Map(r, "mutate")["patchesJson6902"] != nil {
			return nil
		}
		for _, block := range []string{"match", "exclude"} {
			for _, resources := range descriptions(inventory.Map(r, block)) {
				kinds := texts(resources["kinds"])
				for _, field := range []string{"name", "names", "selector", "annotations"} {
					if v := resources[field]; v != nil && v != "" {
						return nil
					}
				}
				if len(kinds) > 1 && containsPod(kinds) {
					return nil
				}
				for _, k := range kinds {
					needed = needed || k == "Pod" || podControllers[k] != ""
				}
			}
		}
	}
	if !needed {
		return nil
	}
	all := make([]string, 0, len(podControllers))
	wanted, given := o.Annotations()[autogenAnnotation]
	for kind := range podControllers {
		if !given || slices.Contains(strings.Split(wanted, ","), kind) {
			all = append(all, kind)
		}
	}
	slices.Sort(all)
	return all
}

// descriptions are the resources of a match or exclude block, and of its filters.
func descriptions(block map[string]any) []map[string]any {
	out := []map[string]any{inventory.Map(block, "resources")}
	for _, list := range []string{"any", "all"} {
		for _, e := range inventory.Maps(block[list]) {
			out = append(out, inventory.Map(e, "resources"))
		}
	}
	return out
}

func containsPod(kinds []string) bool {
	return slices.ContainsFunc(kinds, func(s string) bool {
		k, ok := readKind(s)
		return ok && k.kind == "Pod"
	})
}

func kindsOf(block map[string]any) []string {
	var out []string
	for _, d := range descriptions(block) {
		out = append(out, texts(d["kinds"])...)
	}
	return out
}

// autogenRules are the rules that Kyverno generates from one about pods.
func autogenRules(rule map[string]any, controllers []string) []map[string]any {
	name := inventory.String(rule, "name")
	excluded := kindsOf(inventory.Map(rule, "exclude"))
	if len(controllers) == 0 || strings.HasPrefix(name, "autogen-") || rule["validate"] == nil || !containsPod(kindsOf(inventory.Map(rule, "match"))) ||
		len(excluded) > 0 && !containsPod(excluded) {
		return nil
	}
	var out []map[string]any
	var kinds []string
	for _, k := range controllers {
		if k != "CronJob" {
			kinds = append(kinds, podControllers[k])
		}
	}
	if len(kinds) > 0 {
		out = append(out, generated(rule, "autogen-"+name, "template", podPaths, kinds, false))
	}
	if slices.Contains(controllers, "CronJob") {
		inner := wrap(rule, "template")
		out = append(out, generated(inner, "autogen-cronjob-"+name, "jobTemplate", cronJobPaths, []string{podControllers["CronJob"]}, true))
	}
	return out
}

// Where a pod's fields are in its controllers.
var (
	podPaths     = [2]string{"spec.template.spec", "spec.template.metadata"}
	cronJobPaths = [2]string{"spec.jobTemplate.spec.template.spec", "spec.jobTemplate.spec.template.metadata"}
)

// generated is a rule about pods as one about their controllers, as Kyverno makes it: patterns are moved into the
// template, and paths are replaced in the text of all else. all says that every filter gets the kinds.
func generated(rule map[string]any, name, template string, paths [2]string, kinds []string, all bool) map[string]any {
	out := wrap(rule, template)
	if len(name) > 63 {
		name = name[:63]
	}
	out["name"] = name
	for _, block := range []string{"match", "exclude"} {
		if b := inventory.Map(out, block); b != nil {
			setKinds(b, block == "match", kinds, all)
		}
	}
	prefix := "request."
	if inventory.Map(rule, "validate")["cel"] != nil {
		prefix = ""
	}
	data := asJSON(out)
	for _, root := range []string{"object.", "oldObject."} {
		data = bytes.ReplaceAll(data, []byte(prefix+root+"spec"), []byte(prefix+root+paths[0]))
		data = bytes.ReplaceAll(data, []byte(prefix+root+"metadata"), []byte(prefix+root+paths[1]))
	}
	var moved map[string]any
	if json.Unmarshal(data, &moved) != nil {
		return out
	}
	return moved
}

// wrap copies a rule and moves its patterns into a template.
func wrap(rule map[string]any, template string) map[string]any {
	var out map[string]any
	if json.Unmarshal(asJSON(rule), &out) != nil {
		return map[string]any{}
	}
	v := inventory.Map(out, "validate")
	move := func(pattern any) any { return map[string]any{"spec": map[string]any{template: pattern}} }
	switch {
	case v["pattern"] != nil:
		v["pattern"] = move(v["pattern"])
	case v["deny"] != nil || v["podSecurity"] != nil:
	case v["anyPattern"] != nil:
		if list, ok := v["anyPattern"].([]any); ok {
			for i := range list {
				list[i] = move(list[i])
			}
		}
	}
	return out
}

// setKinds writes the kinds of the controllers into a block.
func setKinds(block map[string]any, match bool, kinds []string, all bool) {
	list := make([]any, len(kinds))
	for i, k := range kinds {
		list[i] = k
	}
	filters := inventory.Maps(block["any"])
	if len(filters) == 0 {
		filters = inventory.Maps(block["all"])
	}
	if len(filters) == 0 {
		resources := inventory.Map(block, "resources")
		if resources == nil && match {
			resources = map[string]any{}
			block["resources"] = resources
		}
		if match || len(texts(resources["kinds"])) > 0 {
			resources["kinds"] = list
		}
		return
	}
	for _, f := range filters {
		resources := inventory.Map(f, "resources")
		if resources == nil && all {
			resources = map[string]any{}
			f["resources"] = resources
		}
		if all || containsPod(texts(resources["kinds"])) {
			resources["kinds"] = list
		}
	}
}
