package exposure_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/plimsoll-io/plimsoll/internal/inventorytest"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/exposure"
	"github.com/plimsoll-io/plimsoll/network/service"
)

var update = flag.Bool("update", false, "rewrite what the cases want")

// TestCases runs the files in testdata: named sets of objects, each after those of "before", and what is said of them.
// A comment "# gap KIND.GROUP" makes a gap.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		before := string(archive.Files[0].Data)
		out := txtar.Archive{Comment: archive.Comment, Files: archive.Files[:1:1]}
		all := true
		for i := 1; i < len(archive.Files); i += 2 {
			in, ran := archive.Files[i], false
			want := ""
			if i+1 < len(archive.Files) && archive.Files[i+1].Name == "want" {
				want = string(archive.Files[i+1].Data)
			} else {
				i--
			}
			t.Run(filepath.Base(file)+"/"+in.Name, func(t *testing.T) {
				ran = true
				m, e := read(t, before+"---\n"+string(in.Data))
				got := describe(e)
				if filepath.Base(file) == "open.txtar" {
					got = describeOpen(m, e)
				}
				if !*update && got != want {
					t.Errorf("got\n%s\nwant\n%s", got, want)
				}
				out.Files = append(out.Files, in, txtar.File{Name: "want", Data: []byte(got)})
			})
			all = all && ran // else -run leaves some out
		}
		if *update && all {
			if err := os.WriteFile(file, txtar.Format(&out), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func read(t testing.TB, text string) (*network.Map, *exposure.Exposure) {
	t.Helper()
	objects := inventorytest.Objects(t, "cluster.yaml", text)
	var gaps []inventory.Gap
	for line := range strings.Lines(text) {
		if what, is := strings.CutPrefix(strings.TrimSpace(line), "# gap "); is {
			kind, group, _ := strings.Cut(what, ".")
			gaps = append(gaps, inventory.Gap{Kind: kind, Group: group, Reason: "they are forbidden"})
		}
	}
	inv := inventory.New(inventory.Source{}, time.Time{}, "", objects, gaps)
	m := network.New(inv)
	return m, exposure.New(inv, m, service.New(inv, m))
}

// describe lists the ways and their doors, and what controllers can send.
func describe(e *exposure.Exposure) string {
	var b strings.Builder
	for _, w := range e.Ways() {
		fmt.Fprintf(&b, "%s by %s, %s", w.Kind, w.Object, w.Zone)
		if w.ZoneWhy != "" {
			fmt.Fprintf(&b, " (%s)", w.ZoneWhy)
		}
		if w.Gateway != nil {
			fmt.Fprintf(&b, ", at %s", w.Gateway)
		}
		if len(w.Hosts) > 0 {
			fmt.Fprintf(&b, ", for %s", strings.Join(w.Hosts, " "))
		}
		if len(w.Sources) > 0 {
			fmt.Fprintf(&b, ", from %v", w.Sources)
		}
		b.WriteByte('\n')
		for _, d := range w.Doubts {
			fmt.Fprintf(&b, "  doubt: %s\n", d)
		}
		for _, d := range w.Refused {
			fmt.Fprintf(&b, "  refused: %s\n", d)
		}
		for _, d := range w.Doors {
			describeDoor(&b, d)
		}
	}
	for _, c := range e.FromControllers() {
		fmt.Fprintf(&b, "controllers to %s: %s, unknown %s, plain %s\n", c.To, c.Allowed, c.Unknown, c.Plain)
	}
	return b.String()
}

func describeDoor(b *strings.Builder, d *exposure.Door) {
	fmt.Fprintf(b, "  %d -> %s %s/%d by %s: %s", d.Port, d.Peer, d.Protocol, d.Target, d.Sender, d.Answer)
	if d.Passes != d.Answer {
		fmt.Fprintf(b, " (passes: %s)", d.Passes)
	}
	if d.Zone != d.Way.Zone {
		fmt.Fprintf(b, " from %s", d.Zone)
	}
	for i, r := range d.From {
		fmt.Fprintf(b, "%s%s-%s", []string{" from ", ", "}[min(i, 1)], r.First, r.Last)
	}
	if len(d.Because) > 0 {
		fmt.Fprintf(b, ": %s", strings.Join(d.Because, "; "))
	}
	b.WriteByte('\n')
}

// describeOpen lists to whom policies open each peer.
func describeOpen(m *network.Map, e *exposure.Exposure) string {
	var b strings.Builder
	for _, p := range m.Peers() {
		if p.External() {
			break
		}
		for _, d := range []network.Direction{network.Ingress, network.Egress} {
			o := e.Open(d, p)
			fmt.Fprintf(&b, "%s %s, guarded by %d", d, p, len(o.Guard.Policies))
			r := o.Internet
			fmt.Fprintf(&b, ", internet %s all %v unknown %s", r.Allowed, r.All, r.Unknown)
			fmt.Fprintf(&b, ", beyond %s unknown %s", o.Beyond.Allowed, o.Beyond.Unknown)
			fmt.Fprintf(&b, ", cluster %s unknown %s plain %s\n", o.Cluster.Any.Allowed, o.Cluster.Any.Unknown, o.Cluster.Plain.Allowed)
			for _, s := range o.Others {
				fmt.Fprintf(&b, "  %s: %s unknown %s plain %s\n", s.Pods, s.Any.Allowed, s.Any.Unknown, s.Plain.Allowed)
			}
		}
	}
	return b.String()
}
