package generate

import (
	"net/netip"
	"slices"
	"time"

	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/need"
)

// A Style says how fine policies are.
type Style string

// The styles.
const (
	PerWorkload  Style = "per-workload"  // policies for each workload
	PerNamespace Style = "per-namespace" // one set for all pods of a namespace: broader than what is needed
)

// An Existing says what becomes of the NetworkPolicies that are there.
type Existing string

// What becomes of them. Policies that an earlier plan has made are replaced in any case.
const (
	Keep    Existing = "keep"    // they stay, and allow what they allow
	Replace Existing = "replace" // those of the namespaces of the plan go
)

// Options say what to generate. The zero value is both directions, everywhere that something was seen, but not in the
// namespaces of Kubernetes itself.
type Options struct {
	// Directions are those in which pods are isolated; both when there are none.
	Directions []network.Direction
	// Namespaces are the only ones for which policies are written; also those of Kubernetes itself when they are named.
	Namespaces []string
	// AllNamespaces isolates also namespaces in which no connection was seen, and those of Namespaces in which nothing runs yet.
	AllNamespaces bool
	// NoDNS leaves out the policy that lets all pods of a namespace ask the cluster's DNS: who was seen asking may ask.
	NoDNS    bool
	Style    Style    // PerWorkload if ""
	Existing Existing // Keep if ""
	// Labels and Annotations are added to each policy.
	Labels, Annotations map[string]string
	// APIServer and Nodes are the addresses of the API server and of nodes, where the needs do not know them.
	APIServer, Nodes []netip.Prefix
	// IngressController is whatever serves Ingresses and Gateways, where the needs do not know it: the namespace of its
	// pods, or NAMESPACE/NAME of a workload.
	IngressController string
	// Outside are the addresses of ends outside of which only names are known.
	Outside []netip.Prefix
	// MaxBlocks widens the blocks of addresses outside until a rule has at most so many; 0 never widens.
	MaxBlocks int
}

// A Plan is NetworkPolicies to apply, and what to know before that.
type Plan struct {
	// Policies are by namespace: default-deny, then allow-dns, then by name.
	Policies []*Policy
	// Notes are by sort and namespace.
	Notes []Note
	// Obsolete are policies to delete: those that the plan replaces, and those of an earlier plan that are not needed any more.
	Obsolete []*inventory.Object
	// Namespaces are those that the plan is for.
	Namespaces []string
	// Opened is how many needs the policies allow, or would allow if nothing isolated their ends. Unopened are the others.
	Opened   int
	Unopened []Unopened
	// Observed and Declared count the evidence of both, Flows the flows of it. Unseen counts peers of rules that are there
	// only because they are declared, where there are flows of others.
	Observed, Declared, Unseen int
	Flows                      int64

	gone map[[2]string]bool // policies that are replaced, by namespace and name
}

// An Unopened need is one that no policy of the plan allows.
type Unopened struct {
	Need   need.Need
	Reason string // a sentence without a final dot
}

// A Sort says what a note is about.
type Sort string

// The sorts of notes, those first that can break something.
const (
	NotOpened Sort = "not-opened" // a connection that is needed and that the plan does not allow
	NotSeen   Sort = "not-seen"   // nothing was seen of a workload or namespace
	Broader   Sort = "broader"    // a policy allows more than what is needed
	Untouched Sort = "untouched"  // what the plan leaves as it is
)

// A Note is something to know before the policies are applied.
type Note struct {
	Sort      Sort   `json:"sort"`
	Namespace string `json:"namespace"` // "" when it is about none in particular
	// Policy is the name of the policy that it is about; "" when it is about none.
	Policy string `json:"policy"`
	// About says whose connections it is about, where the text does not: "Deployment cart".
	About string `json:"about,omitempty"`
	Text  string `json:"text"` // a sentence without a final dot
}

// A Policy is one NetworkPolicy.
type Policy struct {
	Namespace, Name string
	Selector        Selector
	// For says whose pods are selected: "Deployment cart", "all pods".
	For string
	// Directions are what it isolates the pods in, ingress first.
	Directions []network.Direction
	// Rules are of the direction of the policy; none in one that denies. No policy has rules of both.
	Rules []Rule
	// Comments are sentences without a final dot about the policy as a whole.
	Comments            []string
	Labels, Annotations map[string]string
}

// A Rule lets its peers in, or lets the pods out to them.
type Rule struct {
	Peers   []Peer
	Ports   []Port
	Reasons []Reason
}

// A Peer is pods or addresses.
type Peer struct {
	// Namespace is that of the pods; "" for the policy's own, "*" for all.
	Namespace string
	Selector  Selector
	// Block is addresses; then there is nothing else.
	Block netip.Prefix
}

// Everywhere is the Namespace of a Peer that means pods of all namespaces.
const Everywhere = "*"

// A Port is one port, or those up to Last.
type Port struct {
	Protocol    network.Protocol
	First, Last uint16
}

// A Reason is why a rule is there.
type Reason struct {
	// End says who is at the other end: "Deployment frontend", "the API server", "outside"; "" when the policy's comments do.
	End string
	// Names are DNS names of the addresses, some of them.
	Names []string
	// Flows is how many were seen, at First and Last at least, and What says of which logs.
	Flows       int64
	First, Last time.Time
	What        []string
	// Declared are the first few places that declare the need; MoreDeclared counts the others.
	Declared     []need.Evidence
	MoreDeclared int
	// Note says what is special about it, a sentence without a final dot; "" when nothing is.
	Note string

	known map[declaredKey]bool
}

// In is the part of a plan that is about one namespace.
func (p *Plan) In(namespace string) *Plan {
	part := *p
	part.Namespaces = []string{namespace}
	part.Policies = slices.DeleteFunc(slices.Clone(p.Policies), func(o *Policy) bool { return o.Namespace != namespace })
	part.Notes = slices.DeleteFunc(slices.Clone(p.Notes), func(n Note) bool { return n.Namespace != namespace })
	part.Obsolete = slices.DeleteFunc(slices.Clone(p.Obsolete), func(o *inventory.Object) bool { return o.Namespace != namespace })
	return &part
}

// Counts says how large the plan is: "12 policies for 3 namespaces".
func (p *Plan) Counts() string {
	with := map[string]bool{}
	for _, policy := range p.Policies {
		with[policy.Namespace] = true
	}
	return display.Plural(len(p.Policies), "policy") + " for " + display.Plural(len(with), "namespace")
}
