package network

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/network/rehearse"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// shownNeeds is how many connections of a group are shown, unless everything is asked for.
const shownNeeds = 12

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
	for _, group := range breakGroups(r.Breaks) {
		rehearsalGroup(t, group)
	}
	if len(r.Unknown) > 0 {
		t.Line("")
		t.Heading("Not known whether it breaks", display.Plural(len(r.Unknown), "connection"))
		limited(t, len(r.Unknown), func(i int) {
			needLine(t, r.Unknown[i].Need)
			if i == 0 || r.Unknown[i].Reason != r.Unknown[i-1].Reason {
				t.Wrapped(4, "", r.Unknown[i].Reason)
			}
		})
	}
	if len(r.Unresolved) > 0 {
		t.Line("")
		t.Heading("Cannot be judged", display.Plural(len(r.Unresolved), "connection"))
		limited(t, len(r.Unresolved), func(i int) {
			u := r.Unresolved[i]
			t.Text(2, fmt.Sprintf("%s → %s %s: %s", u.From, u.To, portText(u), countText(u.Flows)))
			t.Wrapped(4, "", u.Reason)
		})
	}
	if len(r.NeverUsed)+len(r.Rules) > 0 {
		t.Line("")
		t.Heading("Allowed and not used", fmt.Sprintf("%d of the policies, %s of others", len(r.NeverUsed), display.Plural(len(r.Rules), "rule")))
		limited(t, len(r.NeverUsed), func(i int) { t.Text(2, r.NeverUsed[i].String()) })
		limited(t, len(r.Rules), func(i int) { t.Text(2, r.Rules[i].Policy.String()+" "+string(r.Rules[i].Path)) })
	}
}

// rehearsalCounts says how many connections break: "2 of 41 observed connections break (1204 flows)".
func rehearsalCounts(r *rehearse.Rehearsal) string {
	all := len(r.Breaks) + len(r.Unknown) + len(r.Unresolved) + r.Kept
	if all == 0 {
		return "no connection was observed that policies could break"
	}
	if len(r.Breaks) == 0 {
		text := fmt.Sprintf("%d of %s kept", r.Kept, display.Plural(all, "observed connection"))
		if r.Kept == all {
			text = fmt.Sprintf("all %s kept", display.Plural(all, "observed connection"))
		}
		if r.Incomplete {
			text += ", but a part of the logs was not understood"
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

// A breakGroup is the breaks that the same changes are to blame for.
type breakGroup struct {
	change string
	breaks []rehearse.Break
	flows  int64
}

// breakGroups are the breaks by what is to blame; those that break most come first.
func breakGroups(breaks []rehearse.Break) []*breakGroup {
	known := map[string]*breakGroup{}
	var out []*breakGroup
	for _, b := range breaks {
		change := blameText(b.Changes)
		g := known[change]
		if g == nil {
			g = &breakGroup{change: change}
			known[change] = g
			out = append(out, g)
		}
		g.breaks = append(g.breaks, b)
		g.flows += rehearse.Flows(b.Need)
	}
	slices.SortStableFunc(out, func(a, b *breakGroup) int { return len(b.breaks) - len(a.breaks) })
	return out
}

func rehearsalGroup(t *answer.Terminal, g *breakGroup) {
	t.Line("")
	title := g.change
	if title == "" {
		title = "Whatever policies say"
	}
	t.Heading(title, fmt.Sprintf("breaks %s, %s", display.Plural(len(g.breaks), "connection"), countText(g.flows)))
	limited(t, len(g.breaks), func(i int) {
		b := g.breaks[i]
		needLine(t, b.Need)
		reason := b.Reason
		if b.Before {
			reason += " (the policies in force deny it too: they are younger than the logs, or not enforced)"
		}
		if i == 0 || b.Reason != g.breaks[i-1].Reason || b.Before != g.breaks[i-1].Before {
			t.Wrapped(4, "", reason)
		}
	})
}

// needLine is a connection on one line.
func needLine(t *answer.Terminal, n need.Need) {
	text := fmt.Sprintf("%s → %s %s %d: %s", n.From, n.To, n.Protocol, n.Port, countText(rehearse.Flows(n)))
	if last := rehearse.Last(n); !last.IsZero() {
		text += ", last " + last.UTC().Format("2006-01-02 15:04")
	}
	t.Text(2, text)
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
