package conformance

import (
	"encoding/csv"
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-io/plimsoll/network"
)

// An ncaRule is a line of an answer: ports from some pods or addresses to others.
type ncaRule struct {
	from, to ncaSet
	ports    network.Ports
}

// An ncaSet is addresses, or pods of some namespaces.
type ncaSet struct {
	blocks     []network.AddressRange
	namespaces []string
	pods       []string
}

func (s ncaSet) has(u ncaUnit) bool {
	return slices.Contains(s.namespaces, u.peer.Namespace()) && slices.ContainsFunc(s.pods, u.matches)
}

// ncaSections are the rules of an answer, by what they are about: a configuration, or a sort of change.
type ncaSections map[string][]ncaRule

// table is what rules say of units.
func (r ncaSections) table(section string, units []ncaUnit) *connTable {
	out := newConnTable()
	for _, rule := range r[section] {
		for i, a := range units {
			if rule.from.blocks != nil && rule.to.has(a) {
				out.addOutside(out.in, a.name, rule.from.blocks, rule.ports)
			}
			if !rule.from.has(a) {
				continue
			}
			out.addOutside(out.out, a.name, rule.to.blocks, rule.ports)
			for j, b := range units {
				if i != j && rule.to.has(b) {
					out.add(a.name, b.name, rule.ports)
				}
			}
		}
	}
	return out
}

// readSections reads an answer in any format.
func readSections(t *testing.T, file, format string) ncaSections {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	switch format {
	case "yaml":
		return yamlSections(t, data)
	case "csv", "md":
		return tableSections(t, string(data), format)
	case "dot":
		return dotSections(t, string(data))
	}
	return textSections(t, string(data))
}

var (
	ncaHeadline = regexp.MustCompile(`^(?:For connections of type (\S+), )?final fw rules for query: .*, config: (.*):$`)
	ncaChange   = regexp.MustCompile(`^(\w.*) \(based on topology from config: .*\) :$`)
	ncaEnd      = regexp.MustCompile(`(src|dst)(?:: (\S+)|_ns: \[([^\]]*)\] (?:src|dst)_pods: \[([^\]]*)\]) `)
)

func textSections(t *testing.T, text string) ncaSections {
	t.Helper()
	out := ncaSections{}
	section := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if m := ncaHeadline.FindStringSubmatch(line); m != nil {
			section = m[2] + m[1]
		} else if m := ncaChange.FindStringSubmatch(line); m != nil {
			section = m[1]
		}
		ends := ncaEnd.FindAllStringSubmatch(line, -1)
		_, conn, found := strings.Cut(line, " conn: ")
		if len(ends) == 2 && found {
			from, to := ncaSetOf(ends[0][2], ends[0][3], ends[0][4]), ncaSetOf(ends[1][2], ends[1][3], ends[1][4])
			out[section] = append(out[section], ncaRule{from, to, ncaPorts(t, conn)})
		}
	}
	return out
}

func ncaSetOf(blocks, namespaces, pods string) ncaSet {
	var out ncaSet
	for _, text := range strings.FieldsFunc(blocks, func(r rune) bool { return r == ',' }) {
		if p, err := netip.ParsePrefix(text); err == nil && p.Addr().Is4() {
			first := number(p.Masked().Addr())
			out.blocks = append(out.blocks, network.AddressRange{First: addr(first), Last: addr(first + 1<<(32-p.Bits()) - 1)})
		} else if r, ok := parseBlock(text); ok {
			out.blocks = append(out.blocks, r)
		}
	}
	if namespaces != "" {
		out.namespaces, out.pods = strings.Split(namespaces, ","), splitOutside(pods, ",")
	}
	return out
}

// tableSections reads a table: query, src_ns, src_pods, dst_ns, dst_pods, connection. Addresses stand in the place of pods.
func tableSections(t *testing.T, text, format string) ncaSections {
	t.Helper()
	out := ncaSections{}
	section := ""
	end := func(namespaces, pods string) ncaSet {
		if namespaces == "" {
			return ncaSetOf(pods, "", "")
		}
		return ncaSetOf("", strings.Trim(namespaces, "[]"), strings.TrimSuffix(strings.TrimPrefix(pods, "["), "]"))
	}
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.TrimSpace(line), "|")[1:]
		if format == "csv" {
			cells, _ = csv.NewReader(strings.NewReader(line)).Read()
		}
		switch {
		case len(cells) < 6 || cells[0] == "query" || strings.HasPrefix(cells[0], "---"):
		case cells[0] != "": // a headline: "…, config: np1" or "…, key: New connections between added peers"
			section = cells[0][strings.LastIndex(cells[0], ": ")+2:]
		default:
			out[section] = append(out[section], ncaRule{end(cells[1], cells[2]), end(cells[3], cells[4]), ncaPorts(t, cells[5])})
		}
	}
	return out
}

func yamlSections(t *testing.T, data []byte) ncaSections {
	t.Helper()
	type rules []struct {
		SrcNS      []string `yaml:"src_ns"`
		SrcPods    []string `yaml:"src_pods"`
		SrcBlocks  []string `yaml:"src_ip_block"`
		DstNS      []string `yaml:"dst_ns"`
		DstPods    []string `yaml:"dst_pods"`
		DstBlocks  []string `yaml:"dst_ip_block"`
		Connection []any    `yaml:"connection"`
	}
	var answers []struct {
		Configs     []string
		Explanation []struct {
			Description string
			Rules       rules
			TCP         rules `yaml:"TCP_rules"`
			NonTCP      rules `yaml:"non-TCP_rules"`
		}
	}
	if err := yaml.Unmarshal(data, &answers); err != nil {
		t.Fatal(err)
	}
	out := ncaSections{}
	for _, a := range answers {
		for _, e := range a.Explanation {
			section := e.Description
			if section == "" {
				section = a.Configs[0]
			}
			for suffix, list := range map[string]rules{"": e.Rules, "TCP": e.TCP, "non-TCP": e.NonTCP} {
				for _, r := range list {
					from := ncaSetOf(strings.Join(r.SrcBlocks, ","), strings.Join(r.SrcNS, ","), strings.Join(r.SrcPods, ","))
					to := ncaSetOf(strings.Join(r.DstBlocks, ","), strings.Join(r.DstNS, ","), strings.Join(r.DstPods, ","))
					out[section+suffix] = append(out[section+suffix], ncaRule{from, to, yamlPorts(t, r.Connection)})
				}
			}
		}
	}
	return out
}

func yamlPorts(t *testing.T, list []any) network.Ports {
	t.Helper()
	var out network.Ports
	for _, item := range list {
		m, isMap := item.(map[string]any)
		if !isMap {
			out = out.Union(ncaPorts(t, fmt.Sprint(item)))
			continue
		}
		if but, isBut := m["All but"].([]any); isBut {
			out = out.Union(network.AllPorts().Subtract(yamlPorts(t, but)))
			continue
		}
		for _, protocol := range strings.Fields(strings.Trim(strings.ReplaceAll(fmt.Sprint(m["protocols"]), ",", " "), "[]")) {
			out = out.Union(protocolPorts(t, protocol, strings.Trim(fmt.Sprint(m["dst_ports"]), "[]")))
		}
	}
	return out
}

var ncaProtocols = regexp.MustCompile(`\{protocols:([A-Z, ]+?)(?:,dst_ports:([0-9,-]+))?(?:,(?:hosts|paths):[^}]*)?\}`)

// ncaPorts reads "All connections", "{protocols:TCP,dst_ports:80-90}", "All but {protocols:UDP,dst_ports:53}" or "UDP 53".
// Protocols other than TCP, UDP and SCTP are left out.
func ncaPorts(t *testing.T, text string) network.Ports {
	t.Helper()
	if rest, found := strings.CutPrefix(text, "All but "); found {
		return network.AllPorts().Subtract(ncaPorts(t, rest))
	}
	if !strings.HasPrefix(text, "{") {
		return parsePorts(t, text)
	}
	var out network.Ports
	for _, m := range ncaProtocols.FindAllStringSubmatch(text, -1) {
		for _, protocol := range strings.Split(m[1], ", ") {
			out = out.Union(protocolPorts(t, protocol, m[2]))
		}
	}
	return out
}

func protocolPorts(t *testing.T, protocol, ports string) network.Ports {
	t.Helper()
	if _, err := network.ParseProtocol(protocol); err != nil {
		return network.Ports{}
	}
	if ports == "" || ports == "<nil>" {
		return parsePorts(t, protocol)
	}
	return parsePorts(t, protocol+" "+ports)
}
