package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/yamlpath"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A file collects what one file holds. Use it for one file and by one goroutine.
type file struct {
	opts    Options
	origin  finding.Position // with the file's name; the line is set per object
	decoder *yamlpath.Decoder
	objects []*inventory.Object
	gaps    []inventory.Gap
	scopes  map[schema.GroupKind]bool // kinds that CustomResourceDefinitions define: true when namespaced
	values  map[string]any            // of a chart, when they are wanted

	overflowed bool            // objects were left out, and a gap says so
	repeated   *yamlpath.Error // the first repeated key of the object that is being decoded
}

func newFile(name string, opts Options) *file {
	f := &file{
		opts: opts, origin: finding.Position{File: name}, decoder: yamlpath.NewDecoder(yamlpath.Limits{Memory: opts.MaxMemory}),
		scopes: map[schema.GroupKind]bool{},
	}
	f.decoder.OnRepeat = func(err *yamlpath.Error) {
		if f.repeated == nil {
			f.repeated = err
		}
	}
	return f
}

// read reads all documents of a file.
func (f *file) read(data []byte) {
	data = utf8Text(data)
	if i := bytes.IndexByte(data, 0); i >= 0 {
		f.broken(data, 1+bytes.Count(data[:i], []byte{'\n'}), "this is a binary file")
		return
	}
	if isJSON(data) && f.readJSON(data) {
		return
	}
	data = endLine(data)
	if f.readTogether(data) {
		return
	}
	for c := range split(data) {
		if f.full() {
			return
		}
		f.readChunk(c)
	}
}

// endLine gives the last line its line break, as kubectl does: a block scalar at the end keeps its own.
func endLine(data []byte) []byte {
	if bytes.HasSuffix(data, []byte("\n")) {
		return data
	}
	return append(data[:len(data):len(data)], '\n')
}

// together is the size up to which the documents of a file are parsed by one parser, which spares starting one for each.
const together = 256 << 10

// readTogether reads a small file in one go. It returns false, and has read nothing, when a document is broken: then
// they are read one by one.
func (f *file) readTogether(data []byte) bool {
	if len(data) > together {
		return false
	}
	chunks := slices.Collect(split(data))
	if len(chunks) < 2 {
		return false
	}
	var docs []*yaml.Node
	err := documents(data, func(doc *yaml.Node) {
		if len(doc.Content) > 0 && doc.Content[0].ShortTag() != "!!null" {
			docs = append(docs, doc)
		}
	})
	if err != nil || len(docs) != len(chunks) {
		return false
	}
	for i, doc := range docs {
		if f.full() {
			break
		}
		f.document(doc, chunk{data: chunks[i].data}) // positions count in the whole file
	}
	return true
}

// utf8Text removes a byte order mark and converts UTF-16, which PowerShell's ">" writes.
func utf8Text(data []byte) []byte {
	if rest, ok := bytes.CutPrefix(data, []byte("\xef\xbb\xbf")); ok {
		return rest
	}
	if len(data) < 2 || len(data)%2 != 0 {
		return data
	}
	hi, lo := 0, 1
	switch {
	case data[0] == 0xff && data[1] == 0xfe:
		hi, lo = 1, 0
	case data[0] != 0xfe || data[1] != 0xff:
		return data
	}
	units := make([]uint16, 0, len(data)/2-1)
	for i := 2; i < len(data); i += 2 {
		units = append(units, uint16(data[i+hi])<<8|uint16(data[i+lo]))
	}
	return []byte(string(utf16.Decode(units)))
}

// readChunk reads a piece of YAML that holds whole documents, nearly always one.
func (f *file) readChunk(c chunk) {
	if f.readLargeList(c) {
		return
	}
	if !f.fits(c) {
		return
	}
	err := documents(c.data, func(doc *yaml.Node) {
		f.document(doc, c)
	})
	if err != nil {
		line, reason := syntaxError(err)
		f.broken(c.data, c.line+line, reason)
	}
}

// fits refuses a chunk that is too large to parse. One that cannot hold an object is passed over.
func (f *file) fits(c chunk) bool {
	reason := ""
	switch {
	case len(c.data) > f.opts.maxDocument():
		reason = fmt.Sprintf("the document has %d bytes, more than %d (--max-document)", len(c.data), f.opts.maxDocument())
	case len(c.data) > maxSeparators && separators(c.data) > maxSeparators:
		reason = fmt.Sprintf("the document may hold more than %d values", maxSeparators)
	default:
		return true
	}
	if bytes.Contains(c.data, []byte("apiVersion")) && bytes.Contains(c.data, []byte("kind")) {
		f.broken(c.data, c.line+1, reason)
	}
	return false
}

// documents parses data and hands on one document after the other.
func documents(data []byte, each func(*yaml.Node)) (err error) {
	defer func() {
		if p := recover(); p != nil { // a bug in the parser must not end the program
			err = fmt.Errorf("this cannot be parsed as YAML")
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		doc := new(yaml.Node)
		if err := dec.Decode(doc); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		each(doc)
	}
}

var yamlErrorLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)

// syntaxError takes the parser's error apart. Its line is 1 when the parser gives none.
func syntaxError(err error) (line int, reason string) {
	match := yamlErrorLine.FindStringSubmatch(err.Error())
	line, _ = strconv.Atoi(match[1])
	reason = strings.TrimSpace(err.Error()[len(match[0]):])
	if first, _, ok := strings.Cut(reason, "\n"); ok {
		reason = first
	}
	return max(line, 1), "this is no YAML: " + reason
}

// broken notes text that could not be read: a gap for every kind that its "kind:" lines name, since objects of these
// may be missing; when there is none, or one cannot be made out, for all kinds.
func (f *file) broken(text []byte, line int, reason string) {
	kinds := kindsNamed(text)
	if len(kinds) == 0 {
		kinds = []string{""}
	}
	for _, kind := range kinds {
		f.gap(inventory.Gap{Kind: kind, AnyGroup: kind != "", Line: line, Reason: reason})
	}
}

var kindLine = regexp.MustCompile(`^kind["']?[ \t]*:[ \t]*["']?([A-Za-z][A-Za-z0-9]*)["']?[ \t]*(?:[\r\n,}#]|$)`)

// kindsNamed lists the kinds that "kind:" lines name, each once and in order; none when one of them cannot be made
// out. Kinds deep in an object count too, so the answer may hold too many, but not too few.
func kindsNamed(text []byte) []string {
	const longest = 100 // bytes of a kind line that are looked at
	var kinds []string
	for at := 0; ; {
		i := bytes.Index(text[at:], []byte("kind"))
		if i < 0 {
			return kinds
		}
		at += i
		here := text[at:min(at+longest, len(text))]
		partOfWord := at > 0 && isLetter(text[at-1])
		at += len("kind")
		rest := bytes.TrimLeft(text[at:], "\"' \t")
		if partOfWord || len(rest) == 0 || rest[0] != ':' {
			continue
		}
		match := kindLine.FindSubmatch(here)
		if match == nil {
			return nil
		}
		kind := string(match[1])
		if kind == "List" {
			continue // its items name their own
		}
		kind = strings.TrimSuffix(kind, "List")
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
		if len(kinds) > maxKinds {
			return nil
		}
	}
}

// maxKinds is how many kinds one broken document may name; one with more stands for all.
const maxKinds = 100

func isLetter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

// full says whether the file's objects take all the memory they may, and notes once that there are more.
func (f *file) full() bool {
	if f.decoder.Full() && !f.overflowed {
		f.overflowed = true
		f.gap(inventory.Gap{Reason: "the objects of this file take too much memory; those after " + f.lastObject() + " are left out"})
	}
	return f.overflowed
}

func (f *file) lastObject() string {
	if len(f.objects) == 0 {
		return "its start"
	}
	return "line " + strconv.Itoa(f.objects[len(f.objects)-1].Origin.Line)
}

// maxGaps bounds what one file can report; the last one says that there are more.
const maxGaps = 1_000

func (f *file) gap(g inventory.Gap) {
	if len(f.gaps) > maxGaps {
		return
	}
	if len(f.gaps) == maxGaps {
		g = inventory.Gap{Line: g.Line, Reason: "more than 1000 parts of this file cannot be read"}
	}
	g.File = f.origin.File
	f.gaps = append(f.gaps, g)
}
