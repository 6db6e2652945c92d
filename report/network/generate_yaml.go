package network

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/generate"
)

// WritePolicies writes policies as YAML with the evidence as comments, after a head of sentences.
func WritePolicies(w io.Writer, head []string, policies []*generate.Policy) error {
	y := &yamlWriter{out: bufio.NewWriter(w)}
	for _, line := range head {
		y.comment(0, line)
	}
	for i, p := range policies {
		if i > 0 || len(head) > 0 {
			y.line(0, "---")
		}
		y.policy(p)
	}
	return y.out.Flush() // which tells the first error
}

// A yamlWriter writes objects in the order in which people write their fields.
type yamlWriter struct{ out *bufio.Writer }

const blanks = "                "

// line writes a line of several parts.
func (y *yamlWriter) line(indent int, parts ...string) {
	_, _ = y.out.WriteString(blanks[:2*indent]) // Flush tells the first error
	for _, p := range parts {
		_, _ = y.out.WriteString(p)
	}
	_ = y.out.WriteByte('\n')
}

// commentWidth is how many columns a comment takes at most, unless a word is longer.
const commentWidth = 110

// comment writes a sentence over as many lines as it takes. Whatever names hold, it stays a comment.
func (y *yamlWriter) comment(indent int, text string) {
	prefix, width := strings.Repeat("  ", indent)+"# ", 0
	for _, word := range strings.Fields(display.Clean(text)) {
		switch {
		case width == 0:
			_, _ = y.out.WriteString(prefix)
			width = len(prefix)
		case width+1+display.Width(word) > commentWidth:
			prefix = strings.TrimRight(prefix, " ") + "   "
			_, _ = y.out.WriteString("\n" + prefix)
			width = len(prefix)
			prefix = strings.TrimRight(prefix, " ") + " "
		default:
			_ = y.out.WriteByte(' ')
			width++
		}
		_, _ = y.out.WriteString(word)
		width += display.Width(word)
	}
	if width > 0 {
		_ = y.out.WriteByte('\n')
	}
}

func (y *yamlWriter) policy(p *generate.Policy) {
	for _, text := range p.Comments {
		y.comment(0, text+".")
	}
	y.line(0, "apiVersion: networking.k8s.io/v1")
	y.line(0, "kind: NetworkPolicy")
	y.line(0, "metadata:")
	y.line(1, "name: ", scalar(p.Name))
	y.line(1, "namespace: ", scalar(p.Namespace))
	y.labels(1, "labels", p.Labels)
	y.labels(1, "annotations", p.Annotations)
	y.line(0, "spec:")
	y.selector(1, "podSelector", p.Selector)
	y.line(1, "policyTypes:")
	for _, d := range p.Directions {
		y.line(2, "- ", generate.PolicyType(d))
	}
	if len(p.Rules) == 0 {
		return
	}
	y.line(1, p.Directions[0].String(), ":")
	for i := range p.Rules {
		y.rule(p.Directions[0], &p.Rules[i])
	}
}

// mostReasons is how many reasons a rule tells.
const mostReasons = 12

func (y *yamlWriter) rule(d network.Direction, r *generate.Rule) {
	for i := range r.Reasons {
		if i == mostReasons && len(r.Reasons) > mostReasons+1 {
			y.comment(2, fmt.Sprintf("and %d more.", len(r.Reasons)-mostReasons))
			break
		}
		if text := reasonText(&r.Reasons[i]); text != "" {
			y.comment(2, text+".")
		}
	}
	for _, note := range notesOf(r.Reasons) {
		y.comment(2, upper(note)+".")
	}
	y.line(2, "- ", map[network.Direction]string{network.Ingress: "from", network.Egress: "to"}[d], ":")
	for i := range r.Peers {
		y.peer(&r.Peers[i])
	}
	y.line(3, "ports:")
	for _, p := range r.Ports {
		y.line(4, "- protocol: ", p.Protocol.String())
		y.line(5, "port: ", strconv.Itoa(int(p.First)))
		if p.Last > p.First {
			y.line(5, "endPort: ", strconv.Itoa(int(p.Last)))
		}
	}
}

func notesOf(reasons []generate.Reason) []string {
	var out []string
	for i := range reasons {
		if note := reasons[i].Note; note != "" && !slices.Contains(out, note) {
			out = append(out, note)
		}
	}
	return out
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func (y *yamlWriter) peer(p *generate.Peer) {
	if p.Block.IsValid() {
		y.line(4, "- ipBlock:")
		y.line(6, "cidr: ", scalar(p.Block.String()))
		return
	}
	start := "- " // the first field starts the item
	switch p.Namespace {
	case "":
	case generate.Everywhere:
		y.selectorAfter(4, &start, "namespaceSelector", generate.Selector{})
	default:
		y.selectorAfter(4, &start, "namespaceSelector", generate.Selector{Labels: map[string]string{generate.NamespaceName: p.Namespace}})
	}
	if p.Namespace == "" || !p.Selector.All() {
		y.selectorAfter(4, &start, "podSelector", p.Selector)
	}
}

// selectorAfter writes a selector as a field of an item of a list, after what starts the item.
func (y *yamlWriter) selectorAfter(indent int, start *string, field string, s generate.Selector) {
	_, _ = y.out.WriteString(blanks[:2*indent])
	y.selectorField(indent+1, *start+field, s)
	*start = "  "
}

func (y *yamlWriter) labels(indent int, field string, labels map[string]string) {
	if len(labels) == 0 {
		return
	}
	y.line(indent, field, ":")
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		y.line(indent+1, scalar(k), ": ", scalar(labels[k]))
	}
}

func (y *yamlWriter) selector(indent int, field string, s generate.Selector) {
	_, _ = y.out.WriteString(blanks[:2*indent])
	y.selectorField(indent, field, s)
}

// selectorField writes a field, whose first line is begun, and what is in it.
func (y *yamlWriter) selectorField(indent int, field string, s generate.Selector) {
	if s.All() {
		y.line(0, field, ": {}")
		return
	}
	y.line(0, field, ":")
	y.labels(indent+1, "matchLabels", s.Labels)
	if len(s.Absent) == 0 {
		return
	}
	y.line(indent+1, "matchExpressions:")
	for _, k := range s.Absent {
		y.line(indent+2, "- key: ", scalar(k))
		y.line(indent+3, "operator: DoesNotExist")
	}
}

// scalar is a text as YAML reads it again: plain where nothing could take it for something else.
func scalar(s string) string {
	plain := s != "" && (s[0] >= 'a' && s[0] <= 'z' || s[0] >= 'A' && s[0] <= 'Z')
	for i := range len(s) {
		c := s[i]
		plain = plain && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '/')
	}
	switch strings.ToLower(s) {
	case "true", "false", "null", "yes", "no", "on", "off", "y", "n":
		plain = false
	}
	if plain {
		return s
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(s) // strings always can be encoded
	var out strings.Builder
	for _, r := range strings.TrimRight(b.String(), "\n") {
		if display.Invisible(r) {
			fmt.Fprintf(&out, `\u%04x`, r)
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}
