// Package logstream cuts logs of any size into records and has them decoded on all cores, in bounded memory: JSON values
// on lines or in documents, and lines of text, compressed or not. What a record means is for the decoders to say.
package logstream

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"runtime"
	"slices"
	"sync"
)

// Options say how to read.
type Options struct {
	// MaxLine is how long one record may be; longer ones are skipped and counted, and never held. 8 MiB if 0.
	MaxLine int
	// Workers is how many decoders run at once; as many as cores if 0.
	Workers int
	// Lists are the keys of documents whose value is a list of records, such as "items".
	Lists []string
}

const (
	defaultMaxLine = 8 << 20
	batchSize      = 256 << 10
	maxHead        = 64 << 10
)

// An Input is one log. Open is called when its turn comes, so that there may be more logs than files may be open.
type Input struct {
	Name string
	Open func() (io.ReadCloser, error)
}

// FromReader is an Input that is open already.
func FromReader(name string, r io.Reader) Input {
	return Input{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(r), nil }}
}

// A Place says where a record is.
type Place struct {
	Input int // index
	File  string
	Line  int
	// Head is the first line of a log of lines that has more than white space on it, as far as 64 KiB go.
	Head []byte
}

// A Decoder takes records. It is used by one goroutine.
type Decoder interface {
	// Decode takes one record, which belongs to the reader as soon as it returns, and returns why it is broken, "" if it
	// is not.
	Decode(text []byte, at *Place) (broken string)
}

// A Summary says what was read, and what could not be.
type Summary struct {
	// Records are lines that are not empty, or items of documents.
	Records int64
	// Bytes were read, before and after decompression.
	CompressedBytes, Bytes int64
	// Broken is how many records were broken, FirstBroken the first few of them.
	Broken      int64
	FirstBroken []Broken
	// Incomplete are logs that could not be read, or not to their end.
	Incomplete []Incomplete
}

// A Broken is a record that can't be understood. The reason never tells what was in it.
type Broken struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Reason string `json:"reason"`
	input  int
}

// An Incomplete is a log of which an unknown part is missing.
type Incomplete struct {
	File   string `json:"file"`
	Reason string `json:"reason"`
}

// Read reads logs one after another and gives their records to decoders, one for each worker. When it returns, all
// decoders are done. With one worker they come in the order of the log.
//
// No log stops it: what is broken, too long or unreadable is counted in the Summary. The error is that of ctx.
func Read(ctx context.Context, inputs []Input, options Options, newDecoder func() Decoder) (*Summary, error) {
	if options.MaxLine <= 0 {
		options.MaxLine = defaultMaxLine
	}
	if options.Workers <= 0 {
		options.Workers = runtime.GOMAXPROCS(0)
	}
	f := newFeeder(options)
	workers := make([]*worker, options.Workers)
	var group sync.WaitGroup
	for i := range workers {
		w := &worker{maxLine: options.MaxLine, decoder: newDecoder()}
		workers[i] = w
		group.Go(func() { w.run(f.full, f.free) })
	}
	for i, input := range inputs {
		if ctx.Err() != nil {
			break
		}
		f.read(ctx, i, input)
	}
	close(f.full)
	group.Wait()
	return f.summary(workers), ctx.Err()
}

// A batch is a piece of a log: whole lines, or whole items of a document.
type batch struct {
	at    Place // of the first line
	data  []byte
	items []item // of a document; nil for lines
}

// An item is one value of a document.
type item struct{ start, end, line int }

// A worker takes the records from batches.
type worker struct {
	maxLine int
	decoder Decoder
	records int64
	broken  firstBroken
	at      Place
}

func (w *worker) run(full <-chan *batch, free chan<- *batch) {
	for b := range full {
		w.at = b.at
		if b.items == nil {
			w.lines(b)
		}
		for _, it := range b.items {
			w.record(b.data[it.start:it.end], it.line)
		}
		if cap(b.data) > 4*batchSize {
			b.data = nil // a long line made it grow
		}
		free <- b
	}
}

func (w *worker) lines(b *batch) {
	line := b.at.Line
	for rest := b.data; len(rest) > 0; line++ {
		text := rest
		if end := bytes.IndexByte(rest, '\n'); end >= 0 {
			text, rest = rest[:end], rest[end+1:]
		} else {
			rest = nil
		}
		if len(bytes.Trim(text, " \t\r\x00")) > 0 {
			w.record(text, line)
		}
	}
}

func (w *worker) record(text []byte, line int) {
	w.at.Line = line
	w.records++
	reason := lineTooLong
	if len(text) <= w.maxLine {
		reason = w.decoder.Decode(text, &w.at)
	}
	if reason != "" {
		w.broken.add(Broken{File: w.at.File, Line: line, Reason: reason, input: w.at.Input})
	}
}

const shownBroken = 10

// firstBroken keeps the first few broken records of a goroutine, which sees them in order.
type firstBroken struct {
	count int64
	first []Broken
}

func (f *firstBroken) add(b Broken) {
	f.count++
	if len(f.first) < shownBroken {
		f.first = append(f.first, b)
	}
}

// summary joins what all goroutines counted.
func (f *feeder) summary(workers []*worker) *Summary {
	s := &Summary{
		Bytes: f.bytes, CompressedBytes: f.compressed, Incomplete: f.incomplete,
		Records: f.broken.count, Broken: f.broken.count, FirstBroken: f.broken.first,
	}
	for _, w := range workers {
		s.Records += w.records
		s.Broken += w.broken.count
		s.FirstBroken = append(s.FirstBroken, w.broken.first...)
	}
	slices.SortFunc(s.FirstBroken, func(a, b Broken) int {
		return cmp.Or(cmp.Compare(a.input, b.input), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Reason, b.Reason))
	})
	s.FirstBroken = s.FirstBroken[:min(len(s.FirstBroken), shownBroken)]
	return s
}
