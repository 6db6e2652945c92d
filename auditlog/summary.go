package auditlog

import (
	"cmp"
	"maps"
	"slices"
	"time"
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

// Window is the time that the events span.
func (s *Summary) Window() time.Duration { return s.Last.Sub(s.First) }

// Complete says whether everything that was given has been understood. Gaps are another matter.
func (s *Summary) Complete() bool { return s.Broken == 0 && len(s.Incomplete) == 0 && s.Undated == 0 }

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

// A tally is what one worker counts.
type tally struct {
	records     int64
	broken      firstBroken
	shapes      map[Shape]int64
	first, last time.Time
	active      activity
}

func newTally() tally {
	return tally{shapes: map[Shape]int64{}, active: newActivity()}
}

func (t *tally) count(e *Event) {
	t.shapes[e.Shape]++
	if e.Time.IsZero() {
		return
	}
	if t.first.IsZero() || e.Time.Before(t.first) {
		t.first = e.Time
	}
	if e.Time.After(t.last) {
		t.last = e.Time
	}
	t.active.mark(e.Time)
}

// summary joins what all goroutines counted.
func (f *feeder) summary(workers []*worker) *Summary {
	s := &Summary{
		Bytes: f.bytes, CompressedBytes: f.compressed, Incomplete: f.incomplete, Shapes: map[Shape]int64{},
		Records: f.broken.count, Broken: f.broken.count, FirstBroken: f.broken.first,
	}
	active := newActivity()
	for _, w := range workers {
		s.Events += w.events
		s.Foreign += w.foreign
		s.Undated += w.undated
		s.Records += w.records
		s.Broken += w.broken.count
		s.FirstBroken = append(s.FirstBroken, w.broken.first...)
		for _, shape := range slices.Sorted(maps.Keys(w.shapes)) {
			s.Shapes[shape] += w.shapes[shape]
		}
		if s.First.IsZero() || !w.first.IsZero() && w.first.Before(s.First) {
			s.First = w.first
		}
		if w.last.After(s.Last) {
			s.Last = w.last
		}
		active.join(w.active)
	}
	slices.SortFunc(s.FirstBroken, func(a, b Broken) int {
		return cmp.Or(cmp.Compare(a.input, b.input), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Reason, b.Reason))
	})
	s.FirstBroken = s.FirstBroken[:min(len(s.FirstBroken), shownBroken)]
	s.Gaps, s.MoreGaps = active.gaps()
	return s
}
