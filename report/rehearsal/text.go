package rehearsal

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/rehearse"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// shownGroups and shownLines are how many groups, and lines of a group, a terminal shows unless everything is asked for.
const (
	shownGroups = 15
	shownLines  = 8
)

// String names what it is as people do.
func (w What) String() string {
	switch {
	case w.Object != nil:
		return w.Object.String()
	case w.Event != nil:
		return w.Event.String()
	case w.Flow != nil:
		return fmt.Sprintf("%s → %s %s %d", w.Flow.From, w.Flow.To, w.Flow.Protocol, w.Flow.Port)
	}
	return "the change as a whole"
}

// String is a request in a few words: "alice: delete pods in shop".
func (e *Event) String() string {
	if e.Path != "" {
		return fmt.Sprintf("%s: %s %s", e.User, e.Verb, e.Path)
	}
	out := fmt.Sprintf("%s: %s %s", e.User, e.Verb, e.Resource)
	if e.Name != "" {
		out += " " + e.Name
	}
	if e.Namespace != "" {
		out += " in " + e.Namespace
	}
	return out
}

// seen says how often and when last something was seen; "" for what is simply there.
func seen(count int64, last *time.Time, unit string) string {
	out := ""
	if count != 1 || unit != "pod" {
		out = strconv.FormatInt(count, 10) + " " + unit
		if count != 1 {
			out += "s"
		}
	}
	if last != nil {
		out += ", last " + last.Format("2006-01-02 15:04")
	}
	return out
}

func (w What) unit() string {
	switch {
	case w.Event != nil:
		return "request"
	case w.Flow != nil:
		return "flow"
	}
	return "pod"
}

// headline is the verdict in a sentence.
func (body *Body) headline() string {
	switch {
	case len(body.Changes) == 0:
		return "nothing changes: everything is there as the change has it"
	case body.Verdict == rehearse.Breaks:
		return fmt.Sprintf("%s would not work any more as %s", things(body.Breaks), now(body.Breaks))
	case body.Verdict == rehearse.Unknown:
		return "nothing is known to break, and not everything is known"
	}
	return "nothing breaks, as far as what was read shows"
}

func now(list []Break) string {
	if len(list) == 1 {
		return "it does now"
	}
	return "they do now"
}

// things counts objects, requests and connections.
func things(list []Break) string {
	var events, flows int
	named := map[finding.Ref]bool{}
	for _, b := range list {
		switch {
		case b.Event != nil:
			events++
		case b.Flow != nil:
			flows++
		case b.Object != nil:
			named[*b.Object] = true
		}
	}
	objects := len(named)
	var out []string
	for _, one := range []struct {
		n    int
		noun string
	}{{objects, "object"}, {events, "sort of request"}, {flows, "connection"}} {
		switch {
		case one.n == 0:
		case one.n > 1 && one.noun == "sort of request":
			out = append(out, fmt.Sprintf("%d sorts of requests", one.n))
		default:
			out = append(out, display.Plural(one.n, one.noun))
		}
	}
	return strings.Join(out, ", ")
}

// A group is what has one change and one reason.
type group struct {
	change finding.Ref
	reason string
	lines  []string
}

func breakGroups(list []Break) []*group {
	var g groups
	for _, b := range list {
		line := b.What.String()
		if s := seen(b.Count, b.Last, b.unit()); s != "" {
			line += ": " + strings.TrimPrefix(s, ", ")
		}
		g.add(b.Change, b.Reason, line)
	}
	return g.list
}

func doubtGroups(list []Doubt) []*group {
	var g groups
	for _, d := range list {
		line := ""
		if d.Object != nil || d.Event != nil || d.Flow != nil {
			line = d.What.String()
		}
		g.add(d.Change, d.Reason, line)
	}
	return g.list
}

// groups are in the order in which each was first seen.
type groups struct {
	list  []*group
	known map[group2]*group
}

type group2 struct {
	change finding.Ref
	reason string
}

func (g *groups) add(change finding.Ref, reason, line string) {
	key := group2{change, reason}
	one := g.known[key]
	if one == nil {
		if g.known == nil {
			g.known = map[group2]*group{}
		}
		one = &group{change: change, reason: reason}
		g.known[key] = one
		g.list = append(g.list, one)
	}
	if line != "" {
		one.lines = append(one.lines, line)
	}
}

// text tells the verdict first, then what breaks by what is to blame.
func text(t *answer.Terminal, body *Body) {
	paint := t.Bold
	switch body.Verdict {
	case rehearse.Safe:
		paint = t.Good
	case rehearse.Breaks:
		paint = t.Bad
	}
	t.Lead(0, answer.Lead{Word: "Rehearsal: " + string(body.Verdict), Paint: func(string) string {
		return t.Bold("Rehearsal: ") + paint(string(body.Verdict))
	}}, body.headline())
	section(t, "Breaks", breakGroups(body.Breaks))
	section(t, "Not known whether it breaks", doubtGroups(body.Unknown))
	if len(body.NotRehearsed) > 0 {
		var g groups
		for _, ref := range body.NotRehearsed {
			g.add(finding.Ref{}, "what changes of these kinds break is not rehearsed", ref.String())
		}
		section(t, "Not rehearsed", g.list)
	}
	section(t, "Allowed, with a warning or a note in the audit log", breakGroups(body.Warned))
	section(t, "Refused today, too", breakGroups(body.Already))
}

func section(t *answer.Terminal, title string, list []*group) {
	if len(list) == 0 {
		return
	}
	t.Line("")
	n := 0
	for _, g := range list {
		n += max(1, len(g.lines))
	}
	t.Heading(title, strconv.Itoa(n))
	limited(t, len(list), shownGroups, func(i int) {
		g := list[i]
		lead := ""
		if g.change.Name != "" {
			lead = g.change.String() + ": "
		}
		t.Wrapped(2, "", lead+g.reason)
		limited(t, len(g.lines), shownLines, func(i int) { t.Text(4, g.lines[i]) })
	})
}

// limited writes the first few of some items, unless everything is asked for.
func limited(t *answer.Terminal, n, most int, item func(i int)) {
	for i := range n {
		if i == most && n > most+1 && !t.All() {
			t.Wrapped(4, "", fmt.Sprintf("… and %d more: --verbose shows all", n-i))
			return
		}
		item(i)
	}
}

// tables are the answer for pull requests and spreadsheets.
func tables(body *Body) []answer.Table {
	breaks := answer.Table{
		Title: "Rehearsal: " + string(body.Verdict), Columns: []string{"result", "what", "how often", "change", "reason"},
		Empty: "Nothing breaks, as far as what was read shows.",
	}
	add := func(word string, what What, often string, change finding.Ref, reason string) {
		name := ""
		if change.Name != "" {
			name = change.String()
		}
		breaks.Rows = append(breaks.Rows, []string{word, what.String(), strings.TrimPrefix(often, ", "), name, reason})
	}
	for _, b := range body.Breaks {
		add("breaks", b.What, seen(b.Count, b.Last, b.unit()), b.Change, b.Reason)
	}
	for _, d := range body.Unknown {
		add("unknown", d.What, "", d.Change, d.Reason)
	}
	for _, ref := range body.NotRehearsed {
		add("not rehearsed", What{Object: &ref}, "", ref, "what changes of this kind break is not rehearsed")
	}
	for _, b := range body.Warned {
		add("warned", b.What, seen(b.Count, b.Last, b.unit()), b.Change, b.Reason)
	}
	for _, b := range body.Already {
		add("refused today, too", b.What, seen(b.Count, b.Last, b.unit()), b.Change, b.Reason)
	}
	return []answer.Table{breaks}
}

// notes are what a reader must know besides.
func notes(body *Body) []string {
	out := append([]string{}, body.Notes...)
	for _, c := range body.Covered {
		out = append(out, fmt.Sprintf("%s: judged by %s", c.Sort, c.What))
	}
	for _, text := range body.CannotKnow {
		out = append(out, "not known: "+strings.ToLower(text[:min(1, len(text))])+text[min(1, len(text)):])
	}
	return out
}
