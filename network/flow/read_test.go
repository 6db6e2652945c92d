package flow_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"golang.org/x/tools/txtar"

	"github.com/plimsoll-io/plimsoll/network/flow"
)

var update = flag.Bool("update", false, "write what is read to the cases")

// A keeper keeps all flows.
type keeper struct{ flows []flow.Flow }

func (k *keeper) Consume(f *flow.Flow) { k.flows = append(k.flows, *f) }

func read(t *testing.T, options flow.Options, logs ...io.Reader) ([]flow.Flow, *flow.Summary) {
	t.Helper()
	var inputs []flow.Input
	for i, log := range logs {
		inputs = append(inputs, flow.FromReader(fmt.Sprintf("log-%d", i), log))
	}
	var keepers []*keeper
	summary, err := flow.Read(t.Context(), inputs, options, func() flow.Consumer {
		keepers = append(keepers, new(keeper))
		return keepers[len(keepers)-1]
	})
	if err != nil {
		t.Fatal(err)
	}
	var flows []flow.Flow
	for _, k := range keepers {
		flows = append(flows, k.flows...)
	}
	return flows, summary
}

// Each case of testdata/shapes is a log and the flows to be read from it.
func TestShapes(t *testing.T) {
	files, err := filepath.Glob("testdata/shapes/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var log, want []byte
			for _, f := range archive.Files {
				if f.Name == "want" {
					want = f.Data
				} else {
					log = f.Data
				}
			}
			got := render(read(t, flow.Options{Ordered: true}, bytes.NewReader(log)))
			if *update {
				archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" })
				archive.Files = append(archive.Files, txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error("(-want +got)\n", diff)
			}
		})
	}
}

// render writes what a reader of the test should see of each flow.
func render(flows []flow.Flow, s *flow.Summary) string {
	var out strings.Builder
	for i := range flows {
		f := &flows[i]
		fmt.Fprintf(&out, "%d %s %s", f.Line, f.Shape, stamp(f.First))
		if !f.Last.Equal(f.First) {
			fmt.Fprintf(&out, "..%s", stamp(f.Last))
		}
		fmt.Fprintf(&out, " %s -> %s %s/%d %s ×%d by %s\n", &f.Source, &f.Destination, f.Protocol, f.Port, f.Verdict, f.Count, f.Orientation)
		fmt.Fprintf(&out, "  from %s\n  to   %s\n", compact(f.Source), compact(f.Destination))
		fmt.Fprintf(&out, "  reporter %q reply %v bytes %d service %s\n", f.Reporter, f.Reply, f.Bytes, compact(f.Service))
	}
	fmt.Fprintf(&out, "%d flows, %d foreign, %d undated, %d lost, %d broken of %d\n", s.Flows, s.Foreign, s.Undated, s.Lost, s.Broken, s.Records)
	for _, b := range s.FirstBroken {
		fmt.Fprintf(&out, "  line %d: %s\n", b.Line, b.Reason)
	}
	for _, reason := range slices.Sorted(maps.Keys(s.Skipped)) {
		fmt.Fprintf(&out, "  skipped %d: %s\n", s.Skipped[reason], reason)
	}
	return out.String()
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func compact(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(out)
}

func compress(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
