package secretscan

import "strings"

// A nameKind says what a name promises about its value.
type nameKind int

const (
	plainName    nameKind = iota
	secretName            // the value is a credential
	passwordName          // the value is a password: even digits alone are one
)

// judgeName says whether a literal under this name is a credential: DB_PASSWORD, apiKey and spring.datasource.password
// are, PASSWORD_FILE, tokenSecretName, TOKEN_TTL and existingSecret are not.
func judgeName(name string) nameKind {
	if len(name) < 3 || len(name) > 120 {
		return plainName
	}
	var buf [16]string
	words := splitWords(name, buf[:0])
	for i := len(words) - 1; i >= 0; i-- {
		kind, width := sensitiveAt(words, i)
		if kind == plainName {
			if neutralAfter[words[i]] {
				// The credential word before it only says what this setting is about.
				return plainName
			}
			continue
		}
		if first := i - width; first >= 0 && neutralBefore[words[first]] {
			return plainName
		}
		return kind
	}
	return plainName
}

// sensitiveAt says whether the words that end at i name a credential, and how many words that takes.
func sensitiveAt(words []string, i int) (kind nameKind, width int) {
	w := words[i]
	if w == "id" && i >= 2 && words[i-1] == "key" && words[i-2] == "access" {
		return secretName, 3 // half of a key pair, always beside the other half
	}
	if kind := sensitiveWords[w]; kind != plainName {
		return kind, 1
	}
	if w == "key" || w == "keys" {
		if i > 0 && keyWords[words[i-1]] {
			return secretName, 2
		}
		return plainName, 0
	}
	if w == "data" && i >= 2 && words[i-1] == "key" && keyWords[words[i-2]] {
		return secretName, 3 // client-key-data of a kubeconfig
	}
	if ordinaryWords[w] {
		return plainName, 0
	}
	for _, suffix := range passwordSuffixes {
		if strings.HasSuffix(w, suffix) {
			return passwordName, 1
		}
	}
	for _, suffix := range secretSuffixes {
		if strings.HasSuffix(w, suffix) {
			return secretName, 1
		}
	}
	return plainName, 0
}

// splitWords appends the words of a name in lower case: dbPassword1, DB_PASSWORD and db-password all give db, password.
func splitWords(name string, words []string) []string {
	start := -1
	add := func(end int) {
		if start < 0 || len(words) == cap(words) {
			return
		}
		if w := strings.ToLower(strings.TrimRight(name[start:end], "0123456789")); w != "" {
			words = append(words, w)
		}
		start = -1
	}
	for i := range len(name) {
		c := name[i]
		switch {
		case !isAlnum(c):
			add(i)
			continue
		case start >= 0 && isUpper(c) && !isUpper(name[i-1]), // dbPassword
			start >= 0 && isUpper(c) && i+1 < len(name) && isLower(name[i+1]) && isUpper(name[i-1]): // DBPassword
			add(i)
		}
		if start < 0 {
			start = i
		}
	}
	add(len(name))
	return words
}

var sensitiveWords = map[string]nameKind{
	"password": passwordName, "passwords": passwordName, "passwd": passwordName, "passphrase": passwordName,
	"passcode": passwordName, "pwd": passwordName, "pass": passwordName, "requirepass": passwordName,
	"secret": secretName, "secrets": secretName, "token": secretName, "tokens": secretName,
	"credential": secretName, "credentials": secretName, "creds": secretName, "cred": secretName,
	"apikey": secretName, "apikeys": secretName, "jwt": secretName, "bearer": secretName,
}

// passwordSuffixes and secretSuffixes end words that are run together: PGPASSWORD, authtoken.
var (
	passwordSuffixes = []string{"password", "passwd", "passphrase", "pwd", "pass"}
	secretSuffixes   = []string{
		"secret", "token", "apikey", "secretkey", "accesskey", "privatekey", "encryptionkey", "masterkey", "signingkey",
		"accountkey", "storagekey", "sharedkey", "credential", "credentials",
	}
	ordinaryWords = map[string]bool{"bypass": true, "compass": true, "trespass": true, "cwd": true, "oldpwd": true}
)

// keyWords make a credential of the word "key" after them.
var keyWords = words(`api access private secret encryption encrypt signing sign signature master account storage auth
	authentication ssh aes rsa shared symmetric hmac client session deploy batch cookie crypto cipher app application
	webhook subscription instrumentation jwt integration ingestion root admin ssl tls pgp gpg cli license`)

// neutralAfter are words that turn a credential's name into the name of a setting about it.
var neutralAfter = words(`file files filename path paths dir directory folder url urls uri uris endpoint endpoints host
	hostname port name names namespace namespaces ref refs reference id ids arn key keys ttl expiry expiration expire
	expires expired expiring lifetime duration timeout seconds minutes hours days length len min max minimum maximum size
	count limit limits enabled enable disabled disable required require policy policies type types format algorithm alg
	method mode issuer audience rotation rotate interval period version mount mounts mountpath volume store manager
	provider providers backend class engine header headers field prefix suffix regex regexp pattern kind label labels
	validation validator validity lookup location bucket source selector service services role roles template templates
	env var variable variables user username users reset renewal renew refresh generator controller operator server cache
	index scope scopes exchange review request requests annotations scheme charset encoder encoding plugin driver history
	age complexity strength attempts retries quota usage cost budget rate window sync syncer webhook image tag replicas
	yaml yml json conf cfg ini properties xml toml sh txt crt cert certificate pub md tpl tmpl cnf sql lua py js html
	config configuration settings options usecase hasher resolver optional support supported status state description
	grace leeway threshold parameter param attribute claim claims property column`)

// neutralBefore are words that turn it into a name or a public thing: existingSecret, imagePullSecrets, publicToken.
var neutralBefore = words(`existing pull public csrf xsrf use using enable disable allow no has is max min num`)

func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// strictName says whether a field of any object, under which other objects' names are common, can hold nothing but a
// credential.
func strictName(name string) bool {
	if len(name) < 6 || len(name) > 40 {
		return false
	}
	switch last := name[len(name)-1]; last | 0x20 {
	case 'd', 'e', 'y', 't', 'n': // password, passphrase, apiKey, clientSecret, accessToken
	default:
		return false
	}
	var buf [16]string
	words := splitWords(name, buf[:0])
	if len(words) == 0 {
		return false
	}
	switch last := words[len(words)-1]; last {
	case "password", "passwd", "passphrase", "apikey":
		return true
	case "key", "secret", "token":
		if len(words) == 1 {
			return false
		}
		pair := words[len(words)-2] + " " + last
		return pair == "api key" || pair == "client secret" || pair == "access token" || pair == "auth token"
	}
	return false
}
