// Package control is the catalogue: one control, one file. A control that one object and its namespace can decide is a
// ValidatingAdmissionPolicy in control/policies; what joins several objects is a Go file here. File name, control id,
// test file, documentation anchor, policy name and exception key are the same word.
package control

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy"
)

// A Control is one testable statement about a cluster. Exactly one of Policy and Check is set.
type Control struct {
	ID         string // "privileged-container"
	Title      string // what is wrong when it fails, "Container runs privileged"
	Why        string // one paragraph: what an attacker does with it
	Remedy     string // one or two sentences: what to do
	Severity   finding.Severity
	Capability Capability // the join to frameworks
	// References are ids of public material: "CWE-250", "T1611", "PSS/baseline", "KEP-2579", "CVE-2021-25742".
	References []string
	Enforce    Enforce
	// Fix is the edit that mends a violation at its path; nil when a person has to decide.
	Fix *finding.Fix
	// Reads are the kinds that the control needs. With a gap in one of them a Check is skipped, and a Policy's
	// result is never pass.
	Reads  []schema.GroupKind
	Policy *policy.Policy         // judged object by object; can be enforced
	Check  func(*Facts) Judgement // joins objects, or needs what CEL cannot see
	// PerObject says that Check judges each object by itself, so that a gap does not stop it; like a Policy's, its
	// result is then never pass.
	PerObject bool
}

// A Judgement is what a Check concluded.
type Judgement struct {
	// Examined are the objects that the control applies to; those without a finding or an error passed.
	Examined []*inventory.Object
	Findings []finding.Finding // Control, Severity and Position may be left zero: the scan fills them in
	Errors   []ObjectError
	// Skipped says why the control could not look, "" if it could; "not configured: …" needs a setting.
	Skipped string
}

// An ObjectError says that one object could not be judged.
type ObjectError struct {
	Object   finding.Ref      `json:"object"`
	Position finding.Position `json:"position"`
	Message  string           `json:"message"`
}

// Enforce says how a control can be enforced.
type Enforce string

// The ways to enforce a control.
const (
	Admission Enforce = "admission" // by the API server, as it lies in control/policies
	Webhook   Enforce = "webhook"   // by a webhook that can join objects
	ScanOnly  Enforce = "scan"      // cannot be decided when an object is admitted
)

// A Capability is a layer of security that frameworks ask for.
type Capability string

// The capabilities, as frameworks are mapped to them.
const (
	AccessReview         Capability = "access-review"
	AdmissionPolicy      Capability = "admission-policy"
	AuditLogging         Capability = "audit-logging"
	Authentication       Capability = "authentication"
	CertificateLifecycle Capability = "certificate-lifecycle"
	ChangeManagement     Capability = "change-management"
	ClusterHardening     Capability = "cluster-hardening"
	IncidentResponse     Capability = "incident-response"
	MutualTLS            Capability = "mtls"
	MultiTenancy         Capability = "multi-tenancy"
	NetworkSegmentation  Capability = "network-segmentation"
	PodSecurity          Capability = "pod-security"
	RBACLeastPrivilege   Capability = "rbac-least-privilege"
	RuntimeMonitoring    Capability = "runtime-monitoring"
	SecretsEncryption    Capability = "secrets-encryption"
	VulnerabilityScan    Capability = "vulnerability-scanning"
)
