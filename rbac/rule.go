package rbac

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Rule is a PolicyRule of a Role or ClusterRole.
type Rule struct {
	Verbs           []string `json:"verbs"`
	APIGroups       []string `json:"apiGroups,omitempty"`
	Resources       []string `json:"resources,omitempty"`
	ResourceNames   []string `json:"resourceNames,omitempty"`
	NonResourceURLs []string `json:"nonResourceURLs,omitempty"`
}

// A Request is what is asked of the API server: about a resource, or about a path that is none.
type Request struct {
	Verb        string
	Group       string // API group, "" for the core group
	Resource    string // "pods", plural; "" for non-resource requests
	Subresource string // "exec"
	Namespace   string // "" for cluster-scoped resources and for all namespaces
	Name        string // "" where a request names no object: create, list, deletecollection
	Path        string // of a non-resource request, "/metrics"; never empty there, as no path of a request is
}

// ParseRequest reads what people write: a verb and "pods", "deployments.apps", "deployments.apps/scale", or a path such as
// "/metrics" of a request that is about no resource.
func ParseRequest(verb, what string) (Request, error) {
	if verb == "" || what == "" {
		return Request{}, errors.New("a request needs a verb and a resource or path")
	}
	if strings.HasPrefix(what, "/") {
		return Request{Verb: verb, Path: what}, nil
	}
	r := Request{Verb: verb}
	name, sub, hasSub := strings.Cut(what, "/")
	r.Resource, r.Group, _ = strings.Cut(name, ".")
	r.Subresource = sub
	if r.Resource == "" || hasSub && (sub == "" || strings.Contains(sub, "/")) {
		return Request{}, fmt.Errorf("%q is no resource: write RESOURCE[.GROUP][/SUBRESOURCE], as in deployments.apps/scale", what)
	}
	return r, nil
}

// String is the request in a few words: "create pods/exec in shop", "get /metrics".
func (r Request) String() string {
	if r.Path != "" {
		return r.Verb + " " + r.Path
	}
	text := r.Verb + " " + r.combined()
	if r.Group != "" {
		text += "." + r.Group
	}
	if r.Name != "" {
		text += " " + r.Name
	}
	if r.Namespace != "" {
		text += " in " + r.Namespace
	}
	return text
}

func (r Request) combined() string {
	if r.Subresource == "" {
		return r.Resource
	}
	return r.Resource + "/" + r.Subresource
}

// Allows says whether the rule covers the request, whatever namespace it is granted in.
func (rule *Rule) Allows(r Request) bool { return rule.allows(&r) }

func (rule *Rule) allows(r *Request) bool {
	if r.Path != "" {
		return has(rule.Verbs, r.Verb) && rule.allowsPath(r.Path)
	}
	return has(rule.Verbs, r.Verb) && has(rule.APIGroups, r.Group) && rule.allowsResource(r) &&
		(len(rule.ResourceNames) == 0 || slices.Contains(rule.ResourceNames, r.Name))
}

// has says whether a list holds the value or the wildcard.
func has(list []string, value string) bool {
	for _, v := range list {
		if v == "*" || v == value {
			return true
		}
	}
	return false
}

// allowsResource knows the three forms: "*", "pods/exec", and "*/scale".
func (rule *Rule) allowsResource(r *Request) bool {
	for _, resource := range rule.Resources {
		if resource == "*" || r.Subresource == "" && resource == r.Resource {
			return true
		}
		if r.Subresource == "" {
			continue
		}
		if rest, ok := strings.CutSuffix(resource, r.Subresource); ok && (rest == "*/" || len(rest) == len(r.Resource)+1 &&
			strings.HasPrefix(rest, r.Resource) && rest[len(rest)-1] == '/') {
			return true
		}
	}
	return false
}

func (rule *Rule) allowsPath(path string) bool {
	for _, url := range rule.NonResourceURLs {
		if url == "*" || url == path {
			return true
		}
		if prefix, ok := strings.CutSuffix(url, "*"); ok && strings.HasPrefix(path, strings.TrimRight(prefix, "*")) {
			return true
		}
	}
	return false
}
