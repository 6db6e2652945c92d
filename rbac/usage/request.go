package usage

import (
	"net/url"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/auditlog"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// requests yields what the authorizer was asked so that this event could come about: by whom, and what. That is the
// request itself and, hidden in it, the rights to impersonate and to create by writing.
//
// It returns false for trimmed events that do not tell who asked for what.
func requests(e *auditlog.Event, yield func(user *auditlog.User, r rbac.Request)) bool {
	r, ok := requestOf(e)
	if !ok || e.Actor().Name == "" {
		return false
	}
	yield(e.Actor(), r)
	// Writing an object that does not exist yet takes the right to create it.
	if e.Code == 201 && (r.Verb == "update" || r.Verb == "patch") && r.Path == "" {
		created := r
		created.Verb = "create"
		yield(e.Actor(), named(created))
	}
	if e.Impersonated != nil {
		impersonation(e, r, yield)
	}
	return true
}

// requestOf is what the authorizer saw of an event's own request.
func requestOf(e *auditlog.Event) (rbac.Request, bool) {
	o := e.Object
	if o.Resource == "" {
		path := e.Path()
		if strings.Contains(path, "%") {
			if decoded, err := url.PathUnescape(path); err == nil {
				path = decoded
			}
		}
		return rbac.Request{Verb: e.Verb, Path: path}, path != "" && e.Verb != ""
	}
	return named(rbac.Request{
		Verb: e.Verb, Group: o.APIGroup, Resource: o.Resource, Subresource: o.Subresource, Namespace: o.Namespace, Name: o.Name,
	}), e.Verb != ""
}

// named drops the name where the authorizer does not see it: the log fills in that of a created object later. Requests to
// create below an object, such as pods/exec, do name it.
func named(r rbac.Request) rbac.Request {
	if r.Subresource == "" && (r.Verb == "create" || r.Verb == "deletecollection") {
		r.Name = ""
	}
	return r
}

// impersonation yields the rights that the impersonating user used. Groups that the API server adds by itself are not
// among them.
func impersonation(e *auditlog.Event, r rbac.Request, yield func(*auditlog.User, rbac.Request)) {
	wanted := e.Impersonated
	verb, group := "impersonate", ""
	if mode, constrained := strings.CutPrefix(e.Constraint, "impersonate:"); constrained {
		// Constrained impersonation asks for the mode and for what is done in it.
		verb, group = e.Constraint, authentication
		on := r
		on.Verb = "impersonate-on:" + mode + ":" + r.Verb
		yield(&e.User, on)
	}
	who := rbac.Request{Verb: verb, Group: group, Resource: "users", Name: wanted.Name}
	fixed := []string{rbac.Authenticated, rbac.Unauthenticated}
	subject := rbac.SubjectOfUser(wanted.Name)
	node, isNode := strings.CutPrefix(wanted.Name, "system:node:")
	switch {
	case subject.Kind == rbac.ServiceAccountKind:
		who.Resource, who.Namespace, who.Name = "serviceaccounts", subject.Namespace, subject.Name
		fixed = append(fixed, rbac.AllAccounts, rbac.AllAccounts+":"+subject.Namespace)
	case isNode && group != "":
		who.Resource, who.Name = "nodes", node
		if verb == "impersonate:associated-node" {
			who.Name = "*" // the authorizer is asked for every node
		}
		fixed = append(fixed, "system:nodes")
	}
	yield(&e.User, who)
	for _, name := range wanted.Groups {
		if !slices.Contains(fixed, name) {
			yield(&e.User, rbac.Request{Verb: verb, Group: group, Resource: "groups", Name: name})
		}
	}
	if wanted.UID != "" {
		yield(&e.User, rbac.Request{Verb: verb, Group: authentication, Resource: "uids", Name: wanted.UID})
	}
	for _, x := range wanted.Extra {
		for _, value := range x.Values {
			yield(&e.User, rbac.Request{Verb: verb, Group: authentication, Resource: "userextras", Subresource: x.Key, Name: value})
		}
	}
}

const authentication = "authentication.k8s.io"

// allowed says whether the request was authorized. Logs without the decision tell by the status: then a request that
// admission refused counts as refused.
func allowed(e *auditlog.Event) bool {
	if decision := e.Annotation(auditlog.DecisionAnnotation); decision != "" {
		return decision == "allow"
	}
	return e.Code != 403 && e.Code != 401
}

// authorizerOf is who allowed the request: "RBAC", "system:masters", or what else the log says.
func authorizerOf(e *auditlog.Event) string {
	reason := e.Annotation(auditlog.ReasonAnnotation)
	switch {
	case strings.HasPrefix(reason, "RBAC:"):
		return RBAC
	case reason == "" && slices.Contains(e.Actor().Groups, rbac.Masters):
		return rbac.Masters
	case reason == "":
		return Unknown
	case len(reason) > longestReason:
		return strings.ToValidUTF8(reason[:longestReason], "") + "…"
	}
	return reason
}

// Who allows requests, as far as events tell.
const (
	RBAC    = "RBAC"
	Unknown = "" // the log does not say

	longestReason = 80
)
