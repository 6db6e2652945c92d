package psp

import (
	"fmt"
	"slices"
	"strings"
)

// A Level is a Pod Security level.
type Level string

// The levels.
const (
	Privileged Level = "privileged"
	Baseline   Level = "baseline"
	Restricted Level = "restricted"
)

// demands says whether a level demands all that another does.
func (l Level) demands(of Level) bool {
	return of == l || of == Privileged || l == Restricted && of == Baseline
}

// next is the level above another; "" above the highest.
func next(l Level) Level {
	return map[Level]Level{Privileged: Baseline, Baseline: Restricted}[l]
}

// A Wider is what a PodSecurityPolicy lets pods do and a level does not.
type Wider struct {
	Field string // of the PodSecurityPolicy, below spec
	Level Level  // the lowest that refuses it
	What  string // "privileged containers"
	// Rare says that few pods do it, and that it does not show in the PodSecurityPolicy whether any does: it does not
	// speak against the level as long as none of the pods that are known does.
	Rare bool
}

// Level is the strictest level that no pod is refused by for what its PodSecurityPolicy allows on purpose.
func (p *Policy) Level() Level {
	level := Restricted
	for _, w := range p.Wider() {
		switch {
		case w.Rare:
		case w.Level == Baseline:
			return Privileged
		default:
			level = Baseline
		}
	}
	return level
}

// Wider lists all that the policy allows beyond a level.
func (p *Policy) Wider() []Wider {
	return slices.Concat(p.widerThanBaseline(), p.widerThanRestricted())
}

func (p *Policy) widerThanBaseline() []Wider {
	s := p.spec
	var out []Wider
	add := func(is bool, field, what string, rare bool) {
		if is {
			out = append(out, Wider{Field: field, Level: Baseline, What: what, Rare: rare})
		}
	}
	add(s.Privileged, "privileged", "privileged containers", false)
	add(s.HostNetwork, "hostNetwork", "the network of the node", false)
	add(s.HostPID, "hostPID", "the processes of the node", false)
	add(s.HostIPC, "hostIPC", "the shared memory of the node", false)
	add(slices.ContainsFunc(s.HostPorts, func(r idRange) bool { return r.Max > 0 }), "hostPorts", "host ports "+rangesText(s.HostPorts), false)
	add(slices.Contains(s.Volumes, "*") || slices.Contains(s.Volumes, "hostPath"), "volumes", "hostPath volumes", false)
	caps := slices.DeleteFunc(slices.Concat(s.AllowedCapabilities, s.DefaultAddCapabilities), func(c string) bool { return slices.Contains(baselineAdds, c) })
	add(len(caps) > 0, "allowedCapabilities", "the capabilities "+strings.Join(caps, ", "), false)
	mounts := slices.DeleteFunc(slices.Clone(s.AllowedProcMountTypes), func(m string) bool { return m == "Default" })
	add(len(mounts) > 0, "allowedProcMountTypes", "procMount "+strings.Join(mounts, ", "), false)
	add(!within(s.AllowedUnsafeSysctls, safeSysctls), "allowedUnsafeSysctls", "the sysctls "+strings.Join(s.AllowedUnsafeSysctls, ", "), false)
	if o := s.SELinux.SELinuxOptions; s.SELinux.Rule == mustRunAs {
		types := []string{"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
		add(o.User != "" || o.Role != "" || !slices.Contains(types, o.Type), "seLinux", "the SELinux user, role or type that it asks for", false)
	} else {
		add(true, "seLinux", "any SELinux user, role and type", true)
	}
	add(p.appArmor == nil || !confined(p.appArmor), "appArmor", "containers that AppArmor does not confine", p.appArmor == nil)
	add(p.seccomp != nil && !p.anySeccomp() && slices.Contains(p.seccomp, unconfined), "seccomp", "the seccomp profile Unconfined", false)
	add(p.anySeccomp(), "seccomp", "any seccomp profile", true)
	add(true, "hostProcess", "Windows containers that are processes of the node", true)
	add(true, "host", "probes and lifecycle hooks that name a host", true)
	return out
}

func (p *Policy) widerThanRestricted() []Wider {
	s := p.spec
	var out []Wider
	add := func(is bool, field, what string) {
		if is {
			out = append(out, Wider{Field: field, Level: Restricted, What: what})
		}
	}
	volumes := slices.DeleteFunc(slices.Clone(s.Volumes), func(v string) bool { return v == "hostPath" || v == "*" || slices.Contains(restrictedVolumes, v) })
	add(len(volumes) > 0, "volumes", "volumes of the types "+strings.Join(volumes, ", "))
	add(s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation, "allowPrivilegeEscalation", "processes that gain privileges")
	root := s.RunAsUser.Rule == runAsAny ||
		s.RunAsUser.Rule == mustRunAs && slices.ContainsFunc(s.RunAsUser.Ranges, func(r idRange) bool { return r.Min <= 0 })
	add(root, "runAsUser", "containers that run as root")
	adds := slices.DeleteFunc(slices.Concat(s.AllowedCapabilities, s.DefaultAddCapabilities), func(c string) bool { return slices.Contains(restrictedAdds, c) })
	add(len(adds) > 0, "allowedCapabilities", "the capabilities "+strings.Join(adds, ", "))
	add(!slices.Contains(s.RequiredDropCapabilities, "ALL"), "requiredDropCapabilities", "containers that keep the capabilities of their runtime")
	add(p.seccomp == nil || !confined(p.seccomp), "seccomp", "pods without a seccomp profile")
	if s.RunAsUser.Rule != runAsAny {
		out = append(out, Wider{Field: "runAsUser", Level: Restricted, What: "pods that name a user and do not say runAsNonRoot: true", Rare: true})
	}
	return out
}

// rest are the checks that a level does not make superfluous.
func (p *Policy) rest(level Level) []check {
	return slices.DeleteFunc(p.checks(), func(c check) bool { return c.level != "" && level.demands(c.level) })
}

// sentence says what is wider, for people.
func (w Wider) sentence() string {
	return fmt.Sprintf("spec.%s allows %s, which %s refuses", w.Field, w.What, w.Level)
}
