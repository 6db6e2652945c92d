package logstream

import "time"

// A Window is the time that records span, and in which minutes of it there were any.
type Window struct {
	First, Last time.Time // zero without a record that has a time
	Activity
}

// NewWindow is a window without records.
func NewWindow() Window { return Window{Activity: NewActivity()} }

// See notes a record that lasted from one time to another, and that its start was active.
func (w *Window) See(from, to time.Time) {
	if w.First.IsZero() || from.Before(w.First) {
		w.First = from
	}
	if to.After(w.Last) {
		w.Last = to
	}
	w.Mark(from)
}

// Join adds what another window saw.
func (w *Window) Join(o Window) {
	if w.First.IsZero() || !o.First.IsZero() && o.First.Before(w.First) {
		w.First = o.First
	}
	if o.Last.After(w.Last) {
		w.Last = o.Last
	}
	w.Activity.Join(o.Activity)
}
