package need

import "strings"

// A keyMeaning is what the name of a setting says about its value.
type keyMeaning struct {
	// address says that the value is an address: CART_ADDR, --redis-host, spring.datasource.url.
	address bool
	// other says that hosts in the value are not connected to: NO_PROXY, ALLOWED_HOSTS, LISTEN_ADDR.
	other bool
	// own says that a name outside is how others find this program: PUBLIC_URL, external_url.
	own bool
}

// meaningOf reads the name of a setting.
func meaningOf(key string) keyMeaning {
	var buf [12]keyWord
	words := keyWords(key, buf[:0])
	var m keyMeaning
	for i, w := range words {
		next := ""
		if i+1 < len(words) {
			next = words[i+1].text
		}
		switch {
		case otherWords[w.text], w.text == "no" && next == "proxy", w.text == "non" && next == "proxy",
			w.text == "server" && next == "name", w.text == "dns" && next == "names", w.text == "dns" && next == "name":
			m.other = true
		case w.text == "public", w.text == "root", w.text == "external" && next != "api":
			m.own = true
		}
	}
	last := lastAddressWord(words)
	m.address = last >= 0 && !(len(words) == 1 && words[0].text == "hostname")
	return m
}

// namesSecret says whether a setting may hold a secret: nothing that stands near it is repeated.
func namesSecret(key string) bool {
	if key == "-u" || key == "-U" || key == "--user" { // of curl: "name:password"
		return true
	}
	var buf [12]keyWord
	for _, w := range keyWords(key, buf[:0]) {
		if secretWords[w.text] || strings.HasSuffix(w.text, "password") || strings.HasSuffix(w.text, "passwd") {
			return true
		}
	}
	return len(key) > maxKey
}

// lastAddressWord finds the word that says that the value is an address; -1 when another word says what it is:
// REDIS_HOST and DB_URL_1 are addresses, REDIS_HOST_KEY and SERVER_PORT are none.
func lastAddressWord(words []keyWord) int {
	for i := len(words) - 1; i >= 0; i-- {
		w := words[i].text
		switch {
		case addressWords[w]:
			if w == "server" && i > 0 && (words[i-1].text == "web" || words[i-1].text == "http" || words[i-1].text == "app") {
				return -1 // "nginx" is no host there
			}
			return i
		case w == "name" && i > 0 && words[i-1].text == "host":
		case !suffixWords[w]:
			return -1
		}
	}
	return -1
}

// portKeys are the names under which the port of an address may stand: REDIS_PORT for REDIS_HOST, dbPort for dbHost.
func portKeys(key string) []string {
	var buf [12]keyWord
	words := keyWords(key, buf[:0])
	i := lastAddressWord(words)
	if i < 0 {
		if key == "" || len(words) == 0 {
			return nil
		}
		return []string{key + styled(key, "port", true)}
	}
	w := words[i]
	end := w.end
	if i+1 < len(words) && words[i+1].text == "name" {
		end = words[i+1].end
	}
	port := key[:w.start] + styled(key[w.start:w.end], "port", false)
	return []string{port + key[end:], key[:end] + styled(key, "port", true) + key[end:], port + styled(key, "number", true) + key[end:]}
}

// styled writes a word as a name is written; more puts it after one, with what separates words there.
func styled(like, word string, more bool) string {
	upper := like == strings.ToUpper(like)
	separator := ""
	if more {
		for _, s := range []string{"_", ".", "-"} {
			if strings.Contains(strings.TrimLeft(like, "-"), s) {
				separator = s
			}
		}
		if separator == "" && upper {
			separator = "_"
		}
	}
	switch {
	case upper:
		return separator + strings.ToUpper(word)
	case separator == "" && (more || like[0] >= 'A' && like[0] <= 'Z'):
		return strings.ToUpper(word[:1]) + word[1:]
	}
	return separator + word
}

// A keyWord is one word of a name, in lower case, and where it stands there.
type keyWord struct {
	text       string
	start, end int
}

// maxKey is how long a name may be that is read.
const maxKey = 200

// keyWords appends the words of a name: DB_HOST, dbHost, --db-host and db.host give db, host. Digits are left out.
func keyWords(key string, words []keyWord) []keyWord {
	if len(key) > maxKey {
		return words
	}
	start := -1
	add := func(end int) {
		if start >= 0 {
			words = append(words, keyWord{strings.ToLower(key[start:end]), start, end})
		}
		start = -1
	}
	lower := func(c byte) bool { return 'a' <= c && c <= 'z' }
	upper := func(c byte) bool { return 'A' <= c && c <= 'Z' }
	for i := range len(key) {
		c := key[i]
		if !lower(c) && !upper(c) {
			add(i)
			continue
		}
		if start >= 0 && upper(c) && (lower(key[i-1]) || i+1 < len(key) && lower(key[i+1])) {
			add(i)
		}
		if start < 0 {
			start = i
		}
	}
	add(len(key))
	return words
}

func wordSet(list string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		set[w] = true
	}
	return set
}

// The words of names. They are read as English: "hosts" are several.
var (
	addressWords = wordSet(`address addresses addr addrs host hosts hostname hostnames url urls uri uris endpoint endpoints server
		servers broker brokers bootstrap dsn upstream upstreams nameserver nameservers connect connection webhook proxy issuer jdbcurl
		baseurl hostport authority`)
	// suffixWords may follow an address word.
	suffixWords = wordSet(`list string internal primary replica read write reader writer default override base v`)
	secretWords = wordSet(`password passwd passphrase pwd pass secret secrets token tokens credential credentials creds apikey key keys
		auth authorization bearer cookie signature salt`)
	otherWords = wordSet(`listen listener listeners bind binding advertise advertised origin origins cors redirect redirects redirection
		callback callbacks referer referrer noproxy nonproxy allowed allow trusted accepted whitelist allowlist denylist blacklist deny
		blocked ignore ignored exclude excluded excludes san sans cert certificate schema schemas docs documentation help homepage image
		images repository cookie logout icon logo runbook example examples comment description title label labels annotation
		annotations license xmlns badge favicon postlogout`)
)
