package need

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-io/plimsoll/internal/secretscan"
)

// maxText is how much of one value is read. Kubernetes takes no larger objects; files can hold what they like.
const maxText = 1 << 20

// maxMentions is how many hosts are taken from one value, give or take a line.
const maxMentions = 10_000

// A mention is a host that a text names, and maybe a port.
type mention struct {
	// key is the name of the setting it stands under, as the text has it; "" when it stands alone.
	key string
	// scheme is that of a URL, the last one: "jdbc:postgresql://db" has "postgresql".
	scheme string
	url    bool
	// host is in lower case and a valid DNS name, or addr is an address.
	host string
	addr netip.Addr
	port uint16 // 0 when none is named
	// service is the name of a port, of an SRV name: "grpc" of "_grpc._tcp.store".
	service string
	// plain says that the host has no capital letters: names of classes do.
	plain bool
	// alone says that the setting holds nothing but addresses that are no URLs. A word in a sentence is no host.
	alone bool
	// beside says that it may itself be a piece of a password: then it means something only if the name is known.
	// credentials says that a user or password stands before it, properly.
	beside, credentials bool
	// after is the word before, in lower case: "nslookup".
	after string
	// line and block are where it stands: settings of one block belong together.
	line, block int
}

// A portSetting is a setting whose value is a port.
type portSetting struct {
	key         string
	line, block int
	port        uint16
}

// A text is what was found in one value or file.
type text struct {
	mentions []mention
	ports    []portSetting
	// cut says that only the beginning was read.
	cut bool

	portAt map[settingAt]uint16
}

type settingAt struct {
	block int
	key   string
}

// portUnder is the port that a setting of a block holds; 0 when there is none.
func (t *text) portUnder(block int, key string) uint16 {
	if t.portAt == nil {
		t.portAt = map[settingAt]uint16{}
		for _, p := range t.ports {
			if at := (settingAt{p.block, p.key}); t.portAt[at] == 0 {
				t.portAt[at] = p.port
			}
		}
	}
	return t.portAt[settingAt{block, key}]
}

// readText finds the hosts in the value of a setting, or in a file (key is "").
func readText(key, value string) *text {
	t := &text{}
	if len(value) > maxText {
		value, t.cut = value[:maxText], true
	}
	value = withoutMarks(value)
	r := reader{out: t, key: key, section: -1, file: key == "" || strings.Contains(value, "\n")}
	for n := 0; value != ""; n++ {
		if len(t.mentions) >= maxMentions || len(t.ports) >= maxMentions {
			t.cut = true
			break
		}
		line, rest, _ := strings.Cut(value, "\n")
		r.line(n, line)
		value = rest
	}
	return t
}

// withoutMarks replaces the places of secrets by something that is in no host.
func withoutMarks(value string) string {
	marks := secretscan.Marks(value)
	if len(marks) == 0 {
		return value
	}
	var b strings.Builder
	from := 0
	for _, m := range marks {
		b.WriteString(value[from:m.Start])
		b.WriteByte(secretPlace)
		from = m.End
	}
	b.WriteString(value[from:])
	return b.String()
}

const secretPlace = 0

// A reader goes through the lines of a text.
type reader struct {
	out  *text
	key  string // of the whole text
	file bool
	// pending is the key of the line before, which had no value: its list follows.
	pending string
	// open are the lines that the next may be indented under; section is that of an INI or TOML file.
	open    []openLine
	section int
}

type openLine struct{ indent, number int }

// line reads one line.
func (r *reader) line(number int, line string) {
	line = strings.TrimRight(line, " \t\r")
	body := strings.TrimLeft(line, " \t")
	if body == "" {
		return
	}
	indent := len(line) - len(body)
	block, key := number, r.key
	if r.file {
		if isComment(body) {
			return
		}
		block = r.blockOf(indent, number, body)
		if i := strings.Index(body, " #"); i >= 0 {
			body = body[:i]
		}
	}
	item := strings.HasPrefix(body, "- ")
	if item {
		body = body[2:]
		if r.pending != "" {
			key = r.pending
		}
	}
	fields := splitFields(key, body)
	if !item {
		r.pending = ""
		if n := len(fields); n > 0 && fields[n-1].text == "" {
			r.pending = fields[n-1].key
		}
	}
	r.fields(fields, number, block, nearness{mayHoldSecret(body, fields), strings.Contains(body, "@")})
}

// A nearness says what is in the line of a host: a setting that may hold a secret, or an "@", behind a user and a password.
type nearness struct{ secret, user bool }

// mayHoldSecret says whether a line has a setting that may hold a secret, also as a parameter of a URL. One URL alone may
// have such parameters: its host comes before them.
func mayHoldSecret(line string, fields []field) bool {
	if slices.ContainsFunc(fields, func(f field) bool { return namesSecret(f.key) }) {
		return true
	}
	if len(fields) == 1 && strings.Count(line, "://") < 2 {
		return false
	}
	for i, rest := 0, line; ; rest = line[i:] {
		at := strings.IndexByte(rest, '=')
		if at < 0 {
			return false
		}
		start := i + at
		for start > i && i+at-start < maxKey && (isNameByte(line[start-1]) || line[start-1] == '-' || line[start-1] == '.') {
			start--
		}
		if namesSecret(line[start : i+at]) {
			return true
		}
		i += at + 1
	}
}

// blockOf is the number of the line that this one belongs to: the last one before that is indented less.
func (r *reader) blockOf(indent, number int, body string) int {
	if indent == 0 && body[0] == '[' && body[len(body)-1] == ']' {
		r.section, r.open = number, nil
		return number
	}
	if strings.HasPrefix(body, "- ") {
		indent++ // "- host: a" starts a block of its own, which the lines below it continue
	}
	for len(r.open) > 0 && r.open[len(r.open)-1].indent >= indent {
		r.open = r.open[:len(r.open)-1]
	}
	parent := r.section
	if n := len(r.open); n > 0 {
		parent = r.open[n-1].number
	}
	if strings.HasPrefix(body, "- ") {
		r.open = append(r.open, openLine{indent, number})
		return number
	}
	r.open = append(r.open, openLine{indent, number})
	return parent
}

func isComment(body string) bool {
	switch body[0] {
	case '#', ';', '!':
		return true
	}
	return strings.HasPrefix(body, "//") || strings.HasPrefix(body, "<!--") || strings.HasPrefix(body, "-- ")
}

// fields finds the mentions among the fields of a line; near says what stands beside them.
func (r *reader) fields(fields []field, line, block int, near nearness) {
	near.secret = nameShortFlags(fields) || near.secret
	if r.file && len(fields) == 2 && fields[1].spaced && isPlainName(fields[0].text) && fields[0].key == r.key {
		// "host db", as fluentd and others write it
		fields = []field{{key: fields[0].text, text: fields[1].text, keyed: true}}
	}
	for i := 0; i < len(fields); {
		end := i + 1
		for end < len(fields) && fields[end].key == fields[i].key && !fields[end].keyed {
			end++
		}
		r.value(fields, i, end, line, block, near)
		i = end
	}
}

// value finds the mentions in the value of one setting: the fields from start to end.
func (r *reader) value(fields []field, start, end, line, block int, near nearness) {
	from := len(r.out.mentions)
	alone := true
	for i := start; i < end && len(r.out.mentions) < maxMentions; i++ {
		f := fields[i]
		alone = alone && (i == start || !f.spaced)
		if n, ok := portNumber(f.text); ok {
			r.out.ports = append(r.out.ports, portSetting{f.key, line, block, n})
			continue
		}
		first := len(r.out.mentions)
		r.out.mentions = appendMentions(r.out.mentions, f.text)
		if len(r.out.mentions) == first || r.out.mentions[first].url {
			alone = false // a URL is one by itself; what stands beside it may be a piece of it
		}
		for j := first; j < len(r.out.mentions); j++ {
			m := &r.out.mentions[j]
			m.key, m.line, m.block = f.key, line, block
			m.beside = m.beside || f.torn || near.secret || near.user && !m.credentials
			if i > 0 {
				m.after = strings.ToLower(fields[i-1].text)
			}
			if n, ok := nextPort(fields, i); ok && m.port == 0 && !m.url {
				m.port = n // "nc db 5432", "Server=db,1433"
			}
		}
	}
	for j := from; j < len(r.out.mentions); j++ {
		r.out.mentions[j].alone = alone
	}
}

// clients are commands whose flags -h and -p say where to connect to.
var clients = map[string]bool{
	"psql": true, "pg_isready": true, "pg_dump": true, "pg_restore": true, "mysql": true, "mysqladmin": true, "mysqldump": true,
	"mariadb": true, "redis-cli": true, "valkey-cli": true, "mongo": true, "mongosh": true, "createdb": true,
}

// nameShortFlags writes out the flags -h and -p of clients. Some take a password right behind -p.
func nameShortFlags(fields []field) (password bool) {
	known := false
	for i := range fields {
		f := &fields[i]
		known = known || clients[f.text[strings.LastIndexByte(f.text, '/')+1:]]
		if known {
			switch f.key {
			case "-h":
				f.key = "host"
			case "-p", "-P":
				f.key = "port"
			default:
				password = password || strings.HasPrefix(f.key, "-p")
			}
		}
	}
	return password
}

func nextPort(fields []field, i int) (uint16, bool) {
	if i+1 >= len(fields) || fields[i+1].keyed {
		return 0, false
	}
	return portNumber(fields[i+1].text)
}

func portNumber(text string) (uint16, bool) {
	if text == "" || len(text) > 5 || text[0] == '+' {
		return 0, false
	}
	n, err := strconv.ParseUint(text, 10, 16)
	return uint16(n), err == nil && n != 0
}
