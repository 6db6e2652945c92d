package flow_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-io/plimsoll/network/flow"
)

// The window is that of all flows; a flow that stands for minutes fills them.
func TestWindow(t *testing.T) {
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		span time.Duration // of each flow
		step time.Duration
		hole [2]int // flows that are missing
		want []string
	}{
		"packets":                 {0, 10 * time.Second, [2]int{600, 800}, []string{"01:39 34m0s"}},
		"packets, short hole":     {0, 10 * time.Second, [2]int{600, 650}, nil},
		"five minutes":            {5 * time.Minute, 5 * time.Minute, [2]int{30, 40}, []string{"02:30 50m0s"}},
		"five minutes, one lost":  {5 * time.Minute, 5 * time.Minute, [2]int{30, 31}, nil},
		"a day that is one flow":  {24 * time.Hour, 24 * time.Hour, [2]int{}, nil},
		"steady, although seldom": {0, 3 * time.Hour, [2]int{}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			log := "source,destination,port,first_seen,last_seen\n"
			var last time.Time
			for i := range 1000 {
				if i >= test.hole[0] && i < test.hole[1] {
					continue
				}
				at := start.Add(time.Duration(i) * test.step)
				last = at.Add(test.span)
				log += fmt.Sprintf("a/b,c/d,80,%s,%s\n", at.Format(time.RFC3339), last.Format(time.RFC3339))
			}
			_, s := read(t, flow.Options{}, strings.NewReader(log))
			if !s.First.Equal(start) || !s.Last.Equal(last) || s.Window() != last.Sub(start) {
				t.Error(s.First, s.Last)
			}
			var gaps []string
			for _, g := range s.Gaps {
				gaps = append(gaps, g.After.Format("15:04 ")+g.Duration().String())
			}
			if diff := cmp.Diff(test.want, gaps); diff != "" {
				t.Error(diff)
			}
		})
	}
}
