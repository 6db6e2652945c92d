package auditlog

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/plimsoll-io/plimsoll/internal/logstream"
)

// seeds are the lines of the cases.
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

// An event has the values that encoding/json finds in it.
func FuzzEvent(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var got []*Event
		d := decoder{names: logstream.NewInterner(), options: Options{Bodies: true, Extra: true}}
		d.emit = func(e *Event) { got = append(got, e.Clone()) }
		broken := d.decode(text, "", 0)
		var want map[string]any
		if json.Unmarshal(text, &want) != nil || broken != "" {
			return // FuzzScanner compares what is accepted
		}
		if int64(len(got)) != d.events {
			t.Fatal("events are miscounted")
		}
		if len(got) != 1 || want["kind"] != "Event" || !strings.HasPrefix(str(want["apiVersion"]), "audit.k8s.io/") {
			return
		}
		compareEvent(t, got[0], want)
	})
}

func compareEvent(t *testing.T, e *Event, want map[string]any) {
	t.Helper()
	if _, azure := want["Verb"]; azure {
		return // both spellings in one event: the last one counts
	}
	object, _ := want["objectRef"].(map[string]any)
	user, _ := want["user"].(map[string]any)
	for field, pair := range map[string][2]any{
		"auditID": {e.AuditID, want["auditID"]}, "verb": {e.Verb, want["verb"]}, "stage": {e.Stage, want["stage"]},
		"requestURI": {e.RequestURI, want["requestURI"]}, "userAgent": {e.UserAgent, want["userAgent"]},
		"resource": {e.Object.Resource, object["resource"]}, "name": {e.Object.Name, object["name"]},
		"namespace": {e.Object.Namespace, object["namespace"]}, "subresource": {e.Object.Subresource, object["subresource"]},
		"apiGroup": {e.Object.APIGroup, object["apiGroup"]}, "username": {e.User.Name, user["username"]}, "uid": {e.User.UID, user["uid"]},
	} {
		if _, twin := want[strings.ToUpper(field[:1])+field[1:]]; !twin && pair[0] != str(pair[1]) {
			t.Errorf("%s is %q, want %q", field, pair[0], pair[1])
		}
	}
	annotations, _ := want["annotations"].(map[string]any)
	for _, a := range e.Annotations {
		if _, twin := want["Annotations"]; !twin && a.Value != str(annotations[a.Key]) {
			t.Errorf("annotation %s is %q", a.Key, a.Value)
		}
	}
}

func str(v any) string {
	s, _ := v.(string)
	return s
}

type discard struct{}

func (discard) Consume(*Event) {}

// Whatever a log holds, reading ends, and in order or in parallel the same is found.
func FuzzRead(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed, uint16(500))
		f.Add(append([]byte("[\n"), seed...), uint16(5000))
	}
	f.Fuzz(func(t *testing.T, text []byte, longest uint16) {
		var first *Summary
		for _, options := range []Options{{Ordered: true}, {Workers: 2}} {
			options.MaxLine = int(longest) + 1
			s, err := Read(t.Context(), []Input{FromReader("log", bytes.NewReader(text))}, options, func() Consumer { return discard{} })
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = s
				continue
			}
			if s.Events != first.Events || s.Broken != first.Broken || s.Foreign != first.Foreign {
				t.Fatalf("in order %+v\nin parallel %+v", first, s)
			}
		}
	})
}
