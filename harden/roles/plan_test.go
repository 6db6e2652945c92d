package roles_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/auditlog"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/harden/roles"
	"github.com/plimsoll-io/plimsoll/internal/inventorytest"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/rbac/attack"
	"github.com/plimsoll-io/plimsoll/rbac/usage"
)

const example = "../../examples/access/"

func inventoryOf(t *testing.T, source, more string) *inventory.Inventory {
	t.Helper()
	text, err := os.ReadFile(example + "cluster.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return inventory.New(inventory.Source{Kind: source}, time.Unix(0, 0), "v1.37.2", inventorytest.Objects(t, "cluster.yaml", string(text)+more), nil)
}

func logs(t *testing.T) []auditlog.Input {
	t.Helper()
	text, err := os.ReadFile(example + "audit.log")
	if err != nil {
		t.Fatal(err)
	}
	return []auditlog.Input{{Name: "audit.log", Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(string(text))), nil }}}
}

func usageOf(t *testing.T) *usage.Usage {
	t.Helper()
	used, err := usage.Collect(context.Background(), logs(t), usage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return used
}

// lines are the changes and decisions of a plan.
func lines(p *plan.Plan) (out []string) {
	for _, s := range p.Steps {
		for _, c := range s.Changes {
			out = append(out, fmt.Sprintf("%s %s %s", s.Name, c.Action, plan.RefOf(c.Object)))
		}
	}
	for _, d := range p.Decisions {
		out = append(out, "? "+d.Object.String()+": "+d.Question)
	}
	return out
}

// idle are bindings of which nothing was used, beside one that is used, and one to a role that is not there.
const idle = `
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: forgotten}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: deployer}
subjects:
- {kind: ServiceAccount, name: nobody, namespace: ci}
- {kind: User, apiGroup: rbac.authorization.k8s.io, name: gone}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: lost, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: not-there}
subjects: [{kind: User, apiGroup: rbac.authorization.k8s.io, name: jane}]
`

// TestReplay applies the plan and replays the log: nothing that was allowed is denied, and there is nothing left to do.
func TestReplay(t *testing.T) {
	inv := inventoryOf(t, "cluster", idle)
	evidence := func(inv *inventory.Inventory) roles.Evidence {
		return roles.Evidence{Inventory: inv, Access: rbac.New(inv), Used: usageOf(t), Warn: usage.WarnOptions{Days: 20}}
	}
	p := roles.New(evidence(inv))
	got := lines(p)
	for _, want := range []string{
		"1-dangling remove RoleBinding shop/lost", "2-unused remove ClusterRoleBinding forgotten", "3-least-roles create Role shop/plimsoll:serviceaccount:shop:cart",
		"4-wide-bindings remove RoleBinding shop/cart", "4-wide-bindings remove ClusterRoleBinding deployer",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, strings.Join(got, "\n"))
		}
	}
	after := p.Applied(inv)
	before, now := rbac.New(inv), rbac.New(after)
	used, checked := usageOf(t), 0
	for _, s := range used.Subjects() {
		for _, u := range s.Used() {
			for _, name := range append(u.Names(), "") {
				if name == "" && u.Unnamed == 0 {
					continue
				}
				request := u.Request(name)
				if _, ok := before.Can(s.Identity(), request); !ok {
					continue
				}
				if _, ok := now.Can(s.Identity(), request); !ok {
					t.Errorf("%s may not %s any more", s.Subject, request)
				}
				checked++
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d requests were checked", checked)
	}
	if again := roles.New(evidence(after)); len(again.Steps) > 0 {
		t.Errorf("planned again there is still\n%s", strings.Join(lines(again), "\n"))
	}
}

// TestTooLittle takes nothing away by a log that is too short, and asks; nor without one.
func TestTooLittle(t *testing.T) {
	inv := inventoryOf(t, "files", idle)
	access := rbac.New(inv)
	cut := attack.CutSet{To: attack.ClusterAdmin, Remove: []attack.Removal{{Object: access.Bindings()[0].Ref, Rule: -1}}}
	short := roles.New(roles.Evidence{Inventory: inv, Access: access, Used: usageOf(t), Warn: usage.WarnOptions{Days: 90}})
	none := roles.New(roles.Evidence{Inventory: inv, Access: access, Cuts: []attack.CutSet{cut}})
	if len(short.Steps) > 0 || len(short.Decisions) != 1 || !strings.Contains(short.Decisions[0].Question, "audit log") {
		t.Errorf("a short log gives\n%s", strings.Join(lines(short), "\n"))
	}
	if len(none.Steps) > 0 || len(none.Decisions) != 1 || !strings.Contains(none.Decisions[0].Because[0], "cluster-admin") {
		t.Errorf("no log gives\n%s", strings.Join(lines(none), "\n"))
	}
}

// TestPartOfBinding takes one subject out of a binding, and keeps the others word for word.
func TestPartOfBinding(t *testing.T) {
	inv := inventoryOf(t, "cluster", `
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: both, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: cart}
subjects: [{kind: ServiceAccount, name: idle, namespace: shop}, {kind: ServiceAccount, name: cart, namespace: shop}]
`)
	p := roles.New(roles.Evidence{Inventory: inv, Access: rbac.New(inv), Used: usageOf(t), Warn: usage.WarnOptions{Days: 20}})
	for _, s := range p.Steps {
		for _, c := range s.Changes {
			if plan.RefOf(c.Object).Name != "both" || !strings.HasSuffix(s.Name, "-unused") {
				continue
			}
			left := inventory.List(c.Object, "subjects")
			if c.Action != plan.Update || len(left) != 1 || inventory.String(left[0].(map[string]any), "name") != "cart" {
				t.Errorf("the binding becomes %v %v", c.Action, c.Object)
			}
			return
		}
	}
	t.Errorf("the binding is left alone:\n%s", strings.Join(lines(p), "\n"))
}
