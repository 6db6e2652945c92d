package network_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

var update = flag.Bool("update", false, "rewrite what the cases want")

// TestCases runs the files in testdata: named clusters, each followed by every pair of peers that is not denied.
// Documents of kind Gap are gaps of the inventory.
func TestCases(t *testing.T) {
	runCases(t, "testdata/*.txtar", describe)
}

// runCases runs files of cases: an inventory, and what a function says of it.
func runCases(t *testing.T, pattern string, describe func(*network.Map) string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out, all := txtar.Archive{Comment: archive.Comment}, true
		for i := 0; i < len(archive.Files); i++ {
			in := archive.Files[i]
			want := ""
			if i+1 < len(archive.Files) && archive.Files[i+1].Name == "want" {
				want = string(archive.Files[i+1].Data)
				i++
			}
			ran := false
			t.Run(filepath.Base(file)+"/"+in.Name, func(t *testing.T) {
				ran = true
				got := describe(askAll(t, parseObjects(t, in.Data)))
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

func parseObjects(t *testing.T, data []byte) *inventory.Inventory {
	t.Helper()
	var objects []*inventory.Object
	var gaps []inventory.Gap
	for _, doc := range bytes.Split(data, []byte("---\n")) {
		var content map[string]any
		if err := yaml.Unmarshal(doc, &content); err != nil {
			t.Fatal(err)
		}
		if content["kind"] == "Gap" {
			gaps = append(gaps, inventory.Gap{Kind: inventory.String(content, "of"), Group: inventory.String(content, "group"),
				Namespace: inventory.String(content, "namespace"), Reason: inventory.String(content, "reason")})
			continue
		}
		objects = append(objects, contentOf(content))
	}
	inv := inventoryOf(objects...)
	return inventory.New(inv.Source, inv.Taken, inv.Version, objects, gaps)
}

// describe lists the peers that have pods, what is not denied between them, and the warnings.
func describe(m *network.Map) string {
	var b strings.Builder
	count := map[string]int{}
	name := map[*network.Peer]string{}
	for _, p := range m.Peers() {
		text := p.String()
		if count[text]++; count[text] > 1 {
			text += fmt.Sprint("#", count[text])
		}
		name[p] = text
		if !p.External() {
			fmt.Fprintf(&b, "peer %s: %d pods\n", text, len(p.Pods))
		}
	}
	for _, src := range m.Peers() {
		for _, dst := range m.Peers() {
			v := m.Explain(src, dst, network.AllPorts())
			if v.Allowed.None() && v.Unknown.None() || src.External() && dst.External() {
				continue
			}
			fmt.Fprintf(&b, "%s -> %s: %s", name[src], name[dst], v.Allowed)
			if v.Rule != "" {
				fmt.Fprintf(&b, " (%s)", v.Rule)
			}
			b.WriteByte('\n')
			if v.Unknown.None() {
				continue
			}
			fmt.Fprintf(&b, "  unknown: %s\n", v.Unknown)
			for _, why := range append(v.Egress.Because, v.Ingress.Because...) {
				fmt.Fprintf(&b, "  because %s\n", why)
			}
		}
	}
	if p := m.Plugin(); p.Name != "" || !p.Assumed {
		b.WriteString(describePlugin(p))
	}
	for _, w := range m.Warnings() {
		fmt.Fprintf(&b, "warning %s %s: %s\n", w.Object, w.Path, w.Message)
	}
	for _, sentence := range m.Missing() {
		fmt.Fprintln(&b, sentence)
	}
	return b.String()
}
