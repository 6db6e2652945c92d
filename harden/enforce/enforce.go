// Package enforce plans what to install so that an API server enforces controls: the policies of the catalogue,
// unchanged, and the bindings that hold their stage, their scope and the exceptions. It also tells what is installed,
// how that differs from what was written, what it did by the audit log, and whether the next stage is safe.
//
// A request is refused when any binding of a policy matches it, so that the bindings of a control together describe all
// that is not excepted. That is only done where it can be exact: see Refusal.
package enforce

import (
	"fmt"
	"slices"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
)

// Labels and annotations of what is installed.
const (
	ManagedBy = "app.kubernetes.io/managed-by" // label; Owner when we wrote the object
	Owner     = "plimsoll"

	controlLabel = "plimsoll.io/control" // id of the control
	stageLabel   = "plimsoll.io/stage"

	digestNote     = "plimsoll.io/policy-digest" // of the policy's file as it was installed, "sha256:…"
	scopeNote      = "plimsoll.io/scope"         // a Scope as JSON
	exceptionsNote = "plimsoll.io/exceptions"    // a list of Grants as JSON
	paramsNote     = "plimsoll.io/params"        // namespace of the parameters
)

// DefaultParamsNamespace is where parameters of policies live unless something else is said.
const DefaultParamsNamespace = "plimsoll"

// policyPrefix comes before a control's id in the names of its policy, bindings and parameters.
const policyPrefix = "plimsoll-"

// A Stage says what an API server does about violations.
type Stage string

// The stages, in the order in which to take them. Each writes violations to the audit log, so that they can be counted.
const (
	Audit Stage = "audit"
	Warn  Stage = "warn"
	Deny  Stage = "deny"
)

// Stages lists the stages in their order.
func Stages() []Stage { return []Stage{Audit, Warn, Deny} }

// ParseStage reads the name of a stage.
func ParseStage(name string) (Stage, error) {
	if s := Stage(name); slices.Contains(Stages(), s) {
		return s, nil
	}
	return "", fmt.Errorf("there is no stage %q: use audit, warn or deny", name)
}

// Next is the stage after this one; ok is false after the last.
func (s Stage) Next() (next Stage, ok bool) {
	i := slices.Index(Stages(), s)
	if i < 0 || i+1 == len(Stages()) {
		return "", false
	}
	return Stages()[i+1], true
}

// Before says whether a stage comes before another.
func (s Stage) Before(other Stage) bool {
	return slices.Index(Stages(), s) < slices.Index(Stages(), other)
}

// actions are the stage's validationActions. Kubernetes takes Deny and Warn only without each other, since a denied
// request says the same already.
func (s Stage) actions() []admissionv1.ValidationAction {
	switch s {
	case Warn:
		return []admissionv1.ValidationAction{admissionv1.Warn, admissionv1.Audit}
	case Deny:
		return []admissionv1.ValidationAction{admissionv1.Deny, admissionv1.Audit}
	}
	return []admissionv1.ValidationAction{admissionv1.Audit}
}

// A Request says what to install.
type Request struct {
	Controls []control.Control
	Stage    Stage
	Scope    Scope
	// Exceptions are those of the configuration. Expired ones are left out.
	Exceptions []finding.Exception
	Settings   control.Settings
	// ParamsNamespace is where parameters are kept; "" means DefaultParamsNamespace.
	ParamsNamespace string
	Now             time.Time
}

// A Refusal says why an exception cannot be installed for a control. A binding that comes close would let something
// through that the scan does not accept, or refuse something that it does.
type Refusal struct {
	Exception string `json:"exception"`
	Control   string `json:"control"`
	Why       string `json:"why"`     // a sentence without a final dot
	Instead   string `json:"instead"` // what to write, a sentence without a final dot
	// Object is the object that shows it, if one does.
	Object *finding.Ref `json:"object,omitempty"`
}

// A LeftOut is a control that is not installed.
type LeftOut struct {
	Control string `json:"control"`
	Why     string `json:"why"`
}

// A Bundle is all that enforces one control at one stage.
type Bundle struct {
	Control control.Control
	// Text is the policy's file, Digest what names its content.
	Text   []byte
	Digest string
	Policy map[string]any
	// Params is the parameters' ConfigMap, nil for most controls.
	Params   map[string]any
	Bindings []map[string]any
	Grants   []Grant
}

// An Installation is what a Request comes to.
type Installation struct {
	Request  Request
	Bundles  []Bundle
	Refused  []Refusal
	LeftOut  []LeftOut
	Warnings []string
	// Expired are the names of exceptions that hold no more, and are not installed.
	Expired []string
}
