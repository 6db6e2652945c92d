package graph

import (
	"fmt"
	"math/rand"
)

// shop is a small graph like those of escalation paths.
func shop() *Graph {
	sa := func(ns, name string, tone Tone) Node {
		return Node{
			ID: "ServiceAccount/" + ns + "/" + name, Label: name, Kind: "ServiceAccount", Group: ns, Tone: tone,
			Sections: []Section{
				{"Rights", []string{"create pods in " + ns, "get secrets in " + ns}},
				{"Bindings", []string{"RoleBinding " + ns + "/" + name + " → Role " + name}},
			},
		}
	}
	any := Node{ID: "any kube-system", Label: "any service account of kube-system", Kind: "Class", Group: "kube-system", Rank: 1, Tone: Warn}
	node := Node{ID: "Node", Label: "a node's root", Kind: "Node", Rank: -1, Tone: Danger}
	admin := Node{ID: "goal/cluster-admin", Label: "cluster-admin", Kind: "Goal", Rank: -1, Tone: Goal}
	secrets := Node{ID: "goal/secrets", Label: "secrets of kube-system", Kind: "Goal", Rank: -1, Tone: Goal}
	deploy, build, web := sa("ci", "deployer", Danger), sa("ci", "builder", ""), sa("shop", "web", "")
	operator, batch := sa("kube-system", "operator", ""), sa("shop", "batch", Muted)
	operator.Rank = -1
	e := func(from, to Node, label string, lines ...string) Edge {
		return Edge{From: from.ID, To: to.ID, Label: label, Lines: lines}
	}
	cut := e(web, node, "privileged pod", "Role shop/web: create pods")
	cut.Cut = "Pod Security of namespace shop: restricted"
	direct := e(deploy, admin, "bind", "ClusterRole deployer: bind clusterroles")
	direct.Tone = Danger
	return &Graph{
		Title: "Ways to cluster-admin", Caption: "Who can become admin of the shop's cluster, and how.",
		GroupNoun: "namespace", EdgeNoun: "technique",
		Nodes: []Node{deploy, build, web, batch, operator, any, node, admin, secrets},
		Edges: []Edge{
			direct, e(deploy, any, "create pods"), e(build, any, "create pods"), e(build, node, "host mount"), cut,
			e(any, operator, "token"), e(operator, admin, "escalate"), e(operator, secrets, "get secrets"),
			e(operator, secrets, "list secrets"), e(node, admin, "steal tokens"), e(node, any, "node credentials"),
			e(batch, batch, "mint tokens"),
		},
	}
}

// big is a graph with so many service accounts and about three times as many edges.
func big(accounts int) *Graph {
	r := rand.New(rand.NewSource(7))
	g := &Graph{
		Title: "Ways to cluster-admin", Caption: "Every service account that can become admin.",
		GroupNoun: "namespace", EdgeNoun: "technique",
	}
	goals := []string{"cluster-admin", "system:masters", "secrets of kube-system", "root on every node"}
	anyOf := func(ns string) string { return "any/" + ns }
	techniques := []string{
		"create pods", "create jobs", "exec", "impersonate", "mint tokens", "patch deployments", "read secrets", "ephemeral containers",
	}
	for _, goal := range goals {
		g.Nodes = append(g.Nodes, Node{ID: "goal/" + goal, Label: goal, Kind: "Goal", Rank: -1, Tone: Goal})
	}
	spaces := accounts/20 + 1
	for i := range spaces {
		ns := fmt.Sprintf("team-%03d", i)
		if i == 0 {
			ns = "kube-system"
		}
		g.Nodes = append(g.Nodes, Node{ID: anyOf(ns), Label: "any service account of " + ns, Kind: "Class", Group: ns, Rank: 1, Tone: Warn})
		for _, goal := range goals {
			if i == 0 {
				g.Edges = append(g.Edges, Edge{From: anyOf(ns), To: "goal/" + goal, Label: "token of a controller", Tone: Danger})
			}
		}
	}
	for i := range accounts {
		ns := g.Nodes[len(goals)+i*spaces/accounts].Group
		id := fmt.Sprintf("ServiceAccount/%s/app-%d", ns, i)
		n := Node{ID: id, Label: fmt.Sprintf("app-%d", i), Kind: "ServiceAccount", Group: ns}
		for j := range 6 {
			n.Sections = append(n.Sections, Section{fmt.Sprintf("Section %d", j), []string{
				"get, list, watch pods, services, endpoints", "create deployments.apps in " + ns,
				"Role " + ns + "/reader, RoleBinding " + ns + "/readers",
			}})
		}
		// Most teams are alike: their accounts act within the namespace, where a few can do more.
		for k := range 3 {
			to := anyOf(ns)
			switch {
			case i%20 == 0 && k == 0 && i%3 == 0:
				to = anyOf("kube-system")
			case i%20 == 1 && k == 1 && i%7 == 0:
				to = "goal/" + goals[r.Intn(len(goals))]
			case r.Intn(400) == 0:
				to = anyOf(g.Nodes[len(goals)+r.Intn(spaces)].Group)
			}
			e := Edge{From: id, To: to, Label: techniques[r.Intn(len(techniques))], Lines: []string{"Role " + ns + "/editor rule 2: create pods"}}
			if r.Intn(12) == 0 {
				e.Cut = "Pod Security of namespace " + ns + ": restricted"
			}
			g.Edges = append(g.Edges, e)
		}
		g.Nodes = append(g.Nodes, n)
	}
	return g
}
