package secretscan

import (
	"encoding/base64"
	"slices"
	"strings"
)

// scanText replaces the hits in a text. With names, a literal that the text itself puts under a credential's name is a
// hit too.
func (s *Scanner) scanText(text string, names bool) (redacted string, hits int) {
	if len(text) < 8 {
		return s.disarm(text), 0
	}
	text = s.disarm(text)
	set := detector()
	var spans []span
	stopped := map[*rule]int(nil)
	nextName, nextSpecial, looked := 0, 0, 0
	set.index.find(text, func(id, at int) {
		if id >= set.stemFrom {
			if names && at >= nextName && looked <= mostNames(text) {
				looked++
				nextName = nameEnd(text, at)
				for _, hit := range assigned(text, at) {
					spans = append(spans, hit)
					nextName = max(nextName, hit.end)
				}
			}
			return
		}
		if rules := set.byWord[id]; len(rules) > 0 {
			if len(text) < shortestRule {
				return
			}
			if stopped == nil {
				stopped = map[*rule]int{}
			}
			for _, r := range rules {
				if at < stopped[r] {
					continue
				}
				found, until := set.apply(r, text, set.keywords[id], at)
				spans = append(spans, found...)
				stopped[r] = until
			}
			return
		}
		if at < nextSpecial {
			return
		}
		if hit, ok := special(text, set.keywords[id], at); ok {
			spans = append(spans, hit)
			nextSpecial = hit.end
		}
	})
	if looked > mostNames(text) {
		return s.marker(Unreadable, text), 1
	}
	if len(spans) == 0 {
		return text, 0
	}
	return s.replace(text, spans)
}

// mostNames is how many names of credentials a text may hold before it is replaced as a whole: no configuration file
// comes near, and a file made to waste our time ends here.
func mostNames(text string) int { return 4096 + len(text)/64 }

// replace puts markers in the place of spans. Where spans overlap, the first and longest counts, but a detector's
// class is kept over that of a name.
func (s *Scanner) replace(text string, spans []span) (string, int) {
	slices.SortStableFunc(spans, func(a, b span) int {
		if a.start != b.start {
			return a.start - b.start
		}
		return b.end - a.end
	})
	merged := spans[:0]
	for _, sp := range spans {
		if n := len(merged); n > 0 && sp.start < merged[n-1].end {
			last := &merged[n-1]
			last.end = max(last.end, sp.end)
			if last.class == NamedCredential {
				last.class = sp.class
			}
			continue
		}
		merged = append(merged, sp)
	}
	var out strings.Builder
	from, hits := 0, 0
	for _, sp := range merged {
		value := text[sp.start:sp.end]
		if _, done := Class(value); done || strings.TrimSpace(value) == "" {
			continue
		}
		out.WriteString(text[from:sp.start])
		out.WriteString(s.marker(sp.class, value))
		from = sp.end
		hits++
	}
	out.WriteString(text[from:])
	return out.String(), hits
}

// special judges what our own words led to.
func special(text, word string, at int) (span, bool) {
	switch word {
	case pemHeader:
		return pemKey(text, at)
	case pemHeader64:
		return pemKey64(text, at)
	case schemeMark:
		return urlPassword(text, at+len(schemeMark))
	case addressMark:
		from := max(0, at-256)
		from += strings.LastIndexAny(text[from:at], " \t\r\n\"'`=<>,;") + 1
		return userinfoPassword(text, from, at)
	case authField:
		return dockerAuth(text, at+len(authField))
	}
	return span{}, false
}

// pemKey spans a private key in PEM form, to its end line or, when that is cut off, to the end of the text.
func pemKey(text string, at int) (span, bool) {
	header := text[at:min(len(text), at+120)]
	if !strings.Contains(header[:headerEnd(header)], "PRIVATE KEY") {
		return span{}, false
	}
	body := at + headerEnd(header)
	if !hasRun(text[body:min(len(text), body+512)], 16) {
		return span{}, false // "…", as documentation shows it
	}
	end := len(text)
	if i := strings.Index(text[body:], "-----END"); i >= 0 {
		end = body + i
		if j := strings.Index(text[end+8:], "-----"); j >= 0 {
			end += 8 + j + 5
		}
	}
	return span{at, end, PrivateKey}, true
}

// headerEnd is where the dashes that close a PEM header line end, or the length of the text.
func headerEnd(header string) int {
	if i := strings.Index(header[10:], "-----"); i >= 0 {
		return 10 + i + 5
	}
	return len(header)
}

// pemKey64 spans base64 that decodes to a private key, as in a kubeconfig.
func pemKey64(text string, at int) (span, bool) {
	head := text[at:min(len(text), at+80)]
	decoded, _ := base64.StdEncoding.DecodeString(head[:len(head)/4*4]) // up to where it stops being base64
	if !strings.Contains(string(decoded), "PRIVATE KEY") {
		return span{}, false
	}
	end := at
	for end < len(text) && (isAlnum(text[end]) || text[end] == '+' || text[end] == '/' || text[end] == '=') {
		end++
	}
	return span{at, end, PrivateKey}, true
}

// urlPassword spans the password in scheme://user:password@host. at is where the authority starts.
func urlPassword(text string, at int) (span, bool) {
	end := at
	for end < len(text) && end < at+512 && !strings.ContainsRune("/?# \t\r\n\"'`<>\\|", rune(text[end])) {
		end++
	}
	i := strings.LastIndexByte(text[at:end], '@')
	if i < 0 {
		return span{}, false
	}
	return userinfoPassword(text, at, at+i)
}

// userinfoPassword spans the password in user:password, which lies in text[from:to].
func userinfoPassword(text string, from, to int) (span, bool) {
	colon := strings.IndexByte(text[from:to], ':')
	if colon < 0 {
		return span{}, false
	}
	start := from + colon + 1
	if !isCredential(text[start:to], passwordName) {
		return span{}, false
	}
	return span{start, to, URLPassword}, true
}

// dockerAuth spans the value of "auth" in a registry configuration: base64 of user:password.
func dockerAuth(text string, at int) (span, bool) {
	rest := strings.TrimLeft(text[at:], " \t\r\n")
	rest, ok := strings.CutPrefix(rest, ":")
	if !ok {
		return span{}, false
	}
	rest, ok = strings.CutPrefix(strings.TrimLeft(rest, " \t\r\n"), `"`)
	value, _, closed := strings.Cut(rest, `"`)
	if !ok || !closed || len(value) < 4 {
		return span{}, false
	}
	decoded, err := base64.StdEncoding.DecodeString(value)
	if err != nil || !strings.Contains(string(decoded), ":") {
		return span{}, false
	}
	start := len(text) - len(rest)
	return span{start, start + len(value), NamedCredential}, true
}
