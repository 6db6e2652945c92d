package control

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/secretscan"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// namedLines is how many places inside one ConfigMap value a message names.
const namedLines = 3

func secretInConfigMap() Control {
	return Control{
		ID:    "secret-in-configmap",
		Title: "ConfigMap holds a credential in plain text",
		Why: "ConfigMaps are handed out freely: read access to them is part of the common view role, they are not encrypted at rest " +
			"unless somebody adds them to the configuration, and they are copied into logs, dashboards and repositories. A password " +
			"or key in one is known to everybody with read access to the namespace, who can use it without leaving a trace here.",
		Remedy: "Move the credential into a Secret or an external store and let the configuration refer to it. Then change it: what has " +
			"been in a ConfigMap counts as known.",
		Severity:   finding.High,
		Capability: SecretsEncryption,
		References: []string{"CWE-312", "CWE-798", "T1552.001"},
		Enforce:    Webhook,
		Reads:      []schema.GroupKind{{Kind: "ConfigMap"}},
		PerObject:  true,
		Check:      checkSecretInConfigMap,
	}
}

// checkSecretInConfigMap reads the markers that redaction left, so it needs no values.
func checkSecretInConfigMap(f *Facts) Judgement {
	var j Judgement
	for _, o := range f.Of("", "ConfigMap") {
		j.Examined = append(j.Examined, o)
		for _, field := range []string{"data", "binaryData"} {
			data := inventory.Strings(inventory.Map(o.Content, field))
			keys := make([]string, 0, len(data))
			for key := range data {
				keys = append(keys, key)
			}
			slices.Sort(keys)
			for _, key := range keys {
				if where := credentialPlaces(data[key]); where != "" {
					j.Findings = append(j.Findings, found(o, finding.Path(field).Field(key),
						fmt.Sprintf("ConfigMap key %s holds a credential in plain text (%s)", key, where),
						proves("credential", "the value was replaced while reading: "+where, nil)))
				}
			}
		}
	}
	return j
}

// credentialPlaces says what was found in a value, and in a longer one also on which line and under which name:
// "named-credential, line 3: db.password".
func credentialPlaces(value string) string {
	if class, ok := secretscan.Class(value); ok {
		if class == secretscan.Commented {
			return ""
		}
		return class
	}
	var places []string
	more := 0
	for _, m := range secretscan.Marks(value) {
		if m.Class == secretscan.Commented {
			continue
		}
		if len(places) == namedLines {
			more++
			continue
		}
		before := value[:m.Start]
		place := fmt.Sprintf("%s, line %d", m.Class, 1+strings.Count(before, "\n"))
		if name := nameBefore(before); name != "" {
			place += ": " + name
		}
		places = append(places, place)
	}
	if more > 0 {
		places = append(places, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(places, "; ")
}

// nameBefore is the name that a text ends with, when it ends as in `db.password = "`.
func nameBefore(text string) string {
	line := text[strings.LastIndexByte(text, '\n')+1:]
	line = strings.TrimRight(line, " \t\"'=:>")
	start := strings.LastIndexFunc(line, func(r rune) bool {
		return !(r == '.' || r == '_' || r == '-' || '0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'z')
	})
	name := line[start+1:]
	if len(name) > 60 {
		return ""
	}
	return name
}
