package flow

import (
	"context"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/plimsoll-io/plimsoll/internal/logstream"
)

// Options say how to read. The zero value reads on all cores.
type Options struct {
	// Ordered gives one consumer all flows in the order of the logs. Else each core has its own consumer.
	Ordered bool
	// MaxLine is how long one record may be; longer ones are skipped and counted, and never held. 8 MiB if 0.
	MaxLine int
	// Workers is how many consumers run at once; as many as cores if 0.
	Workers int
}

// An Input is one log. Open is called when its turn comes, so that there may be more logs than files may be open.
type Input = logstream.Input

// FromReader is an Input that is open already.
func FromReader(name string, r io.Reader) Input { return logstream.FromReader(name, r) }

// A Consumer takes flows. It is used by one goroutine at a time. It may keep a copy of the flow, not the pointer.
type Consumer interface {
	Consume(f *Flow)
}

// lists are the keys of documents under which the flows are.
var lists = []string{"items", "flows", "records", "entries", "events"}

// Read reads logs one after another and gives their flows to consumers, one for each worker. When it returns, all consumers
// are done; join what they know then.
//
// No log stops it: what is broken, too long or unreadable is counted in the Summary. The error is that of ctx.
func Read(ctx context.Context, inputs []Input, options Options, newConsumer func() Consumer) (*Summary, error) {
	if options.Ordered {
		options.Workers = 1
	}
	var workers []*worker
	read, err := logstream.Read(ctx, inputs, logstream.Options{MaxLine: options.MaxLine, Workers: options.Workers, Lists: lists},
		func() logstream.Decoder {
			w := &worker{consumer: newConsumer(), tally: newTally()}
			w.decoder = newDecoder(w.take)
			workers = append(workers, w)
			return w
		})
	return summary(read, workers), err
}

// A worker decodes records.
type worker struct {
	*decoder
	tally
	consumer Consumer
	at       *logstream.Place
}

// Decode emits the flows of a record.
func (w *worker) Decode(text []byte, at *logstream.Place) (broken string) {
	w.at = at
	w.table.of(at)
	return w.decode(text, 0)
}

// take counts a flow and passes it on.
func (w *worker) take(f *Flow) {
	f.File, f.Line = w.at.File, w.at.Line
	if f.Count < 1 {
		f.Count = 1
	}
	if f.Last.Before(f.First) {
		f.Last = f.First
	}
	if f.First.IsZero() {
		f.First = f.Last
	}
	w.count(f)
	w.consumer.Consume(f)
}

// A Summary says what was read, and what could not be.
type Summary struct {
	// Flows were understood. Records are the lines or items they were in. Foreign records are valid and of something else.
	// Undated flows have no time.
	Flows, Records, Foreign, Undated int64
	// Skipped counts, by reason, records that are no flows of a connection although their log is one of flows.
	Skipped map[string]int64
	// Lost is how many flows the log itself says it has lost.
	Lost int64
	// Bytes were read, before and after decompression.
	CompressedBytes, Bytes int64
	// Broken is how many records were broken, FirstBroken the first few of them.
	Broken      int64
	FirstBroken []Broken
	// Incomplete are logs that could not be read, or not to their end.
	Incomplete []Incomplete
	// First and Last bound the time of observation; zero if no flow has a time.
	First, Last time.Time
	// Shapes counts the flows by how they were written.
	Shapes map[Shape]int64
	// Gaps are stretches of time without any flow; the longest ones, in order of time. MoreGaps were left out.
	Gaps     []Gap
	MoreGaps int
}

// A Broken is a record that can't be understood. The reason never tells what was in it.
type Broken = logstream.Broken

// An Incomplete is a log of which an unknown part is missing.
type Incomplete = logstream.Incomplete

// A Gap is a stretch of time without any flow that is far longer than usual: at least fifteen minutes, and at least ten times
// the median distance between minutes that have flows. Nobody can say from the log whether flows are missing there.
type Gap = logstream.Gap

// Window is the time that the flows span.
func (s *Summary) Window() time.Duration { return s.Last.Sub(s.First) }

// Complete says whether everything that was given has been understood. Gaps are another matter, and so is what the log
// does not say of a flow.
func (s *Summary) Complete() bool {
	return s.Broken == 0 && len(s.Incomplete) == 0 && s.Undated == 0 && s.Lost == 0
}

// A tally is what one worker counts.
type tally struct {
	shapes map[Shape]int64
	window logstream.Window
}

func newTally() tally { return tally{shapes: map[Shape]int64{}, window: logstream.NewWindow()} }

// longestSpan is up to which length a flow counts as activity in every minute. Logs put minutes together, not hours.
const longestSpan = time.Hour

func (t *tally) count(f *Flow) {
	t.shapes[f.Shape]++
	if f.First.IsZero() {
		return
	}
	t.window.See(f.First, f.Last)
	if f.Last.Equal(f.First) {
		return
	}
	t.window.Mark(f.Last)
	if f.Last.Sub(f.First) <= longestSpan {
		for at := f.First.Add(time.Minute); at.Before(f.Last); at = at.Add(time.Minute) {
			t.window.Mark(at)
		}
	}
}

// summary joins what all workers counted.
func summary(read *logstream.Summary, workers []*worker) *Summary {
	s := &Summary{
		Records: read.Records, Bytes: read.Bytes, CompressedBytes: read.CompressedBytes, Broken: read.Broken,
		FirstBroken: read.FirstBroken, Incomplete: read.Incomplete, Shapes: map[Shape]int64{}, Skipped: map[string]int64{},
	}
	window := logstream.NewWindow()
	for _, w := range workers {
		s.Flows += w.flows
		s.Foreign += w.foreign
		s.Undated += w.undated
		s.Lost += w.lost
		for _, shape := range slices.Sorted(maps.Keys(w.shapes)) {
			s.Shapes[shape] += w.shapes[shape]
		}
		for _, reason := range slices.Sorted(maps.Keys(w.skipped)) {
			s.Skipped[reason] += w.skipped[reason]
		}
		window.Join(w.window)
	}
	s.First, s.Last = window.First, window.Last
	s.Gaps, s.MoreGaps = window.Gaps()
	return s
}
