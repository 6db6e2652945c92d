// Package psp plans the way from PodSecurityPolicies, which Kubernetes no longer has since 1.25, to what took their place: a Pod
// Security level for the namespaces where they were used, and one ValidatingAdmissionPolicy for what the level does not say.
//
// The policies judge pods as PodSecurityPolicies did once their defaults had been filled in. They fill in nothing themselves:
// pods have to name what was filled in for them, and the plan says where.
package psp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// Kind is the kind of the policies that are migrated, of the groups policy and extensions.
const Kind = "PodSecurityPolicy"

// Is says whether an object is a PodSecurityPolicy.
func Is(o *inventory.Object) bool {
	return o.Kind == Kind && slices.Contains([]string{"policy", "extensions"}, o.Group())
}

// A Policy is a PodSecurityPolicy.
type Policy struct {
	Object *inventory.Object
	spec   spec

	// By annotations; nil when there are none. Any profile is allowed where the list holds "*".
	seccomp, appArmor               []string
	defaultSeccomp, defaultAppArmor string
}

// The fields of policy/v1beta1, which the modules of Kubernetes no longer have.
type (
	spec struct {
		Privileged                      bool          `json:"privileged"`
		DefaultAddCapabilities          []string      `json:"defaultAddCapabilities"`
		RequiredDropCapabilities        []string      `json:"requiredDropCapabilities"`
		AllowedCapabilities             []string      `json:"allowedCapabilities"`
		Volumes                         []string      `json:"volumes"`
		HostNetwork                     bool          `json:"hostNetwork"`
		HostPorts                       []idRange     `json:"hostPorts"`
		HostPID                         bool          `json:"hostPID"`
		HostIPC                         bool          `json:"hostIPC"`
		SELinux                         strategy      `json:"seLinux"`
		RunAsUser                       strategy      `json:"runAsUser"`
		RunAsGroup                      *strategy     `json:"runAsGroup"`
		SupplementalGroups              strategy      `json:"supplementalGroups"`
		FSGroup                         strategy      `json:"fsGroup"`
		ReadOnlyRootFilesystem          bool          `json:"readOnlyRootFilesystem"`
		DefaultAllowPrivilegeEscalation *bool         `json:"defaultAllowPrivilegeEscalation"`
		AllowPrivilegeEscalation        *bool         `json:"allowPrivilegeEscalation"`
		AllowedHostPaths                []hostPath    `json:"allowedHostPaths"`
		AllowedFlexVolumes              []driver      `json:"allowedFlexVolumes"`
		AllowedCSIDrivers               []driver      `json:"allowedCSIDrivers"`
		AllowedUnsafeSysctls            []string      `json:"allowedUnsafeSysctls"`
		ForbiddenSysctls                []string      `json:"forbiddenSysctls"`
		AllowedProcMountTypes           []string      `json:"allowedProcMountTypes"`
		RuntimeClass                    *runtimeClass `json:"runtimeClass"`
	}
	idRange struct {
		Min int64 `json:"min"`
		Max int64 `json:"max"`
	}
	strategy struct {
		Rule           string    `json:"rule"`
		Ranges         []idRange `json:"ranges"`
		SELinuxOptions *seLinux  `json:"seLinuxOptions"`
	}
	seLinux struct {
		User  string `json:"user"`
		Role  string `json:"role"`
		Type  string `json:"type"`
		Level string `json:"level"`
	}
	hostPath struct {
		PathPrefix string `json:"pathPrefix"`
		ReadOnly   bool   `json:"readOnly"`
	}
	driver struct {
		Driver string `json:"driver"` // of FlexVolumes
		Name   string `json:"name"`   // of CSI
	}
	runtimeClass struct {
		AllowedRuntimeClassNames []string `json:"allowedRuntimeClassNames"`
		DefaultRuntimeClassName  *string  `json:"defaultRuntimeClassName"`
	}
)

// The rules of strategies.
const (
	runAsAny         = "RunAsAny"
	mustRunAs        = "MustRunAs"
	mayRunAs         = "MayRunAs"
	mustRunAsNonRoot = "MustRunAsNonRoot"
)

// Read reads a PodSecurityPolicy. Unknown fields and rules are errors: what is not understood must not get lost.
func Read(o *inventory.Object) (*Policy, error) {
	text, err := json.Marshal(o.Content["spec"])
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", o.Name, err)
	}
	p := &Policy{Object: o}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p.spec); err != nil {
		return nil, fmt.Errorf("read PodSecurityPolicy %s: %w", o.Name, err)
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("read PodSecurityPolicy %s: %w", o.Name, err)
	}
	p.readProfiles()
	return p, nil
}

// check says what no API server would have taken.
func (p *Policy) check() error {
	s := p.spec
	group := strategy{Rule: runAsAny}
	if s.RunAsGroup != nil {
		group = *s.RunAsGroup
	}
	for _, f := range []struct {
		name  string
		is    strategy
		rules []string
	}{
		{"runAsUser", s.RunAsUser, []string{runAsAny, mustRunAs, mustRunAsNonRoot}},
		{"runAsGroup", group, []string{runAsAny, mustRunAs, mayRunAs}},
		{"supplementalGroups", s.SupplementalGroups, []string{runAsAny, mustRunAs, mayRunAs}},
		{"fsGroup", s.FSGroup, []string{runAsAny, mustRunAs, mayRunAs}},
		{"seLinux", s.SELinux, []string{runAsAny, mustRunAs}},
	} {
		if !slices.Contains(f.rules, f.is.Rule) {
			return fmt.Errorf("spec.%s.rule is %q: one of %v is expected", f.name, f.is.Rule, f.rules)
		}
		if f.name == "seLinux" && f.is.Rule == mustRunAs && f.is.SELinuxOptions == nil {
			return fmt.Errorf("spec.seLinux names no seLinuxOptions that pods must have")
		}
		if f.name != "seLinux" && slices.Contains([]string{mustRunAs, mayRunAs}, f.is.Rule) && len(f.is.Ranges) == 0 {
			return fmt.Errorf("spec.%s.ranges is empty, and the rule %s needs some", f.name, f.is.Rule)
		}
	}
	return nil
}
