// Package secretscan finds secret values in Kubernetes objects and replaces them before anything else sees them.
//
// Redact runs once, while an object is read, and puts a marker in the place of every hit:
//
//	<redacted:aws-access-token:4f6f0c…>
//
// A marker holds the class of what was found and a keyed digest of it (HMAC-SHA256, shortened). The key is random, made
// by New and never stored, so a digest says "the same value as over there" within one inventory and nothing else.
// Controls read the class; a saved inventory therefore gives the same findings as the live one.
//
// There are two kinds of hit. A detector rule recognises the value itself: an access token, a private key, a password
// in a URL. Provenance recognises the place: a literal under a name like DB_PASSWORD, be it an environment variable, a
// ConfigMap key, a flag, or a line of a configuration file inside a ConfigMap; its class is NamedCredential.
// In a longer text only the hit is replaced, so that the rest can still be judged.
package secretscan

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// The classes that are not names of detector rules.
const (
	// SecretData is a value of a Secret. It is where it belongs.
	SecretData = "secret-data"
	// NamedCredential is a literal under a name that says it is a credential.
	NamedCredential = "named-credential"
	// URLPassword is the password in a URL or connection string, user:password@host.
	URLPassword = "url-password"
	// PrivateKey is a private key in PEM form, also base64 encoded.
	PrivateKey = "private-key"
	// Commented is a credential in a comment of a configuration file: replaced, but not in use.
	Commented = "commented-credential"
	// Unreadable is a copy of an object, as in last-applied-configuration, that could not be parsed.
	Unreadable = "unreadable-copy"
)

const (
	markerStart = "<redacted:"
	// forgedStart is what a text that only looks like a marker is turned into.
	forgedStart = "<not-redacted:"
	digestLen   = 16 // hex digits of the value's digest
	checkLen    = 8  // hex digits that only the holder of the key can compute
	// longestMark bounds what stands between the brackets of a marker.
	longestMark = 100
)

// A Scanner redacts the objects of one inventory. It is safe for concurrent use on different objects.
type Scanner struct {
	key []byte
}

// New makes a scanner with a fresh random key. The detector's rules are loaded when they are first needed.
func New() *Scanner {
	key := make([]byte, 32)
	rand.Read(key) // never fails: crypto/rand aborts the program instead
	return &Scanner{key: key}
}

// marker is what replaces a value.
func (s *Scanner) marker(class, value string) string {
	digest := s.digest("value\x00"+class+"\x00"+value, digestLen)
	return markerStart + class + ":" + digest + s.check(class, digest) + ">"
}

func (s *Scanner) check(class, digest string) string {
	return s.digest("check\x00"+class+"\x00"+digest, checkLen)
}

func (s *Scanner) digest(text string, hexDigits int) string {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil)[:hexDigits/2])
}

// disarm rewrites every text that looks like a marker and was not made by this scanner, so that input cannot pass
// something off as redacted.
func (s *Scanner) disarm(text string) string {
	if !strings.Contains(text, markerStart) {
		return text
	}
	var out strings.Builder
	for rest := text; ; {
		i := strings.Index(rest, markerStart)
		if i < 0 {
			out.WriteString(rest)
			return out.String()
		}
		out.WriteString(rest[:i])
		if m, ok := parseMark(rest[i:]); ok && s.check(m.Class, m.digest) == m.check {
			out.WriteString(markerStart)
		} else {
			out.WriteString(forgedStart)
		}
		rest = rest[i+len(markerStart):]
	}
}

// A Mark is one marker inside a text.
type Mark struct {
	Class      string
	Start, End int // byte offsets of the marker in the text

	digest, check string
}

// Class says what was in the place of a value that was replaced as a whole; ok is false when it was not.
func Class(value string) (class string, ok bool) {
	if !strings.HasPrefix(value, markerStart) {
		return "", false
	}
	m, ok := parseMark(value)
	return m.Class, ok && m.End == len(value)
}

// Marks lists the markers in a text, in order.
func Marks(text string) []Mark {
	var marks []Mark
	for from := 0; ; {
		i := strings.Index(text[from:], markerStart)
		if i < 0 {
			return marks
		}
		from += i
		if m, ok := parseMark(text[from:]); ok {
			m.Start += from
			m.End += from
			marks = append(marks, m)
		}
		from += len(markerStart)
	}
}

// Stable is the text with the digests of its markers left out, <redacted:aws-access-token>. Digests differ from one
// reading to the next, so a report shows values in this form.
func Stable(text string) string {
	marks := Marks(text)
	if len(marks) == 0 {
		return text
	}
	var out strings.Builder
	from := 0
	for _, m := range marks {
		out.WriteString(text[from:m.Start])
		out.WriteString(markerStart + m.Class + ">")
		from = m.End
	}
	out.WriteString(text[from:])
	return out.String()
}

// parseMark reads the marker at the start of text.
func parseMark(text string) (m Mark, ok bool) {
	text = text[len(markerStart):]
	class, rest, ok := strings.Cut(text[:min(len(text), longestMark)], ":")
	if !ok || class == "" || len(rest) < digestLen+checkLen+1 || rest[digestLen+checkLen] != '>' {
		return Mark{}, false
	}
	for i := range len(class) {
		if c := class[i]; !isLower(c) && !isDigit(c) && c != '-' {
			return Mark{}, false
		}
	}
	for i := range digestLen + checkLen {
		if c := rest[i]; !isDigit(c) && (c < 'a' || c > 'f') {
			return Mark{}, false
		}
	}
	return Mark{
		Class: class, End: len(markerStart) + len(class) + 1 + digestLen + checkLen + 1,
		digest: rest[:digestLen], check: rest[digestLen : digestLen+checkLen],
	}, true
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isAlnum(c byte) bool { return isLower(c|0x20) && c < 0x80 || isDigit(c) }
