package kyverno

import (
	"regexp"
	"strings"
)

// isWild says whether a text has Kyverno's wildcards: "*" for any characters, "?" for one.
func isWild(s string) bool { return strings.ContainsAny(s, "*?") }

// wild says whether a text, which is known to be one, is what a pattern with wildcards describes.
func wild(value, pattern string) expr {
	switch {
	case !isWild(pattern):
		return relation(value + " == " + quote(pattern))
	case strings.Trim(pattern, "*") == "":
		return always
	case pattern == "?*" || pattern == "*?":
		return relation(value + ` != ""`)
	case strings.Contains(pattern, "?"):
		return matches(value, pattern)
	}
	parts := strings.FieldsFunc(pattern, func(r rune) bool { return r == '*' })
	head, tail := !strings.HasPrefix(pattern, "*"), !strings.HasSuffix(pattern, "*")
	switch {
	case len(parts) > 1:
		return matches(value, pattern)
	case head:
		return atom(value + ".startsWith(" + quote(parts[0]) + ")")
	case tail:
		return atom(value + ".endsWith(" + quote(parts[0]) + ")")
	}
	return atom(value + ".contains(" + quote(parts[0]) + ")")
}

func matches(value, pattern string) expr {
	return atom(value + ".matches(" + quote(wildRegexp(pattern)) + ")")
}

// wildRegexp is a pattern with wildcards as a regular expression.
func wildRegexp(pattern string) string {
	var b strings.Builder
	b.WriteString("(?s)^")
	for _, r := range pattern {
		switch r {
		case '*':
			if !strings.HasSuffix(b.String(), ".*") {
				b.WriteString(".*")
			}
		case '?':
			b.WriteByte('.')
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	b.WriteByte('$')
	return b.String()
}

// wildMatch says whether a text is what a pattern with wildcards describes.
func wildMatch(pattern, s string) bool {
	p, t := []rune(pattern), []rune(s)
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(t) {
		switch {
		case i < len(p) && (p[i] == '?' || p[i] == t[j] && p[i] != '*'):
			i++
			j++
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}
