package need

import (
	"net/netip"
	"strings"
)

// maxWord is how long a word may be that is no URL: a host name has 253 bytes at most.
const maxWord = 512

// appendMentions appends the hosts that a word names.
func appendMentions(out []mention, word string) []mention {
	if strings.Contains(word, "://") {
		return appendURLs(out, word)
	}
	if len(word) > maxWord {
		return out
	}
	if i := strings.Index(word, ":-"); i >= 0 {
		word = word[i+2:] // ${CART:-cart:7070}
	}
	m := mention{}
	if i := strings.LastIndexByte(word, '@'); i >= 0 {
		word, m.beside = word[i+1:], true
	}
	word = strings.TrimPrefix(word, "//")
	for _, prefix := range []string{"tcp:", "dns+", "dnssrv+", "dnssrvnoa+"} {
		word = strings.TrimPrefix(word, prefix)
	}
	head, _, path := strings.Cut(word, "/")
	if !m.parse(head) || path && m.port == 0 {
		return out
	}
	return append(out, m)
}

// appendURLs appends the hosts of a URL, or of a list of them with commas.
func appendURLs(out []mention, word string) []mention {
	i := strings.Index(word, "://")
	scheme := schemeBefore(word[:i])
	for {
		rest := word[i+3:]
		next := strings.Index(rest, "://")
		if next < 0 {
			return appendURL(out, scheme, rest)
		}
		following := schemeBefore(rest[:next])
		end := next - len(following)
		if end == 0 || rest[end-1] != ',' {
			return appendURL(out, scheme, rest) // a URL inside of a URL
		}
		out = appendURL(out, scheme, rest[:end])
		scheme, i, word = following, next, rest
	}
}

// schemeBefore is the scheme at the end of text, as it stands there.
func schemeBefore(text string) string {
	i := len(text)
	for i > 0 && len(text)-i < 32 {
		c := text[i-1]
		if c != '+' && c != '.' && c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			break
		}
		i--
	}
	return text[i:]
}

// appendURL appends the hosts of what follows the "://" of a URL.
func appendURL(out []mention, scheme, rest string) []mention {
	scheme = strings.ToLower(scheme)
	if scheme == "" || noHost[scheme] {
		return out
	}
	if strings.HasPrefix(rest, "/") && nameResolvers[scheme] {
		rest = rest[1:]
	}
	authority, path := rest, ""
	if i := strings.IndexAny(rest, `/?#\`); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	credentials := false
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		authority, credentials = authority[i+1:], true
	}
	for list := authority; list != ""; {
		var one string
		one, list, _ = strings.Cut(list, ",")
		m := mention{url: true, scheme: scheme, credentials: credentials}
		// With an "@" later it is not sure where a password ends that nobody has escaped.
		m.beside = strings.Contains(path, "@")
		if m.parse(one) {
			out = append(out, m)
		}
	}
	return out
}

// parse reads "host", "host:port", "host:port:more", "[::1]:80" or "_grpc._tcp.host".
func (m *mention) parse(text string) bool {
	host, port := text, ""
	if strings.HasPrefix(text, "[") {
		end := strings.IndexByte(text, ']')
		if end < 0 {
			return false
		}
		host, port = text[1:end], strings.TrimPrefix(text[end+1:], ":")
	} else if a, err := netip.ParseAddr(text); err == nil && a.Is6() {
		host = text
	} else if i := strings.IndexByte(text, ':'); i >= 0 {
		host, port = text[:i], text[i+1:]
		if j := strings.IndexByte(port, ':'); j >= 0 {
			port = port[:j]
		}
	}
	if port != "" {
		var ok bool
		if m.port, ok = portNumber(port); !ok {
			return false
		}
	}
	if a, err := netip.ParseAddr(host); err == nil {
		m.addr, m.plain = a.Unmap().WithZone(""), true
		return true
	}
	if strings.HasPrefix(host, "_") {
		name, rest, ok := strings.Cut(host, "._tcp.")
		if !ok {
			name, rest, ok = strings.Cut(host, "._udp.")
		}
		if !ok {
			return false
		}
		m.service, host = name[1:], rest
	}
	host = strings.TrimSuffix(host, ".")
	m.host = strings.ToLower(host)
	m.plain = m.host == host
	return isHostName(m.host)
}

// isHostName says whether a lower-case text is a DNS name with a letter in it.
func isHostName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	letters := false
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			c := label[i]
			switch {
			case 'a' <= c && c <= 'z':
				letters = true
			case '0' <= c && c <= '9' || c == '-' || c == '_':
			default:
				return false
			}
		}
	}
	return letters
}

// noHost are schemes whose URLs name no host.
var noHost = map[string]bool{
	"unix": true, "file": true, "s3": true, "gs": true, "gcs": true, "azblob": true, "abfs": true, "wasb": true, "spiffe": true,
	"docker": true, "containerd": true, "cri-o": true, "docker-pullable": true, "oci": true, "classpath": true, "data": true,
	"mem": true, "memory": true, "inmem": true, "env": true, "secret": true, "secretref": true, "vault": true, "arn": true,
	"about": true, "chrome": true, "jar": true, "plugin": true, "exec": true, "fd": true, "npipe": true, "k8s-secret": true,
	"localfile": true, "local": true, "go": true, "buildkit": true, "arn+aws": true, "mailto": true, "awskms": true, "gcpkms": true,
	"azurekms": true, "hashivault": true, "k8s.io": true, "ssm": true, "pkcs11": true, "system": true,
}

// nameResolvers are schemes of gRPC targets, whose host comes after a third slash.
var nameResolvers = map[string]bool{"dns": true, "passthrough": true, "kubernetes": true, "k8s": true, "ipv4": true, "xds": true}

// defaultPorts are the ports of URLs that name none.
var defaultPorts = map[string]uint16{
	"http": 80, "https": 443, "ws": 80, "wss": 443, "redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671,
	"postgres": 5432, "postgresql": 5432, "mysql": 3306, "mariadb": 3306, "sqlserver": 1433, "mssql": 1433, "mongodb": 27017,
	"nats": 4222, "ldap": 389, "ldaps": 636, "ftp": 21, "ssh": 22, "sftp": 22, "git": 9418, "mqtt": 1883, "mqtts": 8883,
	"memcached": 11211, "smtp": 25, "smtps": 465, "imap": 143, "imaps": 993, "bolt": 7687, "neo4j": 7687, "clickhouse": 9000,
	"cassandra": 9042, "zk": 2181, "zookeeper": 2181, "couchbase": 11210, "rtsp": 554, "stomp": 61613, "kafka": 9092,
}
