package identity

import (
	"regexp"
	"strings"
)

// templatesOf compiles the names that EKS fills in for every session: "system:node:{{EC2PrivateDNSName}}". What is
// filled in has no colon, slash or space, so that no session can take the name of another mapping.
func templatesOf(nodes []node) []template {
	var all []template
	for i, n := range nodes {
		if n.principal == "" && !n.group || !strings.Contains(n.name, "{{") {
			continue
		}
		if pattern := compile(n.name); pattern != nil {
			prefix, _, _ := strings.Cut(n.name, "{{")
			all = append(all, template{prefix, pattern, int32(i)})
		}
	}
	return all
}

// compile returns nil for a name without templates.
func compile(name string) *regexp.Regexp {
	var b strings.Builder
	found := false
	for {
		before, after, ok := strings.Cut(name, "{{")
		what, rest, closed := strings.Cut(after, "}}")
		if !ok || !closed {
			break
		}
		b.WriteString(regexp.QuoteMeta(before))
		b.WriteString(filledIn(strings.TrimSpace(what)))
		name, found = rest, true
	}
	if !found {
		return nil
	}
	pattern, err := regexp.Compile("^" + b.String() + regexp.QuoteMeta(name) + "$")
	if err != nil {
		return nil
	}
	return pattern
}

// filledIn matches what EKS puts in the place of a template.
func filledIn(what string) string {
	if what == "AccountID" {
		return "[0-9]{12}"
	}
	return `[^:/\s]+`
}
