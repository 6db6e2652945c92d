package control

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/secretscan"
	"github.com/plimsoll-io/plimsoll/inventory"
)

func secretInEnv() Control {
	return Control{
		ID:    "secret-in-env",
		Title: "Container is given a credential in plain text",
		Why: "A credential written into a container's environment or arguments is readable by everybody who may read the workload, " +
			"which is far more people and tools than may read Secrets; it lies in the manifest's git history, in every copy of the " +
			"object, and shows in `kubectl describe`. Whoever finds it there uses it from anywhere, and it is seldom rotated because " +
			"that takes a rollout.",
		Remedy: "Put the credential into a Secret or an external store and mount it as a file, or refer to it with " +
			"valueFrom.secretKeyRef. Then change it: what has been in a manifest counts as known.",
		Severity:   finding.High,
		Capability: SecretsEncryption,
		References: []string{"CWE-526", "CWE-798", "T1552.001"},
		Enforce:    Webhook,
		Reads:      workloadKinds(),
		PerObject:  true,
		Check:      checkSecretInEnv,
	}
}

// checkSecretInEnv reads the markers that redaction left, so it needs no values.
func checkSecretInEnv(f *Facts) Judgement {
	var j Judgement
	for _, w := range f.Workloads() {
		j.Examined = append(j.Examined, w.Object)
		for _, c := range w.containers() {
			j.Findings = append(j.Findings, envSecrets(w.Object, c)...)
			for _, field := range []string{"command", "args"} {
				j.Findings = append(j.Findings, argumentSecrets(w.Object, c, field)...)
			}
		}
	}
	return j
}

func envSecrets(o *inventory.Object, c container) []finding.Finding {
	var out []finding.Finding
	for i, item := range inventory.List(c.Spec, "env") {
		env, _ := item.(map[string]any)
		value, _ := env["value"].(string)
		classes := credentialClasses(value)
		if classes == "" {
			continue
		}
		name, _ := env["name"].(string)
		at := c.Path.Field("env")
		if name == "" {
			at = at.Index(i)
		} else {
			at = at.Item("name", name)
		}
		out = append(out, found(o, at.Field("value"),
			fmt.Sprintf("Variable %s of container %q holds a credential in plain text (%s)", name, c.Name, classes),
			proves("credential", "the value was replaced while reading: "+classes, nil)))
	}
	return out
}

func argumentSecrets(o *inventory.Object, c container, field string) []finding.Finding {
	var out []finding.Finding
	for i, item := range inventory.List(c.Spec, field) {
		text, _ := item.(string)
		classes := credentialClasses(text)
		if classes == "" {
			continue
		}
		out = append(out, found(o, c.Path.Field(field).Index(i),
			fmt.Sprintf("%s[%d] of container %q holds a credential in plain text (%s)", field, i, c.Name, classes),
			proves("credential", "the value was replaced while reading: "+classes, nil)))
	}
	return out
}

// credentialClasses names the sorts of credentials that were in a text, "" when none is in use there.
func credentialClasses(text string) string {
	var classes []string
	for _, m := range secretscan.Marks(text) {
		if m.Class != secretscan.Commented && !slices.Contains(classes, m.Class) {
			classes = append(classes, m.Class)
		}
	}
	return strings.Join(classes, ", ")
}
