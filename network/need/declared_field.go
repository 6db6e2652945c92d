package need

import "strings"

// A field is a word of a line, under the setting that it is a value of.
type field struct {
	key, text string
	// keyed says that a key stands right before it, so that a new value starts.
	keyed bool
	// spaced says that only blanks are between it and the word before.
	spaced bool
	// torn says that a URL comes before, or an "@" later, without a blank between: it may be a piece of a password.
	torn bool
}

// splitFields splits a line into words. It knows what most configuration files and commands have in common: "key: value",
// "key = value", "--key=value", "--key value", quotes, brackets, and separators of lists. Every word that follows no key
// stands under the given one.
func splitFields(key, line string) []field {
	s := splitter{base: key, key: key, line: line, lastAt: strings.LastIndexByte(line, '@')}
	for i := 0; i < len(line); {
		if isSeparator(line[i]) && !startsIPv6(line[i:]) {
			s.blank = s.blank && isBlank(line[i])
			s.brace = s.brace || line[i] == '{'
			s.afterURL = s.afterURL && !isBlank(line[i]) && line[i] != '"' && line[i] != '\''
			if s.short && s.took && isBlank(line[i]) {
				s.key, s.short, s.took = s.base, false, false
			}
			i++
			continue
		}
		end := wordEnd(line, i)
		s.word(line[i:end], i)
		s.blank = true
		i = end
	}
	if s.keyed {
		s.out = append(s.out, field{key: s.key, keyed: true})
	}
	return s.out
}

type splitter struct {
	base, line string
	lastAt     int // where the last "@" is; -1 for none
	out        []field
	key        string
	// short says that the key holds for one word or list without blanks only, and took that there was one.
	short, took bool
	// keyed says that the key has no word yet, and blank that only blanks came since the last word.
	keyed, blank bool
	// brace says that a brace was opened since the last word, and opened that one was before the last word.
	brace, opened bool
	// afterURL says that neither a blank nor a quote came since a URL.
	afterURL bool
}

// word takes the next word, which starts at start.
func (s *splitter) word(w string, start int) {
	whole := w
	switch {
	case (w == ":" || w == "=" || w == "=>" || w == ":=") && s.canBeKey():
		s.keyFromLast()
		return
	case w[0] == ':' && s.canBeKey() && s.closed(start):
		s.keyFromLast() // "port":7070
		w = w[1:]
	case len(w) > 1 && w[len(w)-1] == ':' && !strings.Contains(w, "="):
		s.start(s.noFlag(w[:len(w)-1], start), false)
		return
	default:
		if k, v, ok := cutKey(w); ok {
			if n := len(s.out); strings.EqualFold(k, "source") && n > 0 && strings.EqualFold(s.out[n-1].text, "data") {
				k = "data_source"
			}
			s.start(s.noFlag(k, start), true)
			if w = v; w == "" {
				return
			}
		} else if w[0] == '-' && len(w) > 1 && s.atStart(start) && !(s.keyed && namesSecret(s.key)) {
			s.start(w, true)
			return
		}
	}
	s.out = append(s.out, field{
		key: s.key, text: w, keyed: s.keyed, spaced: s.blank && !s.keyed && len(s.out) > 0, torn: s.afterURL || s.isTorn(start+len(whole)),
	})
	s.afterURL = s.afterURL || strings.Contains(w, "://")
	s.keyed, s.took, s.opened = false, true, s.brace
	s.brace = false
}

// noFlag takes away what makes a key look like a flag where no flag can stand: in the middle of something else.
func (s *splitter) noFlag(key string, start int) string {
	if s.atStart(start) {
		return key
	}
	return strings.TrimLeft(key, "-")
}

// isTorn says whether an "@" follows before the next blank.
func (s *splitter) isTorn(end int) bool {
	if s.lastAt < end {
		return false
	}
	rest := s.line[end:min(len(s.line), end+maxWord)]
	if i := strings.IndexAny(rest, " \t"); i >= 0 {
		rest = rest[:i]
	}
	return strings.Contains(rest, "@")
}

// closed says that a quote stands right before the byte.
func (s *splitter) closed(at int) bool {
	return at > 0 && (s.line[at-1] == '"' || s.line[at-1] == '\'')
}

// canBeKey says whether the last word can be a key: not if it is the first of a value, unless a brace came before it.
func (s *splitter) canBeKey() bool { return len(s.out) > 0 && (s.opened || !s.out[len(s.out)-1].keyed) }

// atStart says that a word starts after a blank or a quote, as flags do.
func (s *splitter) atStart(start int) bool {
	return start == 0 || isBlank(s.line[start-1]) || s.closed(start)
}

// keyFromLast makes a key of the last word.
func (s *splitter) keyFromLast() {
	last := len(s.out) - 1
	key := strings.TrimLeft(s.out[last].text, "-")
	s.out = s.out[:last]
	s.start(key, false)
}

// start starts the value of a key.
func (s *splitter) start(key string, short bool) {
	if s.keyed && s.key != "" && s.key != s.base {
		s.out = append(s.out, field{key: s.key, keyed: true}) // the key before had no value
	}
	s.key, s.short, s.took, s.keyed = key, short, false, true
}

// cutKey cuts "key=value", also where the value is a URL with "=" in it.
func cutKey(w string) (key, value string, ok bool) {
	head := w
	if i := strings.Index(w, "://"); i >= 0 {
		head = w[:i]
	}
	i := strings.IndexByte(head, '=')
	if i <= 0 {
		return "", "", false
	}
	return w[:i], w[i+1:], true
}

// wordEnd is where the word at i ends. A URL may hold separators: a list of hosts, or a password.
func wordEnd(line string, i int) int {
	url := false
	for ; i < len(line); i++ {
		c := line[i]
		if c == ':' && strings.HasPrefix(line[i:], "://") {
			url = true
		}
		switch {
		case !isSeparator(c):
		case c == '[' && startsIPv6(line[i:]):
			i += strings.IndexByte(line[i:], ']')
		case url && (c == ',' && i+1 < len(line) && !isBlank(line[i+1]) || c == '&' || c == '('):
		default:
			return i
		}
	}
	return i
}

func isSeparator(c byte) bool {
	switch c {
	case ' ', '\t', '\r', '\n', '"', '\'', '`', ',', ';', '{', '}', '(', ')', '<', '>', '|', '&', '[', ']':
		return true
	}
	return false
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// startsIPv6 says whether text starts with an IPv6 address in brackets.
func startsIPv6(text string) bool {
	if text[0] != '[' {
		return false
	}
	colons := 0
	for i := 1; i < len(text) && i < 48; i++ {
		switch c := text[i]; {
		case c == ']':
			return colons >= 2
		case c == ':':
			colons++
		case c == '.' || c == '%' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z':
		default:
			return false
		}
	}
	return false
}
