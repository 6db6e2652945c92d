package need

import (
	"cmp"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// A podSpec is the spec of a workload's pods, or what a running pod has beyond it.
type podSpec struct {
	object *inventory.Object
	meta   map[string]any
	spec   map[string]any
	path   finding.Path
	// known are the containers that an earlier podSpec has told of.
	known map[string]bool
}

// podSpecs are the template of a workload, and of each of its peers one running pod for what was injected into it.
func podSpecs(o *inventory.Object, peers []*network.Peer) []podSpec {
	spec, path := o.PodSpec()
	meta, _ := o.PodMeta()
	out := []podSpec{{object: o, meta: meta, spec: spec, path: path}}
	known := map[string]bool{}
	for _, c := range out[0].containers() {
		known[c.name] = true
	}
	for _, p := range peers {
		if len(p.Pods) == 0 || p.Pods[0] == o {
			continue
		}
		spec, path := p.Pods[0].PodSpec()
		meta, _ := p.Pods[0].PodMeta()
		one := podSpec{object: p.Pods[0], meta: meta, spec: spec, path: path, known: known}
		if len(one.containers()) > 0 {
			out = append(out, one)
		}
	}
	return out
}

// A container is one of a pod.
type container struct {
	content map[string]any
	name    string
	path    finding.Path
	// stays says that it runs as long as the pod: it is no init container that ends.
	stays bool
}

// containers are the containers that no earlier podSpec has told of.
func (s *podSpec) containers() []container {
	var out []container
	for _, field := range []string{"initContainers", "containers"} {
		for i, item := range inventory.List(s.spec, field) {
			content, ok := item.(map[string]any)
			if !ok {
				continue
			}
			c := container{content: content, name: inventory.String(content, "name"), path: s.path.Field(field)}
			if s.known[c.name] {
				continue
			}
			if c.name != "" {
				c.path = c.path.Item("name", c.name)
			} else {
				c.path = c.path.Index(i)
			}
			c.stays = field == "containers" || inventory.String(content, "restartPolicy") == "Always"
			out = append(out, c)
		}
	}
	return out
}

// named finds the port of a name among a container's.
func (c *container) named(name string, protocol network.Protocol) uint16 {
	for _, m := range inventory.Maps(c.content["ports"]) {
		if inventory.String(m, "name") == name && protocolOf(m) == protocol {
			return network.PortNumber(m["containerPort"])
		}
	}
	return 0
}

// protocolOf is the protocol of a port of a container or a Service.
func protocolOf(m map[string]any) network.Protocol {
	p, err := network.ParseProtocol(cmp.Or(inventory.String(m, "protocol"), "TCP"))
	if err != nil {
		return network.TCP
	}
	return p
}
