package network

import (
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// A nodeAgent is a container of a DaemonSet, with what its command line and environment set.
type nodeAgent struct {
	f         *finder
	set       *inventory.Object
	container map[string]any
	name      string
	image     string // without registry and version: "calico/node"
	tag       string // "v3.30.1"; "" when the image names none
	words     []string
}

// containersOf are the containers of a workload, without those that only run at the start.
func (f *finder) containersOf(o *inventory.Object) []nodeAgent {
	spec, _ := o.PodSpec()
	var out []nodeAgent
	for _, c := range inventory.Maps(spec["containers"]) {
		a := nodeAgent{f: f, set: o, container: c, name: inventory.String(c, "name")}
		a.image, a.tag = splitImage(inventory.String(c, "image"))
		for _, field := range []string{"command", "args"} {
			for _, item := range inventory.List(c, field) {
				text, _ := item.(string)
				a.words = append(a.words, strings.Fields(text)...)
			}
		}
		out = append(out, a)
	}
	return out
}

// splitImage takes the registry, the digest and the tag off an image: "quay.io/calico/node:v3.30.1" is "calico/node" and
// "v3.30.1".
func splitImage(image string) (repository, tag string) {
	image, _, _ = strings.Cut(image, "@")
	slash := strings.LastIndexByte(image, '/')
	if colon := strings.LastIndexByte(image, ':'); colon > slash {
		image, tag = image[:colon], image[colon+1:]
	}
	if first, rest, found := strings.Cut(image, "/"); found && strings.ContainsAny(first, ".:") {
		image = rest
	}
	return image, tag
}

// runs says whether the image is one of these, wherever a copy of it lies: "node" of "calico/node", or its last part.
func (a nodeAgent) runs(images ...string) bool {
	for _, image := range images {
		if a.image == image || strings.HasSuffix(a.image, "/"+image) {
			return true
		}
	}
	return false
}

// flag is the value of a command-line flag: "true" when it stands alone.
func (a nodeAgent) flag(name string) (value string, set bool) {
	for i, word := range a.words {
		word = strings.Trim(word, `"'`)
		key, value, hasValue := strings.Cut(strings.TrimLeft(word, "-"), "=")
		if key != name || !strings.HasPrefix(word, "-") {
			continue
		}
		if hasValue {
			return strings.Trim(value, `"'`), true
		}
		if i+1 < len(a.words) && !strings.HasPrefix(a.words[i+1], "-") {
			return strings.Trim(a.words[i+1], `"'`), true
		}
		return "true", true
	}
	return "", false
}

// env is the value of an environment variable; set is maybe when it comes from elsewhere.
func (a nodeAgent) env(name string) (value string, set tri) {
	for _, e := range inventory.Maps(a.container["env"]) {
		if inventory.String(e, "name") != name {
			continue
		}
		if e["valueFrom"] != nil {
			return "", maybe
		}
		return inventory.String(e, "value"), yes
	}
	return "", no
}

// settings are the data of a ConfigMap in the namespace of the agent. read is no when there is none, and maybe when it
// is not known whether there is one.
func (a nodeAgent) settings(name string) (object *inventory.Object, data map[string]any, read tri) {
	if o := a.f.inv.Get("", "ConfigMap", a.set.Namespace, name); o != nil {
		return o, inventory.Map(o.Content, "data"), yes
	}
	if a.f.knowsConfigMaps() {
		return nil, nil, no
	}
	return nil, nil, maybe
}

// covers is on how many nodes the pods of the DaemonSet should be; -1 when that is not known.
func (a nodeAgent) covers() int {
	status := inventory.Map(a.set.Content, "status")
	if n, ok := number(status["desiredNumberScheduled"]); ok {
		return int(n)
	}
	return -1
}

// is makes an agent of the container, with the reason for what it says of NetworkPolicies.
func (a nodeAgent) is(name string, policies Enforcement, why string) agent {
	return agent{
		name: name, policies: policies, admin: NotEnforced, cluster: NotEnforced, nodes: a.covers(),
		because: []string{a.set.String() + " runs " + why}, objects: []*inventory.Object{a.set},
	}
}

// knowsConfigMaps says that ConfigMaps were read. A cluster always has some.
func (f *finder) knowsConfigMaps() bool {
	for _, gap := range f.inv.Gaps {
		if gap.Covers(pluginKinds()[0]) {
			return false
		}
	}
	return !f.live || len(f.inv.Of("", "ConfigMap")) > 0
}
