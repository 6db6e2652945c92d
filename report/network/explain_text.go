package network

import (
	"fmt"
	"path"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// write writes the answer for terminals.
func (e *explainer) write(t *answer.Terminal, body *Explanation, verdicts []network.Verdict, a Asking) {
	if len(verdicts) != 1 {
		t.Lead(0, leadOf(t, body.Answer), a.From+" → "+a.To)
	}
	for i, v := range verdicts {
		if len(verdicts) != 1 {
			t.Line("")
		}
		e.writeVerdict(t, v, &body.Items[i], a.Questions[i])
	}
}

func leadOf(t *answer.Terminal, word string) answer.Lead {
	if word == network.Allowed.String() {
		return answer.Lead{Word: word, Paint: t.Good}
	}
	return answer.Lead{Word: word, Paint: t.Bad}
}

func (e *explainer) writeVerdict(t *answer.Terminal, v network.Verdict, out *Verdict, q Question) {
	t.Lead(0, leadOf(t, out.Answer), q.name(v.From)+" → "+q.name(v.To)+on(v.Asked))
	if q.Via != "" {
		t.Text(2, q.Via)
	}
	if out.Answer == partly || out.Answer == network.Unknown.String() {
		for _, part := range []struct {
			word  string
			ports network.Ports
		}{
			{"allowed", v.Allowed}, {"unknown", v.Unknown}, {"denied", v.Asked.Subtract(v.Allowed).Subtract(v.Unknown)},
		} {
			if !part.ports.None() {
				t.Lead(2, answer.Lead{Word: display.Pad(part.word, 7), Paint: t.Dim}, restText(part.ports, v))
			}
		}
	}
	if v.Rule != "" {
		t.Text(2, v.Rule+".")
	}
	if v.From.External() && v.To.External() {
		return
	}
	if !v.From.External() {
		e.writeSide(t, v.Egress, &out.Egress, q.name(v.From)+" sends")
	}
	if !v.To.External() {
		e.writeSide(t, v.Ingress, &out.Ingress, q.name(v.To)+" receives")
	}
}

// restText names ports; the rest of all as such.
func restText(p network.Ports, v network.Verdict) string {
	if v.Asked.All() && p.Has(network.SCTP, 1) && !p.All() {
		return "all other ports"
	}
	return p.String()
}

func on(p network.Ports) string {
	if p.All() {
		return " on any port"
	}
	return " on " + p.String()
}

// ruleLines is how many rules that do not match are written of a policy.
const ruleLines = 5

func (e *explainer) writeSide(t *answer.Terminal, s network.Side, out *SideAnswer, title string) {
	t.Line("")
	t.Heading(title, leadOf(t, out.Answer).Paint(out.Answer))
	if len(s.Policies) == 0 && len(s.Because) == 0 {
		t.Text(2, "no policy selects it in this direction, so everything is allowed")
		return
	}
	for _, p := range s.Policies {
		where := ""
		if p.Policy != nil {
			where = positionText(p.Policy.Position(""))
		}
		name := p.Name
		if !p.Sure {
			name += " (perhaps)"
		}
		if p.Tier != network.NetworkPolicyTier {
			name += " (tier " + p.Tier.String() + ")"
		}
		t.Text(2, strings.TrimSpace(name+"  "+where))
		e.writeRules(t, p)
	}
	for _, why := range s.Because {
		t.Lead(2, answer.Lead{Word: "not known:", Paint: t.Bad}, why)
	}
	for _, m := range out.Mend {
		t.Lead(2, answer.Lead{Word: "to allow it:", Paint: t.Bold}, m)
	}
}

func (e *explainer) writeRules(t *answer.Terminal, p network.SelectingPolicy) {
	if len(p.Rules) == 0 {
		t.Text(4, noRule(p))
	}
	left, matching := 0, 0
	for _, r := range p.Rules {
		match := !isNothing(r.Connection)
		if match {
			matching++
		}
		if !t.All() && (match && matching > answer.Shown || !match && left >= ruleLines) {
			left++
			continue
		}
		if !match {
			left++
		}
		text := string(r.Path)
		if r.Peer != "" {
			text = string(r.Peer)
		}
		if p.Policy != nil {
			at := r.Path
			if r.Peer != "" {
				at = r.Peer
			}
			if where := p.Policy.Position(at); where.Line > 0 {
				text += fmt.Sprintf(" (line %d)", where.Line)
			}
		}
		t.Lead(4, answer.Lead{Word: display.Pad(ruleWord(r), 6), Paint: t.Dim}, text+": "+ruleSays(r))
	}
	if more := left - ruleLines; more > 0 && !t.All() {
		t.Wrapped(4, "", fmt.Sprintf("… and %s: --verbose shows all", display.Plural(more, "more rule")))
	}
}

// noRule is what a policy without rules does.
func noRule(p network.SelectingPolicy) string {
	if p.Policy == nil {
		return "its rules are not known"
	}
	return "allows nothing: it has no rule"
}

func ruleWord(r network.RuleAnswer) string {
	if isNothing(r.Connection) {
		return "-"
	}
	return strings.ToLower(r.Action.String())
}

// ruleSays is what a rule does with what was asked about.
func ruleSays(r network.RuleAnswer) string {
	switch {
	case !r.Allowed.None() && !r.Unknown.None():
		return fmt.Sprintf("matches %s, and perhaps %s: %s", onText(r.Allowed), onText(r.Unknown), r.Why)
	case !r.Allowed.None():
		return "matches " + onText(r.Allowed)
	case !r.Unknown.None():
		return fmt.Sprintf("perhaps matches %s: %s", onText(r.Unknown), r.Why)
	case r.Why == "":
		return "does not match"
	}
	return "does not match: " + r.Why
}

// positionText is "policies.yaml:12"; "" when nothing is known.
func positionText(p finding.Position) string {
	if p.File != "" {
		p.File = path.Clean(p.File)
	}
	return p.String()
}
