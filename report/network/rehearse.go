package network

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/network/rehearse"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// A Rehearsal is what a set of policies would break.
type Rehearsal struct {
	Header
	Verdict rehearse.Verdict `json:"verdict"`
	// Window is what was observed.
	Window Window `json:"window"`
	// Kept are connections that go on working, KeptFlows how many flows they stand for.
	Kept      int          `json:"kept"`
	KeptFlows int64        `json:"keptFlows"`
	Breaks    []BrokenNeed `json:"breaks"`
	Unknown   []UnsureNeed `json:"unknown"`
	// Unresolved are flows of which an end was not found in what was read; GoneFlows those of an end that is gone.
	Unresolved []UnresolvedFlow `json:"unresolved"`
	GoneFlows  int64            `json:"goneFlows"`
	// Changes count what each policy breaks.
	Changes []BreakingChange `json:"changes"`
	// NeverUsed are policies of which no connection uses anything, UnusedRules rules of others.
	NeverUsed   []finding.Ref `json:"neverUsed"`
	UnusedRules []PolicyRule  `json:"unusedRules"`
	// DeniedAlready are connections that were denied when they were observed.
	DeniedAlready []SeenNeed `json:"deniedAlready"`
	CannotKnow    []string   `json:"cannotKnow"`
}

// A Window is what was observed.
type Window struct {
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
	Flows int64     `json:"flows"`
}

// A NeedEnd is one end of a connection that was observed.
type NeedEnd struct {
	// Is is "workload", "outside", "node", "api-server", "gateway" or "dns".
	Is       string   `json:"is"`
	Workload string   `json:"workload,omitempty"` // "namespace/name"
	Kind     string   `json:"kind,omitempty"`
	CIDRs    []string `json:"cidrs,omitempty"`
	Names    []string `json:"names,omitempty"`
}

// A NeedFlow is a connection.
type NeedFlow struct {
	From     NeedEnd      `json:"from"`
	To       NeedEnd      `json:"to"`
	Protocol string       `json:"protocol"`
	Port     uint16       `json:"port"`
	Service  *finding.Ref `json:"service,omitempty"`
}

// A SeenNeed is a connection with how often it was observed.
type SeenNeed struct {
	Flow  NeedFlow  `json:"flow"`
	Count int64     `json:"count"`
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
}

// A BrokenNeed is a connection that the set denies.
type BrokenNeed struct {
	Change string `json:"change"`
	SeenNeed
	Reason string `json:"reason"`
	// DeniedBefore says that the policies that are in force deny it too.
	DeniedBefore bool           `json:"deniedBefore"`
	Policies     []PolicyChange `json:"policies"`
}

// A PolicyChange is a policy that is to blame, and what was done with it: "added", "changed", "removed" or "".
type PolicyChange struct {
	finding.Ref
	Act rehearse.Act `json:"act"`
}

// A BreakingChange is how much a policy breaks.
type BreakingChange struct {
	PolicyChange
	Breaks int   `json:"breaks"`
	Count  int64 `json:"count"`
}

// An UnsureNeed is a connection of which it is not known whether the set denies it.
type UnsureNeed struct {
	SeenNeed
	Reason string `json:"reason"`
}

// An UnresolvedFlow is a connection that cannot be judged.
type UnresolvedFlow struct {
	From     string    `json:"from"`
	To       string    `json:"to"`
	Protocol string    `json:"protocol"`
	Port     uint16    `json:"port,omitempty"`
	Count    int64     `json:"count"`
	Last     time.Time `json:"last,omitzero"`
	Reason   string    `json:"reason"`
}

// A PolicyRule is a rule of a policy.
type PolicyRule struct {
	Policy finding.Ref  `json:"policy"`
	Path   finding.Path `json:"path"`
}

// RehearsalOf is the answer to what a set of policies would break; flows is how many were read.
func RehearsalOf(h Header, needs *need.Needs, r *rehearse.Rehearsal, flows int64) *answer.Document {
	body := Rehearsal{
		Header: h, Verdict: r.Verdict(), Window: Window{needs.First, needs.Last, flows}, Kept: r.Kept, KeptFlows: r.KeptFlows,
		Breaks: []BrokenNeed{}, Unknown: []UnsureNeed{}, Unresolved: []UnresolvedFlow{}, GoneFlows: r.Gone, Changes: []BreakingChange{},
		NeverUsed: []finding.Ref{}, UnusedRules: []PolicyRule{}, DeniedAlready: []SeenNeed{}, CannotKnow: append([]string{}, r.CannotKnow...),
	}
	for _, c := range r.Changes {
		body.Changes = append(body.Changes, BreakingChange{PolicyChange{c.Policy, c.Act}, c.Needs, c.Flows})
	}
	for _, o := range r.NeverUsed {
		body.NeverUsed = append(body.NeverUsed, o.Ref)
	}
	for _, rule := range r.Rules {
		body.UnusedRules = append(body.UnusedRules, PolicyRule{rule.Policy.Ref, rule.Path})
	}
	for _, n := range r.Denied {
		body.DeniedAlready = append(body.DeniedAlready, seenNeed(n))
	}
	doc := document(h, body, rehearsalTable(r), unusedTable(r))
	doc.Also = []answer.List{{Name: "breaks", Items: brokenNeeds(r)}, {Name: "unknown", Items: unsureNeeds(r)}, {Name: "unresolved", Items: unresolvedFlows(r)}}
	doc.Notes = rehearsalNotes(r, needs)
	doc.Text = func(t *answer.Terminal) { rehearsalText(t, r) }
	return doc
}

// brokenNeeds, unsureNeeds and unresolvedFlows are made one by one: there may be as many as connections.
func brokenNeeds(r *rehearse.Rehearsal) iter.Seq[any] {
	return func(yield func(any) bool) {
		for _, b := range r.Breaks {
			item := BrokenNeed{Change: blameText(b.Changes), SeenNeed: seenNeed(b.Need), Reason: b.Reason, DeniedBefore: b.Before, Policies: []PolicyChange{}}
			for _, c := range b.Changes {
				item.Policies = append(item.Policies, PolicyChange{c.Policy, c.Act})
			}
			if !yield(item) {
				return
			}
		}
	}
}

func unsureNeeds(r *rehearse.Rehearsal) iter.Seq[any] {
	return func(yield func(any) bool) {
		for _, u := range r.Unknown {
			if !yield(UnsureNeed{seenNeed(u.Need), u.Reason}) {
				return
			}
		}
	}
}

func unresolvedFlows(r *rehearse.Rehearsal) iter.Seq[any] {
	return func(yield func(any) bool) {
		for _, u := range r.Unresolved {
			if !yield(UnresolvedFlow{u.From, u.To, u.Protocol, u.Port, u.Flows, u.Last, u.Reason}) {
				return
			}
		}
	}
}

func blameText(list []rehearse.Blame) string {
	text := ""
	for i, b := range list {
		if i > 0 {
			text += "; "
		}
		text += b.String()
	}
	return text
}

func needEnd(e need.End) NeedEnd {
	out := NeedEnd{Is: string(e.Kind), Names: e.Names}
	if e.Object != nil {
		out.Workload, out.Kind = e.Object.Namespace+"/"+e.Object.Name, e.Object.Kind
	}
	for _, a := range e.Addresses {
		out.CIDRs = append(out.CIDRs, a.String())
	}
	return out
}

func seenNeed(n need.Need) SeenNeed {
	out := SeenNeed{
		Flow:  NeedFlow{From: needEnd(n.From), To: needEnd(n.To), Protocol: n.Protocol.String(), Port: n.Port},
		Count: rehearse.Flows(n), Last: rehearse.Last(n),
	}
	if n.Service != nil {
		out.Flow.Service = &n.Service.Object.Ref
	}
	for _, e := range n.Evidence {
		if out.First.IsZero() || !e.First.IsZero() && e.First.Before(out.First) {
			out.First = e.First
		}
	}
	return out
}

// rehearsalTable are the connections that do not surely go on working.
func rehearsalTable(r *rehearse.Rehearsal) answer.Table {
	return answer.Table{
		Title:   "Rehearsal: " + string(r.Verdict()),
		Columns: []string{"result", "from", "to", "port", "flows", "last seen", "change", "reason"},
		Long:    rehearsalRows(r),
		Empty:   "Every connection that was observed goes on working.",
	}
}

func rehearsalRows(r *rehearse.Rehearsal) iter.Seq[[]string] {
	row := func(word string, n need.Need, change, reason string) []string {
		return []string{
			word, n.From.String(), n.To.String(), n.Protocol.String() + " " + strconv.Itoa(int(n.Port)),
			strconv.FormatInt(rehearse.Flows(n), 10), seenText(rehearse.Last(n)), change, reason,
		}
	}
	return func(yield func([]string) bool) {
		for _, b := range r.Breaks {
			word := "breaks"
			if b.Before {
				word = "breaks, denied before"
			}
			if !yield(row(word, b.Need, blameText(b.Changes), b.Reason)) {
				return
			}
		}
		for _, u := range r.Unknown {
			if !yield(row("unknown", u.Need, "", u.Reason)) {
				return
			}
		}
		for _, u := range r.Unresolved {
			if !yield([]string{"not judged", u.From, u.To, portText(u), strconv.FormatInt(u.Flows, 10), seenText(u.Last), "", u.Reason}) {
				return
			}
		}
	}
}

// portText is the protocol and the port of a connection, as far as known.
func portText(u need.Unresolved) string {
	if u.Port == 0 {
		return u.Protocol
	}
	return u.Protocol + " " + strconv.Itoa(int(u.Port))
}

func seenText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateTime)
}

func unusedTable(r *rehearse.Rehearsal) answer.Table {
	table := answer.Table{
		Title: "Allowed and not used", Columns: []string{"policy", "rule"}, Empty: "Everything that the set allows was used.",
	}
	for _, o := range r.NeverUsed {
		table.Rows = append(table.Rows, []string{o.String(), "all"})
	}
	for _, rule := range r.Rules {
		table.Rows = append(table.Rows, []string{rule.Policy.String(), string(rule.Path)})
	}
	return table
}

// rehearsalNotes say what else was observed, and what cannot be known.
func rehearsalNotes(r *rehearse.Rehearsal, needs *need.Needs) []string {
	var out []string
	if len(r.Denied) > 0 {
		var flows int64
		for _, n := range r.Denied {
			flows += rehearse.Flows(n)
		}
		out = append(out, fmt.Sprintf("%s denied already when the logs were written (%s), and not counted as needed",
			were(len(r.Denied), "connection"), display.Plural(int(flows), "flow")))
	}
	if r.Gone > 0 {
		out = append(out, display.Plural(int(r.Gone), "flow")+" of workloads that are not there any more: nothing of them can break")
	}
	if needs.Beyond > 0 {
		out = append(out, display.Plural(int(needs.Beyond), "flow")+" between nodes and addresses outside, which no policy selects")
	}
	for _, text := range r.CannotKnow {
		out = append(out, "not known: "+strings.ToLower(text[:min(1, len(text))])+text[min(1, len(text)):])
	}
	return out
}

func were(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " was"
	}
	return display.Plural(n, noun) + " were"
}
