package policy

import (
	"errors"
	"fmt"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"sigs.k8s.io/yaml"
)

// maxPolicySize bounds a policy document; the API server itself accepts no object above 1.5 MiB.
const maxPolicySize = 2 << 20

// Parse reads one ValidatingAdmissionPolicy (admissionregistration.k8s.io/v1) from YAML or JSON. Unknown and repeated
// fields are errors. Expressions are not compiled: see Compile.
func Parse(data []byte) (*Policy, error) {
	if len(data) > maxPolicySize {
		return nil, fmt.Errorf("parse policy: %d bytes is more than the limit of %d", len(data), maxPolicySize)
	}
	vap := &admissionv1.ValidatingAdmissionPolicy{}
	if err := yaml.UnmarshalStrict(data, vap); err != nil {
		return nil, fmt.Errorf("parse policy: %w", err)
	}
	if err := checkShape(vap); err != nil {
		return nil, fmt.Errorf("parse policy %q: %w", vap.Name, err)
	}
	return New(vap), nil
}

// New makes a policy that is known to be well formed. The source must not be changed any more.
func New(source *admissionv1.ValidatingAdmissionPolicy) *Policy {
	return &Policy{Source: source}
}

// checkShape refuses what the API server would refuse and what would make judging meaningless.
func checkShape(vap *admissionv1.ValidatingAdmissionPolicy) error {
	if vap.Kind != "ValidatingAdmissionPolicy" || vap.APIVersion != admissionv1.SchemeGroupVersion.String() {
		return fmt.Errorf("is %q of %q: want ValidatingAdmissionPolicy of %s",
			vap.Kind, vap.APIVersion, admissionv1.SchemeGroupVersion)
	}
	if vap.Name == "" {
		return errors.New("metadata.name is missing")
	}
	spec := &vap.Spec
	if spec.FailurePolicy != nil && *spec.FailurePolicy != admissionv1.Fail && *spec.FailurePolicy != admissionv1.Ignore {
		return fmt.Errorf("spec.failurePolicy is %q: want Fail or Ignore", *spec.FailurePolicy)
	}
	if spec.MatchConstraints == nil || len(spec.MatchConstraints.ResourceRules) == 0 {
		return errors.New("spec.matchConstraints.resourceRules is missing")
	}
	if len(spec.Validations) == 0 && len(spec.AuditAnnotations) == 0 {
		return errors.New("spec has neither validations nor auditAnnotations")
	}
	return nil
}
