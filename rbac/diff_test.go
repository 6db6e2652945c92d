package rbac_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/internal/rbacsample"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// TestDiffProperties holds, on random changes: all that a Delta says is allowed by one side and, but for what it is
// besides, not by the other; and wherever the two sides' answers differ, a Delta says so.
func TestDiffProperties(t *testing.T) {
	const seed = 20261123
	random := rand.New(rand.NewPCG(seed, 2))
	deltas, differing, same := 0, 0, 0
	for round := range 60 {
		before := rbacsample.New(random, "t-", 12, 20)
		after := mutate(random, before)
		old, new := rbac.New(inventoryOf("files", before.Objects...)), rbac.New(inventoryOf("files", after...))
		changes := map[rbac.Subject]rbac.Change{}
		for _, c := range rbac.Diff(old, new) {
			changes[c.Subject] = c
			deltas += len(c.Gained) + len(c.Lost)
			for _, d := range c.Gained {
				witness(t, c.Subject, d, old, new)
			}
			for _, d := range c.Lost {
				witness(t, c.Subject, d, new, old)
			}
		}
		for range 600 {
			q := before.Question()
			q.Identity = rbac.SubjectOfUser(q.Identity.User).Identity()
			if strings.Contains(q.Request.Resource, "/") {
				continue // only a SubjectAccessReview can ask so, and "*/scale" does not cover it
			}
			_, was := old.Can(q.Identity, q.Request)
			_, is := new.Can(q.Identity, q.Request)
			if was == is {
				same++
				own := changes[rbac.SubjectOfUser(q.Identity.User)] // a group may well gain what this member has otherwise
				if anyDelta(own.Gained, q.Request) || anyDelta(own.Lost, q.Request) {
					t.Fatalf("round %d: %v %s is %v before and after, and a Delta says otherwise", round, q.Identity, q.Request, is)
				}
				continue
			}
			differing++
			if g, l := said(changes, q); g != is || l != was {
				t.Fatalf("round %d: %v %s: before %v, after %v, but gained %v, lost %v", round, q.Identity, q.Request, was, is, g, l)
			}
		}
	}
	t.Logf("seed %d: %d deltas, %d questions with different answers, %d with the same", seed, deltas, differing, same)
	if differing < 500 {
		t.Errorf("only %d questions have different answers", differing)
	}
}

// mutate changes some objects: it drops them, or gives them another role's rules or another binding's subjects.
func mutate(random *rand.Rand, s *rbacsample.Sample) []map[string]any {
	other := rbacsample.New(random, "t-", 12, 20)
	var out []map[string]any
	for i, o := range s.Objects {
		switch random.IntN(6) {
		case 0:
		case 1:
			out = append(out, other.Objects[i])
		default:
			out = append(out, o)
		}
	}
	return out
}

// said says whether the changes have gained or lost this for the caller or one of its groups, and not only besides.
func said(changes map[rbac.Subject]rbac.Change, q rbacsample.Question) (gained, lost bool) {
	subjects := []rbac.Subject{rbac.SubjectOfUser(q.Identity.User)}
	for _, g := range q.Identity.Groups {
		subjects = append(subjects, rbac.Subject{Kind: rbac.GroupKind, Name: g})
	}
	for _, s := range subjects {
		c := changes[s]
		gained = gained || anyDelta(c.Gained, q.Request)
		lost = lost || anyDelta(c.Lost, q.Request)
	}
	return gained, lost
}

func anyDelta(deltas []rbac.Delta, r rbac.Request) bool {
	for _, d := range deltas {
		if covers(d.Right, r) {
			had := false
			for _, b := range d.Besides {
				had = had || covers(b, r)
			}
			if !had {
				return true
			}
		}
	}
	return false
}

func covers(right rbac.Right, r rbac.Request) bool {
	return (right.Namespace == "" || right.Namespace == r.Namespace && r.Path == "") && right.Rule.Allows(r)
}

// witness asks both sides for every part of a Delta, with words that nobody uses in the place of wildcards.
func witness(t *testing.T, s rbac.Subject, d rbac.Delta, without, with *rbac.Authorizer) {
	t.Helper()
	for _, r := range requestsOf(d.Right) {
		if g, ok := without.Can(s.Identity(), r); ok {
			t.Fatalf("%s has %s in %q already, by %v: %+v", s, r, r.Namespace, g, d)
		}
		if _, ok := with.Can(s.Identity(), r); !ok {
			t.Fatalf("%s does not have %s in %q: %+v", s, r, r.Namespace, d)
		}
	}
	if len(d.Grants) == 0 {
		t.Fatalf("%s: no grants: %+v", s, d)
	}
}

func requestsOf(right rbac.Right) []rbac.Request {
	word := func(v, fresh string) string {
		if v == "*" {
			return fresh
		}
		return v
	}
	var out []rbac.Request
	for _, verb := range right.Rule.Verbs {
		for _, path := range right.Rule.NonResourceURLs {
			if rest, ok := strings.CutSuffix(path, "*"); ok {
				path = rest + "fresh"
			}
			out = append(out, rbac.Request{Verb: word(verb, "fresh"), Path: path})
		}
		names := right.Rule.ResourceNames
		if len(names) == 0 {
			names = []string{"fresh", ""}
		}
		for _, group := range right.Rule.APIGroups {
			for _, resource := range right.Rule.Resources {
				for _, name := range names {
					main, sub, _ := strings.Cut(resource, "/")
					out = append(out, rbac.Request{Verb: word(verb, "fresh"), Group: word(group, "fresh"), Resource: word(main, "fresh"),
						Subresource: sub, Name: name, Namespace: right.Namespace})
				}
			}
		}
	}
	return out
}

// TestRightsAreTheAnswers holds that joined rights allow what Can allows, and nothing else.
func TestRightsAreTheAnswers(t *testing.T) {
	random := rand.New(rand.NewPCG(20261123, 3))
	for range 20 {
		sample := rbacsample.New(random, "t-", 20, 40)
		a := rbac.New(inventoryOf("files", sample.Objects...))
		for range 300 {
			q := sample.Question()
			_, want := a.Can(q.Identity, q.Request)
			got := false
			for _, right := range a.Rights(q.Identity) {
				got = got || covers(right, q.Request)
			}
			if got != want {
				t.Fatalf("%v %s: Can says %v, the rights %v: %+v", q.Identity, q.Request, want, got, a.Rights(q.Identity))
			}
		}
	}
}

// TestDiffOfWording holds that other ways of writing the same rights are no difference.
func TestDiffOfWording(t *testing.T) {
	subject := map[string]any{"kind": "ServiceAccount", "name": "cart", "namespace": "shop"}
	role := func(name string, rules ...any) map[string]any {
		return object(rbac.Group+"/v1", "Role", "shop", name, map[string]any{"rules": rules}).Content
	}
	bind := func(name, role string, subject map[string]any) map[string]any {
		return object(rbac.Group+"/v1", "RoleBinding", "shop", name, map[string]any{
			"roleRef": map[string]any{"apiGroup": rbac.Group, "kind": "Role", "name": role}, "subjects": []any{subject}}).Content
	}
	plain := []map[string]any{role("r", rule("get,list", "", "pods,secrets"), rule("update", "apps", "deployments,deployments/scale")), bind("b", "r", subject)}
	wide := []map[string]any{role("r", rule("*", "", "pods,secrets"), rule("update", "*", "deployments,*/scale")), bind("b", "r", subject)}
	user := map[string]any{"kind": "User", "name": "system:serviceaccount:shop:cart"}
	tests := []struct {
		name         string
		old, new     []map[string]any
		gained, lost int
	}{
		{"split in two", plain, []map[string]any{role("r1", rule("get", "", "pods,secrets")), bind("b1", "r1", subject),
			role("r2", rule("list", "", "secrets,pods"), rule("update", "apps", "deployments"), rule("update", "apps", "deployments/scale")),
			bind("b2", "r2", subject)}, 0, 0},
		{"renamed", plain, []map[string]any{role("other", rule("update", "apps", "deployments/scale,deployments"), rule("list,get", "", "pods,secrets")),
			bind("b", "other", subject)}, 0, 0},
		{"named as a user", plain, []map[string]any{plain[0], bind("b", "r", user)}, 0, 0},
		{"widened", plain, wide, 2, 0},
		{"narrowed", wide, plain, 0, 2},
		{"in other words under a wildcard", wide, []map[string]any{role("r", rule("*,get", "", "pods"), rule("*", "", "secrets,secrets"),
			rule("update", "*,apps", "deployments,*/scale,statefulsets/scale")), bind("b", "r", subject)}, 0, 0},
		{"by a group that it is in", plain, []map[string]any{plain[0], bind("b", "r", map[string]any{"kind": "Group", "name": "system:serviceaccounts:shop"})}, 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			gained, lost := 0, 0
			changes := rbac.Diff(rbac.New(inventoryOf("cluster", tt.old...)), rbac.New(inventoryOf("cluster", tt.new...)))
			for _, c := range changes {
				gained += len(c.Gained)
				lost += len(c.Lost)
			}
			if tt.name == "by a group that it is in" {
				if len(changes) != 1 || changes[0].Subject.Kind != rbac.GroupKind {
					t.Errorf("changes are %+v", changes)
				}
				return
			}
			if gained != tt.gained || lost != tt.lost {
				t.Errorf("%d gained and %d lost, want %d and %d: %+v", gained, lost, tt.gained, tt.lost, changes)
			}
		})
	}
}
