package attack

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// A sample is a small graph of users with made-up steps, small enough to try everything.
type sample struct {
	users    int
	steps    []sampleStep
	bindings []*rbac.Binding
}

type sampleStep struct {
	from, to, technique int
	bindings            []int // all are needed
	cut                 bool
}

func newSample(r *rand.Rand) sample {
	s := sample{users: 3 + r.IntN(6)}
	for i := range 1 + r.IntN(7) {
		s.bindings = append(s.bindings, &rbac.Binding{
			Ref:     finding.Ref{APIVersion: rbac.Group + "/v1", Kind: "ClusterRoleBinding", Name: fmt.Sprint("b", i)},
			Default: r.IntN(4) == 0,
		})
	}
	for range r.IntN(5 * s.users) {
		step := sampleStep{from: r.IntN(s.users), to: r.IntN(s.users), technique: r.IntN(2), cut: r.IntN(10) == 0}
		for range r.IntN(4) {
			if b := r.IntN(len(s.bindings)); !slices.Contains(step.bindings, b) {
				step.bindings = append(step.bindings, b)
			}
		}
		if r.IntN(8) > 0 && len(step.bindings) == 0 {
			step.bindings = []int{r.IntN(len(s.bindings))}
		}
		if step.from != step.to {
			s.steps = append(s.steps, step)
		}
	}
	return s
}

func sampleUser(i int) finding.Ref {
	return rbac.Subject{Kind: rbac.UserKind, Name: fmt.Sprint("u", i)}.Ref()
}

func (s sample) graph() *Graph {
	var techniques []Technique
	for t := range 2 {
		techniques = append(techniques, Technique{ID: fmt.Sprint("t", t), find: func(b *builder) {
			for i := range s.users {
				b.id(sampleUser(i))
			}
			for _, step := range s.steps {
				if step.technique != t {
					continue
				}
				p := proof{note: "made up"}
				if step.cut {
					p.cut = "refused"
				}
				for _, i := range step.bindings {
					p.grants = append(p.grants, rbac.Grant{Binding: s.bindings[i]})
				}
				b.add(sampleUser(step.from), sampleUser(step.to), p)
			}
		}})
	}
	inv := inventory.New(inventory.Source{Kind: "cluster"}, time.Time{}, "", nil, nil)
	return newGraph(inv, rbac.New(inv), Options{}, techniques)
}

// open are the steps that count, by both ends.
func (s sample) open(blocked bool, removed uint) [][]bool {
	out := make([][]bool, s.users)
	for i := range out {
		out[i] = make([]bool, s.users)
	}
	for _, step := range s.steps {
		gone := slices.ContainsFunc(step.bindings, func(b int) bool { return removed&(1<<b) != 0 })
		if (blocked || !step.cut) && !gone {
			out[step.from][step.to] = true
		}
	}
	return out
}

// distance is how many steps it takes; -1 for no way.
func distance(open [][]bool, from, to int) int {
	round, seen := []int{from}, map[int]bool{from: true}
	for d := 0; len(round) > 0; d++ {
		var next []int
		for _, at := range round {
			if at == to {
				return d
			}
			for i, ok := range open[at] {
				if ok && !seen[i] {
					seen[i] = true
					next = append(next, i)
				}
			}
		}
		round = next
	}
	return -1
}

// minimal are all ways without a shortcut, as the users on them.
func minimal(open [][]bool, way []int, to int) [][]int {
	at := way[len(way)-1]
	if at == to {
		return [][]int{slices.Clone(way)}
	}
	var out [][]int
	for next, ok := range open[at] {
		if !ok || slices.Contains(way, next) {
			continue
		}
		shortcut := slices.ContainsFunc(way[:len(way)-1], func(earlier int) bool { return open[earlier][next] })
		if !shortcut {
			out = append(out, minimal(open, append(way, next), to)...)
		}
	}
	return out
}

// lines are ways as text, one line for each combination of techniques.
func (s sample) lines(ways [][]int, blocked bool) []string {
	var out []string
	for _, way := range ways {
		lines := []string{""}
		for i := range len(way) - 1 {
			var longer []string
			for t := range 2 {
				has := slices.ContainsFunc(s.steps, func(step sampleStep) bool {
					return step.from == way[i] && step.to == way[i+1] && step.technique == t && (blocked || !step.cut)
				})
				for _, line := range lines {
					if has {
						longer = append(longer, line+fmt.Sprintf("u%d -t%d> u%d, ", way[i], t, way[i+1]))
					}
				}
			}
			lines = longer
		}
		out = append(out, lines...)
	}
	slices.Sort(out)
	return out
}

func linesOf(paths Paths) []string {
	var out []string
	for _, p := range paths.Items {
		line := ""
		for _, s := range p.Steps {
			line += fmt.Sprintf("%s -%s> %s, ", s.From.Name, s.Technique.ID, s.To.Name)
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

// TestRandomPaths compares all minimal paths, the shortest and the reach of small graphs with trying everything.
func TestRandomPaths(t *testing.T) {
	several, blockedOnly := 0, 0
	for seed := range uint64(3000) {
		s := newSample(rand.New(rand.NewPCG(seed, 1)))
		g := s.graph()
		blocked := false
		ways := minimal(s.open(false, 0), []int{0}, 1)
		if len(ways) == 0 {
			blocked = true
			if ways = minimal(s.open(true, 0), []int{0}, 1); len(ways) > 0 {
				blockedOnly++
			}
		}
		paths := g.Paths(sampleUser(0), sampleUser(1), Limits{Paths: 10_000})
		want, got := s.lines(ways, blocked), linesOf(paths)
		if paths.More != "" || !slices.Equal(got, want) {
			t.Fatalf("seed %d: paths %s\n%s\nwant\n%s", seed, paths.More, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		for i, p := range paths.Items {
			if p.Blocked() != blocked || i > 0 && len(p.Steps) < len(paths.Items[i-1].Steps) {
				t.Errorf("seed %d: path %d is blocked %v, or shorter than the one before", seed, i, p.Blocked())
			}
		}
		if len(want) > 2 {
			several++
		}
		compareDistances(t, seed, s, g)
	}
	if several < 100 || blockedOnly < 20 {
		t.Errorf("the samples are too simple: %d with several paths, %d with blocked ones only", several, blockedOnly)
	}
}

func compareDistances(t *testing.T, seed uint64, s sample, g *Graph) {
	t.Helper()
	open := s.open(false, 0)
	tree := g.Towards(sampleUser(1), false)
	for i := range s.users {
		want := distance(open, i, 1)
		steps, ok := tree.Steps(sampleUser(i))
		p, found := tree.Path(sampleUser(i))
		reached, canReach := g.Reach(sampleUser(i)).Steps(sampleUser(1))
		if ok != (want >= 0) || found != ok || canReach != ok || ok && (steps != want || len(p.Steps) != want || reached != want) {
			t.Fatalf("seed %d: from u%d: %d steps %v, reach %d %v: want %d", seed, i, steps, ok, reached, canReach, want)
		}
	}
}

// TestRandomCuts compares cut sets of small graphs with trying every set of bindings.
func TestRandomCuts(t *testing.T) {
	sizes := map[int]int{}
	for seed := range uint64(3000) {
		s := newSample(rand.New(rand.NewPCG(seed, 2)))
		starts := []int{0, 2}
		all := uint(1)<<len(s.bindings) - 1
		var closable []int
		for _, i := range starts {
			if distance(s.open(false, all), i, 1) < 0 {
				closable = append(closable, i)
			}
		}
		want := [2]int{1 << 20, 0} // defaults, bindings
		for set := range all + 1 {
			open := s.open(false, set)
			if slices.ContainsFunc(closable, func(i int) bool { return distance(open, i, 1) >= 0 }) {
				continue
			}
			if cost := s.cost(set); cost[0] < want[0] || cost[0] == want[0] && cost[1] < want[1] {
				want = cost
			}
		}
		cut := s.graph().CutSet([]finding.Ref{sampleUser(0), sampleUser(2)}, sampleUser(1), CutOptions{})
		var set uint
		for _, r := range cut.Remove {
			set |= 1 << (r.Object.Name[1] - '0')
		}
		if !cut.Proven || s.cost(set) != want || len(cut.Remaining) != len(starts)-len(closable) {
			t.Fatalf("seed %d: cut %+v costs %v, want %v; closable %v", seed, cut, s.cost(set), want, closable)
		}
		open := s.open(false, set)
		if slices.ContainsFunc(closable, func(i int) bool { return distance(open, i, 1) >= 0 }) {
			t.Fatalf("seed %d: cut %+v leaves a path", seed, cut)
		}
		sizes[len(cut.Remove)]++
	}
	t.Logf("cut sets by size: %v", sizes)
	if sizes[2] < 50 || sizes[3] < 5 {
		t.Errorf("the samples are too simple: cut sets by size %v", sizes)
	}
}

// cost of a set of bindings: how many are Kubernetes' own, then how many there are.
func (s sample) cost(set uint) [2]int {
	defaults := 0
	for i, b := range s.bindings {
		if b.Default && set&(1<<i) != 0 {
			defaults++
		}
	}
	return [2]int{defaults, bits.OnesCount(set)}
}

// TestLittleWork finds a set that closes all paths even when there is no time to find the smallest.
func TestLittleWork(t *testing.T) {
	for seed := range uint64(500) {
		s := newSample(rand.New(rand.NewPCG(seed, 2)))
		g := s.graph()
		cut := g.CutSet([]finding.Ref{sampleUser(0)}, sampleUser(1), CutOptions{Work: 1})
		var set uint
		for _, r := range cut.Remove {
			set |= 1 << (r.Object.Name[1] - '0')
		}
		if len(cut.Remaining) == 0 && distance(s.open(false, set), 0, 1) >= 0 {
			t.Fatalf("seed %d: cut %+v leaves a path", seed, cut)
		}
	}
}

// TestHitting compares hitting sets with trying every set.
func TestHitting(t *testing.T) {
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 3))
		items := 2 + r.IntN(9)
		h := hitting{work: 1 << 30}
		for range items {
			h.weights = append(h.weights, int64(1+r.IntN(2)*r.IntN(5)))
		}
		var cores [][]int32
		var masks []uint
		for range r.IntN(15) {
			mask := 1 + uint(r.IntN(1<<items-1))
			mask &= uint(r.IntN(1<<items)) | 1<<r.IntN(items)
			if mask == 0 {
				continue
			}
			var core []int32
			for i := range items {
				if mask&(1<<i) != 0 {
					core = append(core, int32(i))
				}
			}
			cores, masks = append(cores, core), append(masks, mask)
		}
		want := int64(1 << 30)
		for set := range uint(1) << items {
			if slices.ContainsFunc(masks, func(m uint) bool { return m&set == 0 }) {
				continue
			}
			var cost int64
			for i := range items {
				if set&(1<<i) != 0 {
					cost += h.weights[i]
				}
			}
			want = min(want, cost)
		}
		set, proven := h.solve(cores)
		if !proven || h.total(set) != want {
			t.Fatalf("seed %d: %v of cost %d, want %d; cores %v", seed, set, h.total(set), want, cores)
		}
	}
}
