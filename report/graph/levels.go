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
	levelKin          // of one kind and group
	levelGroup        // of one group
	levelTwins        // groups whose edges have the same labels and ends
	levelReach        // groups that lead to the same places
	levelGoals        // groups of one tone from which the same goals are as many steps away
	levelKind         // of one kind and tone
	levelAll
	levelCount
)

// Levels say for every level which class each node is in. Classes are numbered in the order of their first nodes.
type levels [levelCount][]int

// classify finds the classes. Goals stay by themselves as long as anything does.
func classify(g *Graph, ends [][2]int) *levels {
	l := &levels{}
	n := len(g.Nodes)
	l[levelNode] = make([]int, n)
	for i := range n {
		l[levelNode][i] = i
	}
	key := func(level int, parts func(i int) string) {
		l[level] = numbered(n, func(i int) string {
			if g.Nodes[i].Tone == Goal && level < levelKind {
				return "goal\x00" + strconv.Itoa(i)
			}
			return parts(i)
		})
	}
	same := signatures(g, ends, l[levelNode], true)
	key(levelEqual, func(i int) string {
		node := &g.Nodes[i]
		return strings.Join([]string{node.Kind, node.Group, string(node.Tone), same[i]}, "\x00")
	})
	grouped := func(level, before int, kind bool) {
		key(level, func(i int) string {
			switch node := &g.Nodes[i]; {
			case node.Group == "":
				return strconv.Itoa(l[before][i])
			case kind:
				return node.Kind + "\x00" + node.Group
			default:
				return "\x00" + node.Group
			}
		})
	}
	grouped(levelKin, levelEqual, true)
	grouped(levelGroup, levelKin, false)
	// A class of a group that has several kinds counts as being of none.
	kinds := kindsOf(g, l[levelGroup])
	twins := signatures(g, ends, l[levelGroup], true)
	key(levelTwins, func(i int) string { return kinds[l[levelGroup][i]] + "\x00" + twins[l[levelGroup][i]] })
	reach := signatures(g, ends, l[levelTwins], false)
	key(levelReach, func(i int) string { return kinds[l[levelGroup][i]] + "\x00" + reach[l[levelTwins][i]] })
	far := goalDistances(g, ends, l[levelReach])
	tone := tonesOf(g, l[levelReach])
	key(levelGoals, func(i int) string {
		return kinds[l[levelGroup][i]] + "\x00" + string(tone[l[levelReach][i]]) + "\x00" + far[l[levelReach][i]]
	})
	key(levelKind, func(i int) string {
		return kinds[l[levelGroup][i]] + "\x00" + string(tone[l[levelReach][i]])
	})
	key(levelAll, func(int) string { return "" })
	return l
}

// kindsOf gives every class the kind that all its nodes have, or "".
func kindsOf(g *Graph, class []int) []string {
	out := make([]string, count(class))
	seen := make([]bool, len(out))
	for i, c := range class {
		if !seen[c] {
			out[c], seen[c] = g.Nodes[i].Kind, true
		} else if out[c] != g.Nodes[i].Kind {
			out[c] = ""
		}
	}
	return out
}

// tonesOf gives every class the strongest tone that a node of it has.
func tonesOf(g *Graph, class []int) []Tone {
	out := make([]Tone, count(class))
	for i := range out {
		out[i] = Muted
	}
	for i, c := range class {
		out[c] = strongest(out[c], g.Nodes[i].Tone)
	}
	return out
}

// count tells how many classes there are.
func count(class []int) int {
	n := 0
	for _, c := range class {
		n = max(n, c+1)
	}
	return n
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
// Edges inside a class do not count.
func signatures(g *Graph, ends [][2]int, class []int, whole bool) []string {
	parts := make([][]string, count(class))
	add := func(c int, direction string, other int, e *Edge) {
		part := direction + strconv.Itoa(other)
		if whole {
			part += "\x00" + e.Label + "\x00" + strconv.FormatBool(e.Cut != "")
		}
		parts[c] = append(parts[c], part)
	}
	for i, end := range ends {
		from, to := class[end[0]], class[end[1]]
		if from == to {
			continue
		}
		add(from, ">", to, &g.Edges[i])
		if whole {
			add(to, "<", from, &g.Edges[i])
		}
	}
	out := make([]string, len(parts))
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

// mostGoals bounds how many goals are told apart by distance; a graph with more is no map of ways to goals.
const mostGoals = 64

// goalDistances says for every class which goals can be reached from it, in how many steps between classes. Edges that
// are cut do not count.
func goalDistances(g *Graph, ends [][2]int, class []int) []string {
	before := make([][]int, count(class))
	for i, end := range ends {
		if from, to := class[end[0]], class[end[1]]; from != to && g.Edges[i].Cut == "" {
			before[to] = append(before[to], from)
		}
	}
	out := make([]string, len(before))
	goals := 0
	for i := range g.Nodes {
		if g.Nodes[i].Tone != Goal {
			continue
		}
		if goals++; goals > mostGoals {
			break
		}
		far := map[int]int{class[i]: 0}
		for queue := []int{class[i]}; len(queue) > 0; queue = queue[1:] {
			c := queue[0]
			out[c] += strconv.Itoa(i) + "@" + strconv.Itoa(far[c]) + " "
			for _, b := range before[c] {
				if _, seen := far[b]; !seen {
					far[b] = far[c] + 1
					queue = append(queue, b)
				}
			}
		}
	}
	return out
}
