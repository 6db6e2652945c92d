package auditlog

import (
	"bytes"
	"context"
	"io"
	"runtime"
	"sync"
)

// Options say how to read. The zero value reads everything but bodies and extra attributes, on all cores.
type Options struct {
	// Bodies keeps the bodies of requests and responses, Extra the extra attributes of users.
	Bodies, Extra bool
	// RightsOnly leaves out what no right depends on: the audit id, the level, the addresses, the user agent, and the URI
	// of requests for resources. They are validated all the same.
	RightsOnly bool
	// Ordered gives one consumer all events in the order of the log. Else each core has its own consumer.
	Ordered bool
	// MaxLine is how long one event may be; longer ones are skipped and counted, and never held. 8 MiB if 0.
	MaxLine int
	// Workers is how many consumers run at once; as many as cores if 0.
	Workers int
}

const (
	defaultMaxLine = 8 << 20
	batchSize      = 256 << 10
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

// A Consumer takes events. It is used by one goroutine at a time. See Event for what it may keep.
type Consumer interface {
	Consume(e *Event)
}

// Read reads logs one after another and gives their events to consumers, one for each worker. When it returns, all
// consumers are done; join what they know then.
//
// No log stops it: what is broken, too long or unreadable is counted in the Summary. The error is that of ctx.
func Read(ctx context.Context, inputs []Input, options Options, newConsumer func() Consumer) (*Summary, error) {
	if options.MaxLine <= 0 {
		options.MaxLine = defaultMaxLine
	}
	if options.Workers <= 0 {
		options.Workers = runtime.GOMAXPROCS(0)
	}
	if options.Ordered {
		options.Workers = 1
	}
	f := &feeder{
		options: options,
		free:    make(chan *batch, options.Workers*2+1),
		full:    make(chan *batch, options.Workers*2+1),
	}
	for range cap(f.free) {
		f.free <- new(batch)
	}
	workers := make([]*worker, options.Workers)
	var group sync.WaitGroup
	for i := range workers {
		w := newWorker(options, newConsumer())
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
	summary := f.summary(workers)
	return summary, ctx.Err()
}

// A batch is a piece of a log: whole lines, or whole items of a document.
type batch struct {
	input int
	name  string
	data  []byte
	line  int    // of the first byte; only for lines
	items []item // of a document; nil for lines
}

// An item is one value of a document.
type item struct{ start, end, line int }

// A worker decodes batches.
type worker struct {
	decoder
	tally
	consumer Consumer
	current  *batch
	line     int
}

func newWorker(options Options, consumer Consumer) *worker {
	w := &worker{consumer: consumer, tally: newTally()}
	w.decoder = decoder{options: options, names: newInterner(), emit: w.take}
	return w
}

func (w *worker) run(full <-chan *batch, free chan<- *batch) {
	for b := range full {
		w.current = b
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
	line := b.line
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
	w.line = line
	w.records++
	reason := lineTooLong
	if len(text) <= w.options.MaxLine {
		reason = w.decode(text, "", 0)
	}
	if reason != "" {
		w.broken.add(Broken{File: w.current.name, Line: line, Reason: reason, input: w.current.input})
	}
}

// take counts an event and passes it on.
func (w *worker) take(e *Event) {
	e.File, e.Line = w.current.name, w.line
	w.count(e)
	w.consumer.Consume(e)
}
