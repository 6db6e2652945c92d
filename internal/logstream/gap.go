package logstream

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// A Gap is a stretch of time without any event that is far longer than usual: at least fifteen minutes, and at least ten
// times the median distance between minutes that have events. Nothing is known of what happened in it: the log may have
// been rotated away, filtered, or there was nothing to log. Events out of order are normal and make no gap.
type Gap struct {
	// After and Before are the starts of the last minute with an event before the gap and of the first one behind it.
	After  time.Time `json:"after"`
	Before time.Time `json:"before"`
}

// Duration is how long the gap is, give or take a minute.
func (g Gap) Duration() time.Duration { return g.Before.Sub(g.After) }

const (
	shortestGap = 15 * time.Minute
	unusual     = 10 // times the median
	shownGaps   = 20
	maxMinutes  = 1 << 17 // about three months of activity by the minute
)

// An Activity remembers which minutes had events. Its memory is bounded: when there are too many minutes, as in logs of many
// months or with absurd times, it counts in longer units.
type Activity struct {
	unit  int64 // seconds
	last  int64
	units map[int64]struct{}
}

// NewActivity is one without any event.
func NewActivity() Activity { return Activity{unit: 60, last: -1 << 62, units: map[int64]struct{}{}} }

// Mark notes that something happened.
func (a *Activity) Mark(t time.Time) { a.set(floor(t.Unix(), a.unit)) }

func (a *Activity) set(unit int64) {
	if unit == a.last {
		return
	}
	a.last = unit
	a.units[unit] = struct{}{}
	if len(a.units) > maxMinutes {
		a.coarsen()
	}
}

func (a *Activity) coarsen() {
	coarse := map[int64]struct{}{}
	for unit := range a.units {
		coarse[floor(unit, 2)] = struct{}{}
	}
	a.unit, a.units, a.last = a.unit*2, coarse, -1<<62
}

func floor(n, by int64) int64 {
	q := n / by
	if n%by < 0 {
		q--
	}
	return q
}

// Join adds what another one has, and may change that.
func (a *Activity) Join(b Activity) {
	for a.unit < b.unit {
		a.coarsen()
	}
	for b.unit < a.unit {
		b.coarsen()
	}
	for unit := range b.units {
		a.set(floor(unit*b.unit, a.unit)) // set may make a coarser on the way
	}
}

// Gaps returns the longest gaps in order of time, and how many more there are.
func (a *Activity) Gaps() ([]Gap, int) {
	units := slices.Sorted(maps.Keys(a.units))
	if len(units) < 2 {
		return nil, 0
	}
	distances := make([]int64, len(units)-1)
	for i := range distances {
		distances[i] = units[i+1] - units[i]
	}
	slices.Sort(distances)
	least := max(distances[len(distances)/2]*unusual, int64(shortestGap/time.Second)/a.unit)
	var gaps []Gap
	for i := range len(units) - 1 {
		if units[i+1]-units[i] >= least {
			gaps = append(gaps, Gap{After: a.time(units[i]), Before: a.time(units[i+1])})
		}
	}
	more := max(len(gaps)-shownGaps, 0)
	slices.SortStableFunc(gaps, func(x, y Gap) int { return cmp.Compare(y.Duration(), x.Duration()) })
	gaps = gaps[:len(gaps)-more]
	slices.SortFunc(gaps, func(x, y Gap) int { return x.After.Compare(y.After) })
	return gaps, more
}

func (a *Activity) time(unit int64) time.Time { return time.Unix(unit*a.unit, 0).UTC() }
