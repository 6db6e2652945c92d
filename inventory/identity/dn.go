package identity

import (
	"encoding/hex"
	"slices"
	"strings"
)

// A rdn is one attribute and value of a distinguished name, as written but for the escapes.
type rdn struct {
	attribute, value string // attribute in lower case
	plus             bool   // it belongs to the same level as the one before ("cn=a+uid=b")
}

// parseDN takes a distinguished name apart (RFC 4514, and the quoted values of RFC 1779).
func parseDN(dn string) ([]rdn, bool) {
	var parts []rdn
	plus := false
	for rest := dn; ; {
		attribute, after, ok := strings.Cut(rest, "=")
		attribute = strings.ToLower(strings.TrimSpace(attribute))
		if !ok || !isAttribute(attribute) {
			return nil, false
		}
		value, end := dnValue(after)
		parts = append(parts, rdn{attribute, value, plus})
		if end == len(after) {
			return parts, true
		}
		plus = after[end] == '+'
		rest = after[end+1:]
	}
}

func isAttribute(s string) bool {
	for i := range len(s) {
		if !isAttributeByte(s[i]) {
			return false
		}
	}
	return s != ""
}

func isAttributeByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '.'
}

// dnValue reads a value up to the comma or plus that ends it, and tells where that is.
func dnValue(s string) (value string, end int) {
	var b strings.Builder
	quoted := false
	kept := 0 // up to here an escape protects spaces
	for ; end < len(s); end++ {
		switch c := s[end]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && end+1 < len(s):
			if end+2 < len(s) {
				if raw, err := hex.DecodeString(s[end+1 : end+3]); err == nil {
					b.Write(raw)
					end += 2
					kept = b.Len()
					continue
				}
			}
			end++
			b.WriteByte(s[end])
			kept = b.Len()
		case !quoted && (c == ',' || c == '+' || c == ';'):
			return trimValue(b.String(), kept), end
		default:
			b.WriteByte(c)
		}
	}
	return trimValue(b.String(), kept), end
}

func trimValue(s string, kept int) string {
	return strings.TrimLeft(s[:kept]+strings.TrimRight(s[kept:], " \t"), " \t")
}

// keyOfDN is equal for all ways to write a DN, or for the text itself when it is none.
func keyOfDN(dn string) string { return string(appendKey(nil, dn)) }

// appendKey appends the key of a DN to a buffer.
func appendKey(to []byte, dn string) []byte {
	if fast, ok := appendPlainKey(to, dn); ok {
		return fast
	}
	return append(to, keyOfAnyDN(dn)...)
}

// appendPlainKey is for the DNs that nearly all are: ASCII, nothing escaped, no space that would have to go but after
// a comma. It says whether this is one.
func appendPlainKey(to []byte, dn string) ([]byte, bool) {
	to = append(to, "dn:"...)
	before := byte(',')
	start, inValue := 0, false
	for i := range len(dn) {
		c := dn[i]
		switch {
		case c == ' ' && before == ',' && i > 0:
			start = i + 1
			continue
		case c < ' ' || c > '~' || strings.IndexByte(`\"+;`, c) >= 0, c == ' ' && !inValue,
			(c == ',' || c == ' ' || c == '=') && (before == ' ' || before == '=' && c == ' '), c == ',' && !inValue:
			return nil, false
		case c == ',':
			start, inValue = i+1, false
		case c == '=' && !inValue:
			if start == i {
				return nil, false
			}
			inValue = true
		default:
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			if !inValue && !isAttributeByte(c) {
				return nil, false
			}
		}
		to, before = append(to, c), c
	}
	return to, inValue && before != ' '
}

// keyOfAnyDN is keyOfDN for all DNs.
func keyOfAnyDN(dn string) string {
	parts, ok := parseDN(dn)
	if !ok {
		return "dn:" + strings.ToLower(strings.TrimSpace(dn))
	}
	var levels []string
	for i := 0; i < len(parts); {
		level := []string{parts[i].key()}
		for i++; i < len(parts) && parts[i].plus; i++ {
			level = append(level, parts[i].key())
		}
		slices.Sort(level)
		levels = append(levels, strings.Join(level, "+"))
	}
	return "dn:" + strings.Join(levels, ",")
}

func (r rdn) key() string {
	value := strings.ToLower(strings.Join(strings.Fields(r.value), " "))
	for _, sign := range []string{`\`, ",", "+"} { // the escape first
		value = strings.ReplaceAll(value, sign, `\`+sign)
	}
	return r.attribute + "=" + value
}

// nameOfDN is the name that a value gives: of a DN its first part, so that "cn=ops,ou=groups" is "ops"; a value that
// is no DN, or option "dn", stays as it is.
func nameOfDN(value, option string) string {
	if strings.EqualFold(option, "dn") || !strings.Contains(value, ",") {
		return value
	}
	if parts, ok := parseDN(value); ok {
		return parts[0].value
	}
	return value
}
