package network

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/generate"
	"github.com/plimsoll-io/plimsoll/network/need"
)

// numbered writes a number with its noun for people: "1,204 flows".
func numbered(n int64, noun string) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	if n != 1 {
		noun += "s"
	}
	return text + " " + noun
}

// span says when something was seen.
func span(first, last time.Time) string {
	const minutes = "2006-01-02 15:04"
	from, to := first.UTC().Format(minutes), last.UTC().Format(minutes)
	switch {
	case first.IsZero() || last.IsZero():
		return ""
	case from == to:
		return from
	case from[:10] == to[:10]:
		return from + " to " + to[11:]
	}
	return from + " to " + to
}

// evidence says why a rule is there: what was seen, and what is declared.
func evidence(r *generate.Reason, long bool) string {
	var parts []string
	if r.Flows > 0 {
		text := numbered(r.Flows, "flow")
		if when := span(r.First, r.Last); when != "" {
			text += ", " + when
		}
		if long && len(r.What) > 0 {
			text += " (" + strings.Join(r.What, ", ") + ")"
		}
		parts = append(parts, text)
	}
	for _, e := range r.Declared {
		if text := declaration(e, long); !slices.Contains(parts, text) {
			parts = append(parts, text)
		}
	}
	if r.MoreDeclared > 0 {
		parts = append(parts, fmt.Sprintf("%d more places", r.MoreDeclared))
	}
	return strings.Join(parts, "; ")
}

// declaration says what declares a need, and where: the file and line, or the object and path of a live cluster.
func declaration(e need.Evidence, long bool) string {
	if !long {
		return e.What
	}
	if at := e.Object.Position(e.Path); at.File != "" && at.Line > 0 {
		return fmt.Sprintf("%s (%s)", e.What, at)
	}
	text := e.What + " (" + e.Object.String()
	if e.Path != "" {
		text += ", " + string(e.Path)
	}
	return text + ")"
}

// reasonText is a reason with who it is about.
func reasonText(r *generate.Reason) string {
	text := r.End
	if len(r.Names) > 0 {
		text += " (" + strings.Join(r.Names, ", ") + ")"
	}
	if why := evidence(r, true); why != "" {
		text += ": " + why
	}
	return text
}

// portList writes ports as people do: "TCP 80, 443; UDP 53".
func portList(ports []generate.Port) string {
	var b strings.Builder
	for i, p := range ports {
		text := p.String()
		switch {
		case i > 0 && ports[i-1].Protocol == p.Protocol:
			_, number, _ := strings.Cut(text, " ")
			b.WriteString(", " + number)
		case i > 0:
			b.WriteString("; " + text)
		default:
			b.WriteString(text)
		}
	}
	return b.String()
}

// opens says what a rule opens: "from Deployment frontend on TCP 7070".
func opens(d network.Direction, r *generate.Rule) string {
	var ends []string
	for i := range r.Reasons {
		end := cmp.Or(r.Reasons[i].End, "the cluster's DNS") // which only its own policy leaves out
		if r.Peers[0].Block.IsValid() {
			end = blocksText(end, r.Peers)
		}
		ends = append(ends, end)
	}
	word := map[network.Direction]string{network.Ingress: "from ", network.Egress: "to "}[d]
	return word + strings.Join(ends, ", ") + " on " + portList(r.Ports)
}

// blocksText names addresses: "outside: 203.0.113.0/24, 198.51.100.7 and 3 more blocks".
func blocksText(end string, peers []generate.Peer) string {
	var parts []string
	for _, p := range peers[:min(len(peers), 3)] {
		text := p.Block.String()
		if p.Block.IsSingleIP() {
			text = p.Block.Addr().String()
		}
		parts = append(parts, text)
	}
	text := end + " (" + strings.Join(parts, ", ")
	if more := len(peers) - len(parts); more > 0 {
		text += " and " + numbered(int64(more), "more block")
	}
	return text + ")"
}

// planNotes are the notes of a plan: those that say the same of several namespaces once.
func planNotes(p *generate.Plan) []string {
	words := map[generate.Sort]string{
		generate.NotOpened: "not opened", generate.NotSeen: "not seen",
		generate.Broader: "broader than what is needed", generate.Untouched: "not touched",
	}
	type key struct {
		sort generate.Sort
		text string
	}
	where := map[key][]string{}
	var order []key
	for _, n := range p.Notes {
		k := key{n.Sort, n.Text}
		if where[k] == nil {
			order = append(order, k)
		}
		place := n.Namespace
		switch {
		case n.About != "":
			place = n.About
		case n.Policy != "":
			place += "/" + n.Policy
		}
		if !slices.Contains(where[k], place) {
			where[k] = append(where[k], place)
		}
	}
	out := make([]string, 0, len(order))
	for _, k := range order {
		out = append(out, words[k.sort]+": "+someOf(where[k])+": "+k.text)
	}
	return out
}

// someOf names the first few of a list.
func someOf(list []string) string {
	const most = 4
	if len(list) <= most+1 {
		return strings.Join(list, ", ")
	}
	return strings.Join(list[:most], ", ") + " and " + strconv.Itoa(len(list)-most) + " more"
}
