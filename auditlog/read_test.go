package auditlog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/tools/txtar"

	"github.com/plimsoll-io/plimsoll/auditlog"
)

var update = flag.Bool("update", false, "write what is read to the cases")

// A collector keeps all events; a test joins the collectors of the workers.
type collector struct{ events []*auditlog.Event }

func (c *collector) Consume(e *auditlog.Event) { c.events = append(c.events, e.Clone()) }

func read(t *testing.T, options auditlog.Options, logs ...io.Reader) ([]*auditlog.Event, *auditlog.Summary) {
	t.Helper()
	var inputs []auditlog.Input
	for i, log := range logs {
		inputs = append(inputs, auditlog.FromReader(fmt.Sprintf("log-%d", i), log))
	}
	var collectors []*collector
	summary, err := auditlog.Read(t.Context(), inputs, options, func() auditlog.Consumer {
		collectors = append(collectors, new(collector))
		return collectors[len(collectors)-1]
	})
	if err != nil {
		t.Fatal(err)
	}
	var events []*auditlog.Event
	for _, c := range collectors {
		events = append(events, c.events...)
	}
	return events, summary
}

// Each case of testdata/shapes is a log and the events to be read from it, one JSON object a line.
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
			events, summary := read(t, auditlog.Options{Ordered: true}, bytes.NewReader(log))
			got := render(events, summary)
			if *update || len(want) == 0 {
				updateWant(t, file, archive, got)
				return
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error("(-want +got)\n", diff)
			}
		})
	}
}

func updateWant(t *testing.T, file string, archive *txtar.Archive, got string) {
	t.Helper()
	archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" })
	archive.Files = append(archive.Files, txtar.File{Name: "want", Data: []byte(got)})
	if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

// render writes what a reader of the test should see of each event.
func render(events []*auditlog.Event, s *auditlog.Summary) string {
	var out strings.Builder
	for _, e := range events {
		actor := e.User.Name
		if e.Impersonated != nil {
			actor += " as " + e.Impersonated.Name + " " + strings.Join(e.Impersonated.Groups, ",")
		}
		fmt.Fprintf(&out, "%d %s %s %s %s %s %s: %s %s %d\n", e.Line, e.Shape, e.Time.UTC().Format(time.RFC3339), e.AuditID, e.Stage,
			actor, strings.Join(e.User.Groups, ","), e.Verb, object(e), e.Code)
		fmt.Fprintf(&out, "  from %s %q %v\n", strings.Join(e.SourceIPs, ","), e.UserAgent, e.Annotations)
	}
	fmt.Fprintf(&out, "%d events, %d foreign, %d undated, %d broken of %d\n", s.Events, s.Foreign, s.Undated, s.Broken, s.Records)
	for _, b := range s.FirstBroken {
		fmt.Fprintf(&out, "  line %d: %s\n", b.Line, b.Reason)
	}
	for _, i := range s.Incomplete {
		fmt.Fprintf(&out, "  incomplete: %s\n", i.Reason)
	}
	return out.String()
}

func object(e *auditlog.Event) string {
	o := e.Object
	if o.Resource == "" {
		return e.RequestURI
	}
	return fmt.Sprintf("%s/%s %s/%s %s/%s", o.APIGroup, o.APIVersion, o.Resource, o.Subresource, o.Namespace, o.Name)
}

func line(i int) string {
	return fmt.Sprintf(`{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"id-%d","stage":"ResponseComplete","verb":"get",`+
		`"user":{"username":"u%d"},"objectRef":{"resource":"pods","namespace":"n","name":"p%d"},"requestReceivedTimestamp":"%s"}`,
		i, i%7, i, time.Date(2026, 1, 2, 3, 0, i, 0, time.UTC).Format("2006-01-02T15:04:05.000000Z"))
}

func logOf(n int, separator string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = line(i)
	}
	return strings.Join(items, separator)
}

func compressGzip(t *testing.T, parts ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	for _, part := range parts {
		w := gzip.NewWriter(&out)
		if _, err := io.WriteString(w, part); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

func compressZstd(t *testing.T, parts ...string) []byte {
	t.Helper()
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = encoder.Close() }()
	var out []byte
	for _, part := range parts {
		out = encoder.EncodeAll([]byte(part), out)
	}
	return out
}

// However the same events are laid out and packed, they are read.
func TestLayouts(t *testing.T) {
	const n = 5000
	plain := logOf(n, "\n")
	half := len(logOf(n/2, "\n")) + 1
	indented := func(text string) string {
		var out bytes.Buffer
		if err := json.Indent(&out, []byte(text), "", "  "); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	list := `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{"x":["items"]},"items":[` + logOf(n, ",") + `]}`
	logs := map[string]string{
		"lines":                      plain,
		"lines, end of file":         plain + "\n",
		"windows lines":              strings.ReplaceAll(plain, "\n", "\r\n"),
		"empty lines":                strings.ReplaceAll(plain, "\n", "\n\n"),
		"byte order mark":            "\ufeff" + plain,
		"padding":                    strings.Repeat("\x00", 5000) + plain,
		"nothing between":            logOf(n, ""),
		"list on one line":           list,
		"list, indented":             indented(list),
		"list, an item a line":       `{"kind":"EventList","items":[` + "\n" + logOf(n, ",\n") + "\n]}",
		"lists of few":               strings.Repeat(`{"kind":"EventList","items":[`+logOf(n/100, ",")+"]}\n", 100),
		"array":                      "[" + logOf(n, ",") + "]",
		"array, indented":            indented("[" + logOf(n, ",") + "]"),
		"objects, indented":          indented("[" + logOf(n, ",") + "]")[2:],
		"gzip":                       string(compressGzip(t, plain)),
		"gzip, members":              string(compressGzip(t, plain[:half], plain[half:])),
		"gzip, members cut anywhere": string(compressGzip(t, plain[:half+77], plain[half+77:])),
		"zstd":                       string(compressZstd(t, plain)),
		"zstd, frames":               string(compressZstd(t, plain[:half], plain[half:])),
		"zstd of gzip":               string(compressZstd(t, string(compressGzip(t, plain)))),
	}
	for name, log := range logs {
		for _, options := range []auditlog.Options{{}, {Ordered: true}} {
			t.Run(fmt.Sprint(name, options.Ordered), func(t *testing.T) {
				events, s := read(t, options, strings.NewReader(log))
				if s.Events != n || len(events) != n {
					t.Fatalf("%d events, want %d; %+v", s.Events, n, s)
				}
				if name != "objects, indented" && (s.Broken != 0 || len(s.Incomplete) != 0 || s.Foreign != 0) {
					t.Errorf("summary %+v", s)
				}
				if !options.Ordered || name == "lists of few" {
					return
				}
				for i, e := range events {
					if e.AuditID != fmt.Sprintf("id-%d", i) {
						t.Fatalf("event %d is %s", i, e.AuditID)
					}
				}
			})
		}
	}
}

// Broken records are counted and told, and the others are read.
func TestBroken(t *testing.T) {
	good := line(1)
	long := strings.Replace(good, "pods", strings.Repeat("x", 5<<20), 1)
	deep := strings.Replace(good, `"get"`, `"get","x":`+strings.Repeat("[", 20000)+strings.Repeat("]", 20000), 1)
	control := strings.Replace(good, "pods", "po\x01ds", 1)
	empty := `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata"}`
	tests := map[string]struct {
		log    string
		events int64
		broken []string
	}{
		"cut off at the end":    {good + "\n" + good[:50], 1, []string{"2 cut off"}},
		"cut off at the start":  {good[50:] + "\n" + good, 1, []string{"1 neither a value nor a number"}},
		"cut off, then another": {good + "\n" + good[:50] + good + "\n" + good, 2, []string{"2 no colon behind a key"}},
		"interleaved":           {good[:60] + good[:50] + good[60:] + "\n" + good, 1, []string{"1 no comma or end of the list or object"}},
		"text":                  {"hello\n" + good, 1, []string{"1 neither a value nor a number"}},
		"control character":     {control + "\n" + good, 1, []string{"1 control character in a string"}},
		"wrong type":            {strings.Replace(good, `"get"`, `7`, 1) + "\n" + good, 1, []string{"1 verb is no string"}},
		"without verb":          {strings.Replace(good, `"get"`, `""`, 1) + "\n" + good, 2, nil},
		"without anything":      {empty + "\n" + good, 1, []string{"1 audit event that says nothing"}},
		"too long":              {good + "\n" + long + "\n" + good, 2, []string{"2 longer than the limit"}},
		"too long at the end":   {good + "\n" + long, 1, []string{"2 longer than the limit"}},
		"nested":                {deep + "\n" + good, 1, []string{"1 nested too deeply"}},
		"array cut off":         {"[" + good + ",\n" + good + ",\n" + good[:100], 2, []string{"3 an item of a list is broken"}},
		"array, one broken":     {"[\n" + good + ",\n{\"verb\":},\n" + good + "]", 2, []string{"3 neither a value nor a number"}},
		"array, line break in a string": {"[\n" + good + ",\n{\"verb\":\"a\nb\"},\n" + good + ",\n" + good + "]", 3,
			[]string{"3 an item of a list is broken"}},
		"array, too long": {"[\n" + good + ",\n" + long + ",\n" + good + "]", 2,
			[]string{"3 longer than the limit"}},
		"wrapped too often": {wrap(good, 6) + "\n" + wrap(good, 2), 1, []string{"1 wrapped too often"}},
		"inner cut off":     {wrap(good[:80], 1) + "\n" + good, 1, []string{"1 cut off"}},
		"only spaces":       {"  \n\n \t", 0, nil},
		"nothing":           {"", 0, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, s := read(t, auditlog.Options{MaxLine: 1 << 20, Workers: 2}, strings.NewReader(test.log))
			var broken []string
			for _, b := range s.FirstBroken {
				broken = append(broken, fmt.Sprint(b.Line, " ", b.Reason))
			}
			if diff := cmp.Diff(test.broken, broken, cmpopts.EquateEmpty()); diff != "" || s.Events != test.events {
				t.Errorf("%d events, want %d\n%s", s.Events, test.events, diff)
			}
			if int(s.Broken) != len(test.broken) {
				t.Errorf("%d broken", s.Broken)
			}
		})
	}
}

func wrap(text string, times int) string {
	for range times {
		inner, _ := json.Marshal(text)
		text = `{"log":` + string(inner) + `}`
	}
	return text
}

func TestIncomplete(t *testing.T) {
	packed := compressGzip(t, logOf(5000, "\n"))
	failing := errors.New("disk on fire")
	closed := auditlog.Input{Name: "closed", Open: func() (io.ReadCloser, error) { return nil, failing }}
	inputs := []auditlog.Input{
		auditlog.FromReader("cut", bytes.NewReader(packed[:len(packed)/2])),
		closed,
		auditlog.FromReader("nested", bytes.NewReader(compressGzip(t, string(compressGzip(t, string(packed)))))),
		auditlog.FromReader("trailing", bytes.NewReader(append(slices.Clone(packed), "garbage"...))),
		auditlog.FromReader("fails", io.MultiReader(strings.NewReader(line(1)+"\n"+line(2)+"\n"), &failingReader{failing})),
	}
	all := new(collector)
	s, err := auditlog.Read(t.Context(), inputs, auditlog.Options{Workers: 1}, func() auditlog.Consumer { return all })
	if err != nil {
		t.Fatal(err)
	}
	var incomplete []string
	for _, i := range s.Incomplete {
		incomplete = append(incomplete, i.File)
	}
	if diff := cmp.Diff([]string{"cut", "closed", "nested", "trailing", "fails"}, incomplete); diff != "" {
		t.Errorf("%s\n%+v", diff, s.Incomplete)
	}
	if s.Events < 5000+1000+2 || s.Complete() {
		t.Errorf("%d events", s.Events)
	}
}

type failingReader struct{ err error }

func (r *failingReader) Read([]byte) (int, error) { return 0, r.err }

func TestBomb(t *testing.T) {
	if testing.Short() {
		t.Skip("decompresses a few hundred megabytes")
	}
	var out bytes.Buffer
	encoder, err := zstd.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(encoder, zeros{}, 300<<20); err != nil {
		t.Fatal(err)
	}
	if err := encoder.Close(); err != nil {
		t.Fatal(err)
	}
	_, s := read(t, auditlog.Options{}, bytes.NewReader(out.Bytes()))
	if len(s.Incomplete) != 1 || s.Bytes > 280<<20 {
		t.Errorf("%d bytes read; %+v", s.Bytes, s)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// An endless log, and an endless line, end when the context does.
func TestCancel(t *testing.T) {
	for _, beginning := range []string{"", "[\n", "[\"", line(1) + "\n", line(1) + "\n{"} {
		ctx, cancel := context.WithCancel(t.Context())
		log := io.MultiReader(strings.NewReader(beginning), &stopper{after: 100, stop: cancel})
		_, err := auditlog.Read(ctx, []auditlog.Input{auditlog.FromReader("endless", log)}, auditlog.Options{MaxLine: 1 << 20},
			func() auditlog.Consumer { return new(collector) })
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

// A stopper has no end and calls stop after some reads.
type stopper struct {
	after int
	stop  func()
}

func (s *stopper) Read(p []byte) (int, error) {
	if s.after--; s.after == 0 {
		s.stop()
	}
	return zeros{}.Read(p)
}

func TestOptions(t *testing.T) {
	log := `{"kind":"Event","apiVersion":"audit.k8s.io/v1","verb":"create","user":{"username":"u","extra":{"a":["1","2"]}},` +
		`"objectRef":{"resource":"pods"},"requestObject":{"a":1},"responseObject":null}`
	events, _ := read(t, auditlog.Options{Bodies: true, Extra: true}, strings.NewReader(log))
	e := events[0]
	if string(e.RequestObject) != `{"a":1}` || e.ResponseObject != nil || len(e.User.Extra) != 1 || e.User.Extra[0].Values[1] != "2" {
		t.Errorf("%+v", e)
	}
	events, _ = read(t, auditlog.Options{}, strings.NewReader(log))
	if e := events[0]; e.RequestObject != nil || len(e.User.Extra) != 0 {
		t.Errorf("%+v", e)
	}
}

// What rights do not depend on is left out, and broken logs are as broken as before.
func TestRightsOnly(t *testing.T) {
	path := strings.Replace(line(2), `"objectRef"`,
		`"level":"Metadata","userAgent":"a","sourceIPs":["::1"],"requestURI":"/health\u007a?a","x"`, 1)
	wrongType, control := strings.Replace(line(3), `"id-3"`, `3`, 1), strings.Replace(line(3), `"id-3"`, "\"\t\"", 1)
	log := strings.Join([]string{line(1), path, wrongType, control}, "\n")
	want, all := read(t, auditlog.Options{Ordered: true}, strings.NewReader(log))
	got, s := read(t, auditlog.Options{Ordered: true, RightsOnly: true}, strings.NewReader(log))
	if diff := cmp.Diff(all.FirstBroken, s.FirstBroken, cmpopts.IgnoreUnexported(auditlog.Broken{})); diff != "" || s.Broken != 2 {
		t.Error(diff)
	}
	if len(got) != 2 || got[0].AuditID != "" || got[1].RequestURI != "/healthz?a" || got[1].UserAgent != "" || len(got[1].SourceIPs) > 0 {
		t.Fatalf("%+v", got[1])
	}
	for i := range want {
		same := want[i].Verb == got[i].Verb && want[i].Object == got[i].Object && want[i].User.Name == got[i].User.Name
		if !same || want[i].RequestURI != got[i].RequestURI {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
}
