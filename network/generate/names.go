package generate

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// longestName is how long names of policies may be; longestBase leaves room for what a policy does.
const (
	longestName = 63
	longestBase = longestName - len("-ingress")
)

// nameUnits gives each unit a name that no other of the namespace has: that of its workload, with the kind where several
// have it. What a name is depends on the units of that name only, so that names stay from run to run.
func nameUnits(units []*unit) {
	for _, further := range []func(*unit) string{
		func(u *unit) string { return u.title() },
		func(u *unit) string { return u.title() + "-" + strings.ToLower(u.members[0].kind) },
		func(u *unit) string { return u.title() + "-" + hash(u.selector.String()) },
	} {
		count := map[string]int{}
		var rest []*unit
		for _, u := range units {
			if u.name == "" {
				rest = append(rest, u)
			} else {
				count[u.name]++
			}
		}
		names := make([]string, len(rest))
		for i, u := range rest {
			names[i] = dnsName(further(u), longestBase)
			count[names[i]]++
		}
		for i, u := range rest {
			if count[names[i]] == 1 {
				u.name = names[i]
			}
		}
	}
	slices.SortFunc(units, func(a, b *unit) int { return cmp.Or(strings.Compare(a.name, b.name)) })
}

// title is what people call the unit: the name of its workload, or what several have in common.
func (u *unit) title() string {
	if len(u.members) > 1 {
		for _, key := range sortedKeys(u.selector.Labels) {
			if names(key) && u.selector.Labels[key] != "" {
				return u.selector.Labels[key]
			}
		}
	}
	return u.members[0].name
}

// dnsName makes a name that objects may have: lower-case letters, digits and inner hyphens. What is lost in making it is
// made up for by a hash.
func dnsName(text string, longest int) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '-'
	}, text)
	clean = strings.Trim(clean, "-")
	lossless := strings.Trim(strings.ReplaceAll(strings.ToLower(text), ".", "-"), "-")
	if clean != "" && clean == lossless && len(clean) <= longest {
		return clean
	}
	sum := hash(text)
	if room := longest - len(sum) - 1; len(clean) > room {
		clean = strings.Trim(clean[:room], "-")
	}
	return strings.Trim(clean+"-"+sum, "-")
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:4])
}
