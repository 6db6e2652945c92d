package network

import (
	"net/netip"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// Explanation answers whether one end can talk to another, and what decides.
type Explanation struct {
	Header
	// From and To are as they were asked for; To is a Service's name where Service is set.
	From string `json:"from"`
	To   string `json:"to"`
	// Service is what leads to the items, where the question named one.
	Service *ServiceEnd `json:"service,omitempty"`
	// Answer is "allowed", "denied", "unknown", or "partly": where some of what was asked about is surely allowed.
	Answer string `json:"answer"`
	// Items are one verdict for each pair of peers.
	Items []Verdict `json:"items"`
}

// A ServiceEnd is the Service that a question named, and what of it was asked about.
type ServiceEnd struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Ports are those of the Service: "80/TCP".
	Ports []string `json:"ports"`
}

// The answers beside those of package network.
const partly = "partly"

// A Verdict is the answer for two peers.
type Verdict struct {
	From    Member  `json:"from"`
	To      Member  `json:"to"`
	Asked   PortSet `json:"asked"`
	Answer  string  `json:"answer"`
	Allowed PortSet `json:"allowed"`
	Unknown PortSet `json:"unknown"`
	// Rule is what decides regardless of policies; "" when policies do, or could.
	Rule    string     `json:"rule"`
	Egress  SideAnswer `json:"egress"`
	Ingress SideAnswer `json:"ingress"`
}

// A PortSet is ports; All means every port of every protocol, and Ports is then empty.
type PortSet struct {
	All   bool        `json:"all"`
	Ports []PortRange `json:"ports"`
}

func portSet(p network.Ports) PortSet {
	if p.All() {
		return PortSet{All: true, Ports: []PortRange{}}
	}
	return PortSet{Ports: portRanges(p)}
}

// A SideAnswer is what the policies of one end say.
type SideAnswer struct {
	Answer  string  `json:"answer"`
	Allowed PortSet `json:"allowed"`
	Unknown PortSet `json:"unknown"`
	// Isolated says that a NetworkPolicy selects the peer, so that what no rule allows is denied.
	Isolated bool             `json:"isolated"`
	Policies []DecidingPolicy `json:"policies"` // in the order in which they are asked
	Because  []string         `json:"because"`  // why something is unknown
	// Mend is what would have to change where something is denied.
	Mend []string `json:"mend"`
}

// A DecidingPolicy is a policy that selects the peer, or may.
type DecidingPolicy struct {
	Name     string           `json:"name"` // "NetworkPolicy shop/web"
	Tier     string           `json:"tier"`
	Sure     bool             `json:"sure"` // else it only may select the peer, or may not be in force
	Position finding.Position `json:"position"`
	Rules    []DecidingRule   `json:"rules"`
}

// A DecidingRule is what a rule says of the asked ports.
type DecidingRule struct {
	Path     finding.Path     `json:"path"`
	Position finding.Position `json:"position"`
	Action   string           `json:"action"`
	// Peer is the item that means the other end; "" when the rule means everyone, or when no item does.
	Peer    finding.Path `json:"peer"`
	Matches PortSet      `json:"matches"`
	Unknown PortSet      `json:"unknown"`
	// Why is why the rule does not match all that was asked about.
	Why string `json:"why"`
}

// A Question is about two peers and some ports.
type Question struct {
	From, To *network.Peer
	Ports    network.Ports
	// Via says how a Service leads there; "" without one.
	Via string
	// Address is the one that is meant of a peer that is addresses.
	Address netip.Addr
}

// An Asking is the questions that one command line asks.
type Asking struct {
	From, To  string
	Service   *ServiceEnd
	Questions []Question
	Notes     []string
}

// Explain is the answer to the questions, and it in a word: see Explanation.
func Explain(h Header, m *network.Map, a Asking) (doc *answer.Document, word string) {
	body := Explanation{Header: h, From: a.From, To: a.To, Service: a.Service, Items: []Verdict{}}
	e := explainer{m: m}
	table := answer.Table{Title: "Why", Columns: []string{"from", "to", "side", "policy", "rule", "says", "where"}, Empty: "No policy has a say."}
	var verdicts []network.Verdict
	for _, q := range a.Questions {
		v := m.Explain(q.From, q.To, q.Ports)
		verdicts = append(verdicts, v)
		body.Items = append(body.Items, e.verdict(v, q))
		table.Rows = append(table.Rows, e.rows(v, q)...)
	}
	body.Answer = together(body.Items)
	doc = document(h, body, table)
	doc.Notes = a.Notes
	doc.Text = func(t *answer.Terminal) { e.write(t, &body, verdicts, a) }
	return doc, body.Answer
}

// together is the answer for several verdicts: that of all of them, or "partly" when only some of it is surely allowed.
func together(list []Verdict) string {
	word := ""
	some := false
	for _, v := range list {
		some = some || v.Answer == network.Allowed.String() || v.Answer == partly
		switch word {
		case "", v.Answer:
			word = v.Answer
		default:
			word = network.Unknown.String()
		}
	}
	if word == network.Unknown.String() && some {
		return partly
	}
	return word
}

// wordOf is the answer for a connection of which some ports were asked for.
func wordOf(c network.Connection, asked network.Ports) string {
	switch {
	case !asked.None() && asked.Subtract(c.Allowed).None():
		return network.Allowed.String()
	case !c.Allowed.None():
		return partly
	case !c.Unknown.None():
		return network.Unknown.String()
	}
	return network.Denied.String()
}

// An explainer writes verdicts.
type explainer struct {
	m        *network.Map
	readings []network.Reading
}

func (e *explainer) verdict(v network.Verdict, q Question) Verdict {
	return Verdict{
		From: q.member(v.From), To: q.member(v.To), Asked: portSet(v.Asked), Answer: wordOf(v.Connection, v.Asked),
		Allowed: portSet(v.Allowed), Unknown: portSet(v.Unknown), Rule: v.Rule,
		Egress: e.side(v, v.Egress, q), Ingress: e.side(v, v.Ingress, q),
	}
}

// member is a peer with its pods, or the address that is meant.
func (q *Question) member(p *network.Peer) Member {
	if p.External() {
		return Member{End: End{CIDR: netip.PrefixFrom(q.Address, q.Address.BitLen()).String()}}
	}
	out := Member{End: workloadEnd(p.Object)}
	for _, pod := range p.Pods {
		out.Pods = append(out.Pods, pod.Name)
	}
	return out
}

// name is a peer, and its pod where it has only one, or the address that is meant.
func (q *Question) name(p *network.Peer) string {
	switch {
	case p.External():
		return q.Address.String()
	case len(p.Pods) != 1 || p.Object == p.Pods[0]:
		return p.String()
	}
	return p.String() + " (pod " + p.Pods[0].Name + ")"
}

func (e *explainer) side(v network.Verdict, s network.Side, q Question) SideAnswer {
	out := SideAnswer{
		Answer: wordOf(s.Connection, v.Asked), Allowed: portSet(s.Allowed), Unknown: portSet(s.Unknown), Isolated: s.Isolated,
		Policies: []DecidingPolicy{}, Because: append([]string{}, s.Because...), Mend: e.mend(v, s, q.Address.String()),
	}
	for _, p := range s.Policies {
		one := DecidingPolicy{Name: p.Name, Tier: p.Tier.String(), Sure: p.Sure, Rules: []DecidingRule{}}
		if p.Policy != nil {
			one.Position = p.Policy.Position("")
		}
		for _, r := range p.Rules {
			rule := DecidingRule{Path: r.Path, Action: r.Action.String(), Peer: r.Peer, Matches: portSet(r.Allowed),
				Unknown: portSet(r.Unknown), Why: r.Why}
			if p.Policy != nil {
				rule.Position = p.Policy.Position(r.Path)
			}
			one.Rules = append(one.Rules, rule)
		}
		out.Policies = append(out.Policies, one)
	}
	return out
}

// rows are the rules of a verdict for tables.
func (e *explainer) rows(v network.Verdict, q Question) [][]string {
	var out [][]string
	for _, s := range []network.Side{v.Egress, v.Ingress} {
		for _, p := range s.Policies {
			row := func(rule, says string, at finding.Path) {
				where := ""
				if p.Policy != nil {
					where = positionText(p.Policy.Position(at))
				}
				out = append(out, []string{q.name(v.From), q.name(v.To), s.Direction.String(), p.Name, rule, says, where})
			}
			if len(p.Rules) == 0 {
				row("", noRule(p), "")
			}
			for _, r := range p.Rules {
				row(string(r.Path), ruleSays(r), r.Path)
			}
		}
	}
	return out
}
