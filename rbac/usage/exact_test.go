package usage

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

func sortedStrings(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return s
}

// The rules for random needs allow these and nothing else of all that could be asked.
func TestRulesAreExact(t *testing.T) {
	verbs := []string{"get", "list", "create", "delete"}
	groups := []string{"", "apps", "batch"}
	resources := []string{"pods", "pods/log", "jobs"}
	names := []string{"", "a", "b", "c"}
	paths := []string{"/a", "/b"}
	var universe []need
	for _, v := range verbs {
		for _, p := range paths {
			universe = append(universe, need{verb: v, path: p})
		}
		for _, g := range groups {
			for _, r := range resources {
				for _, n := range names {
					universe = append(universe, need{verb: v, group: g, resource: r, name: n})
				}
			}
		}
	}
	random := rand.New(rand.NewPCG(1, 1))
	for range 500 {
		var needs []need
		wanted := map[need]bool{}
		density := random.Float64()
		for _, n := range universe {
			if random.Float64() < density*density {
				needs = append(needs, n)
				wanted[n] = true
			}
		}
		random.Shuffle(len(needs), func(i, j int) { needs[i], needs[j] = needs[j], needs[i] })
		rules := minimalRules(needs)
		for _, n := range universe {
			all := n
			all.name = ""
			if want := wanted[n] || wanted[all]; allowedBy(rules, n) != want {
				t.Fatalf("%+v is allowed: %v; needs %v\nrules %+v", n, !want, needs, rules)
			}
		}
		if len(rules) > len(needs) {
			t.Fatalf("%d rules for %d needs", len(rules), len(needs))
		}
		slices.Reverse(needs)
		if fmt.Sprint(minimalRules(needs)) != fmt.Sprint(rules) {
			t.Fatal("the order of needs matters")
		}
	}
}

// randomLog is what a few subjects might do, and what they might try.
func randomLog(t testing.TB, random *rand.Rand) []byte {
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	var entries []entry
	for range 5 + random.IntN(60) {
		namespace := pick("", "shop", "bank")
		resource := pick("pods", "pods/log", "secrets", "apps:deployments", "apps:deployments/scale", "batch:jobs", "namespaces")
		object := resource + " " + namespace + "/" + pick("", "a", "b", "c")
		if random.IntN(8) == 0 {
			object = pick("/healthz", "/metrics", "/apis/apps")
		}
		e := entry{
			user: pick(web, "system:serviceaccount:bank:app", "jane"), groups: []string{"system:authenticated", pick("developers", "ops")},
			verb: pick("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"), object: object,
			code: []int{200, 200, 201, 403}[random.IntN(4)],
		}
		if random.IntN(6) == 0 {
			as := map[string]any{"username": pick("bob", web), "groups": []string{"ops", "system:authenticated"}}
			e.more = map[string]any{"impersonatedUser": as}
		}
		entries = append(entries, e)
	}
	return logOf(t, entries...)
}

func authorizer(objects []map[string]any) *rbac.Authorizer { return rbac.New(inventoryOf(objects...)) }

// Under its generated roles a subject could have done all it did, and nothing that it did not do.
func TestReplay(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	for range 80 {
		log := randomLog(t, random)
		u := collect(t, log, Options{})
		for _, s := range u.Subjects() {
			plan := u.Generate(s.Subject, nil, GenerateOptions{Mode: Replace})
			a := authorizer(plan.Objects)
			replayed, err := Replay(t.Context(), inputs(log), a, s.Subject, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if len(replayed.Denials) > 0 || replayed.Requests == 0 && len(s.Used()) > 0 {
				t.Fatalf("%s: %d denials, first %s\n%v", s.Subject, len(replayed.Denials), replayed.Denials[0].Right, plan.Objects)
			}
			grantsNothingMore(t, a, s)
		}
		for _, group := range []string{"developers", "ops"} {
			subject := rbac.Subject{Kind: rbac.GroupKind, Name: group}
			if u.Of(subject) == nil {
				continue
			}
			plan := u.Generate(subject, nil, GenerateOptions{})
			replayed, err := Replay(t.Context(), inputs(log), authorizer(plan.Objects), subject, Options{})
			if err != nil || len(replayed.Denials) > 0 {
				t.Fatalf("%s: %v, %d denials", subject, err, len(replayed.Denials))
			}
		}
	}
}

// grantsNothingMore tries everything that the log could have held.
func grantsNothingMore(t *testing.T, a *rbac.Authorizer, s *Subject) {
	t.Helper()
	used := map[rbac.Request]bool{}
	for _, u := range s.Used() {
		for _, name := range u.Names() {
			used[u.Request(name)] = true
		}
		if u.Unnamed > 0 {
			used[u.Request("")] = true
		}
	}
	ok := func(r rbac.Request) bool {
		everywhere, unnamed := r, r
		everywhere.Namespace, unnamed.Name = "", ""
		both := unnamed
		both.Namespace = ""
		return used[r] || used[everywhere] || used[unnamed] || used[both]
	}
	for _, verb := range []string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "impersonate"} {
		for _, group := range []string{"", "apps", "batch"} {
			for _, resource := range []string{"pods", "secrets", "deployments", "jobs", "namespaces", "users", "groups"} {
				for _, sub := range []string{"", "log", "scale"} {
					for _, namespace := range []string{"", "shop", "bank", "other"} {
						for _, name := range []string{"", "a", "b", "c", "d", "bob", "ops"} {
							r := rbac.Request{Verb: verb, Group: group, Resource: resource, Subresource: sub, Namespace: namespace, Name: name}
							if _, can := a.Can(rbac.Identity{User: s.UserName()}, r); can && !ok(r) {
								t.Fatalf("%s may %s and never did", s.Subject, r)
							}
						}
					}
				}
			}
		}
	}
}

// What is missing, together with what there is, is enough too.
func TestMissingIsEnough(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 9))
	var existing []map[string]any
	for _, o := range shop(t).All() {
		existing = append(existing, o.Content)
	}
	a := authorizer(existing)
	for range 60 {
		log := randomLog(t, random)
		u := collect(t, log, Options{})
		for _, s := range u.Subjects() {
			plan := u.Generate(s.Subject, a, GenerateOptions{})
			both := authorizer(append(slices.Clone(existing), plan.Objects...))
			replayed, err := Replay(t.Context(), inputs(log), both, s.Subject, Options{})
			if err != nil || len(replayed.Denials) > 0 {
				t.Fatalf("%s: %v %v", s.Subject, err, replayed.Denials[0].Right)
			}
		}
	}
}

// Plans that are applied one after another lose nothing: what is missing gets a new name, a replacement its old one.
func TestPlansAddUp(t *testing.T) {
	account := rbac.Account("shop", "web")
	first := logOf(t, entry{user: web, verb: "get", object: "pods shop/a"})
	both := logOf(t, entry{user: web, verb: "get", object: "pods shop/a"}, entry{user: web, verb: "list", object: "pods shop"})
	before := collect(t, first, Options{}).Generate(account, nil, GenerateOptions{}).Objects
	for mode, want := range map[Mode][]string{Missing: {"plimsoll:serviceaccount:shop:web-2"}, Replace: {"plimsoll:serviceaccount:shop:web"}} {
		plan := collect(t, both, Options{}).Generate(account, authorizer(before), GenerateOptions{Mode: mode})
		if got := inventory.String(plan.Objects[0], "metadata", "name"); got != want[0] || len(plan.Objects) != 2 || len(plan.Replaces) != 0 {
			t.Errorf("%s: %s, %d objects, replaces %v", mode, got, len(plan.Objects), plan.Replaces)
		}
	}
}

// What the API server would refuse is never written.
func TestRulesAreValid(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 11))
	for range 60 {
		u := collect(t, randomLog(t, random), Options{})
		for _, s := range u.Subjects() {
			for _, o := range u.Generate(s.Subject, nil, GenerateOptions{}).Objects {
				for _, item := range inventory.List(o, "rules") {
					rule := item.(map[string]any)
					if rule["nonResourceURLs"] != nil && (o["kind"] != "ClusterRole" || rule["resources"] != nil) {
						t.Fatalf("%v", o)
					}
					if rule["nonResourceURLs"] == nil && (rule["apiGroups"] == nil || rule["resources"] == nil) || rule["verbs"] == nil {
						t.Fatalf("%v", o)
					}
					creates := slices.ContainsFunc(rule["verbs"].([]any), func(v any) bool { return v == "create" || v == "deletecollection" })
					if creates && rule["resourceNames"] != nil && slices.Contains(rule["resources"].([]any), any("pods")) {
						t.Fatalf("names for create: %v", o)
					}
				}
			}
		}
	}
}
