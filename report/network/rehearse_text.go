package network

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/network/rehearse"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// shownGroups and shownNeeds are how many groups of breaks, and connections of a group, are shown unless everything is asked
// for.
const (
	shownGroups = 15
	shownNeeds  = 12
)

// rehearsalText tells the verdict first, then what breaks by what is to blame, what is unknown, and what is never used.
func rehearsalText(t *answer.Terminal, r *rehearse.Rehearsal) {
	verdict := string(r.Verdict())
	switch r.Verdict() {
	case rehearse.Safe:
		verdict = t.Good(verdict)
	case rehearse.Breaks:
		verdict = t.Bad(verdict)
	}
	t.Lead(0, answer.Lead{Word: "Rehearsal: " + string(r.Verdict()), Paint: func(string) string { return t.Bold("Rehearsal: ") + verdict }},
		rehearsalCounts(r))
	groups := breakGroups(r.Breaks)
	if len(groups) > 2 {
		t.Line("")
		changesTable(t, r.Changes)
	}
	for i, g := range groups {
		if i == shownGroups && len(groups) > shownGroups+1 && !t.All() {
			t.Line("")
			t.Wrapped(0, "", fmt.Sprintf("… and %s: --verbose shows all", display.Plural(len(groups)-i, "more group")))
			break
		}
		rehearsalGroup(t, g)
	}
	if len(r.Unknown) > 0 {
		t.Line("")
		t.Heading("Not known whether it breaks", display.Plural(len(r.Unknown), "connection"))
		lines := make([]line, 0, len(r.Unknown))
		for _, u := range r.Unknown {
			lines = append(lines, line{need: u.Need, reason: u.Reason})
		}
		needLines(t, lines)
	}
	if len(r.Unresolved) > 0 {
		t.Line("")
		t.Heading("Cannot be judged", display.Plural(len(r.Unresolved), "connection"))
		limited(t, len(r.Unresolved), func(i int) {
			u := r.Unresolved[i]
			if i == 0 || u.Reason != r.Unresolved[i-1].Reason {
				t.Wrapped(2, "", u.Reason)
			}
			t.Text(4, fmt.Sprintf("%s → %s %s: %s", u.From, u.To, portText(u), countText(u.Flows)))
		})
	}
	if len(r.NeverUsed)+len(r.Rules) > 0 {
		t.Line("")
		t.Heading("Allowed and not used", unusedCounts(r))
		limited(t, len(r.NeverUsed), func(i int) { t.Text(2, r.NeverUsed[i].String()) })
		limited(t, len(r.Rules), func(i int) { t.Text(2, r.Rules[i].Policy.String()+" "+string(r.Rules[i].Path)) })
	}
}

// unusedCounts says how much is allowed and not used: "1 policy, 2 rules of others".
func unusedCounts(r *rehearse.Rehearsal) string {
	switch {
	case len(r.Rules) == 0:
		return display.Plural(len(r.NeverUsed), "policy")
	case len(r.NeverUsed) == 0:
		return display.Plural(len(r.Rules), "rule")
	}
	return display.Plural(len(r.NeverUsed), "policy") + ", and " + display.Plural(len(r.Rules), "rule") + " of others"
}

// rehearsalCounts says how many connections break: "2 of 41 observed connections break (1204 flows)".
func rehearsalCounts(r *rehearse.Rehearsal) string {
	all := len(r.Breaks) + len(r.Unknown) + len(r.Unresolved) + r.Kept
	if all == 0 {
		return "no connection was observed that policies could break"
	}
	if len(r.Breaks) == 0 {
		text := fmt.Sprintf("%d of %s kept", r.Kept, display.Plural(all, "observed connection"))
		switch {
		case r.Kept == all && all == 1:
			text = "the only observed connection is kept"
		case r.Kept == all:
			text = fmt.Sprintf("all %d observed connections kept", all)
		}
		if r.Incomplete {
			text += ", but not everything could be read"
		}
		return text
	}
	var flows int64
	before := 0
	for _, b := range r.Breaks {
		flows += rehearse.Flows(b.Need)
		if b.Before {
			before++
		}
	}
	text := fmt.Sprintf("%d of %s (%s)", len(r.Breaks), display.Plural(all, "observed connection"), countText(flows))
	if before > 0 {
		text += fmt.Sprintf(", %d of which the policies in force deny too", before)
	}
	return text
}

// changesTable says how much each policy breaks. Two policies may break a connection together.
func changesTable(t *answer.Terminal, list []rehearse.Change) {
	table := answer.Table{Columns: []string{"policy", "breaks", "flows"}}
	more := 0
	for i, c := range list {
		if i >= shownGroups && !t.All() {
			more++
			continue
		}
		table.Rows = append(table.Rows, []string{c.String(), strconv.Itoa(c.Needs), strconv.FormatInt(c.Flows, 10)})
	}
	t.Table(&table)
	if more > 0 {
		t.Wrapped(0, "", fmt.Sprintf("… and %s: --verbose shows all", display.Plural(more, "more row")))
	}
}

// A breakGroup is the breaks that have one reason.
type breakGroup struct {
	reason string
	breaks []rehearse.Break
	flows  int64
}

// breakGroups are the breaks by reason; those that break most come first.
func breakGroups(breaks []rehearse.Break) []*breakGroup {
	known := map[string]*breakGroup{}
	var out []*breakGroup
	for _, b := range breaks {
		reason := b.Reason
		if b.Before {
			reason += " (the policies in force deny it too: they are younger than the logs, or not enforced)"
		}
		g := known[reason]
		if g == nil {
			g = &breakGroup{reason: reason}
			known[reason] = g
			out = append(out, g)
		}
		g.breaks = append(g.breaks, b)
		g.flows += rehearse.Flows(b.Need)
	}
	slices.SortStableFunc(out, func(a, b *breakGroup) int {
		return cmp.Or(cmp.Compare(len(b.breaks), len(a.breaks)), cmp.Compare(b.flows, a.flows))
	})
	return out
}

func rehearsalGroup(t *answer.Terminal, g *breakGroup) {
	t.Line("")
	t.Heading(g.reason, fmt.Sprintf("breaks %s, %s", display.Plural(len(g.breaks), "connection"), countText(g.flows)))
	lines := make([]line, 0, len(g.breaks))
	for _, b := range g.breaks {
		lines = append(lines, line{need: b.Need})
	}
	needLines(t, lines)
}

// A line is a connection, or all of a workload's to addresses outside that share a port and a reason.
type line struct {
	need   need.Need
	reason string
	flows  int64
	last   time.Time
	more   int // addresses outside, besides that of need
}

// needLines writes connections, those with the most flows first, and each reason once.
func needLines(t *answer.Terminal, list []line) {
	type outside struct {
		from, to, reason string
		protocol         network.Protocol
		port             uint16
	}
	known := map[outside]int{}
	var lines []line
	for _, l := range list {
		l.flows, l.last = rehearse.Flows(l.need), rehearse.Last(l.need)
		key := outside{reason: l.reason, protocol: l.need.Protocol, port: l.need.Port}
		switch {
		case l.need.To.Kind == need.Outside && l.need.From.Object != nil:
			key.from = l.need.From.Key()
		case l.need.From.Kind == need.Outside && l.need.To.Object != nil:
			key.to = l.need.To.Key()
		default:
			lines = append(lines, l)
			continue
		}
		i, again := known[key]
		if !again {
			known[key] = len(lines)
			lines = append(lines, l)
			continue
		}
		all := &lines[i]
		all.more, all.flows = all.more+1, all.flows+l.flows
		if l.last.After(all.last) {
			all.last = l.last
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Or(cmp.Compare(a.reason, b.reason), cmp.Compare(b.flows, a.flows)) })
	limited(t, len(lines), func(i int) {
		if l := lines[i]; l.reason != "" && (i == 0 || l.reason != lines[i-1].reason) {
			t.Wrapped(2, "", l.reason)
		}
		t.Text(4, lines[i].String())
	})
}

func (l line) String() string {
	from, to := l.need.From.String(), l.need.To.String()
	if l.more > 0 {
		more := fmt.Sprintf(" and %d more", l.more)
		if l.need.To.Kind == need.Outside {
			to += more
		} else {
			from += more
		}
	}
	text := fmt.Sprintf("%s → %s %s %d: %s", from, to, l.need.Protocol, l.need.Port, countText(l.flows))
	if !l.last.IsZero() {
		text += ", last " + l.last.UTC().Format("2006-01-02 15:04")
	}
	return text
}

func countText(flows int64) string {
	if flows == 1 {
		return "1 flow"
	}
	return strconv.FormatInt(flows, 10) + " flows"
}

// limited writes the first few of some items, unless everything is asked for.
func limited(t *answer.Terminal, n int, item func(i int)) {
	for i := range n {
		if i == shownNeeds && n > shownNeeds+1 && !t.All() {
			t.Wrapped(2, "", fmt.Sprintf("… and %d more: --verbose shows all", n-i))
			return
		}
		item(i)
	}
}
