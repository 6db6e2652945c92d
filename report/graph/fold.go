package graph

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// MostDrawn is how many nodes a picture shows before it folds, unless the graph says otherwise.
const MostDrawn = 150

// What a folded node and a merged edge list of what they stand for.
const (
	mostMembers = 100
	mostProofs  = 20
)

// Fold gives a graph of at most so many nodes, which must be 1 or more. Nodes that are equal become one first, then those
// of one kind in a group, then whole groups, then groups that lead to the same places, then those from which the same
// goals can be reached, then all of a kind, and at last everything. Edges that join the same nodes and have the same label
// become one, which counts them. Folding never hides a way, but it can show one that no single node has: two edges that
// meet in a folded node may belong to different ones. The note says so. A graph that is small enough, or that no writer would take, is returned as it is.
func Fold(g *Graph, most int) *Graph {
	f, err := newFolder(g)
	if err != nil || len(g.Nodes) <= max(most, 1) {
		return g
	}
	return f.fold(most)
}

// A folder is a graph about to be folded.
type folder struct {
	g      *Graph
	ends   [][2]int
	levels *levels
}

func newFolder(g *Graph) (*folder, error) {
	ends, err := ends(g)
	if err != nil || len(g.Nodes) == 0 {
		return &folder{g: g}, err
	}
	return &folder{g, ends, classify(g, ends)}, nil
}

func (f *folder) fold(most int) *Graph {
	g := f.g
	if len(g.Nodes) <= max(most, 1) {
		return g
	}
	cut := f.levels.pick(max(most, 1))
	out := *g
	out.Nodes, out.Edges = nil, nil
	members := map[int][]int{}
	var classes []int // in the order of their first members
	for i, c := range cut.class {
		if members[c] == nil {
			classes = append(classes, c)
		}
		members[c] = append(members[c], i)
	}
	taken := make(map[string]bool, len(g.Nodes))
	for i := range g.Nodes {
		taken[g.Nodes[i].ID] = true
	}
	id := make(map[int]string, len(classes))
	for _, c := range classes {
		n := g.folded(members[c], cut.of[c], taken)
		id[c] = n.ID
		out.Nodes = append(out.Nodes, n)
	}
	out.Edges = g.merged(f.ends, cut.class, id)
	out.Note = joined(g.Note, fmt.Sprintf("%s are drawn as %s: a box with a second edge stands for several, "+
		"and a way through it need not be a way for each of them.",
		counted(len(g.Nodes), "node"), thousands(len(out.Nodes))))
	return &out
}

func joined(a, b string) string {
	if a == "" {
		return b
	}
	return a + " " + b
}

// A cutting is a choice of classes, of one level or two.
type cutting struct {
	class []int       // of each node, numbered over both levels
	of    map[int]int // the level of each class
}

// pick takes the finest level that has at most so many classes. Where that is a level of much-alike groups, those of its
// classes that have the fewest parts are shown in parts, as long as there is room: they are the special ones.
func (l *levels) pick(most int) cutting {
	level := levelNode
	for level < levelAll && count(l[level]) > most {
		level++
	}
	coarse := l[level]
	total := count(coarse)
	out := cutting{class: slices.Clone(coarse), of: map[int]int{}}
	for c := range total {
		out.of[c] = level
	}
	if level < levelReach {
		return out
	}
	fine := l[level-1]
	parts := make([]map[int]bool, total)
	for i, c := range coarse {
		if parts[c] == nil {
			parts[c] = map[int]bool{}
		}
		parts[c][fine[i]] = true
	}
	order := make([]int, total)
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return len(parts[order[a]]) < len(parts[order[b]]) })
	now, apart := total, make([]bool, total)
	for _, c := range order {
		if now+len(parts[c])-1 > most {
			break
		}
		now += len(parts[c]) - 1
		apart[c] = true
	}
	for i, c := range coarse {
		if apart[c] {
			out.class[i] = total + fine[i]
			out.of[total+fine[i]] = level - 1
		}
	}
	return out
}

// folded makes one node of several.
func (g *Graph) folded(members []int, level int, taken map[string]bool) Node {
	first := g.Nodes[members[0]]
	if len(members) == 1 {
		return first
	}
	out := Node{Kind: first.Kind, Group: first.Group, Rank: first.Rank, Tone: Muted}
	groups, kinds := map[string]bool{}, newTally()
	names := Section{Title: fmt.Sprintf("Stands for %s", thousands(len(members)))}
	for _, m := range members {
		n := &g.Nodes[m]
		if n.Kind != out.Kind {
			out.Kind = ""
		}
		if n.Group != out.Group {
			out.Group = ""
		}
		groups[n.Group] = true
		kinds.add(n.Kind, max(n.Weight, 1))
		out.Rank = min(out.Rank, n.Rank)
		out.Tone = strongest(out.Tone, n.Tone)
		out.Weight += max(n.Weight, 1)
		if len(names.Lines) < mostMembers {
			names.Lines = append(names.Lines, memberName(n))
		}
	}
	if left := len(members) - len(names.Lines); left > 0 {
		names.Lines = append(names.Lines, fmt.Sprintf("… and %s more", thousands(left)))
	}
	out.Sections = []Section{names}
	if out.Kind == "" {
		out.mixed = kinds.String()
	}
	out.Label = g.foldedLabel(&first, level, len(members), len(groups))
	for i := 1; out.ID == "" || taken[out.ID]; i++ {
		out.ID = fmt.Sprintf("fold %d of %s", i, first.ID)
	}
	taken[out.ID] = true
	return out
}

func memberName(n *Node) string {
	name := n.Label
	if name == "" {
		name = n.ID
	}
	if n.Group != "" {
		name = n.Group + "/" + name
	}
	if n.Kind != "" {
		name = n.Kind + " " + name
	}
	return name
}

// foldedLabel names a class of a level by its first member.
func (g *Graph) foldedLabel(first *Node, level, members, groups int) string {
	name := first.Label
	if name == "" {
		name = first.ID
	}
	name = visible(name, 40)
	group := visible(first.Group, 40)
	switch {
	case level == levelAll:
		return "everything"
	case groups > 1 && level >= levelGoals:
		return counted(groups, g.groupNoun())
	case level == levelEqual || group == "":
		return name + " and " + thousands(members-1) + " more"
	case groups > 1:
		return group + " and " + thousands(groups-1) + " more"
	}
	return group
}

// merged makes the edges between classes. Edges inside a class are what it is, and are not drawn; a node's edge to itself
// stays.
func (g *Graph) merged(ends [][2]int, class []int, id map[int]string) []Edge {
	type key struct {
		from, to int
		label    string
		cut      bool
	}
	var out []Edge
	at := map[key]int{}
	reasons := map[key]map[string]bool{}
	for i, end := range ends {
		e := &g.Edges[i]
		k := key{class[end[0]], class[end[1]], e.Label, e.Cut != ""}
		if k.from == k.to && end[0] != end[1] {
			continue
		}
		if _, known := at[k]; !known {
			at[k], reasons[k] = len(out), map[string]bool{}
			out = append(out, Edge{From: id[k.from], To: id[k.to], Label: e.Label, Tone: e.Tone, Cut: e.Cut})
		}
		one := &out[at[k]]
		one.Weight += max(e.Weight, 1)
		one.Tone = strongest(one.Tone, e.Tone)
		if reasons[k][e.Cut] = true; len(reasons[k]) == 2 {
			one.Cut = manyCuts(g.Words)
		}
		for _, line := range e.Lines {
			if len(one.Lines) < mostProofs && !slices.Contains(one.Lines, line) {
				one.Lines = append(one.Lines, line)
			}
		}
	}
	return out
}

func manyCuts(w Words) string { return w.cut() + ", for several reasons" }

// A tally counts by name, in the order in which the names come first.
type tally struct {
	names []string
	count map[string]int
}

func newTally() *tally { return &tally{count: map[string]int{}} }

func (t *tally) add(name string, n int) {
	if t.count[name] == 0 {
		t.names = append(t.names, name)
	}
	t.count[name] += n
}

// String lists the counts, the largest first: "20 × ServiceAccount, 1 × Role".
func (t *tally) String() string {
	names := slices.Clone(t.names)
	sort.SliceStable(names, func(a, b int) bool { return t.count[names[a]] > t.count[names[b]] })
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = thousands(t.count[name]) + " × " + orElse(name, "other")
	}
	return strings.Join(parts, ", ")
}
