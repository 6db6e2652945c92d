package need_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/plimsoll-io/plimsoll/internal/inventorytest"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/flow"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// collect reads a flow log.
func collect(t testing.TB, log string) *flow.Collection {
	t.Helper()
	c, err := flow.Collect(context.Background(), []flow.Input{flow.FromReader("flows", strings.NewReader(log))}, flow.CollectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A world is a cluster, or files, in which ends are found.
type world struct {
	inv      *inventory.Inventory
	network  *network.Map
	services *service.Services
}

func readWorld(t testing.TB, source, objects string) *world {
	t.Helper()
	list := inventorytest.Objects(t, "objects.yaml", objects)
	inv := inventory.New(inventory.Source{Kind: source}, time.Time{}, "", list, nil)
	m := network.New(inv)
	return &world{inv, m, service.New(inv, m)}
}

func (w *world) observe(c *flow.Collection) *need.Needs {
	return need.Observed(c, w.inv, w.network, w.services)
}

// describe writes needs as lines.
func (w *world) describe(n *need.Needs) string {
	var b strings.Builder
	end := func(e need.End) string {
		text := e.String()
		switch {
		case e.Object != nil && e.Kind != need.Workload:
			text += " as " + string(e.Kind)
		case e.Object == nil:
			text = string(e.Kind) + " " + text
		case len(e.Peers) < len(w.network.Workload(e.Object.Namespace, e.Object.Kind, e.Object.Name)):
			for _, p := range e.Peers {
				for _, o := range p.Pods {
					text += " (" + o.Name + ")"
				}
			}
		}
		if e.Wider {
			text += " (wider)"
		}
		return text
	}
	list := func(word string, needs []need.Need) {
		for _, n := range needs {
			fmt.Fprintf(&b, "%s %s -> %s %s %d", word, end(n.From), end(n.To), n.Protocol, n.Port)
			if n.Service != nil {
				fmt.Fprintf(&b, " as %s", n.Service.Object.Name)
			}
			for _, e := range n.Evidence {
				fmt.Fprintf(&b, ", %d %s", e.Flows, e.What)
			}
			b.WriteByte('\n')
		}
	}
	list("need", n.List)
	list("denied", n.Denied)
	for _, u := range n.Unresolved {
		gone := ""
		if u.Gone {
			gone = " (gone)"
		}
		fmt.Fprintf(&b, "unresolved %s -> %s %s %d: %s%s\n", u.From, u.To, u.Protocol, u.Port, u.Reason, gone)
	}
	if n.Beyond > 0 {
		fmt.Fprintf(&b, "beyond %d\n", n.Beyond)
	}
	return b.String()
}

// TestEnds runs testdata/observed/ends.txtar: logs, each followed by what is found in them.
func TestEnds(t *testing.T) {
	const file = "testdata/observed/ends.txtar"
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w := readWorld(t, "cluster", string(archive.Files[0].Data))
	out := txtar.Archive{Comment: archive.Comment, Files: archive.Files[:1:1]}
	for i := 1; i < len(archive.Files); i++ {
		in := archive.Files[i]
		want := ""
		if i+1 < len(archive.Files) && archive.Files[i+1].Name == "want" {
			want = string(archive.Files[i+1].Data)
			i++
		}
		t.Run(in.Name, func(t *testing.T) {
			c := collect(t, string(in.Data))
			if c.Summary.Broken > 0 || c.Summary.Flows == 0 {
				t.Fatalf("the log: %+v", c.Summary)
			}
			got := w.describe(w.observe(c))
			if !*updateDeclared && got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			out.Files = append(out.Files, in, txtar.File{Name: "want", Data: []byte(got)})
		})
	}
	if *updateDeclared {
		if err := os.WriteFile(file, txtar.Format(&out), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
