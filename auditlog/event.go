// Package auditlog reads Kubernetes API audit logs: it tells the shapes in which clusters and clouds write them apart by
// content, streams them in bounded memory on all cores, and goes on at lines that are broken. It opens no files itself.
package auditlog

import (
	"slices"
	"strings"
	"time"
)

// An Event is one audit event, whatever log it came from. Fields that the log does not have are empty.
//
// The reader uses one Event again and again. Strings may be kept; the Event itself, its slices and its bodies belong to
// the reader as soon as Consume returns: keep a Clone.
type Event struct {
	// Shape is how the log wrote the event.
	Shape Shape
	// File and Line say where the event was read. An event inside a document that spans lines has the line it starts on.
	File string
	Line int

	AuditID string
	Level   string
	Stage   string
	// Time is when the API server received the request; zero when the log does not say.
	Time time.Time
	// StageTime is when the stage was reached.
	StageTime time.Time
	// Verb is "" only in logs that people have trimmed.
	Verb string
	// User authenticated the request.
	User User
	// Impersonated is as whom the user acted; nil when as himself.
	Impersonated *User
	// Constraint is the verb that allowed a constrained impersonation, "impersonate:user-info"; else "".
	Constraint string
	SourceIPs  []string
	UserAgent  string
	// Object is what the request was about; its Resource is empty for requests of other paths.
	Object     ObjectRef
	RequestURI string
	// Code is the HTTP status of the response; 0 when the log does not say.
	Code int
	// Annotations of the event, such as the decision of the authorizer.
	Annotations []Annotation
	// RequestObject and ResponseObject are the bodies as JSON, and only read with Options.Bodies.
	RequestObject, ResponseObject []byte

	impersonated User // what Impersonated points to
}

// A Shape is how a log writes its events.
type Shape string

// The shapes. Lists and arrays of events have the shape of their items.
const (
	ShapeV1           Shape = "audit.k8s.io/v1"
	ShapeV1Beta1      Shape = "audit.k8s.io/v1beta1"
	ShapeUnversioned  Shape = "audit.k8s.io"  // older, newer or missing version
	ShapeCloudWatch   Shape = "cloudwatch"    // EKS, by way of CloudWatch Logs
	ShapeCloudLogging Shape = "cloud-logging" // GKE, by way of Cloud Logging
	ShapeAzureMonitor Shape = "azure-monitor" // AKS, by way of diagnostic settings
	ShapeWrapped      Shape = "wrapped"       // in the "log" of a container runtime or a log shipper
)

// The stages of an event.
const (
	RequestReceived  = "RequestReceived"
	ResponseStarted  = "ResponseStarted"
	ResponseComplete = "ResponseComplete"
	Panic            = "Panic"
)

// A User is who made a request.
type User struct {
	Name, UID string
	Groups    []string
	// Extra is what else the authenticator knew, such as authentication.kubernetes.io/pod-name; only read with
	// Options.Extra, and of impersonated users always.
	Extra []Extra
}

// Extra is one extra attribute of a user.
type Extra struct {
	Key    string
	Values []string
}

// An ObjectRef is what a request was about. Name is also that of a created object where the log knows it, though the
// authorizer does not see it then.
type ObjectRef struct {
	APIGroup, APIVersion, Resource, Subresource, Namespace, Name string
}

// An Annotation is what a plugin of the API server wrote to the event.
type Annotation struct{ Key, Value string }

// Annotations that the API server writes.
const (
	DecisionAnnotation = "authorization.k8s.io/decision" // "allow" or "forbid"
	ReasonAnnotation   = "authorization.k8s.io/reason"   // "RBAC: allowed by ClusterRoleBinding …"
)

// Annotation returns the value of an annotation, "" if the event does not have it.
func (e *Event) Annotation(key string) string {
	for i := range e.Annotations {
		if e.Annotations[i].Key == key {
			return e.Annotations[i].Value
		}
	}
	return ""
}

// Actor is as whom the request was carried out: the impersonated user, if there is one.
func (e *Event) Actor() *User {
	if e.Impersonated != nil {
		return e.Impersonated
	}
	return &e.User
}

// Final says whether the event tells how its request was answered. Requests also leave an event when they are received,
// and long-running ones leave two that are final: when the answer starts and when it ends.
func (e *Event) Final() bool { return e.Stage != RequestReceived }

// Path is the path of RequestURI, without the query.
func (e *Event) Path() string {
	path, _, _ := strings.Cut(e.RequestURI, "?")
	return path
}

// Clone returns a copy that may be kept.
func (e *Event) Clone() *Event {
	c := *e
	c.User = e.User.clone()
	c.impersonated = User{}
	if e.Impersonated != nil {
		u := e.Impersonated.clone()
		c.Impersonated = &u
	}
	c.SourceIPs = slices.Clone(e.SourceIPs)
	c.Annotations = slices.Clone(e.Annotations)
	c.RequestObject = slices.Clone(e.RequestObject)
	c.ResponseObject = slices.Clone(e.ResponseObject)
	return &c
}

func (u *User) clone() User {
	c := *u
	c.Groups = slices.Clone(u.Groups)
	c.Extra = slices.Clone(u.Extra)
	for i := range c.Extra {
		c.Extra[i].Values = slices.Clone(c.Extra[i].Values)
	}
	return c
}

// reset empties the event and keeps the memory of its slices.
func (e *Event) reset() {
	*e = Event{
		User:         User{Groups: e.User.Groups[:0], Extra: e.User.Extra[:0]},
		SourceIPs:    e.SourceIPs[:0],
		Annotations:  e.Annotations[:0],
		impersonated: User{Groups: e.impersonated.Groups[:0], Extra: e.impersonated.Extra[:0]},
	}
}
