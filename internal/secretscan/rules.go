package secretscan

import (
	"strings"
	"sync"

	"github.com/spf13/viper"
	"github.com/zricethezav/gitleaks/v8/config"
)

// leftOut are rules of the library that ask for something else than a secret in an object: names with a random-looking
// value, which provenance judges better; text that only a Terraform, PHP or NuGet file has; and what is public by design.
var leftOut = words(`generic-api-key kubernetes-secret-yaml private-key pkcs12-file nuget-config-password
	freemius-secret-key hashicorp-tf-password lob-pub-api-key flutterwave-public-key`)

// exactKeywords are keywords too short to search without case, as the tokens that they start are written. At least 16
// token characters must follow, and no letter stands before.
var exactKeywords = map[string]string{
	"s.": "s.", "sk": "SK", "ey": "ey", "sg.": "SG.", "api-": "API-", "a3-": "A3-", "hf_": "hf_", "asia": "ASIA",
	"fm1": "fm1", "sc_": "sc_", "ext_": "ext_", "pat.": "pat.", "sat.": "sat.", "ico-": "ico-", "eaaa": "EAAA",
}

// Words that lead to a hit without a rule of the library.
const (
	pemHeader    = "-----begin"
	pemHeader64  = "ls0tls1crudjti" // base64 of "-----BEGIN "
	schemeMark   = "://"
	addressMark  = "@tcp("
	authField    = `"auth"`
	shortestRule = 16
)

// nameStems are in every name that judgeName calls a credential.
var nameStems = []string{
	"pass", "pwd", "secret", "token", "cred", "apikey", "accesskey", "storagekey", "accountkey", "sharedkey", "masterkey",
	"signingkey", "encryptionkey", "privatekey", "key", "jwt", "bearer", "authorization",
}

// A ruleSet is the detector: keywords that lead to rules, each compiled when its first candidate comes along.
type ruleSet struct {
	index    *keywordIndex
	keywords []string
	byWord   [][]*rule // for each keyword; empty for our own words
	stemFrom int       // from here on keywords are name stems
	allowed  []*config.Allowlist
}

// A rule is one rule of the library.
type rule struct {
	id      string
	compile func() config.Rule
}

// detector is the one rule set of the program. It is the same for every inventory, and loaded when first needed.
var detector = sync.OnceValue(loadRules)

// loadRules reads the library's default configuration. Parsing takes a few milliseconds; compiling all of its 200
// regular expressions would take ten times as long, so each waits for its first candidate.
func loadRules() *ruleSet {
	v := viper.New()
	v.SetConfigType("toml")
	var source config.ViperConfig
	if err := v.ReadConfig(strings.NewReader(config.DefaultConfig)); err != nil {
		panic("secretscan: the detector's own configuration does not parse: " + err.Error())
	}
	if err := v.Unmarshal(&source); err != nil {
		panic("secretscan: the detector's own configuration does not load: " + err.Error())
	}
	set := &ruleSet{}
	ids := map[string]int{}
	add := func(word string, r *rule) {
		at, ok := ids[word]
		if !ok {
			at = len(set.keywords)
			ids[word] = at
			set.keywords = append(set.keywords, word)
			set.byWord = append(set.byWord, nil)
		}
		if r != nil {
			set.byWord[at] = append(set.byWord[at], r)
		}
	}
	for i := range source.Rules {
		id := source.Rules[i].ID
		if leftOut[id] || strings.HasSuffix(id, "-client-id") || strings.HasSuffix(id, "-access-id") {
			continue
		}
		one := config.ViperConfig{Rules: source.Rules[i : i+1]}
		r := &rule{id: id, compile: sync.OnceValue(func() config.Rule { return translate(one).Rules[id] })}
		for _, word := range source.Rules[i].Keywords {
			add(strings.ToLower(word), r)
		}
	}
	for _, word := range []string{pemHeader, pemHeader64, schemeMark, addressMark, authField} {
		add(word, nil)
	}
	set.stemFrom = len(set.keywords)
	for _, word := range nameStems {
		set.keywords = append(set.keywords, word)
		set.byWord = append(set.byWord, nil)
	}
	source.Rules = nil
	set.allowed = translate(source).Allowlists
	set.index = newKeywordIndex(set.keywords)
	return set
}

func translate(source config.ViperConfig) config.Config {
	c, err := source.Translate()
	if err != nil {
		panic("secretscan: the detector's own configuration is invalid: " + err.Error())
	}
	return c
}

// A span is a hit inside a text.
type span struct {
	start, end int
	class      string
}

// before and after are how far from its keyword a rule looks; the longest context rules need about 300 characters.
const (
	windowBefore = 80
	windowAfter  = 1200
	longestToken = 8 << 10
)

// apply looks with a rule around a keyword. It returns the hits and where it stopped looking.
func (set *ruleSet) apply(r *rule, text, word string, at int) (hits []span, until int) {
	if exact, ok := exactKeywords[word]; ok {
		inWord := at > 0 && isAlnum(text[at-1])
		if inWord || !strings.HasPrefix(text[at:], exact) || tokenRun(text, at+len(word)) < shortestRule {
			return nil, at
		}
	} else if !hasRun(text[at:min(len(text), at+windowAfter)], 10) {
		return nil, at
	}
	from := max(0, at-windowBefore)
	until = min(len(text), at+windowAfter)
	for until < len(text) && until < at+longestToken && isTokenChar(text[until]) {
		until++
	}
	window := text[from:until]
	compiled := r.compile()
	if compiled.Regex == nil {
		return nil, until
	}
	for _, m := range compiled.Regex.FindAllStringSubmatchIndex(window, -1) {
		start, end := secretGroup(m, compiled.SecretGroup)
		secret := window[start:end]
		if secret == "" || compiled.Entropy > 0 && entropy(secret) <= compiled.Entropy {
			continue
		}
		match := window[m[0]:m[1]]
		if allowed(set.allowed, secret, match) || r.id != "aws-access-token" && allowed(compiled.Allowlists, secret, match) {
			continue // the documentation's own AWS key stands where a real one belongs
		}
		hits = append(hits, span{from + start, from + end, r.id})
	}
	return hits, until
}

// secretGroup picks the part of a match that is the secret: the named group, else the first that matched, else all.
func secretGroup(m []int, group int) (start, end int) {
	if group > 0 && 2*group+1 < len(m) && m[2*group] >= 0 {
		return m[2*group], m[2*group+1]
	}
	for i := 2; i+1 < len(m); i += 2 {
		if m[i] >= 0 && m[i+1] > m[i] {
			return m[i], m[i+1]
		}
	}
	return m[0], m[1]
}

// allowed says whether a list of known non-secrets covers a hit. Lists that ask for commits or files do not apply.
func allowed(lists []*config.Allowlist, secret, match string) bool {
	for _, a := range lists {
		target := secret
		if a.RegexTarget != "" {
			target = match
		}
		var checks []bool
		if len(a.Commits) > 0 || len(a.Paths) > 0 {
			checks = append(checks, false)
		}
		if len(a.Regexes) > 0 {
			checks = append(checks, a.RegexAllowed(target))
		}
		if len(a.StopWords) > 0 {
			stop, _ := a.ContainsStopWord(secret)
			checks = append(checks, stop)
		}
		hits := 0
		for _, ok := range checks {
			if ok {
				hits++
			}
		}
		if hits > 0 && (a.MatchCondition == config.AllowlistMatchOr || hits == len(checks)) {
			return true
		}
	}
	return false
}

func isTokenChar(c byte) bool {
	return isAlnum(c) || c == '_' || c == '-' || c == '.' || c == '=' || c == '/' || c == '+' || c == '~' || c == '%'
}

// tokenRun counts the token characters from at on, up to 64.
func tokenRun(text string, at int) int {
	n := 0
	for at+n < len(text) && n < 64 && isTokenChar(text[at+n]) {
		n++
	}
	return n
}

// hasRun says whether the text has a token of at least n characters.
func hasRun(text string, n int) bool {
	run := 0
	for i := range len(text) {
		if !isTokenChar(text[i]) {
			run = 0
			continue
		}
		if run++; run >= n {
			return true
		}
	}
	return false
}
