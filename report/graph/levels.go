package graph

import (
	"sort"
	"strconv"
	"strings"
)

// How coarse a class of nodes is. Every class is a union of classes of the level before.
const (
	levelNode  = iota // every node by itself
	levelEqual        // of one kind and group, with the same edges
	levelGroup        // of one kind and group
	levelTwins        // the groups whose edges have the same labels and ends
	levelReach        // the groups that lead to the same ends
	levelKind         // of one kind
	levelAll
	levelCount
)

// classify says for every level which class each node is in. Classes are numbered in the order of their first nodes.
// Goals stay by themselves as long as anything does.
func classify(g *Graph, ends [][2]int) [levelCount][]int {
	var levels [levelCount][]int
	n := len(g.Nodes)
	levels[levelNode] = make([]int, n)
	for i := range n {
		levels[levelNode][i] = i
	}
	key := func(level int, parts func(i int) string) {
		levels[level] = numbered(n, func(i int) string {
			if g.Nodes[i].Tone == Goal && level < levelKind {
				return "goal\x00" + strconv.Itoa(i)
			}
			return parts(i)
		})
	}
	kindOf := func(i int) string { return g.Nodes[i].Kind + "\x00" }

	same := signatures(g, ends, levels[levelNode], true)
	key(levelEqual, func(i int) string {
		return kindOf(i) + g.Nodes[i].Group + "\x00" + string(g.Nodes[i].Tone) + "\x00" + same[i]
	})
	key(levelGroup, func(i int) string {
		if g.Nodes[i].Group == "" {
			return strconv.Itoa(levels[levelEqual][i])
		}
		return kindOf(i) + g.Nodes[i].Group
	})
	twins := signatures(g, ends, levels[levelGroup], true)
	key(levelTwins, func(i int) string { return kindOf(i) + twins[levels[levelGroup][i]] })
	reach := signatures(g, ends, levels[levelTwins], false)
	key(levelReach, func(i int) string { return kindOf(i) + reach[levels[levelTwins][i]] })
	key(levelKind, func(i int) string { return kindOf(i) + strconv.FormatBool(g.Nodes[i].Tone == Goal) })
	key(levelAll, func(int) string { return "" })
	return levels
}

// numbered gives items with equal keys the same number.
func numbered(n int, key func(i int) string) []int {
	seen := map[string]int{}
	out := make([]int, n)
	for i := range n {
		k := key(i)
		number, known := seen[k]
		if !known {
			number = len(seen)
			seen[k] = number
		}
		out[i] = number
	}
	return out
}

// signatures describes the edges of every class: whole with labels and in both directions, or only what they lead to.
func signatures(g *Graph, ends [][2]int, class []int, whole bool) []string {
	count := 0
	for _, c := range class {
		count = max(count, c+1)
	}
	parts := make([][]string, count)
	add := func(c int, direction string, other int, e *Edge) {
		part := direction + strconv.Itoa(other)
		if whole {
			part += "\x00" + e.Label + "\x00" + strconv.FormatBool(e.Cut != "")
		}
		parts[c] = append(parts[c], part)
	}
	for i, end := range ends {
		from, to := class[end[0]], class[end[1]]
		add(from, ">", to, &g.Edges[i])
		if whole {
			add(to, "<", from, &g.Edges[i])
		}
	}
	out := make([]string, count)
	for i, p := range parts {
		sort.Strings(p)
		unique := p[:0]
		for j, s := range p {
			if j == 0 || s != p[j-1] {
				unique = append(unique, s)
			}
		}
		out[i] = strings.Join(unique, "\x01")
	}
	return out
}
