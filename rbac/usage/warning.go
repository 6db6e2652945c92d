package usage

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// A Warning says why an answer may be wrong, or should be looked at before it is applied.
type Warning struct {
	Kind    string `json:"kind"` // one of the constants below
	Message string `json:"message"`
}

// The kinds of warnings.
const (
	ShortWindow = "short-window" // fewer days than it takes to see what a subject does
	LogGap      = "log-gap"      // time without any event
	BrokenLog   = "broken-log"   // records or logs that could not be read
	Undated     = "undated"      // events without a time
	RareVerb    = "rare-verb"    // used, powerful, and rarely needed
	ManyNames   = "many-names"   // more objects than were kept
	ManyRights  = "many-rights"  // more rights than were kept
	Wildcard    = "wildcard"     // cannot be granted exactly
	NotByRBAC   = "not-by-rbac"  // another authorizer allowed it
	NeverSeen   = "never-seen"   // no request in the log
	SlowCronJob = "cron-job"     // a CronJob that need not have run in the window
)

// WarnOptions say what is too little to go by.
type WarnOptions struct {
	Days int // the shortest window without a warning; 30 if 0
}

const maxGapWarnings = 3

// windowWarnings are about the logs as a whole.
func (u *Usage) windowWarnings(o WarnOptions) []Warning {
	var out []Warning
	add := func(kind, format string, args ...any) { out = append(out, Warning{kind, fmt.Sprintf(format, args...)}) }
	days := o.Days
	if days == 0 {
		days = 30
	}
	s := u.Summary
	if window := s.Window(); window < time.Duration(days)*24*time.Hour {
		add(ShortWindow, "the log spans %s, less than %d days: what is done rarely may be missing", days1(window), days)
	}
	for i, gap := range s.Gaps {
		if i == maxGapWarnings {
			add(LogGap, "%d more stretches without events", len(s.Gaps)-i+s.MoreGaps)
			break
		}
		add(LogGap, "no events for %s after %s", gap.Duration(), gap.After.Format(time.RFC3339))
	}
	if s.Broken > 0 {
		add(BrokenLog, "%d of %d records are broken: what they tell is missing", s.Broken, s.Records)
	}
	if n := len(s.Incomplete); n > 0 {
		add(BrokenLog, "%s could not be read to the end: what follows there is missing", display.Plural(n, "log"))
	}
	if u.Unclear > 0 {
		add(BrokenLog, "%d of %d events do not tell who asked for what", u.Unclear, s.Events)
	}
	if s.Undated > 0 {
		add(Undated, "%d of %d events have no time", s.Undated, s.Events)
	}
	return out
}

func days1(d time.Duration) string {
	if d < 48*time.Hour {
		return d.Round(time.Minute).String()
	}
	return fmt.Sprintf("%.1f days", d.Hours()/24)
}

// rareVerbs are those that a least role should not get without a second look.
var rareVerbs = []string{"escalate", "bind", "impersonate", "approve", "sign", "attest", "delete", "deletecollection", "use"}

// warnings are about what a subject did.
func (s *Subject) warnings(WarnOptions) []Warning {
	var out []Warning
	for _, u := range s.Used() {
		if slices.Contains(rareVerbs, u.Verb) || strings.HasPrefix(u.Verb, "impersonate") {
			times := "times"
			if u.Count() == 1 {
				times = "time"
			}
			out = append(out, Warning{RareVerb, fmt.Sprintf("%s was used %d %s: is it meant?", quoted(u.Right), u.Count(), times)})
		}
	}
	if s.MoreUsed > 0 {
		out = append(out, Warning{ManyRights, fmt.Sprintf("%d requests were for more rights than were kept", s.MoreUsed)})
	}
	if other := s.otherAuthorizers(); len(other) > 0 {
		out = append(out, Warning{NotByRBAC, "some requests were not allowed by RBAC but by: " + strings.Join(other, ", ")})
	}
	return out
}

func (s *Subject) otherAuthorizers() []string {
	found := set{}
	for _, u := range s.used {
		for _, a := range u.Authorizers {
			if a != RBAC && a != Unknown {
				found[strconv.QuoteToASCII(a)] = true
			}
		}
	}
	names := found.sorted()
	return names[:min(len(names), maxAuthorizers)]
}

// quoted is a right as a log has it, so that no terminal is confused by it.
func quoted(r Right) string {
	text := strconv.QuoteToGraphic(r.String())
	return text[1 : len(text)-1]
}

func (p *Plan) warn(kind, message string) {
	p.Warnings = append(p.Warnings, Warning{kind, message})
}

// cronWarnings name the CronJobs that run as a service account and need not have run in the window.
func cronWarnings(inv *inventory.Inventory, s rbac.Subject, window time.Duration) []Warning {
	if inv == nil || s.Kind != rbac.ServiceAccountKind {
		return nil
	}
	var out []Warning
	for _, o := range inv.Of("batch", "CronJob") {
		spec, _ := o.PodSpec()
		account := inventory.String(spec, "serviceAccountName")
		if account == "" {
			account = inventory.String(spec, "serviceAccount")
		}
		if account == "" {
			account = "default"
		}
		schedule := inventory.String(o.Content, "spec", "schedule")
		if o.Namespace == s.Namespace && account == s.Name && window < longestWait(schedule) {
			out = append(out, Warning{SlowCronJob, fmt.Sprintf("%s runs as it on schedule %q and may not have run", o.Ref, schedule)})
		}
	}
	return out
}

// longestWait is about how long a CronJob may wait for its next run. A field that is restricted makes it wait for the
// field's own round.
func longestWait(schedule string) time.Duration {
	const day = 24 * time.Hour
	switch strings.ToLower(strings.TrimSpace(schedule)) {
	case "@yearly", "@annually":
		return 366 * day
	case "@monthly":
		return 31 * day
	case "@weekly":
		return 7 * day
	case "@daily", "@midnight":
		return day
	}
	fields := strings.Fields(schedule)
	if len(fields) < 5 {
		return time.Hour
	}
	fields = fields[len(fields)-5:] // a time zone may stand before them
	rounds := []time.Duration{time.Hour, day, 31 * day, 366 * day, 7 * day}
	longest := time.Hour
	for i, field := range fields {
		if !strings.HasPrefix(field, "*") && field != "?" {
			longest = max(longest, rounds[i])
		}
	}
	return longest
}
