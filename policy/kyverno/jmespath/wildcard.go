package jmespath

import (
	"regexp"
	"strings"
)

// In Kyverno's wildcards, * is any number of characters and ? is one.

func hasWildcard(s string) bool { return strings.ContainsAny(s, "*?") }

// wildcardRegex is the regular expression for a wildcard.
func wildcardRegex(pattern string) string {
	var b strings.Builder
	b.WriteString("(?s)^")
	for _, r := range pattern {
		switch r {
		case '*':
			b.WriteString(".*")
		case '?':
			b.WriteString(".")
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	return b.String() + "$"
}

// matchesWildcard is the condition that a text matches a constant wildcard.
func matchesWildcard(pattern, text string) string {
	middle := strings.Trim(pattern, "*")
	text = atom(text)
	switch {
	case !hasWildcard(pattern):
		return text + " == " + quote(pattern)
	case pattern == "*":
		return text + ` == ` + text
	case !hasWildcard(middle) && pattern == middle+"*":
		return text + ".startsWith(" + quote(middle) + ")"
	case !hasWildcard(middle) && pattern == "*"+middle:
		return text + ".endsWith(" + quote(middle) + ")"
	case !hasWildcard(middle) && pattern == "*"+middle+"*":
		return text + ".contains(" + quote(middle) + ")"
	}
	return text + ".matches(" + quote(wildcardRegex(pattern)) + ")"
}

// wildcardText is the expression of the regular expression for a wildcard that is known only when it is evaluated.
func wildcardText(pattern string) string {
	return `"(?s)^\\Q" + ` + atom(pattern) +
		`.replace("\\E", "\\E\\\\E\\Q").replace("*", "\\E.*\\Q").replace("?", "\\E.\\Q") + "\\E$"`
}
