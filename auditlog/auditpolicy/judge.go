package auditpolicy

import (
	"slices"
	"strconv"

	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"

	"github.com/plimsoll-io/plimsoll/auditlog"
)

// An Attributes is a request as the API server sees it when it decides what to record: after authentication and before
// impersonation.
type Attributes struct {
	User   string // "" of a request that could not be authenticated
	Groups []string
	Verb   string
	// Group, Resource, Subresource, Namespace and Name are those of requests for resources; Name is "" of a new object.
	Group, Resource, Subresource, Namespace, Name string
	Path                                          string
}

// AttributesOf is the request of an event.
func AttributesOf(e *auditlog.Event) Attributes {
	a := Attributes{
		User: e.User.Name, Groups: e.User.Groups, Verb: e.Verb, Path: e.Path(),
		Group: e.Object.APIGroup, Resource: e.Object.Resource, Subresource: e.Object.Subresource,
		Namespace: e.Object.Namespace, Name: e.Object.Name,
	}
	if a.Verb == "create" && a.Subresource == "" {
		a.Name = "" // the event has it from the body
	}
	return a
}

// A Decision is what is recorded of a request.
type Decision struct {
	Level      string
	OmitStages []string // sorted
	// OmitManagedFields leaves out who set which field of recorded bodies.
	OmitManagedFields bool
	// Rule is the place of the rule that decided; -1 if none did, and nothing is recorded.
	Rule int
}

// Records says whether there is an event at a stage, such as auditlog.ResponseComplete.
func (d Decision) Records(stage string) bool {
	return Compare(d.Level, None) > 0 && !slices.Contains(d.OmitStages, stage)
}

// Judge decides what is recorded of a request.
func (p *Policy) Judge(a Attributes) Decision {
	config := p.evaluator.EvaluatePolicyRule(record(a))
	out := Decision{Level: None, Rule: -1, OmitManagedFields: config.OmitManagedFields}
	if rule, err := strconv.Atoi(string(config.Level)); err == nil && rule < len(p.rules) {
		out.Rule, out.Level = rule, string(p.rules[rule].Level)
	}
	for _, stage := range config.OmitStages {
		out.OmitStages = append(out.OmitStages, string(stage))
	}
	slices.Sort(out.OmitStages)
	return out
}

// record is a request as Kubernetes describes it.
func record(a Attributes) authorizer.Attributes {
	out := authorizer.AttributesRecord{
		Verb: a.Verb, Namespace: a.Namespace, APIGroup: a.Group, Resource: a.Resource, Subresource: a.Subresource, Name: a.Name,
		ResourceRequest: a.Resource != "", Path: a.Path,
	}
	if a.User != "" || len(a.Groups) > 0 {
		out.User = &user.DefaultInfo{Name: a.User, Groups: a.Groups}
	}
	return out
}

// DependsOnGroups says whether what a user's groups are could change what is recorded of a request: some logs of clouds do
// not tell them, and a policy that asks for them cannot be judged by such events then.
func (p *Policy) DependsOnGroups(a Attributes) bool {
	decided := p.Judge(a).Rule
	for i, rule := range p.rules {
		if len(rule.UserGroups) == 0 {
			continue
		}
		if decided >= 0 && i > decided {
			return false
		}
		a.Groups = rule.UserGroups
		if p.Judge(a).Rule != decided {
			return true
		}
	}
	return false
}

// Confidential says what secret the bodies of requests for a resource hold, "" if they usually hold none. What people
// write into ConfigMaps and other objects by mistake is not meant.
func Confidential(group, resource, subresource string) string {
	switch {
	case group == "" && resource == "secrets" && subresource == "":
		return "the content of Secrets"
	case group == "" && resource == "serviceaccounts" && subresource == "token":
		return "tokens of service accounts"
	case group == "authentication.k8s.io" && resource == "tokenreviews":
		return "tokens of users"
	}
	return ""
}
