package secretscan

import (
	"regexp"
	"strings"
)

// longestValue bounds a quoted value: a quote that stays open longer is no value. longestLine bounds others.
const (
	longestValue = 16 << 10
	longestLine  = 4 << 10
)

// pairedValue is what stands between a name and its value where the two are neighbours: in a list of name and value, in
// Hadoop's <name>…</name><value>…, and in attributes.
var pairedValue = regexp.MustCompile(
	`^["']?[ \t]*(?:,?[ \t]*(?:\r?\n[ \t]*)?["']?value["']?[ \t]*[:=][ \t]*|</name>\s*<value>)`)

func isNameChar(c byte) bool { return isAlnum(c) || c == '_' || c == '-' || c == '.' }

// nameBounds finds the name that the character at belongs to.
func nameBounds(text string, at int) (start, end int) {
	start = at
	for start > 0 && start > at-80 && isNameChar(text[start-1]) {
		start--
	}
	for start < at && (text[start] == '-' || text[start] == '.') {
		start++
	}
	return start, nameEnd(text, at)
}

func nameEnd(text string, at int) int {
	for at < len(text) && isNameChar(text[at]) {
		at++
	}
	return at
}

// assigned looks at one occurrence of a name stem in a text and spans the literal that is assigned to the name, in
// any of the ways that configuration files, scripts, flags and connection strings write it.
func assigned(text string, at int) []span {
	start, end := nameBounds(text, at)
	name := text[start:end]
	if strings.EqualFold(name, "authorization") {
		return authorization(text, end)
	}
	kind := judgeName(name)
	if kind == plainName {
		return nil
	}
	line := lineBefore(text, start)
	class := NamedCredential
	if isComment(line) {
		class = Commented
	}
	valueStart, valueEnd, ok := assignedValue(text, start, end, line)
	if !ok || !isCredential(text[valueStart:valueEnd], kind) {
		return nil
	}
	return []span{{valueStart, valueEnd, class}}
}

// authorization spans the credential of an HTTP header: Authorization: Bearer ….
func authorization(text string, end int) []span {
	rest := strings.TrimLeft(text[end:min(len(text), end+24)], "\"': \t=")
	scheme, _, _ := strings.Cut(rest, " ")
	switch strings.ToLower(scheme) {
	case "bearer", "basic", "token":
	default:
		return nil
	}
	start := end + strings.Index(text[end:], scheme) + len(scheme) + 1
	if start > len(text) {
		return nil
	}
	stop := start
	for stop < len(text) && !strings.ContainsRune(" \t\r\n\"'`,;\\", rune(text[stop])) {
		stop++
	}
	if !isCredential(text[start:stop], secretName) {
		return nil
	}
	return []span{{start, stop, NamedCredential}}
}

// lineBefore is what stands before a position on its line, at most 200 characters of it.
func lineBefore(text string, at int) string {
	from := max(0, at-200)
	return text[from+strings.LastIndexByte(text[from:at], '\n')+1 : at]
}

func isComment(line string) bool {
	line = strings.TrimLeft(line, " \t")
	for _, mark := range []string{"#", ";", "//", "<!--", "* "} {
		if strings.HasPrefix(line, mark) {
			return true
		}
	}
	return false
}

// startsLine says that nothing but indentation, a list dash, a comment mark or a keyword stands before a name.
func startsLine(line string) bool {
	line = strings.Trim(line, " \t-#;/*\"'$?.{")
	switch strings.ToLower(line) {
	case "", "export", "set", "env", "var", "let", "const", "local", "arg":
		return true
	}
	return false
}

// assignedValue finds where the value of the name at text[start:end] lies; line is what stands before it.
func assignedValue(text string, start, end int, line string) (from, to int, ok bool) {
	if m := pairedValue.FindStringIndex(text[end:min(len(text), end+120)]); m != nil {
		from = end + m[1]
		if strings.Contains(text[end:from], "<") {
			return untilAny(text, from, "<")
		}
		return lineValue(text, from)
	}
	quoted := start > 0 && end < len(text) && (text[start-1] == '"' || text[start-1] == '\'') && text[end] == text[start-1]
	i := end
	if quoted {
		i++
	} else if start > 0 && text[start-1] == '<' && i < len(text) && text[i] == '>' {
		return untilAny(text, i+1, "<") // <password>…</password>
	}
	for i < len(text) && (text[i] == ' ' || text[i] == '\t') {
		i++
	}
	rest := text[i:]
	switch {
	case strings.HasPrefix(rest, "==") || strings.HasPrefix(rest, "=~") || strings.HasPrefix(rest, "::") ||
		strings.HasPrefix(rest, "://"):
		return 0, 0, false
	case strings.HasPrefix(rest, "=>"), strings.HasPrefix(rest, ":="):
		return lineValue(text, i+2)
	case strings.HasPrefix(rest, "="):
		if startsLine(line) && !strings.HasSuffix(line, "-") {
			return lineValue(text, i+1)
		}
		return wordValue(text, i+1)
	case strings.HasPrefix(rest, ":"):
		if quoted || startsLine(line) {
			return yamlValue(text, i+1, line)
		}
		return 0, 0, false
	case strings.HasSuffix(text[:start], "--") && i > end && rest != "" && rest[0] != '-':
		return wordValue(text, i) // --password hunter2
	case i > end && !quoted && strings.Trim(line, " \t") == "" && isDirective(text[start:end]):
		return lineValue(text, i) // requirepass hunter2, as Redis writes it
	}
	return 0, 0, false
}

// isDirective knows the names that configuration files part from their value with a blank.
func isDirective(name string) bool {
	switch strings.ToLower(name) {
	case "requirepass", "masterauth", "password", "smtp_password":
		return true
	}
	return false
}

// yamlValue is lineValue, and also reads a block scalar below the key.
func yamlValue(text string, at int, line string) (from, to int, ok bool) {
	from, to, ok = lineValue(text, at)
	if !ok || text[from:to] == "" || text[from] != '|' && text[from] != '>' || to-from > 3 {
		return from, to, ok
	}
	indent := len(line) - len(strings.TrimLeft(line, " -"))
	next := strings.IndexByte(text[to:], '\n')
	if next < 0 {
		return 0, 0, false
	}
	from = to + next + 1
	to = from
	for to < len(text) {
		row, _, _ := strings.Cut(text[to:], "\n")
		body := strings.TrimLeft(row, " ")
		if strings.TrimSpace(body) != "" && len(row)-len(body) <= indent {
			break
		}
		to = min(to+len(row)+1, len(text))
	}
	block := strings.TrimRight(text[from:to], " \r\n")
	to = from + len(block)
	from = to - len(strings.TrimLeft(block, " \r\n"))
	return from, to, from < to
}

// lineValue spans a quoted string, or the rest of the line without a comment and a closing comma.
func lineValue(text string, at int) (from, to int, ok bool) {
	at = skipBlanks(text, at)
	if at >= len(text) {
		return 0, 0, false
	}
	if isQuote(text[at]) {
		return quotedValue(text, at)
	}
	if text[at] == '{' && !strings.HasPrefix(text[at:], "{{") || text[at] == '[' || text[at] == '&' || text[at] == '*' {
		return 0, 0, false
	}
	from, to, _ = untilAny(text, at, "\r\n")
	value := text[from:to]
	if i := strings.Index(value, " #"); i >= 0 {
		value = value[:i]
	}
	value = strings.TrimRight(value, " \t,;}\"'")
	if isCode(value) {
		return 0, 0, false
	}
	return from, from + len(value), value != ""
}

// wordValue spans a quoted string or the characters up to a blank or a delimiter.
func wordValue(text string, at int) (from, to int, ok bool) {
	at = skipBlanks(text, at)
	if at >= len(text) {
		return 0, 0, false
	}
	if isQuote(text[at]) {
		return quotedValue(text, at)
	}
	if strings.HasPrefix(text[at:], "$(") || strings.HasPrefix(text[at:], "{{") {
		return 0, 0, false
	}
	from, to, ok = untilAny(text, at, " \t\r\n;&,\"'`)]|<\\")
	if !ok || isCode(text[from:to]) {
		return 0, 0, false
	}
	return from, to, true
}

// isCode says that a value is an expression of a programming language: os.getenv("X"), config[…], function(…).
func isCode(value string) bool {
	i := strings.IndexAny(value, "([")
	return i > 0 && isWords(strings.ReplaceAll(value[:i], ":", "."))
}

func skipBlanks(text string, at int) int {
	for at < len(text) && (text[at] == ' ' || text[at] == '\t') {
		at++
	}
	return at
}

func isQuote(c byte) bool { return c == '"' || c == '\'' || c == '`' }

// quotedValue spans what is inside the quotes that open at.
func quotedValue(text string, at int) (from, to int, ok bool) {
	quote := text[at]
	for i := at + 1; i < len(text) && i < at+longestValue; i++ {
		switch text[i] {
		case '\\':
			i++
		case quote:
			// In a shell, backquotes hold a command.
			return at + 1, i, i > at+1 && (quote != '`' || !strings.ContainsAny(text[at:i], " \t"))
		}
	}
	return 0, 0, false
}

// untilAny spans from at to the first of the stop characters.
func untilAny(text string, at int, stops string) (from, to int, ok bool) {
	end := min(len(text), at+longestLine)
	if i := strings.IndexAny(text[at:end], stops); i >= 0 {
		end = at + i
	}
	return at, end, end > at
}
