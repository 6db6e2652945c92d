package rbac

import "strings"

// An index finds the rules of a large role that may cover a request, by its resource.
type index struct {
	all        []int32 // rules with "*" among their resources
	byResource map[resource][]int32
	bySub      map[string][]int32 // "*/scale" under "scale"
	withURLs   []int32
}

// A resource is "pods/exec" in its two parts.
type resource struct{ name, sub string }

// indexFrom is how many resources a role names before looking them up pays.
const indexFrom = 24

// newIndex returns nil for small roles.
func newIndex(rules []Rule) *index {
	resources := 0
	for i := range rules {
		resources += len(rules[i].Resources)
	}
	if resources < indexFrom || len(rules) < 2 {
		return nil
	}
	x := &index{byResource: make(map[resource][]int32, resources), bySub: map[string][]int32{}}
	for i := range rules {
		rule := int32(i)
		if len(rules[i].NonResourceURLs) > 0 {
			x.withURLs = append(x.withURLs, rule)
		}
		for _, text := range rules[i].Resources {
			if text == "*" {
				x.all = addRule(x.all, rule)
				continue
			}
			name, sub, _ := strings.Cut(text, "/")
			x.byResource[resource{name, sub}] = addRule(x.byResource[resource{name, sub}], rule)
			if name == "*" && sub != "" {
				x.bySub[sub] = addRule(x.bySub[sub], rule)
			}
		}
	}
	return x
}

func addRule(list []int32, rule int32) []int32 {
	if n := len(list); n > 0 && list[n-1] == rule {
		return list
	}
	return append(list, rule)
}

// candidates are up to three lists of rules that hold every one that covers the request; a rule may be in several.
func (x *index) candidates(r *Request) [3][]int32 {
	if r.Path != "" {
		return [3][]int32{x.withURLs}
	}
	name, sub := r.Resource, r.Subresource
	if strings.Contains(name, "/") { // no request of a client, but a SubjectAccessReview can ask so
		name, sub, _ = strings.Cut(r.combined(), "/")
	}
	out := [3][]int32{x.all, x.byResource[resource{name, sub}]}
	if r.Subresource != "" && name != "*" {
		out[2] = x.bySub[r.Subresource]
	}
	return out
}

// first is the first rule of the role that covers the request, -1 when none does.
func (role *Role) first(r *Request) int {
	if role.index == nil {
		for i := range role.Rules {
			if role.Rules[i].allows(r) {
				return i
			}
		}
		return -1
	}
	best := int32(-1)
	for _, list := range role.index.candidates(r) {
		for _, i := range list {
			if best >= 0 && i >= best {
				break
			}
			if role.Rules[i].allows(r) {
				best = i
				break
			}
		}
	}
	return int(best)
}

// covering appends all rules of the role that cover the request.
func (role *Role) covering(out []int, r *Request) []int {
	first := role.first(r)
	if first < 0 {
		return out
	}
	for i := first; i < len(role.Rules); i++ {
		if role.Rules[i].allows(r) {
			out = append(out, i)
		}
	}
	return out
}
