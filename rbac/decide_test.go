package rbac_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/rbacsample"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// inventoryOf makes an inventory of JSON shapes.
func inventoryOf(source string, contents ...map[string]any) *inventory.Inventory {
	objects := make([]*inventory.Object, 0, len(contents))
	for _, c := range contents {
		objects = append(objects, &inventory.Object{Content: c, Ref: finding.Ref{
			APIVersion: inventory.String(c, "apiVersion"), Kind: inventory.String(c, "kind"),
			Namespace: inventory.String(c, "metadata", "namespace"), Name: inventory.String(c, "metadata", "name"),
		}})
	}
	return inventory.New(inventory.Source{Kind: source}, time.Time{}, "v1.37.2", objects, nil)
}

// reference decides as slowly and plainly as can be, over roles without aggregation. The tests against a real API server
// are what proves the Authorizer; this one says quickly that its indexes lose nothing.
func reference(objects []map[string]any, id rbac.Identity, r rbac.Request) bool {
	for _, g := range id.Groups {
		if g == "system:masters" {
			return true
		}
	}
	for _, o := range objects {
		kind, namespace := inventory.String(o, "kind"), inventory.String(o, "metadata", "namespace")
		if kind == "RoleBinding" && (r.Path != "" || r.Namespace != namespace) || !strings.HasSuffix(kind, "Binding") {
			continue
		}
		if !names(o, namespace, id) {
			continue
		}
		for _, role := range objects {
			if inventory.String(role, "kind") != inventory.String(o, "roleRef", "kind") ||
				inventory.String(role, "metadata", "name") != inventory.String(o, "roleRef", "name") ||
				inventory.String(role, "kind") == "Role" && inventory.String(role, "metadata", "namespace") != namespace {
				continue
			}
			for _, rule := range inventory.List(role, "rules") {
				if allows(rule.(map[string]any), r) {
					return true
				}
			}
		}
	}
	return false
}

func names(binding map[string]any, namespace string, id rbac.Identity) bool {
	for _, item := range inventory.List(binding, "subjects") {
		s := item.(map[string]any)
		name := inventory.String(s, "name")
		switch inventory.String(s, "kind") {
		case "User":
			if name == id.User {
				return true
			}
		case "Group":
			for _, g := range id.Groups {
				if g == name {
					return true
				}
			}
		case "ServiceAccount":
			if ns := inventory.String(s, "namespace"); ns != "" {
				if id.User == "system:serviceaccount:"+ns+":"+name {
					return true
				}
			} else if id.User == "system:serviceaccount:"+namespace+":"+name {
				return true
			}
		}
	}
	return false
}

func allows(rule map[string]any, r rbac.Request) bool {
	any := func(field string, match func(string) bool) bool {
		for _, v := range inventory.List(rule, field) {
			if match(v.(string)) {
				return true
			}
		}
		return false
	}
	is := func(value string) func(string) bool {
		return func(v string) bool { return v == "*" || v == value }
	}
	if !any("verbs", is(r.Verb)) {
		return false
	}
	if r.Path != "" {
		return any("nonResourceURLs", func(url string) bool {
			return url == r.Path || strings.HasSuffix(url, "*") && strings.HasPrefix(r.Path, strings.TrimRight(url, "*"))
		})
	}
	full := r.Resource
	if r.Subresource != "" {
		full += "/" + r.Subresource
	}
	return any("apiGroups", is(r.Group)) &&
		any("resources", func(v string) bool {
			return v == "*" || v == full || r.Subresource != "" && v == "*/"+r.Subresource
		}) &&
		(len(inventory.List(rule, "resourceNames")) == 0 || any("resourceNames", func(v string) bool { return v == r.Name }))
}

// TestReference compares random answers with those of the plain reading of the rules.
func TestReference(t *testing.T) {
	const seed = 20261123
	random := rand.New(rand.NewPCG(seed, 1))
	allowed, count := 0, 0
	for round := range 40 {
		sample := rbacsample.New(random, "t-", 30, 60)
		for _, o := range sample.Objects {
			delete(o, "aggregationRule")
		}
		a := rbac.New(inventoryOf("cluster", sample.Objects...))
		for range 500 {
			q := sample.Question()
			want := reference(sample.Objects, q.Identity, q.Request)
			grant, got := a.Can(q.Identity, q.Request)
			grants := a.Grants(q.Identity, q.Request)
			if got != want || (len(grants) > 0) != want {
				t.Fatalf("seed %d, round %d: %v %s: Can says %v, Grants %d, want %v", seed, round, q.Identity, q.Request, got, len(grants), want)
			}
			if want != whoCanHolds(a, q) {
				t.Fatalf("seed %d, round %d: %v %s: WhoCan does not agree with %v", seed, round, q.Identity, q.Request, want)
			}
			count++
			if got {
				allowed++
				if grants[0] != grant {
					t.Fatalf("%v %s: Can proves by %v, Grants begins with %v", q.Identity, q.Request, grant, grants[0])
				}
				proves(t, q, grants)
			}
		}
	}
	t.Logf("seed %d: %d questions, %d allowed", seed, count, allowed)
	if allowed < count/5 || allowed > count*4/5 {
		t.Errorf("%d of %d questions are allowed: too few of one kind", allowed, count)
	}
}

// whoCanHolds says whether WhoCan lists the caller or one of its groups.
func whoCanHolds(a *rbac.Authorizer, q rbacsample.Question) bool {
	for _, access := range a.WhoCan(q.Request) {
		if access.Subject == rbac.SubjectOfUser(q.Identity.User) {
			return true
		}
		for _, g := range q.Identity.Groups {
			if access.Subject == (rbac.Subject{Kind: rbac.GroupKind, Name: g}) {
				return true
			}
		}
	}
	return false
}

// proves holds that every grant stands on its own.
func proves(t *testing.T, q rbacsample.Question, grants []rbac.Grant) {
	t.Helper()
	for _, g := range grants {
		if g.Binding == nil {
			continue
		}
		if !g.Of().Allows(q.Request) {
			t.Fatalf("%s: rule %d of %s does not allow it", q.Request, g.Rule, g.Binding.Role)
		}
		named := false
		for _, s := range g.Binding.Subjects {
			named = named || s == g.Subject
		}
		if !named {
			t.Fatalf("%s does not name %s", g.Binding, g.Subject)
		}
	}
}
