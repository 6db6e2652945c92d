package attack

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

var nodeIdentity = Technique{
	ID: "node-identity", Title: "Use the rights of a kubelet", MITRE: "T1528",
	What: "The Node authorizer gives a kubelet (a user called system:node:NAME in the group system:nodes) what its pods need: it may mint " +
		"tokens of the service accounts of the pods on its node, bound to those pods, and read the Secrets that they refer to. Whoever " +
		"can call himself any node reaches those of every node. He is not root on the node, and the Node authorizer and the admission " +
		"plugin NodeRestriction keep him from changing other nodes. RBAC shows nothing of this.",
	Needs: "The name of a node and the group system:nodes together, and --authorization-mode with Node, as every common distribution sets.",
	Proof: "A pod that runs on a node, with its service account or a Secret that it refers to. Check with: " +
		"kubectl create token ACCOUNT -n NAMESPACE --bound-object-kind Pod --bound-object-name POD --bound-object-uid UID " +
		"--as system:node:NODE --as-group system:nodes",
	Cut: "Close the step that gave the name of a node.",
	find: func(b *builder) {
		from := nodesGroup.Ref()
		if _, known := b.ids[from]; !known {
			return
		}
		seen := map[finding.Ref]bool{}
		for i := range b.workloads {
			w := &b.workloads[i]
			if len(w.nodes) == 0 || w.static() {
				continue
			}
			p := proof{object: w.object, path: w.at, note: "its pods run on node " + w.nodes[0]}
			var targets []finding.Ref
			// NodeRestriction refuses tokens that no pod of the node has in a volume, since 1.33.
			if _, mounted := b.token(w); mounted || !b.atLeast(33) {
				targets = append(targets, w.account().Ref())
			}
			for _, name := range secretsOf(w.spec) {
				if slices.Contains(b.secrets[w.object.Namespace], name) {
					targets = append(targets, secretRef(w.object.Namespace, name))
				}
			}
			for _, to := range targets {
				if !seen[to] {
					seen[to] = true
					b.add(from, to, p)
				}
			}
		}
	},
}

func secretRef(namespace, name string) finding.Ref {
	return finding.Ref{APIVersion: "v1", Kind: "Secret", Namespace: namespace, Name: name}
}

// secretsOf are the names of the Secrets that a pod refers to.
func secretsOf(spec map[string]any) []string {
	var out []string
	add := func(name string) {
		if name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	for _, v := range inventory.Maps(spec["volumes"]) {
		add(inventory.String(v, "secret", "secretName"))
		for _, source := range inventory.Maps(inventory.Map(v, "projected")["sources"]) {
			add(inventory.String(source, "secret", "name"))
		}
	}
	for _, ref := range inventory.Maps(spec["imagePullSecrets"]) {
		add(inventory.String(ref, "name"))
	}
	for _, c := range containers(spec) {
		for _, env := range inventory.Maps(c["env"]) {
			add(inventory.String(env, "valueFrom", "secretKeyRef", "name"))
		}
		for _, from := range inventory.Maps(c["envFrom"]) {
			add(inventory.String(from, "secretRef", "name"))
		}
	}
	return out
}

// containers are all containers of a pod, of every kind.
func containers(spec map[string]any) []map[string]any {
	return slices.Concat(inventory.Maps(spec["initContainers"]), inventory.Maps(spec["containers"]), inventory.Maps(spec["ephemeralContainers"]))
}
