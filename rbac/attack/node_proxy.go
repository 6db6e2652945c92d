package attack

import "github.com/plimsoll-io/plimsoll/finding"

var nodeProxy = Technique{
	ID: "node-proxy", Title: "Run commands in pods through the kubelet", MITRE: "T1609",
	What: "The proxy subresource of nodes passes requests on to the kubelet with the API server's own certificate, which the kubelet lets " +
		"do everything. POST /run and /exec run a command in any container of the node, static pods included; the verb is create. GET " +
		"with a websocket reaches /exec too, and its verb is get: a role with get on nodes/proxy, as monitoring agents have it to read " +
		"metrics, is enough. That holds on every version up to 1.37: the create check that 1.35 brought for pods/exec is not made here, and " +
		"the finer authorization of the kubelet (nodes/pods, nodes/healthz, nodes/configz; on since 1.33) only gives a smaller right to " +
		"ask for; /exec and /run stay under nodes/proxy. The same rights count at the kubelet's own port, 10250, when it asks the API server " +
		"(webhook authorization, the default). No admission plugin and no audit event of pods/exec sees it.",
	Needs: "get or create on nodes/proxy by a ClusterRoleBinding; resourceNames limit it to these nodes. update, patch and delete reach no " +
		"handler that runs anything.",
	Proof: "The binding and the rule, and the pods that run on the node. Check with: kubectl get --raw " +
		"/api/v1/nodes/NODE/proxy/runningpods/ --as SUBJECT",
	Cut: "Give monitoring nodes/metrics, nodes/stats, nodes/log and, since 1.33, nodes/pods, nodes/healthz and nodes/configz instead of nodes/proxy.",
	find: func(b *builder) {
		for _, h := range b.holders(right{verbs: []string{"get", "create"}, resource: "nodes/proxy", named: true, cluster: true}) {
			p := h.proof()
			if rule := h.grants[0].Of(); !covers(rule.Verbs, "create") {
				p.note = "get is enough, by the GET of a websocket"
			}
			if h.names == nil {
				b.add(subject(h), set(AnyPodKind, ""), p)
				continue
			}
			seen := map[finding.Ref]bool{}
			for _, name := range h.names {
				for _, i := range b.workloadsOn(name) {
					if to := b.workloads[i].object.Ref; !seen[to] {
						seen[to] = true
						b.add(subject(h), to, p)
					}
				}
			}
		}
	},
}

// workloadsOn are the workloads with a pod on the node, as indexes into b.workloads.
func (b *builder) workloadsOn(node string) []int {
	if b.byNode == nil {
		b.byNode = map[string][]int{}
		for i := range b.workloads {
			for _, n := range b.workloads[i].nodes {
				b.byNode[n] = append(b.byNode[n], i)
			}
		}
	}
	return b.byNode[node]
}
