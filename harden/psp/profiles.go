package psp

import (
	"slices"
	"strings"
)

// The annotations by which PodSecurityPolicies spoke of profiles.
const (
	seccompAllowed  = "seccomp.security.alpha.kubernetes.io/allowedProfileNames"
	seccompDefault  = "seccomp.security.alpha.kubernetes.io/defaultProfileName"
	appArmorAllowed = "apparmor.security.beta.kubernetes.io/allowedProfileNames"
	appArmorDefault = "apparmor.security.beta.kubernetes.io/defaultProfileName"
)

// The names that profiles have in annotations.
const (
	runtimeDefault = "runtime/default"
	dockerDefault  = "docker/default" // the old name of it
	unconfined     = "unconfined"
	localhost      = "localhost/"
)

func (p *Policy) readProfiles() {
	annotations := p.Object.Annotations()
	p.defaultSeccomp, p.defaultAppArmor = annotations[seccompDefault], annotations[appArmorDefault]
	if text, given := annotations[seccompAllowed]; given {
		p.seccomp = strings.Split(text, ",")
		if slices.Contains(p.seccomp, dockerDefault) && !slices.Contains(p.seccomp, runtimeDefault) {
			p.seccomp = append(p.seccomp, runtimeDefault)
		}
	}
	if text, given := annotations[appArmorAllowed]; given {
		p.appArmor = strings.Split(text, ",")
	}
}

// anySeccomp says whether the policy lets every profile through.
func (p *Policy) anySeccomp() bool { return slices.Contains(p.seccomp, "*") }

// confined says whether profiles are all ones that confine.
func confined(profiles []string) bool {
	return len(profiles) > 0 && !slices.ContainsFunc(profiles, func(name string) bool {
		return name != runtimeDefault && name != dockerDefault && !strings.HasPrefix(name, localhost)
	})
}
