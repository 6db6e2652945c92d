package rbacsample

import (
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/rbac"
)

// A Question is who wants to do what.
type Question struct {
	Identity rbac.Identity
	Request  rbac.Request
}

// Question makes a question: one that some binding allows, in most cases, with none, one or two of its parts changed.
func (s *Sample) Question() Question {
	if s.one(8) {
		return Question{s.identity(), s.request()}
	}
	binding := pick(s.random, s.hooks)
	q := Question{s.identity(), s.request()}
	if subjects, _ := binding["subjects"].([]any); len(subjects) > 0 && !s.one(10) {
		q.Identity = s.named(pick(s.random, subjects).(map[string]any), inNamespace(binding))
	}
	if rule := s.ruleOf(binding); rule != nil {
		q.Request = s.matching(rule)
	}
	if q.Request.Path == "" {
		q.Request.Namespace = inNamespace(binding)
		if q.Request.Namespace == "" && s.one(2) {
			q.Request.Namespace = pick(s.random, namespaces)
		}
	}
	for range pick(s.random, []int{0, 0, 0, 1, 1, 2}) {
		s.change(&q)
	}
	return q
}

func (s *Sample) ruleOf(binding map[string]any) map[string]any {
	ref := binding["roleRef"].(map[string]any)
	for _, role := range s.roles {
		if role["kind"] != ref["kind"] || role["metadata"].(map[string]any)["name"] != ref["name"] {
			continue
		}
		if rules := role["rules"].([]any); len(rules) > 0 {
			return pick(s.random, rules).(map[string]any)
		}
	}
	return nil
}

// matching is a request that the rule allows, with words in the place of wildcards.
func (s *Sample) matching(rule map[string]any) rbac.Request {
	r := s.request()
	from := func(field string, other string) string {
		list, _ := rule[field].([]any)
		if len(list) == 0 {
			return other
		}
		if text := pick(s.random, list).(string); text != "*" {
			return text
		}
		return other
	}
	r.Verb = from("verbs", r.Verb)
	if rule["nonResourceURLs"] != nil {
		path := from("nonResourceURLs", "/anything")
		if rest, wild := strings.CutSuffix(path, "*"); wild {
			path = strings.TrimRight(rest, "*") + pick(s.random, []string{"", "x", "/x", "*"})
		}
		if path == "" {
			path = "/"
		}
		return rbac.Request{Verb: r.Verb, Path: path}
	}
	if r.Path != "" {
		r = rbac.Request{Verb: r.Verb}
	}
	r.Group, r.Name = from("apiGroups", r.Group), from("resourceNames", r.Name)
	r.Resource, r.Subresource, _ = strings.Cut(from("resources", "anything"), "/")
	if r.Resource == "*" {
		r.Resource = pick(s.random, []string{"deployments", "things", "*"})
	}
	return r
}

// named is a caller whom a binding names.
func (s *Sample) named(subject map[string]any, namespace string) rbac.Identity {
	name := subject["name"].(string)
	switch subject["kind"] {
	case "Group":
		return s.identity().With(name)
	case "User":
		return rbac.Identity{User: name, Groups: s.identity().Groups}
	}
	if ns, ok := subject["namespace"].(string); ok {
		namespace = ns
	}
	return rbac.Account(namespace, name).Identity()
}

func (s *Sample) identity() rbac.Identity {
	var id rbac.Identity
	if s.one(2) {
		id = rbac.Account(pick(s.random, namespaces), pick(s.random, accounts)).Identity()
	} else {
		id = rbac.Identity{User: pick(s.random, users)}
		if !s.one(4) {
			id = id.With(rbac.Authenticated)
		}
	}
	for range pick(s.random, []int{0, 0, 1, 2}) {
		if name := pick(s.random, userGroups); name != rbac.Masters || s.one(6) {
			id = id.With(name)
		}
	}
	return id
}

func (s *Sample) request() rbac.Request {
	r := rbac.Request{Verb: pick(s.random, verbs)}
	if s.one(5) {
		r.Path = strings.TrimRight(pick(s.random, urls), "*") + pick(s.random, []string{"", "/x"})
		if r.Path == "" {
			r.Path = "/version"
		}
		return r
	}
	r.Group = pick(s.random, groups)
	r.Resource, r.Subresource, _ = strings.Cut(pick(s.random, resources), "/")
	r.Name = pick(s.random, append(slices.Clone(names), "", ""))
	if !s.one(4) {
		r.Namespace = pick(s.random, namespaces)
	}
	return r
}

// change makes one part of a question another one, so that an allowed question may become one that is nearly allowed.
func (s *Sample) change(q *Question) {
	r, other := &q.Request, s.request()
	if r.Path != "" {
		switch s.random.IntN(4) {
		case 0:
			r.Verb = other.Verb
		case 1:
			r.Path += "x"
		case 2:
			r.Path = strings.TrimSuffix(r.Path, "/")
		case 3:
			q.Identity = s.identity()
		}
		if r.Path == "" {
			r.Path = "/"
		}
		return
	}
	for other.Path != "" {
		other = s.request()
	}
	switch s.random.IntN(8) {
	case 0:
		r.Verb = other.Verb
	case 1:
		r.Group = other.Group
	case 2:
		r.Resource = other.Resource
	case 3:
		r.Subresource = pick(s.random, []string{"", "scale", "exec", "status", "*"})
	case 4:
		r.Name = other.Name
	case 5:
		r.Namespace = other.Namespace
	case 6:
		q.Identity = s.identity()
	case 7:
		r.Resource, r.Subresource = r.Resource+"/"+pick(s.random, []string{"exec", "scale"}), "" // as some clients ask
	}
}
