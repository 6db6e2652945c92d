package rehearse_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/plimsoll-io/plimsoll/internal/inventorytest"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/flow"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/network/rehearse"
	"github.com/plimsoll-io/plimsoll/network/service"
)

var update = flag.Bool("update", false, "rewrite what the cases want")

func read(t testing.TB, text string) []*inventory.Object {
	t.Helper()
	objects := inventorytest.Objects(t, "objects.yaml", text)
	return objects
}

func inventoryOf(objects ...[]*inventory.Object) *inventory.Inventory {
	return inventory.New(inventory.Source{Kind: "files"}, time.Time{}, "", slices.Concat(objects...), nil)
}

// A scene is one case: what was read before and what is proposed.
type scene struct{ cluster, log, current, proposed, removed string }

func (s *scene) rehearse(t testing.TB) *rehearse.Rehearsal {
	t.Helper()
	c, err := flow.Collect(context.Background(), []flow.Input{flow.FromReader("flows", strings.NewReader(s.log))}, flow.CollectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Summary.Broken > 0 || c.Summary.Flows == 0 {
		t.Fatalf("the log: %+v", c.Summary)
	}
	cluster, force, set := read(t, s.cluster), read(t, s.current), read(t, s.proposed)
	inv := inventoryOf(cluster, force)
	current := network.New(inv)
	proposed := current
	if s.proposed != "" || s.removed != "" {
		kept := slices.DeleteFunc(slices.Clone(force), func(o *inventory.Object) bool {
			return o.Name == strings.TrimSpace(s.removed) || slices.ContainsFunc(set, func(p *inventory.Object) bool { return p.Name == o.Name })
		})
		proposed = network.New(inventoryOf(cluster, kept, set))
	}
	needs := need.Observed(c, inv, current, service.New(inv, current))
	return rehearse.Rehearse(needs, current, proposed)
}

func describe(r *rehearse.Rehearsal) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d kept\n", r.Verdict(), r.Kept)
	flow := func(n need.Need) string { return fmt.Sprintf("%s -> %s %s %d", n.From, n.To, n.Protocol, n.Port) }
	for _, x := range r.Breaks {
		before := ""
		if x.Before {
			before = ", denied before"
		}
		fmt.Fprintf(&b, "breaks %s%s\n  because of %v\n  %s\n", flow(x.Need), before, x.Changes, x.Reason)
	}
	for _, x := range r.Unknown {
		fmt.Fprintf(&b, "unknown %s\n  %s\n", flow(x.Need), x.Reason)
	}
	for _, x := range r.Unresolved {
		fmt.Fprintf(&b, "unresolved %s -> %s\n  %s\n", x.From, x.To, x.Reason)
	}
	for _, x := range r.Changes {
		fmt.Fprintf(&b, "%s breaks %d\n", x.Blame, x.Needs)
	}
	for _, x := range r.NeverUsed {
		fmt.Fprintf(&b, "never used: %s\n", x)
	}
	for _, x := range r.Rules {
		fmt.Fprintf(&b, "never used: %s %s\n", x.Policy, x.Path)
	}
	if len(r.Denied)+int(r.Gone) > 0 {
		fmt.Fprintf(&b, "%d denied already, %d gone\n", len(r.Denied), r.Gone)
	}
	return b.String()
}

// TestCases runs testdata/cases.txtar.
func TestCases(t *testing.T) {
	const file = "testdata/cases.txtar"
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out := txtar.Archive{Comment: archive.Comment, Files: archive.Files[:1:1]}
	for i := 1; i < len(archive.Files); {
		name := archive.Files[i].Name
		s := scene{cluster: string(archive.Files[0].Data), log: string(archive.Files[i].Data)}
		out.Files = append(out.Files, archive.Files[i])
		want := ""
	parts:
		for i++; i < len(archive.Files); i++ {
			part := archive.Files[i]
			switch part.Name {
			case "current":
				s.current = string(part.Data)
			case "proposed":
				s.proposed = string(part.Data)
			case "removed":
				s.removed = string(part.Data)
			case "want":
				want = string(part.Data)
				continue
			default:
				break parts
			}
			out.Files = append(out.Files, part)
		}
		t.Run(name, func(t *testing.T) {
			got := describe(s.rehearse(t))
			if !*update && got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			out.Files = append(out.Files, txtar.File{Name: "want", Data: []byte(got)})
		})
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(&out), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
