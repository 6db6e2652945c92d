// Package policy compiles and judges ValidatingAdmissionPolicies outside the API server, with the API server's own
// code. It is the only importer of k8s.io/apiserver.
package policy

import (
	"sync"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
)

// A Policy is a ValidatingAdmissionPolicy ready to judge. It compiles on first use and is safe for concurrent use.
type Policy struct {
	// Source is the policy as written. Never write to it.
	Source *admissionv1.ValidatingAdmissionPolicy

	// Trusted says that the policy's expressions are our own and known to end soon, so that a Set need not count
	// their cost on objects of ordinary size. Set it before the first use.
	Trusted bool

	once  sync.Once
	exact *compiled
}

// An Input is one object to judge, as if it were being created, unless Operation says something else.
type Input struct {
	Object   map[string]any // JSON shape; nil for a deletion
	Resource schema.GroupVersionResource
	Kind     schema.GroupVersionKind
	// Namespace is the Namespace object that the object lives in; nil for cluster-scoped objects and when unknown.
	Namespace map[string]any
	// Params is the parameter object, for policies with a paramKind; nil when there is none.
	Params map[string]any

	// Operation is what is done to the object; "" means that it is created.
	Operation admissionv1.OperationType
	// OldObject is the object as it was, for updates and deletions.
	OldObject map[string]any
	// User is who does it; nil means nobody in particular.
	User *User
}

// A User is who makes a request, as expressions see it in request.userInfo.
type User struct {
	Username string              `json:"username"`
	UID      string              `json:"uid"`
	Groups   []string            `json:"groups"`
	Extra    map[string][]string `json:"extra"`
}

// A Verdict is what one policy says of one object.
type Verdict struct {
	// Matched says that the policy looks at this object; all else is zero when it does not.
	Matched bool
	// Violations are the paths that the policy computed in its variable "violations"; empty when the object passes
	// or the policy has no such variable.
	Violations []finding.Path
	// Denied says that an API server would refuse the object: a validation was false, or something failed and
	// failurePolicy is Fail. A policy of the catalogue denies when it has violations.
	Denied bool
	// Message is the message of the first validation that was false; "" when the object passes.
	Message string
	// Annotations are the audit annotations by key; nil when there are none.
	Annotations map[string]string
	// Err says that the policy could not judge the object. It is neither pass nor fail.
	Err error
}
