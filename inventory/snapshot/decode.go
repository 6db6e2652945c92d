package snapshot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/jsonshape"
	"github.com/plimsoll-io/plimsoll/internal/yamlpath"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A decoding makes objects of the members' texts on every core, while the next member is read.
type decoding struct {
	jobs    chan *job
	all     []*job // in the file's order
	workers sync.WaitGroup
	broken  atomic.Bool
	spare   chan []byte // texts that are done with, for the next members
}

// A job is one member: its text, and then its objects.
type job struct {
	name    string
	text    []byte
	objects []*inventory.Object
	err     error
}

func startDecoding() *decoding {
	cores := runtime.GOMAXPROCS(0)
	d := &decoding{jobs: make(chan *job), spare: make(chan []byte, cores+1)}
	for range cores {
		d.workers.Go(func() {
			l := &lines{decoder: jsonshape.NewDecoder(), files: map[string]string{}}
			for j := range d.jobs {
				if j.objects, j.err = l.read(j.name, j.text); j.err != nil {
					d.broken.Store(true)
				}
				text := j.text
				j.text = nil
				select {
				case d.spare <- text:
				default:
				}
			}
		})
	}
	return d
}

// add hands over a member. It waits while all are busy, which bounds how many texts are in memory.
func (d *decoding) add(name string, text []byte) {
	j := &job{name: name, text: text}
	d.all = append(d.all, j)
	d.jobs <- j
}

// failed says that there is no point in adding more.
func (d *decoding) failed() bool { return d.broken.Load() }

// buffer is a text that is done with, or nil.
func (d *decoding) buffer() []byte {
	select {
	case b := <-d.spare:
		return b
	default:
		return nil
	}
}

// finish waits and returns all objects in order, or the first error in the order of the file. All members before a
// broken one have been added, so it is the same error in every run.
func (d *decoding) finish() ([]*inventory.Object, error) {
	close(d.jobs)
	d.workers.Wait()
	total := 0
	for _, j := range d.all {
		if j.err != nil {
			return nil, j.err
		}
		total += len(j.objects)
	}
	objects := make([]*inventory.Object, 0, total)
	for _, j := range d.all {
		objects = append(objects, j.objects...)
	}
	return objects, nil
}

// Lines makes objects of lines. One goroutine uses it.
type lines struct {
	decoder *jsonshape.Decoder
	files   map[string]string // one copy of every file's name
}

var errNoObject = errors.New("it is no object of a snapshot")

// read reads the objects of a member.
func (l *lines) read(name string, text []byte) ([]*inventory.Object, error) {
	if err := l.decoder.Reset(text); err != nil {
		return nil, err
	}
	objects := make([]*inventory.Object, 0, bytes.Count(text, []byte("\n")))
	for start := 0; start < len(text); {
		length := bytes.IndexByte(text[start:], '\n')
		if length < 0 {
			return nil, fmt.Errorf("%s: the last line is not whole", short(name))
		}
		o, err := l.object(text[:start+length], start)
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", short(name), len(objects)+1, err)
		}
		objects = append(objects, o)
		start += length + 1
	}
	return objects, nil
}

// before and after what Write writes for the object of a line.
var (
	beforeObject = []byte(`{"object":`)
	beforePlaces = []byte(`,"places":[`)
)

// object reads the line from start to the end of a text.
func (l *lines) object(text []byte, start int) (*inventory.Object, error) {
	if !bytes.HasPrefix(text[start:], beforeObject) {
		return nil, errNoObject
	}
	value, end, err := l.decoder.Value(start+len(beforeObject), 1)
	content, ok := value.(map[string]any)
	if err != nil || !ok || end > len(text) {
		return nil, errNoObject
	}
	o := &inventory.Object{Ref: ownRef(content), Content: content}
	if rest := text[end:]; string(rest) == "}" {
		return o, nil
	}
	rest, places, err := cutPlaces(text[end:])
	if err != nil {
		return nil, err
	}
	if err := l.fields(o, rest); err != nil {
		return nil, err
	}
	if places != nil {
		tree, err := yamlpath.NewTree(content, places)
		if err != nil {
			return nil, err
		}
		o.Locate = tree.Locate
	}
	return o, nil
}

// fields reads what a line says of an object besides its content: `,"ref":…,"default":true}`.
func (l *lines) fields(o *inventory.Object, rest []byte) error {
	if string(rest) == "}" {
		return nil
	}
	if !bytes.HasPrefix(rest, []byte(`,"`)) {
		return errNoObject
	}
	var rec struct {
		record
		Object json.RawMessage `json:"object"`
		Places json.RawMessage `json:"places"`
	}
	if err := json.Unmarshal(append([]byte{'{'}, rest[1:]...), &rec); err != nil || rec.Object != nil || rec.Places != nil {
		return errNoObject // or an object or places where Write does not write them
	}
	o.NamespaceAssumed, o.Default = rec.NamespaceAssumed, rec.Default
	if rec.Ref != nil {
		o.Ref = *rec.Ref
	}
	if rec.Origin != nil {
		o.Origin = l.origin(*rec.Origin)
	}
	return nil
}

// origin keeps one copy of each file's name.
func (l *lines) origin(p finding.Position) finding.Position {
	if shared, ok := l.files[p.File]; ok {
		p.File = shared
	} else {
		l.files[p.File] = p.File
	}
	return p
}
