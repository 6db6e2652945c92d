package attack

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/txtartest"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// everyCase runs a test on the objects of every case of every technique.
func everyCase(t *testing.T, test func(t *testing.T, text string, inv *inventory.Inventory)) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, path := range files {
		file, err := txtartest.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range file.Cases {
			t.Run(filepath.Base(path)+"/"+c.Name, func(t *testing.T) { test(t, string(c.Input), readCase(t, c.Input, "")) })
		}
	}
}

func graphOf(t *testing.T, inv *inventory.Inventory) *Graph {
	t.Helper()
	return New(inv, rbac.New(inv), Options{Refused: podSecurity(t, inv)})
}

func again(inv *inventory.Inventory, objects []*inventory.Object) *inventory.Inventory {
	return inventory.New(inv.Source, inv.Taken, inv.Version, objects, nil)
}

// stepLines are all steps as text, sorted. A cut step beside an open one to the same place says nothing: which of several
// namespaces refuses first depends on their names.
func stepLines(g *Graph) []string {
	const cut = " (cut)"
	var out []string
	for i := range g.edges {
		e := &g.edges[i]
		if e.technique == structural {
			continue
		}
		line := fmt.Sprintf("%s -%s> %s", Describe(g.footholds[e.from]), g.techniques[e.technique].ID, Describe(g.footholds[e.to]))
		if e.cut {
			line += cut
		}
		out = append(out, line)
	}
	slices.Sort(out)
	out = slices.Compact(out)
	open := slices.Clone(out)
	return slices.DeleteFunc(out, func(line string) bool {
		bare, isCut := strings.CutSuffix(line, cut)
		_, alsoOpen := slices.BinarySearch(open, bare)
		return isCut && alsoOpen
	})
}

// distances say from which starts which goals can be reached, and how far they are.
func distances(g *Graph, starts []finding.Ref) []string {
	var out []string
	for _, goal := range Goals() {
		tree := g.Towards(goal, false)
		for _, from := range starts {
			if n, ok := tree.Steps(from); ok {
				out = append(out, fmt.Sprintf("%s to %s: %d", Describe(from), goal.Name, n))
			}
		}
	}
	slices.Sort(out)
	return out
}

func difference(t *testing.T, got, want []string) {
	t.Helper()
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("new: %s", line)
		}
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("gone: %s", line)
		}
	}
}

func TestShuffled(t *testing.T) {
	everyCase(t, func(t *testing.T, _ string, inv *inventory.Inventory) {
		objects := slices.Clone(inv.All())
		r := rand.New(rand.NewPCG(1, uint64(len(objects))))
		want := stepLines(graphOf(t, inv))
		for range 3 {
			r.Shuffle(len(objects), func(i, j int) { objects[i], objects[j] = objects[j], objects[i] })
			difference(t, stepLines(graphOf(t, again(inv, slices.Clone(objects)))), want)
		}
	})
}

func TestUnrelatedObject(t *testing.T) {
	everyCase(t, func(t *testing.T, _ string, inv *inventory.Inventory) {
		before := graphOf(t, inv)
		for _, unrelated := range []string{
			"{apiVersion: example.com/v1, kind: Unknown, metadata: {name: another}, data: {a: b}}",
			"{apiVersion: example.com/v1, kind: Unknown, metadata: {name: unrelated}, spec: {rules: 7}}",
			"{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: unbound}, rules: [{verbs: [get], apiGroups: [example.com], resources: [unknowns]}]}",
		} {
			more := readCase(t, []byte(unrelated), "").All()
			after := graphOf(t, again(inv, slices.Concat(inv.All(), more)))
			difference(t, distances(after, before.Starts()), distances(before, before.Starts()))
		}
	})
}

func TestRenamedNamespace(t *testing.T) {
	renamed := 0
	everyCase(t, func(t *testing.T, text string, inv *inventory.Inventory) {
		if !strings.Contains(text, "shop") || strings.Contains(text, "mall") {
			return
		}
		renamed++
		want := stepLines(graphOf(t, inv))
		for i := range want {
			want[i] = strings.ReplaceAll(want[i], "shop", "mall")
		}
		difference(t, stepLines(graphOf(t, readCase(t, []byte(strings.ReplaceAll(text, "shop", "mall")), ""))), want)
	})
	if renamed < 10 {
		t.Errorf("only %d cases have the namespace", renamed)
	}
}

func TestAdminReachesEverything(t *testing.T) {
	everyCase(t, func(t *testing.T, _ string, inv *inventory.Inventory) {
		g := graphOf(t, inv)
		reach := g.Reach(rbac.Subject{Kind: rbac.GroupKind, Name: rbac.Masters}.Ref())
		for _, to := range append(g.Starts(), Goals()...) {
			if _, ok := reach.Steps(to); !ok && to != rbac.Account(to.Namespace, to.Name).Ref() {
				t.Errorf("system:masters does not reach %s", Describe(to))
			}
		}
	})
}

// TestCutSetsClose removes the bindings of cut sets from the objects: no path but those that remain may be left.
func TestCutSetsClose(t *testing.T) {
	closed := 0
	everyCase(t, func(t *testing.T, _ string, inv *inventory.Inventory) {
		g := graphOf(t, inv)
		for _, goal := range Goals() {
			cut := g.CutSet(g.Starts(), goal, CutOptions{})
			if !cut.Proven {
				t.Errorf("%s: not proven", goal.Name)
			}
			objects := slices.DeleteFunc(slices.Clone(inv.All()), func(o *inventory.Object) bool {
				return slices.ContainsFunc(cut.Remove, func(r Removal) bool { return r.Object == o.Ref })
			})
			after := graphOf(t, again(inv, objects)).Towards(goal, false)
			closed += len(cut.Remove)
			for _, from := range g.Starts() {
				remains := slices.ContainsFunc(cut.Remaining, func(p Path) bool { return p.From == from })
				if p, ok := after.Path(from); ok && !remains {
					t.Errorf("without %v there is still %s", cut.Remove, text(p))
				} else if !ok && remains {
					t.Errorf("without %v the path from %s is gone, which should remain", cut.Remove, Describe(from))
				}
			}
		}
	})
	if closed < 50 {
		t.Errorf("only %d bindings were removed", closed)
	}
}

// TestPathsAgree compares the searches with each other: all minimal paths, the shortest, and the reach.
func TestPathsAgree(t *testing.T) {
	compared := 0
	everyCase(t, func(t *testing.T, _ string, inv *inventory.Inventory) {
		g := graphOf(t, inv)
		for _, goal := range Goals() {
			for _, from := range g.Starts() {
				shortest, ok := g.Towards(goal, false).Path(from)
				steps, reached := g.Reach(from).Steps(goal)
				all := g.paths(from, goal, Limits{}.orDefaults(), false)
				if reached != ok || ok != (len(all.Items) > 0) {
					t.Errorf("from %s to %s: a path %v, reached %v, %d paths (%s)", Describe(from), goal.Name, ok, reached, len(all.Items), all.More)
					continue
				}
				if ok && (steps != len(shortest.Steps) || len(all.Items[0].Steps) != steps) {
					t.Errorf("from %s to %s: %s, reached in %d steps, %s", Describe(from), goal.Name, text(shortest), steps, text(all.Items[0]))
				}
				compared += len(all.Items)
				for _, p := range all.Items {
					connected(t, g, p)
				}
			}
		}
	})
	t.Logf("%d paths", compared)
	if compared < 300 {
		t.Errorf("only %d paths were compared", compared)
	}
}

// connected checks that each step starts at what the step before gave, or at a member of it.
func connected(t *testing.T, g *Graph, p Path) {
	t.Helper()
	at := p.From
	for _, s := range p.Steps {
		if s.From != at && !slices.Contains(linked(g, at), s.From) {
			t.Errorf("%s: %s does not hold %s", text(p), Describe(at), Describe(s.From))
		}
		if len(s.Because) == 0 && s.From.Kind != RoleHolderKind && s.From.Kind != AdminOfKind {
			t.Errorf("%s: nothing proves %s", text(p), s.Technique.ID)
		}
		at = s.To
	}
	if at != p.To && !slices.Contains(linked(g, at), p.To) {
		t.Errorf("%s: %s does not hold %s", text(p), Describe(at), Describe(p.To))
	}
}

// linked is everything that is held with a foothold, without a step.
func linked(g *Graph, r finding.Ref) []finding.Ref {
	var out []finding.Ref
	for _, reached := range g.Reach(r).order {
		if g.Reach(r).steps[reached] == 0 {
			out = append(out, g.footholds[reached])
		}
	}
	return out
}
