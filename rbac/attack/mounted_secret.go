package attack

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

var mountedSecret = Technique{
	ID: "mounted-secret", Title: "Read the Secrets of a pod", MITRE: "T1552.001",
	What: "Code in a pod reads the Secrets that its containers get: from secret volumes and projected volumes, and from environment variables " +
		"(env with secretKeyRef, envFrom with secretRef). A volume that no container mounts shows nothing, and one with items shows " +
		"only these keys: the step still counts the Secret. What only an init container gets is gone with it. imagePullSecrets and the Secrets of storage drivers are read by the " +
		"kubelet and the driver on the node, and never reach a container.",
	Needs: "Code in the pod, in the container that gets the Secret.",
	Proof: "The workload and the field that names the Secret. Check with: kubectl get pod POD -n NAMESPACE -o yaml | grep -i secret",
	Cut:   "Give each workload only the Secrets, and the keys (items), that it needs; do not share one Secret among workloads of different trust.",
	find: func(b *builder) {
		for i := range b.workloads {
			w := &b.workloads[i]
			used := secretsInside(w.spec)
			for j, s := range used {
				if !slices.ContainsFunc(used[:j], func(o usedSecret) bool { return o.name == s.name }) {
					b.add(w.object.Ref, secretRef(w.object.Namespace, s.name), proof{
						object: w.object, path: below(w.at, s.at), note: "its containers get the Secret",
					})
				}
			}
		}
	},
}

// A usedSecret is a Secret that a pod's containers get, and the field below the pod spec that says so.
type usedSecret struct {
	name string
	at   finding.Path
}

// secretsInside are the Secrets that code in a pod can read, in the order of the spec. A name may come twice.
func secretsInside(spec map[string]any) []usedSecret {
	var out []usedSecret
	mounted := map[string]bool{}
	for _, c := range containersOf(spec) {
		if !c.stays() {
			continue
		}
		for _, m := range inventory.Maps(c.spec["volumeMounts"]) {
			mounted[inventory.String(m, "name")] = true
		}
		for i, env := range inventory.Maps(c.spec["env"]) {
			if name := inventory.String(env, "valueFrom", "secretKeyRef", "name"); name != "" {
				at := itemPath(c.at().Field("env"), env, i).Field("valueFrom").Field("secretKeyRef").Field("name")
				out = append(out, usedSecret{name, at})
			}
		}
		for i, from := range inventory.Maps(c.spec["envFrom"]) {
			if name := inventory.String(from, "secretRef", "name"); name != "" {
				out = append(out, usedSecret{name, c.at().Field("envFrom").Index(i).Field("secretRef").Field("name")})
			}
		}
	}
	for i, v := range inventory.Maps(spec["volumes"]) {
		if !mounted[inventory.String(v, "name")] {
			continue
		}
		at := itemPath("volumes", v, i)
		if name := inventory.String(v, "secret", "secretName"); name != "" {
			out = append(out, usedSecret{name, at.Field("secret").Field("secretName")})
		}
		for j, source := range inventory.Maps(inventory.Map(v, "projected")["sources"]) {
			if name := inventory.String(source, "secret", "name"); name != "" {
				out = append(out, usedSecret{name, at.Field("projected").Field("sources").Index(j).Field("secret").Field("name")})
			}
		}
	}
	return out
}

// A container is one container of a pod, of whatever kind.
type container struct {
	spec  map[string]any
	list  string // "containers", "initContainers" or "ephemeralContainers"
	index int    // in the list
}

// at is the container's path below the pod spec.
func (c container) at() finding.Path { return itemPath(finding.Path(c.list), c.spec, c.index) }

// containersOf are all containers of a pod. Those that are no maps are left out, but counted in the paths.
func containersOf(spec map[string]any) []container {
	var out []container
	for _, list := range []string{"initContainers", "containers", "ephemeralContainers"} {
		items, _ := spec[list].([]any)
		for i, item := range items {
			if c, ok := item.(map[string]any); ok {
				out = append(out, container{c, list, i})
			}
		}
	}
	return out
}

// stays says that the container runs as long as its pod: others are over before an attacker comes.
func (c container) stays() bool {
	return c.list != "initContainers" || inventory.String(c.spec, "restartPolicy") == "Always"
}

// itemPath is the path of a list's item: by name, or by position when it has none.
func itemPath(list finding.Path, item map[string]any, i int) finding.Path {
	if name := inventory.String(item, "name"); name != "" {
		return list.Item("name", name)
	}
	return list.Index(i)
}
