package attack

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
)

var readSecrets = Technique{
	ID: "read-secrets", Title: "Read Secrets", MITRE: "T1552.007",
	What: "get shows a Secret by its name; list and watch show the whole content of every Secret, not only the names. With resourceNames, " +
		"list and watch count too: a request with the field selector metadata.name=NAME names the object. Who holds get without list " +
		"has to know or guess names; those of Helm releases, operators and mounted Secrets are no secret.",
	Needs: "get, list or watch on secrets, in the namespace or cluster-wide; resourceNames limit it to the named Secrets.",
	Proof: "The binding and the rule. Check with: kubectl auth can-i list secrets -n NAMESPACE --as SUBJECT",
	Cut: "Name the Secrets with resourceNames and get; mount what a workload needs into its pods instead, and give list and watch to " +
		"nobody but controllers of Secrets.",
	find: func(b *builder) {
		for _, verbs := range [][]string{{"list", "watch"}, {"get"}} {
			for _, h := range b.holders(right{verbs: verbs, resource: "secrets", named: true}) {
				if verbs[0] == "get" && canAlso(h, "list", "watch") {
					continue // the same rule, told already
				}
				p := h.proof()
				if verbs[0] == "get" && h.names == nil {
					p.note = "the names have to be known: the rule does not allow to list them"
				}
				b.addNamed(h, p, set(AnySecretKind, h.namespace), b.secretNamed)
			}
		}
	},
}

// canAlso says that the rule that grants the holder's right has one of these verbs too.
func canAlso(h holder, verbs ...string) bool {
	rule := h.grants[0].Of()
	return slices.ContainsFunc(verbs, func(v string) bool { return covers(rule.Verbs, v) })
}

// secretNamed is the Secret that a rule names, when it exists or nobody knows whether it does because no Secret was read.
func (b *builder) secretNamed(namespace, name string) []finding.Ref {
	if len(b.secrets) > 0 && !slices.Contains(b.secrets[namespace], name) {
		return nil
	}
	return []finding.Ref{secretRef(namespace, name)}
}
