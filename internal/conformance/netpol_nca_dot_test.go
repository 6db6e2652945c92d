package conformance

import (
	"regexp"
	"strings"
	"testing"
)

var (
	dotTitle = regexp.MustCompile(`^// The Connectivity Graph of .*/([^/]*)$`)
	dotNode  = regexp.MustCompile(`^"([^"]+)" \[label=<<table`)
	dotRow   = regexp.MustCompile(`<td>([^<]*)</td>`)
	dotAll   = regexp.MustCompile(`^"(clique_[^"]*)" \[shape=egg .*xlabel="([^"]*)"`)
	dotEdge  = regexp.MustCompile(`^"([^"]+)" -> "([^"]+)"\[(?:label="[^"]*" labeltooltip="([^"]*)")?.* arrowtail=(\w+)\]`)
)

// A dotGraph is a picture: nodes that stand for several workloads each, and cliques, of which every member reaches every
// other one.
type dotGraph struct {
	nodes   map[string][]string // to "ns/name" or addresses
	cliques map[string]bool
	edges   [][4]string
}

// dotSections reads the graphs of a file, each about a configuration.
func dotSections(t *testing.T, text string) ncaSections {
	t.Helper()
	out := ncaSections{}
	graphs := map[string]*dotGraph{}
	var g *dotGraph
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if m := dotTitle.FindStringSubmatch(line); m != nil {
			g = &dotGraph{map[string][]string{}, map[string]bool{}, nil}
			graphs[m[1]] = g
		} else if m := dotNode.FindStringSubmatch(line); m != nil {
			namespace, _, inNamespace := strings.Cut(m[1], "/")
			for _, row := range dotRow.FindAllStringSubmatch(line, -1) {
				name, _, _ := strings.Cut(row[1], "(")
				if inNamespace && !strings.Contains(row[1], "/") {
					name = namespace + "/" + name
				}
				g.nodes[m[1]] = append(g.nodes[m[1]], name)
			}
		} else if m := dotAll.FindStringSubmatch(line); m != nil {
			g.cliques[m[1]] = true
		} else if m := dotEdge.FindStringSubmatch(line); m != nil {
			g.edges = append(g.edges, [4]string(m[1:]))
		}
	}
	for config, g := range graphs {
		out[config] = g.rules(t)
	}
	return out
}

// rules are the edges, one for each pair of nodes that is connected.
func (g *dotGraph) rules(t *testing.T) []ncaRule {
	t.Helper()
	members := map[string]map[string]bool{} // nodes by clique
	join := func(node, clique string) {
		if members[clique] == nil {
			members[clique] = map[string]bool{}
		}
		members[clique][node] = true
	}
	for range g.edges { // cliques can be members of others: as often as may be needed
		for _, e := range g.edges {
			for _, ends := range [][2]string{{e[0], e[1]}, {e[1], e[0]}} {
				switch {
				case !g.cliques[ends[1]]:
				case g.cliques[ends[0]]:
					for node := range members[ends[0]] {
						join(node, ends[1])
					}
				default:
					join(ends[0], ends[1])
				}
			}
		}
	}
	var out []ncaRule
	for _, nodes := range members {
		for a := range nodes {
			for b := range nodes {
				if a != b || len(g.nodes[a]) > 1 {
					out = append(out, ncaRule{g.set(a), g.set(b), ncaPorts(t, "All connections")})
				}
			}
		}
	}
	for _, e := range g.edges {
		if g.cliques[e[0]] || g.cliques[e[1]] {
			continue
		}
		conn := e[2]
		if conn == "All" {
			conn = "All connections"
		}
		out = append(out, ncaRule{g.set(e[0]), g.set(e[1]), ncaPorts(t, conn)})
		if e[3] != "none" {
			out = append(out, ncaRule{g.set(e[1]), g.set(e[0]), ncaPorts(t, conn)})
		}
	}
	return out
}

// set is what a node stands for.
func (g *dotGraph) set(node string) ncaSet {
	out := ncaSetOf(node, "", "")
	if out.blocks != nil {
		return out
	}
	for _, name := range g.nodes[node] {
		namespace, pod, _ := strings.Cut(name, "/")
		out.namespaces, out.pods = []string{namespace}, append(out.pods, pod)
	}
	return out
}
