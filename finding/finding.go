// Package finding is the vocabulary that every other package speaks: what was found, on which object, at which
// path, how bad it is, what proves it and what would mend it. It imports nothing but the standard library.
package finding

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

// A Finding is one control failing at one place.
type Finding struct {
	// Control is the id of the control that failed, "privileged-container".
	Control string
	// Severity is the severity in context: the control's own, unless Because says why it was raised or lowered.
	Severity Severity
	// Object is the object that fails. For folded findings it is the top owner, a Deployment and not its Pods.
	Object Ref
	// Path points into Object; "" means the whole object.
	Path Path
	// Position is where the object's field was read; zero for objects of a live cluster.
	Position Position
	// Message is one sentence without a final dot. It never holds a secret value.
	Message string
	// Because is what proves the finding, and what raised or lowered its severity.
	Because []Reason
	// Fix is the smallest edit at Path that mends it; nil when a person has to decide.
	Fix *Fix
}

// ID names the finding across runs. It depends on the control, the object and the path, and never on wording, line
// or API version: the first 16 hex digits of a SHA-256 over control, group, kind, namespace, name and path.
func (f Finding) ID() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{
		f.Control, f.Object.Group(), f.Object.Kind, f.Object.Namespace, f.Object.Name, string(f.Path),
	}, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// A Ref names an object.
type Ref struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace"` // "" for cluster-scoped objects
	Name       string `json:"name"`
}

// Group is the API group of the object: "apps" for apps/v1, "" for v1.
func (r Ref) Group() string {
	if group, _, ok := strings.Cut(r.APIVersion, "/"); ok {
		return group
	}
	return ""
}

// String is how people name the object: "Deployment shop/cart", "ClusterRole admin".
func (r Ref) String() string {
	if r.Namespace == "" {
		return r.Kind + " " + r.Name
	}
	return r.Kind + " " + r.Namespace + "/" + r.Name
}

// Compare orders refs by namespace, kind, name and API version.
func (r Ref) Compare(o Ref) int {
	for _, c := range [...]int{
		strings.Compare(r.Namespace, o.Namespace), strings.Compare(r.Kind, o.Kind),
		strings.Compare(r.Name, o.Name), strings.Compare(r.APIVersion, o.APIVersion),
	} {
		if c != 0 {
			return c
		}
	}
	return 0
}

// A Position is a place in a file. The zero Position means that none is known.
type Position struct {
	File   string `json:"file"` // relative to the working directory where possible, with "/"
	Line   int    `json:"line"` // from 1; 0 when only the file is known
	Column int    `json:"column"`
	// Rendered says that Line counts in the rendered output of the chart or kustomization at File.
	Rendered bool `json:"rendered"`
}

// String is the file and line as people write them: "web.yaml:12"; "" when nothing is known.
func (p Position) String() string {
	if p.File == "" || p.Line == 0 {
		return p.File
	}
	return p.File + ":" + strconv.Itoa(p.Line)
}

// A Reason is one fact behind a finding, as data.
type Reason struct {
	// Effect is "proves", "raises" or "lowers" (the severity).
	Effect string `json:"effect"`
	// Fact is the machine-readable name of the fact, "exposed-outside", "namespace-kube-system".
	Fact string `json:"fact"`
	// Message is the fact in a sentence without a final dot.
	Message string `json:"message"`
	// Object is what the fact is about, if it is another object than the finding's.
	Object *Ref `json:"object,omitempty"`
}

// A Fix is the smallest edit that makes the control pass, made at the finding's Path.
type Fix struct {
	Op    Op  `json:"op"`
	Value any `json:"value,omitempty"` // JSON shape; absent for Remove
	// Risky says that the edit may keep the workload from running, as runAsNonRoot can.
	Risky bool `json:"risky"`
}

// An Op is the kind of edit that a Fix makes.
type Op string

// The edits: Set creates missing parents, Remove deletes the field or list item, Append adds Value to the list.
const (
	Set    Op = "set"
	Remove Op = "remove"
	Append Op = "append"
)
