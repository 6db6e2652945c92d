package identity

import (
	"errors"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/yamlpath"
	"github.com/plimsoll-io/plimsoll/inventory"
)

const (
	awsAuthName      = "aws-auth"
	awsAuthNamespace = "kube-system"
)

// FromInventory reads the aws-auth ConfigMap, by which EKS maps IAM roles and users to names in Kubernetes. Without one
// the Directory is empty. A part that cannot be read is a warning, as EKS too goes on with the others.
func FromInventory(inv *inventory.Inventory) (*Directory, []Warning) {
	f := &file{builder: newBuilder("ConfigMap "+awsAuthNamespace+"/"+awsAuthName, 0)}
	found := false
	for _, o := range inv.Of("", "ConfigMap") {
		if o.Name == awsAuthName && o.Namespace == awsAuthNamespace {
			found = true
			(&awsAuth{file: f, object: o}).read()
		}
	}
	if !found {
		if gap, ok := inv.Incomplete(schema.GroupKind{Kind: "ConfigMap"}); ok && (gap.Namespace == "" || gap.Namespace == awsAuthNamespace) {
			f.warnings.file = gap.File
			f.warn(gap.Line, "not all ConfigMaps could be read: whom an aws-auth ConfigMap lets in is not known")
		}
	}
	if f.err != nil {
		f.warn(0, "the rest is passed over: %v", f.err)
		f.err = nil
	}
	d := f.freeze()
	f.compareNames(d)
	return d, f.list()
}

// An awsAuth is the ConfigMap being read.
type awsAuth struct {
	*file
	object *inventory.Object
}

// A mapping lets in one role or user.
type mapping struct {
	arn, user string
	groups    []string
}

func (a *awsAuth) read() {
	a.warnings.file = a.object.Origin.File
	if a.warnings.file == "" {
		a.warnings.file = a.source[0]
	}
	data, _ := a.object.Content["data"].(map[string]any)
	for _, field := range [...]struct{ name, arn string }{{"mapRoles", "rolearn"}, {"mapUsers", "userarn"}} {
		a.mappings(field.name, field.arn, data[field.name])
	}
	a.accountList(data["mapAccounts"])
	for name := range data {
		if name != "mapRoles" && name != "mapUsers" && name != "mapAccounts" {
			a.count(a.lineOf("data"), "data has a field that EKS does not read: only mapRoles, mapUsers and mapAccounts, spelled so")
		}
	}
}

func (a *awsAuth) lineOf(path finding.Path) int { return a.object.Position(path).Line }

// document parses the YAML in a field; nil when there is none.
func (a *awsAuth) document(field string, value any) *yaml.Node {
	text, ok := value.(string)
	if value == nil || ok && strings.Trim(text, " \t\r\n`\"") == "" {
		return nil
	}
	line := a.lineOf(finding.Path("data." + field))
	if !ok || len(text) > maxLine {
		a.warn(line, "%s is not text, or far too much: whom it lets in is not known", field)
		return nil
	}
	var node yaml.Node
	if err := yaml.Unmarshal([]byte(text), &node); err != nil || node.Kind != yaml.DocumentNode {
		a.warn(line, "%s is not valid YAML: whom it lets in is not known", field)
		return nil
	}
	return &node
}

// mappings reads mapRoles or mapUsers. Of two entries of one ARN the later one holds.
func (a *awsAuth) mappings(field, arnKey string, value any) {
	document := a.document(field, value)
	if document == nil {
		return
	}
	line := a.lineOf(finding.Path("data." + field))
	content, _, err := yamlpath.Decode(document, yamlpath.Limits{})
	list, ok := content.([]any)
	if err != nil || !ok && content != nil {
		a.warn(line, "%s cannot be read: %s; whom it lets in is not known", field, reasonOf(err))
		return
	}
	order := []string{}
	byARN := map[string]mapping{}
	for i, item := range list {
		m, ok := mappingOf(item, arnKey)
		if !ok {
			a.warn(line, "entry %d of %s has no %s, or fields of another type than text: it is passed over", i+1, field, arnKey)
			continue
		}
		key := strings.ToLower(m.arn)
		if _, twice := byARN[key]; twice {
			a.warn(line, "%s maps %s twice: the later entry holds", field, quote(m.arn))
		} else {
			order = append(order, key)
		}
		byARN[key] = m
	}
	for _, key := range order {
		a.take(line, byARN[key])
	}
}

func reasonOf(err error) string {
	var located *yamlpath.Error
	switch {
	case errors.As(err, &located):
		return located.Error()
	case err != nil:
		return "it is not valid"
	}
	return "it is not a list"
}

// mappingOf reads an entry. EKS ignores the letter case of its keys.
func mappingOf(item any, arnKey string) (m mapping, ok bool) {
	object, ok := item.(map[string]any)
	if !ok {
		return m, false
	}
	for key, value := range object {
		var fits bool
		switch strings.ToLower(key) {
		case arnKey:
			m.arn, fits = value.(string)
			m.arn = strings.TrimSpace(m.arn)
		case "username":
			m.user, fits = value.(string)
			fits = fits || value == nil
		case "groups":
			m.groups, fits = stringsOf(value)
		default:
			fits = true
		}
		if !fits {
			return m, false
		}
	}
	return m, m.arn != ""
}

func stringsOf(value any) ([]string, bool) {
	if value == nil {
		return nil, true
	}
	items, ok := value.([]any)
	all := make([]string, 0, len(items))
	for _, item := range items {
		s, isText := item.(string)
		ok = ok && isText
		all = append(all, s)
	}
	return all, ok
}

// take takes in one mapping.
func (a *awsAuth) take(line int, m mapping) {
	principal := a.text(line, m.arn)
	if parsed, ok := parseARN(principal); ok && parsed.kind == "role" && parsed.path != "" {
		a.warn(line, "the role %s is named with its path, so EKS lets nobody in by this entry", quote(principal))
	}
	name := a.text(line, m.user)
	if name == "" {
		name = principal
		a.warn(line, "the entry of %s gives no username: it is shown by its ARN", quote(principal))
	}
	id, _ := a.user(name)
	a.principal(id, principal)
	for _, name := range m.groups {
		if name = a.text(line, name); name != "" {
			group, _ := a.group(name)
			a.join(group, id)
		}
	}
}

// accountList reads mapAccounts: every IAM user and role of these accounts may log in, by its ARN and in no group.
func (a *awsAuth) accountList(value any) {
	document := a.document("mapAccounts", value)
	if document == nil {
		return
	}
	line := a.lineOf("data.mapAccounts")
	list := document.Content[0]
	if list.Kind != yaml.SequenceNode {
		a.warn(line, "mapAccounts is not a list: which accounts it lets in is not known")
		return
	}
	for i, item := range list.Content {
		// As it is written: an account may start with a zero and is no number.
		if item.Kind != yaml.ScalarNode || len(item.Value) > maxName {
			a.warn(line, "entry %d of mapAccounts is no account: it is passed over", i+1)
			continue
		}
		a.accounts[item.Value] = true
	}
}
