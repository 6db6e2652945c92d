package auditlog

import (
	"context"
	"io"

	"github.com/plimsoll-io/plimsoll/internal/logstream"
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

// An Input is one log. Open is called when its turn comes, so that there may be more logs than files may be open.
type Input = logstream.Input

// FromReader is an Input that is open already.
func FromReader(name string, r io.Reader) Input { return logstream.FromReader(name, r) }

// A Consumer takes events. It is used by one goroutine at a time. See Event for what it may keep.
type Consumer interface {
	Consume(e *Event)
}

// lists are where the items of envelopes are.
var lists = []string{"items", "records", "logEvents", "events"}

// Read reads logs one after another and gives their events to consumers, one for each worker. When it returns, all
// consumers are done; join what they know then.
//
// No log stops it: what is broken, too long or unreadable is counted in the Summary. The error is that of ctx.
func Read(ctx context.Context, inputs []Input, options Options, newConsumer func() Consumer) (*Summary, error) {
	if options.Ordered {
		options.Workers = 1
	}
	var workers []*worker
	read, err := logstream.Read(ctx, inputs, logstream.Options{MaxLine: options.MaxLine, Workers: options.Workers, Lists: lists},
		func() logstream.Decoder {
			workers = append(workers, newWorker(options, newConsumer()))
			return workers[len(workers)-1]
		})
	return summary(read, workers), err
}

// A worker decodes records.
type worker struct {
	decoder
	tally
	consumer Consumer
	at       *logstream.Place
}

func newWorker(options Options, consumer Consumer) *worker {
	w := &worker{consumer: consumer, tally: newTally()}
	w.decoder = decoder{options: options, names: logstream.NewInterner(), emit: w.take}
	return w
}

// Decode emits the events of a record.
func (w *worker) Decode(text []byte, at *logstream.Place) (broken string) {
	w.at = at
	return w.decode(text, "", 0)
}

// take counts an event and passes it on.
func (w *worker) take(e *Event) {
	e.File, e.Line = w.at.File, w.at.Line
	w.count(e)
	w.consumer.Consume(e)
}
