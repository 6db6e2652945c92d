package logstream

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestGaps(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	every := func(step time.Duration, n int, without func(i int) bool) []time.Time {
		var times []time.Time
		for i := range n {
			if !without(i) {
				times = append(times, start.Add(time.Duration(i)*step))
			}
		}
		return times
	}
	never := func(int) bool { return false }
	tests := map[string]struct {
		times []time.Time
		want  []string
	}{
		"steady":             {every(10*time.Second, 5000, never), nil},
		"rare but steady":    {every(6*time.Hour, 100, never), nil},
		"one gap":            {every(10*time.Second, 5000, func(i int) bool { return i >= 600 && i < 780 }), []string{"01:39 30m59s"}},
		"short interruption": {every(10*time.Second, 5000, func(i int) bool { return i >= 600 && i < 660 }), nil},
		"nothing":            {nil, nil},
		"one event":          {every(time.Second, 1, never), nil},
		"before the epoch":   {[]time.Time{{}, start}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a, b := NewActivity(), NewActivity()
			rand.Shuffle(len(test.times), func(i, j int) { test.times[i], test.times[j] = test.times[j], test.times[i] })
			for i, at := range test.times {
				if i%2 == 0 {
					a.Mark(at)
				} else {
					b.Mark(at)
				}
			}
			a.Join(b)
			gaps, _ := a.Gaps()
			if len(gaps) != len(test.want) {
				t.Fatalf("%v, want %v", gaps, test.want)
			}
			for i, g := range gaps {
				if g.After.Format("15:04") != test.want[i][:5] || g.Duration() < 30*time.Minute || g.Duration() > 32*time.Minute {
					t.Errorf("%v lasts %v, want %v", g, g.Duration(), test.want[i])
				}
			}
		})
	}
}

// Absurd times do not make the memory grow.
func TestActivityIsBounded(t *testing.T) {
	a, b := NewActivity(), NewActivity()
	for i := range 10 * maxMinutes {
		a.Mark(time.Unix(int64(i)*3600, 0))
		if i%100 == 0 {
			b.Mark(time.Unix(-int64(i)*60, 0))
		}
	}
	b.Join(a)
	if len(a.units) > maxMinutes+1 || len(b.units) > maxMinutes+1 || a.unit == 60 {
		t.Error(len(a.units), len(b.units), a.unit)
	}
	if gaps, _ := b.Gaps(); len(gaps) > shownGaps {
		t.Error(len(gaps))
	}
}
