package kyverno

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// The annotations of converted policies say what they were.
const (
	policyAnnotation = "plimsoll.io/kyverno-policy"
	ruleAnnotation   = "plimsoll.io/kyverno-rule"
)

func origin(o *inventory.Object, rule string) map[string]string {
	name := o.Kind + "/" + o.Name
	if o.Kind == "Policy" || strings.HasPrefix(o.Kind, "Namespaced") {
		name = o.Kind + "/" + o.Namespace + "/" + o.Name
	}
	out := map[string]string{policyAnnotation: name}
	if rule != "" {
		out[ruleAnnotation] = rule
	}
	return out
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// maxName leaves room in 253 characters for what bindings add.
const maxName = 230

// objectName is a name for what becomes of a rule. It is valid, and always the same for the same rule; a name that had to be
// changed gets a part of a checksum, so that it stays apart from others.
func objectName(o *inventory.Object, rule string) string {
	parts := []string{o.Name}
	if o.Kind == "Policy" || strings.HasPrefix(o.Kind, "Namespaced") {
		parts = []string{o.Namespace, o.Name}
	}
	if rule != "" {
		parts = append(parts, rule)
	}
	whole := strings.Join(parts, ".")
	for i, part := range parts {
		labels := strings.Split(strings.ToLower(part), ".")
		for j, l := range labels {
			labels[j] = strings.Trim(notInNames.ReplaceAllString(l, "-"), "-")
		}
		parts[i] = strings.Trim(strings.Join(labels, "."), ".")
	}
	name := strings.Trim(strings.Join(parts, "."), ".")
	for strings.Contains(name, "..") {
		name = strings.ReplaceAll(name, "..", ".")
	}
	if name == whole && len(name) <= maxName {
		return name
	}
	sum := sha256.Sum256([]byte(whole))
	if len(name) > maxName-9 {
		name = strings.Trim(name[:maxName-9], "-.")
	}
	return strings.TrimLeft(name+"-"+hex.EncodeToString(sum[:4]), "-.")
}

// distinctNames keeps the rules of a policy apart whose names are the same.
func (p *Policy) distinctNames() {
	seen := map[string]bool{}
	for _, r := range p.Rules {
		if r.Admission == nil {
			continue
		}
		if seen[r.Admission.Name] {
			r.Admission, r.Bindings = nil, nil
			p.unsupported(r, "name "+quote(r.Name), "another rule of the policy has the same name")
			continue
		}
		seen[r.Admission.Name] = true
	}
}
