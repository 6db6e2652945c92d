package finding

import "time"

// An Exception accepts findings of some controls on some objects, for a reason, by a person, until a day.
type Exception struct {
	// Name identifies the exception in reports; unique in a file.
	Name string `json:"name"`
	// Controls are control ids; "*" is every control, which is reported as too broad.
	Controls []string `json:"controls"`
	Objects  Selector `json:"objects"`
	// Reason, Owner, Ticket and ApprovedBy are mandatory: an exception without them is a usage error.
	Reason     string `json:"reason"`
	Owner      string `json:"owner"`
	Ticket     string `json:"ticket"`
	ApprovedBy string `json:"approvedBy"`
	// Expires is the last day on which the exception holds, in UTC. From the next day on its findings fail again.
	Expires time.Time `json:"expires"`
}

// A Selector chooses objects. Empty lists choose everything; all non-empty ones must match. Namespaces, kinds and
// names may hold "*" and "?" wildcards.
type Selector struct {
	Namespaces []string          `json:"namespaces,omitempty"`
	Kinds      []string          `json:"kinds,omitempty"`
	Names      []string          `json:"names,omitempty"`
	Labels     map[string]string `json:"labels,omitempty"`
	// Paths narrows the exception to findings at these paths ("*" wildcards); such an exception cannot be enforced
	// by admission.
	Paths []string `json:"paths,omitempty"`
}
