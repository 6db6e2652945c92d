package network

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/change"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// A Diff is what changed between two states.
type Diff struct {
	Header
	// Items are changes; each is between every end of From and every other of To.
	Items []Change `json:"items"`
	// Added and Removed are workloads that only one state has.
	Added   []End `json:"added"`
	Removed []End `json:"removed"`
}

// A Change is one item.
type Change struct {
	From []End `json:"from"`
	To   []End `json:"to"`
	// Self says that it is about the pods of each end among themselves.
	Self   bool        `json:"self,omitempty"`
	Gained []PortRange `json:"gained"`
	Lost   []PortRange `json:"lost"`
	// MayGain and MayLose are ports of which it was not known before, or is not known now, whether they are allowed.
	MayGain []PortRange `json:"mayGain"`
	MayLose []PortRange `json:"mayLose"`
	Because []string    `json:"because"`
}

// DiffOf is the answer to which connections were gained and lost. The workloads are how many there are now.
func DiffOf(h Header, d *change.Diff) *answer.Document {
	body := Diff{Header: h, Items: make([]Change, 0, len(d.Changes)), Added: objectEnds(d.Added), Removed: objectEnds(d.Removed)}
	table := answer.Table{
		Columns: []string{"change", "from", "to", "ports", "because"},
		Empty:   "No connection was gained or lost.",
	}
	gained, lost, unclear := 0, 0, 0
	for _, c := range d.Changes {
		body.Items = append(body.Items, changeOf(c))
		from, to := endsText(c.From, h.Inventory.Workloads), endsText(c.To, h.Inventory.Workloads)
		if c.Self {
			to = "itself (other pods of it)"
		}
		row := func(word string, ports network.Ports) int {
			if ports.None() {
				return 0
			}
			table.Rows = append(table.Rows, []string{word, from, to, ports.String(), strings.Join(c.Because, "; ")})
			return pairs(c)
		}
		gained += row("gained", c.Gained)
		lost += row("lost", c.Lost)
		unclear += row("may be gained", c.MayGain) + row("may be lost", c.MayLose)
	}
	table.Title = fmt.Sprintf("Network: %s gained, %d lost", display.Plural(gained, "connection"), lost)
	if unclear > 0 {
		table.Title += fmt.Sprintf(", %d unclear", unclear)
	}
	doc := document(h, body, table)
	if len(d.Changes) == 0 && d.Rewritten > 0 {
		doc.Notes = append(doc.Notes, display.Plural(d.Rewritten, "network policy")+
			" changed without effect on what was read; what is not in it may be affected")
	}
	for _, list := range []struct {
		word    string
		objects []*inventory.Object
	}{{"added", d.Added}, {"removed", d.Removed}} {
		if len(list.objects) > 0 {
			verb := "were"
			if len(list.objects) == 1 {
				verb = "was"
			}
			doc.Notes = append(doc.Notes, fmt.Sprintf("%s %s %s: %s", display.Plural(len(list.objects), "workload"), verb, list.word,
				workloadsText(refs(list.objects), 6)))
		}
	}
	return doc
}

// pairs counts the pairs of ends that a change is about.
func pairs(c change.Change) int {
	if c.Self {
		return len(c.From)
	}
	own := 0
	objects := map[*inventory.Object]bool{}
	for _, e := range c.From {
		if o := e.Object(); o != nil {
			objects[o] = true
		}
	}
	for _, e := range c.To {
		if objects[e.Object()] {
			own++
		}
	}
	return len(c.From)*len(c.To) - own
}

func changeOf(c change.Change) Change {
	return Change{
		From: changeEnds(c.From), To: changeEnds(c.To), Self: c.Self, Because: append([]string{}, c.Because...),
		Gained: portRanges(c.Gained), Lost: portRanges(c.Lost), MayGain: portRanges(c.MayGain), MayLose: portRanges(c.MayLose),
	}
}

func changeEnds(list []change.End) []End {
	out := []End{}
	for _, e := range list {
		if o := e.Object(); o != nil {
			out = append(out, workloadEnd(o))
		} else {
			out = append(out, addressEnds(e.Addresses)...)
		}
	}
	return out
}

func objectEnds(list []*inventory.Object) []End {
	out := make([]End, 0, len(list))
	for _, o := range list {
		out = append(out, workloadEnd(o))
	}
	return out
}

func refs(list []*inventory.Object) []finding.Ref {
	out := make([]finding.Ref, 0, len(list))
	for _, o := range list {
		out = append(out, o.Ref)
	}
	slices.SortFunc(out, finding.Ref.Compare)
	return out
}

// endsText names a group of ends.
func endsText(list []change.End, all int) string {
	var objects []*inventory.Object
	var ranges []network.AddressRange
	for _, e := range list {
		if o := e.Object(); o != nil {
			objects = append(objects, o)
		}
		ranges = append(ranges, e.Addresses...)
	}
	var parts []string
	switch {
	case len(objects) >= all && all > 4:
		parts = append(parts, fmt.Sprintf("every workload (%d)", len(objects)))
	case len(objects) > 0:
		parts = append(parts, workloadsText(refs(objects), 4))
	}
	if len(ranges) > 0 {
		parts = append(parts, addressText(ranges))
	}
	return strings.Join(parts, "; ")
}
