package admission

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy/kyverno"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// A Conversion is what Kyverno policies were converted to.
type Conversion struct {
	Header
	Summary ConversionSummary `json:"summary"`
	Items   []ConvertedRule   `json:"items"`
}

// A ConversionSummary counts rules.
type ConversionSummary struct {
	Rules       int `json:"rules"`
	Converted   int `json:"converted"`
	PodSecurity int `json:"podSecurity"` // that namespace labels say, and no policy
	Unsupported int `json:"unsupported"`
}

// A ConvertedRule is what one rule was converted to.
type ConvertedRule struct {
	Policy    string           `json:"policy"` // "ClusterPolicy/require-labels"
	Rule      string           `json:"rule"`   // "" for policies that have no rules
	Position  finding.Position `json:"position,omitzero"`
	Converted bool             `json:"converted"`
	// Objects are the policy and its bindings; empty where the rule is not converted.
	Objects     []map[string]any      `json:"objects"`
	Unsupported []kyverno.Unsupported `json:"unsupported"`
	Warnings    []string              `json:"warnings"`
}

// Converted is the answer to what Kyverno policies become. As YAML it is the policies and bindings, ready to apply.
func Converted(h Header, policies []*kyverno.Policy) *answer.Document {
	body := Conversion{Header: h, Items: []ConvertedRule{}}
	table := answer.Table{
		Title: "What becomes of the rules", Columns: []string{"policy", "rule", "becomes", "differs", "place"}, Empty: "There is no Kyverno policy.",
	}
	for _, p := range policies {
		for _, w := range p.Warnings {
			body.Warnings = append(body.Warnings, origin(p)+": "+w)
		}
		for _, r := range p.Rules {
			item := convertedRule(p, r)
			body.Summary.add(r)
			body.Items = append(body.Items, item)
			table.Rows = append(table.Rows, []string{item.Policy, item.Rule, becomes(r), strings.Join(item.remarks(), "; "), item.Position.String()})
		}
	}
	doc := body.document(body, table)
	doc.Notes = body.Warnings
	doc.Text = func(t *answer.Terminal) { conversionText(t, &body) }
	doc.Manifest = func(w io.Writer) error { return WriteConversion(w, &body) }
	return doc
}

func (s *ConversionSummary) add(r *kyverno.Rule) {
	s.Rules++
	switch {
	case r.Converted():
		s.Converted++
	case r.Supported():
		s.PodSecurity++
	default:
		s.Unsupported++
	}
}

func (s ConversionSummary) String() string {
	parts := []string{display.Plural(s.Rules, "rule"), fmt.Sprintf("%d converted", s.Converted)}
	if s.PodSecurity > 0 {
		parts = append(parts, fmt.Sprintf("%d as namespace labels", s.PodSecurity))
	}
	if s.Unsupported > 0 {
		parts = append(parts, fmt.Sprintf("%d without an equivalent", s.Unsupported))
	}
	return strings.Join(parts, ", ")
}

func origin(p *kyverno.Policy) string {
	if p.Object.Kind == "Policy" || strings.HasPrefix(p.Object.Kind, "Namespaced") {
		return p.Object.Kind + "/" + p.Object.Namespace + "/" + p.Object.Name
	}
	return p.Object.Kind + "/" + p.Object.Name
}

func convertedRule(p *kyverno.Policy, r *kyverno.Rule) ConvertedRule {
	item := ConvertedRule{
		Policy: origin(p), Rule: r.Title(), Position: p.Place(r), Converted: r.Converted(), Objects: []map[string]any{},
		Unsupported: append([]kyverno.Unsupported{}, r.Unsupported...), Warnings: append([]string{}, r.Warnings...),
	}
	if !r.Converted() {
		return item
	}
	item.Objects = append(item.Objects, shapeOf(r.Admission))
	for _, b := range r.Bindings {
		item.Objects = append(item.Objects, shapeOf(b))
	}
	return item
}

// shapeOf is an object as people write it: without a status, and without what is empty.
func shapeOf(v any) map[string]any {
	data, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var out map[string]any
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if decoder.Decode(&out) != nil {
		return nil
	}
	delete(out, "status")
	for _, part := range []map[string]any{inventory.Map(out, "metadata"), inventory.Map(out, "spec")} {
		for k, v := range part {
			if m, ok := v.(map[string]any); v == nil || ok && len(m) == 0 {
				delete(part, k)
			}
		}
	}
	return out
}

func becomes(r *kyverno.Rule) string {
	switch {
	case r.Converted():
		return "ValidatingAdmissionPolicy/" + r.Admission.Name
	case r.Supported() && r.PodSecurity != nil:
		return "namespace label pod-security.kubernetes.io/enforce=" + r.PodSecurity.Level
	}
	return "nothing"
}

// remarks are why a rule has no equivalent, and in what its policy differs.
func (c *ConvertedRule) remarks() []string {
	var out []string
	for _, u := range c.Unsupported {
		out = append(out, u.Construct+": "+u.Reason)
	}
	return append(out, c.Warnings...)
}

func conversionText(t *answer.Terminal, body *Conversion) {
	t.Heading("What becomes of Kyverno's rules", body.Summary.String())
	last := ""
	for i := 0; i < len(body.Items); i++ {
		r := &body.Items[i]
		if r.Policy != last {
			t.Line("")
			t.Text(0, t.Bold(r.Policy)+"  "+t.Dim(r.Position.String()))
			last = r.Policy
		}
		lead := answer.Lead{Word: "converted", Paint: t.Good}
		switch {
		case r.Converted:
		case len(r.Unsupported) > 0:
			lead = answer.Lead{Word: "unsupported", Paint: t.Bad}
		default:
			lead = answer.Lead{Word: "labels", Paint: t.Dim}
		}
		names := []string{cmp.Or(r.Rule, "the policy")}
		for i+1 < len(body.Items) && r.like(&body.Items[i+1]) {
			i++
			names = append(names, body.Items[i].Rule)
		}
		t.Lead(2, lead, strings.Join(names, ", "))
		for _, remark := range r.remarks() {
			t.Text(6, remark)
		}
	}
}

// like says whether there is as much to say of another rule of the same policy.
func (c *ConvertedRule) like(o *ConvertedRule) bool {
	return c.Policy == o.Policy && c.Position == o.Position && c.Converted == o.Converted && slices.Equal(c.remarks(), o.remarks())
}

// WriteConversion writes the policies and bindings as YAML. Comments say what they were, and what there is no policy for.
func WriteConversion(w io.Writer, body *Conversion) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "# Converted from Kyverno policies: %s.\n", body.Summary)
	for i := range body.Items {
		r := &body.Items[i]
		name := r.Policy
		if r.Rule != "" {
			name += ", rule " + r.Rule
		}
		if len(r.Objects) == 0 {
			comment(&out, "No policy for "+name+": ", r.remarks())
			continue
		}
		out.WriteString("---\n")
		comment(&out, name, nil)
		comment(&out, "  ", r.Warnings)
		for n, o := range r.Objects {
			if n > 0 {
				out.WriteString("---\n")
			}
			text, err := answer.YAML(o)
			if err != nil {
				return fmt.Errorf("write policy: %w", err)
			}
			out.Write(text)
		}
	}
	_, err := w.Write(out.Bytes())
	return err
}

// comment writes lines that YAML passes over; a text may not end them.
func comment(out *bytes.Buffer, lead string, lines []string) {
	if lines == nil {
		lines = []string{""}
		if strings.TrimSpace(lead) == "" {
			return
		}
	}
	for _, l := range lines {
		out.WriteString("# " + strings.TrimRight(strings.Join(strings.FieldsFunc(lead+l, isBreak), " "), " ") + "\n")
	}
}

func isBreak(r rune) bool { return slices.Contains([]rune{'\n', '\r', 0x85, 0x2028, 0x2029, 0}, r) }
