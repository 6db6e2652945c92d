package manifest

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/yamlpath"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A typeMeta is what makes a document a Kubernetes object.
type typeMeta struct{ apiVersion, kind string }

func (t typeMeta) complete() bool { return t.apiVersion != "" && t.kind != "" }

// item is the type of the items of a list, if they need not name their own: PodList holds Pods.
func (t typeMeta) item() typeMeta {
	if t.kind == "List" {
		return typeMeta{}
	}
	return typeMeta{t.apiVersion, strings.TrimSuffix(t.kind, "List")}
}

// or fills in what t leaves open.
func (t typeMeta) or(other typeMeta) typeMeta {
	if t.complete() {
		return t
	}
	return other
}

// document reads the objects of one parsed document of c.
func (f *file) document(doc *yaml.Node, c chunk) {
	if len(doc.Content) == 0 {
		return
	}
	f.node(doc.Content[0], typeMeta{}, c, 0)
}

// node reads an object or a list of objects; expected is the type that an item of a typed list has.
func (f *file) node(n *yaml.Node, expected typeMeta, c chunk, depth int) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.MappingNode {
		return
	}
	t := nodeType(n)
	named := t.complete()
	t = t.or(expected)
	if !t.complete() {
		return
	}
	if items := field(n, "items"); strings.HasSuffix(t.kind, "List") && items != nil && nodeName(n) == "" {
		if depth > maxListDepth {
			f.broken(c.data, c.line+n.Line, "lists of lists nest too deep")
			return
		}
		strays := f.items(items, t.item(), c, depth)
		f.reportStrays(strays, t.item(), c)
		return
	}
	if f.full() {
		return
	}
	prune(n, t)
	f.repeated = nil
	value, tree, err := f.decoder.Decode(n, c.line)
	if err != nil {
		f.unreadable(t, err)
		return
	}
	content := value.(map[string]any)
	if !named {
		content["apiVersion"], content["kind"] = t.apiVersion, t.kind
	}
	f.add(content, tree)
}

const maxListDepth = 8

// strays are the items of a list that are no objects.
type strays struct{ count, line int } // line is that of the first one

func (s *strays) add(count, line int) {
	if s.count == 0 {
		s.line = line
	}
	s.count += count
}

// items reads the items of a list.
func (f *file) items(items *yaml.Node, expected typeMeta, c chunk, depth int) (s strays) {
	if items.Kind == yaml.AliasNode {
		items = items.Alias
	}
	for _, item := range items.Content {
		if item.Kind == yaml.AliasNode {
			item = item.Alias
		}
		if items.Kind != yaml.SequenceNode || item.Kind != yaml.MappingNode || !nodeType(item).or(expected).complete() {
			s.add(1, c.line+item.Line)
			continue
		}
		f.node(item, expected, c, depth+1)
	}
	return s
}

// reportStrays gives all strays of a list one gap together.
func (f *file) reportStrays(s strays, expected typeMeta, c chunk) {
	reason := fmt.Sprintf("items of the list are no objects: %d", s.count)
	switch {
	case s.count == 0:
	case expected.complete():
		f.gap(inventory.Gap{Kind: expected.kind, Group: group(expected), Line: s.line, Reason: reason})
	default:
		f.broken(c.data, s.line, reason)
	}
}

// unreadable notes an object of a known type that cannot be decoded.
func (f *file) unreadable(t typeMeta, err error) {
	if f.full() {
		return // which says it already
	}
	var at *yamlpath.Error
	g := inventory.Gap{Kind: t.kind, Group: group(t), Reason: err.Error()}
	if errors.As(err, &at) {
		g.Line, g.Reason = at.Line, at.Message
	}
	f.gap(g)
}

func group(t typeMeta) string { return finding.Ref{APIVersion: t.apiVersion}.Group() }

// add makes an object of decoded content.
func (f *file) add(content map[string]any, tree *yamlpath.Tree) {
	o := &inventory.Object{Content: content, Origin: f.origin, Locate: tree.Locate}
	o.APIVersion, o.Kind = inventory.String(content, "apiVersion"), inventory.String(content, "kind")
	o.Origin.Line, o.Origin.Column = tree.Locate("")
	kept := f.opts.AuditPolicies && isAuditPolicy(o.GroupKind())
	if !kept && !isStored(o.GroupKind(), content) {
		return
	}
	var problem string
	o.Name, o.Namespace, problem = identity(content)
	if kept {
		o.Name, o.Namespace, problem = auditPolicyName, "", ""
	}
	f.reportRepeated(o)
	if problem != "" {
		f.gap(inventory.Gap{Kind: o.Kind, Group: o.Group(), Line: o.Origin.Line, Reason: problem})
	}
	f.defineScope(o)
	if f.opts.Redact != nil {
		f.opts.Redact(content)
	}
	f.objects = append(f.objects, o)
}

// reportRepeated reports a repeated key. The object is kept and judged as a cluster would have it, with the last
// value. What is rendered has no line that its author could mend, and installs without complaint, so that is let be.
func (f *file) reportRepeated(o *inventory.Object) {
	if f.repeated != nil && !f.origin.Rendered {
		f.gap(inventory.Gap{Kind: o.Kind, Group: o.Group(), Line: f.repeated.Line, Reason: f.repeated.Message})
	}
	f.repeated = nil
}

// identity reads name and namespace. An object that the API server would refuse for them is kept, so that it is
// judged, and the problem is reported.
func identity(content map[string]any) (name, namespace, problem string) {
	meta := inventory.Map(content, "metadata")
	if name, problem = text(meta, "name"); problem != "" {
		return name, "", problem
	}
	namespace, problem = text(meta, "namespace")
	if name == "" {
		name = inventory.String(meta, "generateName")
	}
	if name == "" && problem == "" {
		problem = "the object has no name (metadata.name)"
	}
	return name, namespace, problem
}

// text reads a field that has to be a string.
func text(meta map[string]any, field string) (value, problem string) {
	switch v := meta[field].(type) {
	case nil:
		return "", ""
	case string:
		return v, ""
	case map[string]any, []any:
		return "", "metadata." + field + " is no text"
	default:
		return yamlpath.Text(v), "metadata." + field + " is no text (put it in quotes)"
	}
}

// nodeType reads apiVersion and kind.
func nodeType(n *yaml.Node) typeMeta {
	return typeMeta{nodeText(field(n, "apiVersion")), nodeText(field(n, "kind"))}
}

func nodeName(n *yaml.Node) string {
	meta := field(n, "metadata")
	if meta == nil {
		return ""
	}
	return nodeText(field(meta, "name"))
}

// nodeText is the value of a string node, "" for every other.
func nodeText(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode || n.Tag != "!!str" {
		return ""
	}
	return n.Value
}

// field finds a field of a map, through aliases and merges; nil when there is none.
func field(n *yaml.Node, name string) *yaml.Node { return fieldWithin(n, name, 8) }

func fieldWithin(n *yaml.Node, name string, depth int) (found *yaml.Node) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind == yaml.SequenceNode && depth < 8 { // a merge of several maps
		for _, c := range n.Content {
			if found := fieldWithin(c, name, depth-1); found != nil {
				return found
			}
		}
	}
	if n.Kind != yaml.MappingNode || depth == 0 {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		switch {
		case k.Value == name && k.Kind == yaml.ScalarNode:
			found = v
		case k.Tag == "!!merge":
			if merged := fieldWithin(v, name, depth-1); merged != nil {
				found = merged
			}
		}
	}
	if found != nil && found.Kind == yaml.AliasNode {
		found = found.Alias
	}
	return found
}
