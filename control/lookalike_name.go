package control

import (
	"slices"
	"strconv"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/lookalike"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

func lookalikeName() Control {
	return Control{
		ID:    "lookalike-name",
		Title: "Name of a role or subject reads like another",
		Why: "Kubernetes compares names byte by byte, people do not: with a Cyrillic letter or an invisible character in it, a name " +
			"passes every review as that of a trusted group, user or role, and is another one. Who can choose a name at the " +
			"identity provider, or have a binding merged, hides rights in plain sight that way.",
		Remedy:     "Find out who made it, and write the name with the letters that it seems to have, or remove it.",
		Severity:   finding.Medium,
		Capability: RBACLeastPrivilege,
		References: []string{"CWE-1007", "T1036"},
		Enforce:    ScanOnly,
		Reads:      rbac.Reads(),
		Check:      checkLookalikeName,
	}
}

func checkLookalikeName(f *Facts) Judgement {
	names := knownNames(f)
	var j Judgement
	for _, role := range f.Access().Roles() {
		for _, o := range role.Objects() {
			if o.Default {
				continue
			}
			j.Examined = append(j.Examined, o)
			if out := names.judge(o, "metadata.name", o.Kind, o.Name); out != nil {
				j.Findings = append(j.Findings, *out)
			}
		}
	}
	of := judgeSubjects(f, func(b *rbac.Binding, s boundSubject) (bool, *finding.Finding) {
		return true, names.judge(b.Object, s.at, s.Kind, s.Name)
	})
	j.Examined, j.Findings = append(j.Examined, of.Examined...), append(j.Findings, of.Findings...)
	return j
}

// A name belongs to something of a kind.
type name struct{ kind, name string }

// A nameIndex holds names by what those that read alike have in common.
type nameIndex map[name][]string

// knownNames are the names of roles and subjects, and those of subjects that Kubernetes itself knows.
func knownNames(f *Facts) nameIndex {
	names := nameIndex{}
	for _, group := range []string{rbac.Masters, rbac.Authenticated, rbac.Unauthenticated, rbac.AllAccounts} {
		names.add(rbac.GroupKind, group)
	}
	names.add(rbac.UserKind, rbac.Anonymous)
	for _, role := range f.Access().Roles() {
		names.add(role.Kind, role.Name)
	}
	for _, s := range f.Access().Subjects() {
		names.add(s.Kind, s.Name)
	}
	return names
}

func (n nameIndex) add(kind, text string) {
	key := name{kind, lookalike.Skeleton(text)}
	if !slices.Contains(n[key], text) {
		n[key] = append(n[key], text)
	}
}

// judge looks at one name. Names of plain letters are what people can read, and are left alone.
func (n nameIndex) judge(o *inventory.Object, at finding.Path, kind, text string) *finding.Finding {
	if isASCII(text) {
		return nil
	}
	reason, suspicious := lookalike.Of(text)
	for _, other := range n[name{kind, lookalike.Skeleton(text)}] {
		if other == text {
			continue
		}
		out := found(o, at, "The name of this "+kind+" reads like "+kind+" "+shown(other)+", and is another")
		if isASCII(other) {
			out.Severity = finding.High
		}
		if suspicious {
			out.Because = append(out.Because, proves("look-alike", reason, nil))
		}
		return &out
	}
	if !suspicious {
		return nil
	}
	out := found(o, at, "The name of this "+kind+" may be read as another: "+reason)
	return &out
}

// shown is a name as people can tell it from others.
func shown(text string) string {
	if isASCII(text) {
		return text
	}
	return strconv.QuoteToASCII(text)
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= 0x80 || text[i] < ' ' {
			return false
		}
	}
	return true
}
