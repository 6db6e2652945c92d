package logstream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"

	"github.com/plimsoll-io/plimsoll/internal/jsonscan"
)

// A feeder reads logs and cuts them into batches for the workers.
type feeder struct {
	options    Options
	free, full chan *batch

	at         Place // of the log that is read
	lists      [][]byte
	bytes      int64
	compressed int64
	broken     firstBroken // records that were not even handed out
	incomplete []Incomplete
}

func newFeeder(options Options) *feeder {
	f := &feeder{
		options: options,
		free:    make(chan *batch, options.Workers*2+1),
		full:    make(chan *batch, options.Workers*2+1),
	}
	for range cap(f.free) {
		f.free <- new(batch)
	}
	for _, key := range options.Lists {
		f.lists = append(f.lists, []byte(`"`+key+`"`))
	}
	return f
}

func (f *feeder) read(ctx context.Context, index int, input Input) {
	f.at = Place{Input: index, File: input.Name}
	if err := f.open(ctx, input); err != nil && ctx.Err() == nil {
		f.incomplete = append(f.incomplete, Incomplete{File: input.Name, Reason: err.Error()})
	}
}

func (f *feeder) open(ctx context.Context, input Input) error {
	file, err := input.Open()
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	raw := &meter{ctx: ctx, r: file}
	text, closeText, err := decompress(raw)
	if err != nil {
		return err
	}
	defer closeText()
	counted := &meter{ctx: ctx, r: text}
	s := source{r: counted}
	defer func() {
		f.compressed += raw.n
		f.bytes += counted.n
	}()
	head := s.head(batchSize)
	if sniff(head, s.err != nil) == document {
		return f.document(ctx, &s)
	}
	f.at.Head = firstLine(head)
	return f.lines(ctx, &s)
}

// A source is a stream whose beginning can be looked at.
type source struct {
	r    io.Reader
	read []byte // and not taken yet
	err  error  // what ended r; io.EOF if all is well
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// head returns up to n bytes from the beginning, without taking them.
func (s *source) head(n int) []byte {
	buf := make([]byte, n)
	s.read = bytes.TrimPrefix(buf[:s.fill(buf)], byteOrderMark)
	return s.read
}

// fill reads into p until it is full or the stream ends. The stream is at its end when less than asked for came.
func (s *source) fill(p []byte) int {
	n := copy(p, s.read)
	s.read = s.read[n:]
	for n < len(p) && s.err == nil {
		var got int
		got, s.err = s.r.Read(p[n:])
		n += got
	}
	return n
}

// skipLine drops the rest of a line and returns what was read beyond it.
func (s *source) skipLine() []byte {
	buf := make([]byte, batchSize)
	for {
		n := s.fill(buf)
		if end := bytes.IndexByte(buf[:n], '\n'); end >= 0 {
			return buf[end+1 : n]
		}
		if n < len(buf) {
			return nil
		}
	}
}

// firstLine is a copy of the first line that has more than white space on it, or of its beginning.
func firstLine(head []byte) []byte {
	head = bytes.TrimLeft(head, " \t\r\n\x00")
	if end := bytes.IndexByte(head, '\n'); end >= 0 {
		head = head[:end]
	}
	return bytes.Clone(bytes.TrimRight(head[:min(len(head), maxHead)], " \t\r\x00"))
}

// A layout is how a log is laid out.
type layout int

const (
	lines    layout = iota // each line is a text of its own
	document               // values may span lines
)

// sniff tells lines from documents by the beginning of a log. A line that is complete decides. If the first line is not,
// it may be the beginning of a document, or broken: then a later line, from its first column, may decide.
func sniff(head []byte, whole bool) layout {
	first := true
	for rest := head; len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 && !whole {
			break
		}
		line := rest
		if end >= 0 {
			line, rest = rest[:end], rest[end+1:]
		} else {
			rest = nil
		}
		text := bytes.Trim(line, " \t\r\x00")
		if len(text) == 0 {
			continue
		}
		if first {
			first = false
			if text[0] == '[' && !isDated(text) {
				return document
			}
			if text[0] != '{' {
				return lines
			}
			reason := jsonscan.Check(text)
			if reason == "" || reason != "cut off" {
				return lines
			}
		} else if line[0] == '{' && len(text) > 2 && jsonscan.Check(text) == "" {
			return lines
		}
	}
	text := bytes.TrimLeft(head, " \t\r\n\x00")
	if len(text) > 0 && (text[0] == '{' || text[0] == '[' && !isDated(text)) {
		return document
	}
	return lines
}

// isDated says whether a line begins as access logs do: with a date in brackets. No list of JSON values does.
func isDated(line []byte) bool {
	if len(line) < 6 || line[5] != '-' {
		return false
	}
	for _, c := range line[1:5] {
		if c-'0' > 9 {
			return false
		}
	}
	return true
}

// take waits for an empty batch.
func (f *feeder) take(ctx context.Context) (*batch, error) {
	select {
	case b := <-f.free:
		b.at, b.data, b.items = f.at, b.data[:0], nil
		return b, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (f *feeder) reject(line int, reason string) {
	f.broken.add(Broken{File: f.at.File, Line: line, Reason: reason, input: f.at.Input})
}

// lines hands out whole lines. The rest of a batch behind its last line break begins the next batch.
func (f *feeder) lines(ctx context.Context, s *source) error {
	var rest []byte
	for line, done := 1, false; !done; {
		b, err := f.take(ctx)
		if err != nil {
			return err
		}
		b.at.Line = line
		b.data = append(slices.Grow(b.data, batchSize), rest...)
		var end int
		end, done = f.fillLines(b, s)
		tooLong := end == 0 && !done
		rest = append(rest[:0], b.data[end:]...)
		if tooLong {
			rest = nil
		}
		b.data = b.data[:end]
		line += bytes.Count(b.data, []byte{'\n'})
		f.full <- b
		if tooLong {
			f.reject(line, lineTooLong)
			rest = s.skipLine()
			line++
		}
	}
	return s.failure()
}

const lineTooLong = "longer than the limit"

// fillLines fills a batch and returns where its last line ends. When it holds no whole line, it is made larger, up to the
// limit: then end is 0. At the end of the stream everything left is the last line.
func (f *feeder) fillLines(b *batch, s *source) (end int, done bool) {
	for {
		n := s.fill(b.data[len(b.data):cap(b.data)])
		done = len(b.data)+n < cap(b.data)
		b.data = b.data[:len(b.data)+n]
		if done {
			return len(b.data), true
		}
		if end = bytes.LastIndexByte(b.data, '\n') + 1; end > 0 || len(b.data) > f.options.MaxLine {
			return end, false
		}
		b.data = slices.Grow(b.data, min(len(b.data), f.options.MaxLine-len(b.data)+1))
	}
}

// failure is what ended the stream early.
func (s *source) failure() error {
	if errors.Is(s.err, io.EOF) && !errors.Is(s.err, io.ErrUnexpectedEOF) {
		return nil
	}
	return s.err
}
