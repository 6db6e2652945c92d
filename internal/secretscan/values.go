package secretscan

import (
	"math"
	"strings"
	"time"
)

// isCredential says whether a value under a credential's name is the credential itself, and not a reference to it, a
// switch, a number, a path or a placeholder that a template engine fills in. A default like "changeme" is a credential:
// it is the one that works.
func isCredential(value string, kind nameKind) bool {
	value = strings.TrimSpace(value)
	if _, done := Class(value); done || value == "" || notCredentials[strings.ToLower(value)] || isMask(value) {
		return false
	}
	if isReference(value) || isPath(value) {
		return false
	}
	return kind == passwordName || !isQuantity(value)
}

var notCredentials = words(`true false yes no on off null none nil undefined ~ - n/a unset enabled disabled required
	optional string str text integer int boolean bool object array redacted <redacted> [redacted] ...`)

// isMask says that somebody has blanked the value out already.
func isMask(value string) bool { return strings.Trim(value, "*•.") == "" }

// isReference says that the value is filled in from elsewhere: $(VAR), ${VAR}, {{ .Values.x }}, <password>, %(x)s.
func isReference(value string) bool {
	for _, prefix := range []string{
		"$(", "${", "{{", "{%", "[[", "%(", "@@", "vault:", "ref+", "env:", "env.", "$__", "ENC[", "!vault", "!Ref", "`",
		"arn:aws:secretsmanager:", "arn:aws:ssm:", "awssm://", "gcpsm://", "azkv://", "op://", "file:", "file://", "os.",
		"projects/", "secretKeyRef", "/vault/", "process.env", "System.getenv", "INSERT_",
	} {
		if strings.HasPrefix(value, prefix) {
			return true
		}
	}
	switch {
	case value[0] == '<' && value[len(value)-1] == '>':
		return isWords(value[1 : len(value)-1]) // <your password>
	case value[0] == '$' && isName(value[1:]):
		return true // $DB_PASSWORD; bcrypt hashes have more dollars
	case len(value) > 2 && (value[0] == '%' || value[0] == '@') && value[len(value)-1] == value[0]:
		return isName(value[1 : len(value)-1])
	case len(value) > 4 && strings.HasPrefix(value, "__") && strings.HasSuffix(value, "__"):
		return isName(strings.Trim(value, "_"))
	}
	return isMostlyTemplate(value)
}

// isMostlyTemplate says that a value with placeholders holds hardly anything else: "Bearer ${TOKEN}".
func isMostlyTemplate(value string) bool {
	rest, found := value, false
	for _, pair := range [...][2]string{{"${", "}"}, {"$(", ")"}, {"{{", "}}"}} {
		for {
			before, after, ok := strings.Cut(rest, pair[0])
			if !ok {
				break
			}
			_, after, ok = strings.Cut(after, pair[1])
			if !ok {
				break
			}
			rest, found = before+after, true
		}
	}
	if !found {
		return false
	}
	digits := strings.ContainsAny(rest, "0123456789")
	return len(rest) < 8 || !digits && len(rest) < 16
}

func isWords(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isLower(c|0x20) && c != ' ' && c != '_' && c != '-' && c != '.' {
			return false
		}
	}
	return s != ""
}

func isName(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isAlnum(c) && c != '_' && c != '.' {
			return false
		}
	}
	return s != "" && !isDigit(s[0])
}

// isQuantity says that the value is a number, a duration or a size: a setting, unless it is asked for as a password.
func isQuantity(value string) bool {
	if _, err := time.ParseDuration(value); err == nil {
		return true
	}
	rest := strings.TrimLeft(value, "0123456789.,_+-")
	return len(rest) < len(value) && len(rest) <= 2 && len(value) <= 12
}

// isPath says that the value is where a file lies. Base64 may start with a slash too, but has no plain words between
// slashes.
func isPath(value string) bool {
	if strings.HasPrefix(value, "./") || strings.HasPrefix(value, "../") || strings.HasPrefix(value, "~/") ||
		len(value) > 3 && isAlnum(value[0]) && value[1] == ':' && value[2] == '\\' {
		return true
	}
	absolute := strings.HasPrefix(value, "/")
	if !absolute && strings.Count(value, "/") < 2 {
		return false
	}
	for i := range len(value) {
		if c := value[i]; !isAlnum(c) && !strings.ContainsRune("/._- ${}()@", rune(c)) {
			return false
		}
	}
	plain := 0
	segments := strings.Split(strings.Trim(value, "/"), "/")
	for _, segment := range segments {
		if isPlainSegment(segment) {
			plain++
		}
	}
	return 2*plain > len(segments) || absolute && plain == len(segments)
}

// isPlainSegment says that a part of a path is made of words.
func isPlainSegment(segment string) bool {
	if segment == "" || len(segment) > 40 {
		return false
	}
	upper, lower := 0, 0
	for i := range len(segment) {
		switch c := segment[i]; {
		case isUpper(c):
			upper++
		case isLower(c):
			lower++
		}
	}
	return lower > 2*upper && entropy(segment) < 4
}

// entropy is the Shannon entropy of the bytes of s, in bits for each byte.
func entropy(s string) float64 {
	if s == "" {
		return 0
	}
	var count [256]int
	for i := range len(s) {
		count[s[i]]++
	}
	sum := 0.0
	for _, n := range count {
		if n > 0 {
			p := float64(n) / float64(len(s))
			sum -= p * math.Log2(p)
		}
	}
	return sum
}
