package auditlog

import (
	"maps"
	"slices"
	"time"

	"github.com/plimsoll-io/plimsoll/internal/logstream"
)

// A Summary says what was read, and what could not be.
type Summary struct {
	// Events were understood. Records are the lines or items they were in; Foreign ones are valid JSON, or lines of
	// another component in the same stream, but no audit events. Undated events have no time.
	Events, Records, Foreign, Undated int64
	// Bytes were read, before and after decompression.
	CompressedBytes, Bytes int64
	// Broken is how many records were broken, FirstBroken the first few of them.
	Broken      int64
	FirstBroken []Broken
	// Incomplete are logs that could not be read, or not to their end.
	Incomplete []Incomplete
	// First and Last are the times of the earliest and the latest event; zero if no event has one.
	First, Last time.Time
	// Shapes counts the events by how they were written.
	Shapes map[Shape]int64
	// Gaps are stretches of time without any event, see Gap; the longest ones, in order of time. MoreGaps were left out.
	Gaps     []Gap
	MoreGaps int
}

// A Broken is a record that is no whole JSON, or no valid audit event. The reason never tells what was in it.
type Broken = logstream.Broken

// An Incomplete is a log of which an unknown part is missing.
type Incomplete = logstream.Incomplete

// A Gap is a stretch of time without any event that is far longer than usual.
type Gap = logstream.Gap

// Window is the time that the events span.
func (s *Summary) Window() time.Duration { return s.Last.Sub(s.First) }

// Complete says whether everything that was given has been understood. Gaps are another matter.
func (s *Summary) Complete() bool { return s.Broken == 0 && len(s.Incomplete) == 0 && s.Undated == 0 }

// A tally is what one worker counts.
type tally struct {
	shapes map[Shape]int64
	window logstream.Window
}

func newTally() tally {
	return tally{shapes: map[Shape]int64{}, window: logstream.NewWindow()}
}

func (t *tally) count(e *Event) {
	t.shapes[e.Shape]++
	if !e.Time.IsZero() {
		t.window.See(e.Time, e.Time)
	}
}

// summary joins what all workers counted.
func summary(read *logstream.Summary, workers []*worker) *Summary {
	s := &Summary{
		Records: read.Records, Bytes: read.Bytes, CompressedBytes: read.CompressedBytes, Broken: read.Broken,
		FirstBroken: read.FirstBroken, Incomplete: read.Incomplete, Shapes: map[Shape]int64{},
	}
	window := logstream.NewWindow()
	for _, w := range workers {
		s.Events += w.events
		s.Foreign += w.foreign
		s.Undated += w.undated
		for _, shape := range slices.Sorted(maps.Keys(w.shapes)) {
			s.Shapes[shape] += w.shapes[shape]
		}
		window.Join(w.window)
	}
	s.First, s.Last = window.First, window.Last
	s.Gaps, s.MoreGaps = window.Gaps()
	return s
}
