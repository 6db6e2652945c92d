package rehearse

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/plimsoll-io/plimsoll/auditlog"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
	"github.com/plimsoll-io/plimsoll/network/flow"
)

var evidenceTime = time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)

var updateEvidence = flag.Bool("update-evidence", false, "write what is wanted into testdata/evidence")

// TestEvidence rehearses changes by recorded evidence. A case is a file: before.yaml, change.yaml, delete (lines "KIND
// NAMESPACE NAME"), audit.log, flows.csv, and want.
func TestEvidence(t *testing.T) {
	files, err := filepath.Glob("testdata/evidence/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := rehearsed(t, archive)
			i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" })
			if *updateEvidence {
				if i < 0 {
					i, archive.Files = len(archive.Files), append(archive.Files, txtar.File{Name: "want"})
				}
				archive.Files[i].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if i < 0 || string(archive.Files[i].Data) != got {
				t.Errorf("got\n%s", got)
			}
		})
	}
}

func rehearsed(t *testing.T, archive *txtar.Archive) string {
	t.Helper()
	var before, change []*inventory.Object
	evidence := Evidence{Now: evidenceTime}
	var removed []string
	source := "cluster"
	for _, f := range archive.Files {
		switch f.Name {
		case "before.yaml":
			before = objectsOf(t, f)
		case "change.yaml":
			change = objectsOf(t, f)
		case "delete":
			removed = strings.Split(strings.TrimSpace(string(f.Data)), "\n")
		case "files":
			source = "files"
		case "audit.log":
			evidence.Audit = []auditlog.Input{auditlog.FromReader("audit.log", bytes.NewReader(f.Data))}
		case "flows.csv":
			var err error
			input := flow.FromReader("flows.csv", bytes.NewReader(f.Data))
			if evidence.Flows, err = flow.Collect(t.Context(), []flow.Input{input}, flow.CollectOptions{}); err != nil {
				t.Fatal(err)
			}
		case "want":
		default:
			t.Fatalf("what is %s?", f.Name)
		}
	}
	of := func(objects []*inventory.Object, kind string) *inventory.Inventory {
		return inventory.New(inventory.Source{Kind: kind}, evidence.Now, "", objects, nil)
	}
	for _, line := range removed {
		for _, o := range before {
			if f := strings.Fields(line); f[0] == o.Kind && f[len(f)-1] == o.Name {
				evidence.Removed = append(evidence.Removed, o.Ref)
			}
		}
	}
	r, err := Run(t.Context(), of(before, source), of(change, "files"), evidence)
	if err != nil {
		t.Fatal(err)
	}
	return written(r)
}

// objectsOf are the objects of a file, audit policies among them.
func objectsOf(t *testing.T, f txtar.File) []*inventory.Object {
	t.Helper()
	objects, gaps := manifest.ReadBytes(f.Name, f.Data, manifest.Options{AuditPolicies: true})
	if len(gaps) > 0 {
		t.Fatal(gaps)
	}
	return objects
}

// written is a rehearsal in lines, without what every one of its sort says.
func written(r *Rehearsal) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s\n", r.Verdict())
	what := func(o *finding.Ref, e *Event, f *Flow) string {
		switch {
		case o != nil:
			return o.String()
		case e != nil:
			return strings.Join(strings.Fields(fmt.Sprint(e.User, ": ", e.Verb, " ", e.Resource, e.Path, " ", e.Name, " in ", e.Namespace, " ", e.AuditIDs)), " ")
		case f != nil:
			return fmt.Sprint(f.From, " -> ", f.To, " ", f.Protocol, " ", f.Port)
		}
		return "?"
	}
	for _, b := range r.Breaks {
		fmt.Fprintf(&out, "break %s %v %s %s ×%d", b.Sort, b.Changes, what(b.Object, b.Event, b.Flow), b.Path, b.Count)
		if !b.Last.IsZero() {
			fmt.Fprintf(&out, " last %s", b.Last.Format(time.RFC3339))
		}
		fmt.Fprintf(&out, "%s%s: %s\n", map[bool]string{true: " soft"}[b.Soft], map[bool]string{true: " already"}[b.Already], b.Reason)
	}
	for _, d := range r.Doubts {
		fmt.Fprintf(&out, "doubt %s %v %s ×%d: %s\n", d.Sort, d.Changes, what(d.Object, d.Event, d.Flow), d.Count, d.Reason)
	}
	for _, c := range r.Covered {
		fmt.Fprintf(&out, "covered %s: %d changes, %d judged, %s\n", c.Sort, c.Changes, c.Judged, c.What)
	}
	for _, c := range r.Unjudged {
		fmt.Fprintf(&out, "unjudged %s\n", c.Ref())
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&out, "note %s\n", n)
	}
	for _, n := range r.CannotKnow {
		fmt.Fprintf(&out, "cannot know %s\n", n)
	}
	if r.Incomplete {
		out.WriteString("incomplete\n")
	}
	return out.String()
}
