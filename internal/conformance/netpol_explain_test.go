package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// A reasonBlock is why some ports are allowed or denied from one end to another.
type reasonBlock struct {
	from, to string
	ports    network.Ports
	allowed  bool
	sides    map[network.Direction]*reasonSide
}

type reasonSide struct {
	allowed bool
	because []string // sorted: "NetworkPolicy shop/web allows by egress[0]"
}

// sameReasons compares the answer for every block of ports that the case tells apart, what each side says, and the
// policies and rules that decide.
func sameReasons(t *testing.T, dir string, c analyzerCase) string {
	blocks, open := readReasons(t, filepath.Join(dir, c.Expected["txt"]))
	controller := withController(analyzerInventory(t, filepath.Join(dir, c.Input)))
	m := controller.m
	byName := map[string][]*network.Peer{}
	for _, p := range m.Peers() {
		if !p.External() {
			byName[analyzerName(p)] = append(byName[analyzerName(p)], p)
		}
	}
	byName[ingressController] = []*network.Peer{controller.pod}
	find := func(name string) []*network.Peer {
		if block, outside := parseBlock(strings.TrimSuffix(name, "[External]")); outside {
			return slices.DeleteFunc(slices.Clone(m.Peers()), func(p *network.Peer) bool { return !overlap(p, block) })
		}
		return byName[name]
	}
	var out strings.Builder
	for _, b := range blocks {
		for _, from := range find(b.from) {
			for _, to := range find(b.to) {
				open := network.AllPorts()
				if from == controller.pod {
					open = controller.ways[to]
				}
				out.WriteString(b.compare(m.Explain(from, to, b.ports), open))
			}
		}
	}
	for _, b := range open {
		for _, from := range find(b.from) {
			for _, to := range find(b.to) {
				v := m.Explain(from, to, b.ports)
				if v.Answer() != network.Allowed || len(reasons(v.Egress, b.ports))+len(reasons(v.Ingress, b.ports)) > 0 {
					fmt.Fprintf(&out, "\n    %s => %s is not allowed by default", b.from, b.to)
				}
			}
		}
	}
	return out.String()
}

func overlap(p *network.Peer, block network.AddressRange) bool {
	return slices.ContainsFunc(p.Addresses, func(r network.AddressRange) bool {
		return r.First.Is4() && r.First.Compare(block.Last) <= 0 && block.First.Compare(r.Last) <= 0
	})
}

// compare says how a verdict differs from a block. Only open ports lead to the receiver, whatever policies say.
func (b reasonBlock) compare(v network.Verdict, open network.Ports) string {
	var out string
	want := map[bool]network.Ports{true: b.ports}[b.allowed]
	if got := v.Allowed.Intersect(open); !got.Equal(want) || !v.Unknown.None() {
		out += fmt.Sprintf("\n    %s => %s : %s: want %s, got %s, unknown %s", b.from, b.to, b.ports, want, got, v.Unknown)
	}
	for _, side := range []network.Side{v.Egress, v.Ingress} {
		want := b.sides[side.Direction]
		because := reasons(side, b.ports)
		if side.Direction == network.Ingress {
			side.Allowed = side.Allowed.Intersect(open)
		}
		allowed := side.Allowed.Equal(b.ports)
		if allowed != want.allowed || !allowed && !(side.Allowed.None() && side.Unknown.None()) {
			out += fmt.Sprintf("\n    %s => %s : %s: %s: want allowed %v, got %s", b.from, b.to, b.ports, side.Direction, want.allowed, side.Allowed)
		}
		if difference := compareLines(want.because, because); difference != "" {
			out += fmt.Sprintf("\n    %s => %s : %s:%s", b.from, b.to, b.ports, difference)
		}
	}
	return out
}

// reasons are the policies and rules of a side that decide about the ports, in the words of readReason.
func reasons(side network.Side, ports network.Ports) []string {
	var out []string
	passed := false
	for _, p := range side.Policies {
		if p.Tier == network.NetworkPolicyTier || passed && p.Tier == network.AdminTier || side.Isolated && p.Tier == network.BaselineTier {
			continue
		}
		i := slices.IndexFunc(p.Rules, func(r network.RuleAnswer) bool { return !r.Allowed.None() })
		if i < 0 {
			continue
		}
		out = append(out, fmt.Sprintf("%s %s by %s", p.Name, actionWord(p.Rules[i].Action), ruleName(p, p.Rules[i])))
		if p.Rules[i].Action != network.Pass {
			return out // nothing later is asked
		}
		passed = true
	}
	for _, p := range side.Policies {
		if p.Tier != network.NetworkPolicyTier {
			continue
		}
		if !side.Allowed.Equal(ports) {
			out = append(out, p.Name+" selects")
		}
		for _, r := range p.Rules {
			if !r.Allowed.None() {
				out = append(out, fmt.Sprintf("%s allows by %s", p.Name, ruleName(p, r)))
			}
		}
	}
	slices.Sort(out)
	return out
}

func actionWord(a network.Action) string {
	return [...]string{network.Allow: "allows", network.Deny: "denies", network.Pass: "passes"}[a]
}

// ruleName is the name of a rule, or its place.
func ruleName(p network.SelectingPolicy, r network.RuleAnswer) string {
	path := strings.TrimPrefix(string(r.Path), "spec.")
	if p.Tier == network.NetworkPolicyTier {
		return path
	}
	direction, rest, _ := strings.Cut(path, "[")
	index, err := strconv.Atoi(strings.TrimSuffix(rest, "]"))
	if err != nil {
		return path
	}
	return inventory.String(inventory.Maps(inventory.Map(p.Policy.Content, "spec")[direction])[index], "name")
}

var (
	reasonPorts = regexp.MustCompile(`^(Allowed|Denied) (.*) due to the (?:following policies and rules|system default \(Allow all\))`)
	reasonNP    = regexp.MustCompile(`^(\w+) '([^']*)' (allows|denies|passes) connections by (Egress|Ingress) rule (.*)$`)
	reasonSel   = regexp.MustCompile(`^(\w+) '([^']*)' selects `)
)

// readReasons reads the blocks, and the connections that are allowed because no policy selects an end.
func readReasons(t *testing.T, file string) (blocks []*reasonBlock, open []*reasonBlock) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var from, to string
	var block *reasonBlock
	var side *reasonSide
	inOpen := false
	text, _, _ := strings.Cut(string(data), "Exposure Analysis Result")
	for line := range strings.Lines(text) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "- ")
		if ends, found := strings.CutPrefix(line, "Connections between "); found {
			from, to, _ = strings.Cut(strings.TrimSuffix(ends, ":"), " => ")
			continue
		}
		if strings.HasPrefix(line, "# All Connections due to the system default") {
			inOpen = true
		}
		if a, b, found := strings.Cut(line, " => "); inOpen && found {
			open = append(open, &reasonBlock{from: a, to: b, ports: network.AllPorts()})
			continue
		}
		if m := reasonPorts.FindStringSubmatch(line); m != nil {
			sides := map[network.Direction]*reasonSide{network.Egress: {allowed: true}, network.Ingress: {allowed: true}}
			block = &reasonBlock{from: from, to: to, ports: bracketPorts(t, m[2]), allowed: m[1] == "Allowed", sides: sides}
			blocks = append(blocks, block)
			continue
		}
		for _, d := range []network.Direction{network.Egress, network.Ingress} {
			if rest, found := strings.CutPrefix(strings.ToLower(line), d.String()+" ("); found {
				side = block.sides[d]
				side.allowed = strings.HasPrefix(rest, "allowed")
			}
		}
		if reason := readReason(line); reason != "" {
			side.because = append(side.because, reason)
		}
	}
	for _, b := range blocks {
		slices.Sort(b.sides[network.Egress].because)
		slices.Sort(b.sides[network.Ingress].because)
	}
	return blocks, open
}

// readReason reads one policy's part; "" when the line says something else.
func readReason(line string) string {
	if m := reasonNP.FindStringSubmatch(line); m != nil {
		rule := m[5]
		if n, err := strconv.Atoi(strings.TrimPrefix(rule, "#")); err == nil && m[1] == "NetworkPolicy" {
			rule = fmt.Sprintf("%s[%d]", strings.ToLower(m[4]), n-1)
		}
		return m[1] + " " + m[2] + " " + m[3] + " by " + rule
	}
	if m := reasonSel.FindStringSubmatch(line); m != nil {
		return m[1] + " " + m[2] + " selects"
	}
	return ""
}

// bracketPorts reads "TCP:[80,443], UDP".
func bracketPorts(t *testing.T, text string) network.Ports {
	t.Helper()
	var out network.Ports
	for _, part := range strings.Split(text, ", ") {
		out = out.Union(parsePorts(t, strings.NewReplacer(":[", " ", "]", "").Replace(part)))
	}
	return out
}
