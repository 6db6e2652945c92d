package attack

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// text is a path in one line.
func text(p Path) string {
	out := Describe(p.From)
	for i, s := range p.Steps {
		if i == 0 && s.From != p.From || i > 0 && s.From != p.Steps[i-1].To {
			out += " = " + Describe(s.From)
		}
		out += fmt.Sprintf(" -%s> %s", s.Technique.ID, Describe(s.To))
	}
	if n := len(p.Steps); n == 0 || p.Steps[n-1].To != p.To {
		out += " = " + Describe(p.To)
	}
	return out
}

func must(t *testing.T, g *Graph, text string) finding.Ref {
	t.Helper()
	r, err := g.Lookup(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestShortest(t *testing.T) {
	members := func(group string) []string {
		if group == "minters" {
			return []string{"jane"}
		}
		return nil
	}
	g := shopGraph(t, Options{Members: members})
	const mint = " -mint-token> ServiceAccount kube-system/operator"
	const admin = mint + " -cluster-admin> cluster-admin"
	for _, tc := range []struct{ from, to, want string }{
		{"sa:shop/cart", "cluster-admin", "ServiceAccount shop/cart" + admin},
		{"group:minters", "cluster-admin", "Group minters" + admin},
		{"user:jane", "cluster-admin", "User jane" + admin},
		{"sa:shop/cart", "sa:kube-system/operator", "ServiceAccount shop/cart" + mint},
		{"sa:shop/cart", "namespace:kube-system", "ServiceAccount shop/cart -mint-token> any service account of namespace kube-system = Namespace kube-system"},
		{"sa:shop/cart", "secret:kube-system/key", "ServiceAccount shop/cart" + admin + " = Secret kube-system/key"},
		{"sa:ops/robot", "cluster-admin", "ServiceAccount ops/robot -cluster-admin> cluster-admin"},
		{"sa:ops/robot", "system-masters", "ServiceAccount ops/robot -cluster-admin> cluster-admin = group system:masters"},
		{"group:system:masters", "cluster-admin", "Group system:masters = cluster-admin"},
		{"sa:ops/robot", "node", "ServiceAccount ops/robot -cluster-admin> cluster-admin = root on a node"},
		{"user:eve", "cluster-admin", ""},
		{"anonymous", "cluster-admin", ""},
	} {
		got := ""
		if p, ok := g.Shortest(must(t, g, tc.from), must(t, g, tc.to)); ok {
			got = text(p)
		}
		if got != tc.want {
			t.Errorf("from %s to %s:\n%s\nwant\n%s", tc.from, tc.to, got, tc.want)
		}
		all := g.Paths(must(t, g, tc.from), must(t, g, tc.to), Limits{})
		if len(all.Items) == 0 != (tc.want == "") || len(all.Items) > 0 && len(all.Items[0].Steps) != strings.Count(got, "> ") {
			t.Errorf("from %s to %s: %d paths %+v", tc.from, tc.to, len(all.Items), all)
		}
	}
}

// TestBecause asks for the proof of steps: groups are named, alternatives are kept apart.
func TestBecause(t *testing.T) {
	g := shopGraph(t, Options{Members: func(string) []string { return []string{"jane"} }})
	p, _ := g.Shortest(must(t, g, "user:jane"), ClusterAdmin)
	var got []string
	for _, r := range p.Steps[0].Because {
		got = append(got, r.Fact+": "+r.Message)
	}
	want := []string{
		"member: User jane is member of Group minters",
		"grant: RoleBinding kube-system/minter binds Group minters to Role kube-system/minter, whose rule 0 allows it",
	}
	if !slices.Equal(got, want) {
		t.Errorf("because %q, want %q", got, want)
	}
	for _, p := range append(g.Paths(must(t, g, "sa:shop/cart"), ClusterAdmin, Limits{}).Items, first(g.Shortest(must(t, g, "sa:shop/cart"), ClusterAdmin))) {
		step := p.Steps[0]
		if len(step.Because) != 1 || len(step.Alternatives) != 1 || step.Because[0].Object.Name == step.Alternatives[0][0].Object.Name {
			t.Errorf("because %+v, or %+v: want two bindings, one each", step.Because, step.Alternatives)
		}
	}
}

func first(p Path, _ bool) Path { return p }

// TestSetsCollapse asks for paths over sets whose members differ by nothing: one stands for all.
func TestSetsCollapse(t *testing.T) {
	objects := `
- {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: minter}, rules: [{verbs: [create], apiGroups: [""], resources: [serviceaccounts/token]}]}
- {apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {namespace: b, name: one}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: minter},
   subjects: [{kind: ServiceAccount, namespace: a, name: one}]}
- {apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {namespace: c, name: all}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: minter},
   subjects: [{kind: Group, name: "system:serviceaccounts:b"}, {kind: ServiceAccount, namespace: b, name: s7}]}
- {apiVersion: v1, kind: ServiceAccount, metadata: {namespace: c, name: goal}}
`
	for i := range 50 {
		objects += fmt.Sprintf("- {apiVersion: v1, kind: ServiceAccount, metadata: {namespace: b, name: s%d}}\n", i)
	}
	inv := readCase(t, []byte(objects), "")
	g := newGraph(inv, rbac.New(inv), Options{}, []Technique{mintToken})
	var got []string
	for _, p := range g.Paths(must(t, g, "sa:a/one"), must(t, g, "sa:c/goal"), Limits{}).Items {
		got = append(got, text(p))
	}
	want := []string{
		"ServiceAccount a/one -mint-token> ServiceAccount b/s0 -mint-token> ServiceAccount c/goal",
		"ServiceAccount a/one -mint-token> ServiceAccount b/s7 -mint-token> ServiceAccount c/goal",
	}
	if !slices.Equal(got, want) {
		t.Errorf("paths\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if p, _ := g.Shortest(set(AnyAccountKind, "b"), must(t, g, "sa:c/goal")); len(p.Steps) != 1 || isSet(p.Steps[0].From) {
		t.Errorf("from any account: %s", text(p))
	}
}

func TestReach(t *testing.T) {
	g := shopGraph(t, Options{})
	var got []string
	for _, r := range g.Reach(must(t, g, "sa:shop/cart")).All() {
		got = append(got, fmt.Sprint(r.Steps, " ", plain(r.Foothold)))
	}
	for _, want := range []string{"1 ServiceAccount kube-system/operator", "2 Goal cluster-admin", "2 Secret kube-system/key", "2 Deployment shop/cart"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, strings.Join(got, "\n"))
		}
	}
	if p, ok := g.Reach(must(t, g, "sa:shop/cart")).Path(ClusterAdmin); !ok || len(p.Steps) != 2 {
		t.Errorf("path %s", text(p))
	}
	if all := g.Reach(must(t, g, "user:eve")).All(); len(all) != 0 {
		t.Errorf("a nobody reaches %v", all)
	}
}

func TestCutSet(t *testing.T) {
	g := shopGraph(t, Options{})
	from := []finding.Ref{must(t, g, "sa:shop/cart")}
	cut := g.CutSet(from, ClusterAdmin, CutOptions{})
	if !cut.Proven || len(cut.Remove) != 1 || cut.Remove[0].Object.Name != "ops" {
		t.Errorf("cut %+v: two bindings mint, so that the one behind them goes", cut)
	}
	if cut = g.CutSet(from, must(t, g, "sa:kube-system/operator"), CutOptions{}); len(cut.Remove) != 2 {
		t.Errorf("cut %+v: want both bindings that mint", cut)
	}
	if cut = g.CutSet(from, must(t, g, "sa:kube-system/operator"), CutOptions{Rules: true}); len(cut.Remove) != 1 || cut.Remove[0].Rule != 0 {
		t.Errorf("cut %+v: want the rule of the minter's role", cut)
	}
	masters := []finding.Ref{rbac.Subject{Kind: rbac.GroupKind, Name: rbac.Masters}.Ref()}
	if cut = g.CutSet(masters, ClusterAdmin, CutOptions{}); len(cut.Remaining) != 1 || len(cut.Remove) != 0 || len(cut.Remaining[0].Steps) != 0 {
		t.Errorf("cut %+v: want nothing but what remains", cut)
	}
}

func TestDiff(t *testing.T) {
	old := shopGraph(t, Options{})
	inv := readCase(t, []byte(strings.ReplaceAll(shop, "name: minters}", "name: other}")), "")
	updated := newGraph(inv, rbac.New(inv), Options{}, []Technique{clusterAdmin, mintToken})
	var got []string
	for _, c := range Diff(old, updated, ClusterAdmin) {
		got = append(got, fmt.Sprint(c.Opened, " ", text(c.Path)))
	}
	want := []string{
		"true Group other -mint-token> ServiceAccount kube-system/operator -cluster-admin> cluster-admin",
		"false Group minters -mint-token> ServiceAccount kube-system/operator -cluster-admin> cluster-admin",
	}
	if !slices.Equal(got, want) {
		t.Errorf("changes\n%s", strings.Join(got, "\n"))
	}
	if changes := Diff(old, old); len(changes) != 0 {
		t.Errorf("a graph differs from itself: %+v", changes)
	}
}
