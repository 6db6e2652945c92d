package flow_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/tools/txtar"

	"github.com/plimsoll-io/plimsoll/network/flow"
)

// seeds are the logs of the cases, and their lines.
func seeds(f *testing.F) [][]byte {
	files, err := filepath.Glob("testdata/shapes/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatal("no cases", err)
	}
	var all [][]byte
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, archive.Files[0].Data)
		all = append(all, bytes.Split(archive.Files[0].Data, []byte("\n"))...)
	}
	return all
}

// Whatever a log holds, every flow that comes of it is sound, and in order or in parallel the same is found.
func FuzzRead(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed, uint16(5000))
		f.Add(append([]byte("[\n"), seed...), uint16(500))
		f.Add(append([]byte("source;destination;port\n"), seed...), uint16(500))
	}
	f.Fuzz(func(t *testing.T, text []byte, longest uint16) {
		var first *flow.Collection
		for _, options := range []flow.Options{{Ordered: true}, {Workers: 2}} {
			options.MaxLine = int(longest) + 1
			flows, s := read(t, options, bytes.NewReader(text))
			if s.Flows != int64(len(flows)) {
				t.Fatal("flows are miscounted")
			}
			for i := range flows {
				sound(t, &flows[i])
			}
			c, err := flow.Collect(t.Context(), []flow.Input{flow.FromReader("log-0", bytes.NewReader(text))},
				flow.CollectOptions{Options: options, MaxOutside: 2})
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = c
			} else if diff := cmp.Diff(first, c, cmpopts.IgnoreUnexported(flow.Broken{}), comparer); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

// sound checks what the consumers rely on.
func sound(t *testing.T, f *flow.Flow) {
	t.Helper()
	switch {
	case f.Shape == "", f.Verdict == "", f.Orientation == "", f.Protocol == "", f.Count < 1, f.Bytes < 0:
		t.Fatalf("something is missing: %+v", f)
	case f.Protocol.HasPorts() && f.Port == 0 && f.Service == (flow.Service{}):
		t.Fatalf("no port: %+v", f)
	case f.Last.Before(f.First):
		t.Fatalf("ends before it begins: %+v", f)
	case strings.ContainsAny(f.Source.Address.String()+f.Destination.Address.String(), "%"):
		t.Fatalf("zone: %+v", f)
	}
}
