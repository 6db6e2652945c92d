package psp

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A check is what a PodSecurityPolicy demands of pods in one of its fields.
type check struct {
	field string // of the PodSecurityPolicy, below spec
	// cel is true for pods that meet it. It may use the variables of the policy: pod, containers.
	cel string
	// message says what is wrong.
	message string
	// level is the Pod Security level that demands as much, so that the check is not needed there; "" when none does.
	level Level
	// filledIn says that the PodSecurityPolicy filled the field in where pods left it out.
	filledIn string
}

// The capabilities that the levels let containers add.
var (
	baselineAdds = []string{"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE",
		"SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}
	restrictedAdds = []string{"NET_BIND_SERVICE"}
)

// restrictedVolumes are the types of volumes that the level restricted leaves.
var restrictedVolumes = []string{"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}

// safeSysctls are those that the level baseline lets pods set: https://kubernetes.io/docs/concepts/security/pod-security-standards.
var safeSysctls = []string{"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports",
	"net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
	"net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_rmem", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_wmem"}

// checks are all that a PodSecurityPolicy demands.
func (p *Policy) checks() []check {
	return slices.Concat(p.hostChecks(), p.volumeChecks(), p.capabilityChecks(), p.identityChecks(), p.containerChecks(), p.profileChecks())
}

func (p *Policy) hostChecks() []check {
	var out []check
	s := p.spec
	for _, f := range []struct {
		name    string
		allowed bool
	}{{"hostNetwork", s.HostNetwork}, {"hostPID", s.HostPID}, {"hostIPC", s.HostIPC}} {
		if !f.allowed {
			out = append(out, check{field: f.name, cel: "!variables.pod.?" + f.name + ".orValue(false)",
				message: f.name + " is not allowed", level: Baseline})
		}
	}
	ports := check{field: "hostPorts", cel: "variables.containers.all(c, c.?ports.orValue([]).all(p, p.?hostPort.orValue(0) == 0" +
		anyRange(" || ", "p.hostPort", s.HostPorts) + "))", message: "host ports are allowed in " + rangesText(s.HostPorts)}
	if len(s.HostPorts) == 0 {
		ports.message, ports.level = "host ports are not allowed", Baseline
	}
	sysctls := check{field: "forbiddenSysctls", cel: "variables.pod.?securityContext.?sysctls.orValue([]).all(s, " + p.sysctl("s.name") + ")",
		message: "only safe sysctls are allowed" + listed(", and ", s.AllowedUnsafeSysctls) + listed("; not ", s.ForbiddenSysctls)}
	if len(s.ForbiddenSysctls) == 0 && len(s.AllowedUnsafeSysctls) == 0 {
		sysctls.level = Baseline
	}
	out = append(out, ports, sysctls)
	if r := s.RuntimeClass; r != nil && !slices.Contains(r.AllowedRuntimeClassNames, "*") {
		out = append(out, check{field: "runtimeClass", message: "the runtime class is one of: " + strings.Join(r.AllowedRuntimeClassNames, ", "),
			cel: "!has(variables.pod.runtimeClassName) || variables.pod.runtimeClassName in " + celList(r.AllowedRuntimeClassNames)})
	}
	return out
}

// sysctl is true of the names of sysctls that may be set.
func (p *Policy) sysctl(name string) string {
	allowed := name + " in " + celList(safeSysctls) + patterns(" || ", name, p.spec.AllowedUnsafeSysctls)
	if len(p.spec.ForbiddenSysctls) == 0 {
		return allowed
	}
	return "!(" + patterns("", name, p.spec.ForbiddenSysctls) + ") && (" + allowed + ")"
}

// patterns is true of what equals one of a list, or begins with it where that ends with a star.
func patterns(lead, value string, list []string) string {
	var terms []string
	for _, s := range list {
		if prefix, star := strings.CutSuffix(s, "*"); star {
			terms = append(terms, value+".startsWith("+strconv.Quote(prefix)+")")
		} else {
			terms = append(terms, value+" == "+strconv.Quote(s))
		}
	}
	if len(terms) == 0 {
		return ""
	}
	return lead + strings.Join(terms, " || ")
}

func (p *Policy) capabilityChecks() []check {
	var out []check
	s := p.spec
	if slices.Contains(s.AllowedCapabilities, "*") {
		return nil
	}
	allowed := slices.Concat(s.AllowedCapabilities, s.DefaultAddCapabilities)
	add := check{field: "allowedCapabilities", cel: "variables.containers.all(c, c.?securityContext.?capabilities.?add.orValue([]).all(a, a in " + celList(allowed) + "))",
		message: "no capabilities may be added"}
	if len(allowed) > 0 {
		add.message = "only these capabilities may be added: " + strings.Join(allowed, ", ")
	}
	switch {
	case within(baselineAdds, allowed):
		add.level = Baseline
	case within(restrictedAdds, allowed):
		add.level = Restricted
	}
	out = append(out, add)
	if len(s.RequiredDropCapabilities) > 0 {
		drop := check{field: "requiredDropCapabilities", message: "these capabilities have to be dropped: " + strings.Join(s.RequiredDropCapabilities, ", "),
			cel: "variables.containers.all(c, 'ALL' in c.?securityContext.?capabilities.?drop.orValue([]) || " +
				celList(s.RequiredDropCapabilities) + ".all(d, d in c.?securityContext.?capabilities.?drop.orValue([])))",
			level: Restricted, filledIn: "securityContext.capabilities.drop of containers"}
		out = append(out, drop)
	}
	return out
}

func (p *Policy) containerChecks() []check {
	var out []check
	s := p.spec
	if !s.Privileged {
		out = append(out, check{field: "privileged", cel: "variables.containers.all(c, !c.?securityContext.?privileged.orValue(false))",
			message: "privileged containers are not allowed", level: Baseline})
	}
	mounts := s.AllowedProcMountTypes
	if len(mounts) == 0 {
		mounts = []string{"Default"}
	}
	proc := check{field: "allowedProcMountTypes", cel: "variables.containers.all(c, c.?securityContext.?procMount.orValue('Default') in " + celList(mounts) + ")",
		message: "procMount is one of: " + strings.Join(mounts, ", ")}
	if within([]string{"Default"}, mounts) {
		proc.level = Baseline
	}
	out = append(out, proc)
	if s.ReadOnlyRootFilesystem {
		out = append(out, check{field: "readOnlyRootFilesystem", cel: "variables.containers.all(c, c.?securityContext.?readOnlyRootFilesystem.orValue(false))",
			message: "readOnlyRootFilesystem has to be true", filledIn: "securityContext.readOnlyRootFilesystem of containers"})
	}
	if s.AllowPrivilegeEscalation != nil && !*s.AllowPrivilegeEscalation {
		out = append(out, check{field: "allowPrivilegeEscalation", cel: "variables.containers.all(c, !c.?securityContext.?allowPrivilegeEscalation.orValue(true))",
			message: "allowPrivilegeEscalation has to be false", level: Restricted, filledIn: "securityContext.allowPrivilegeEscalation of containers"})
	}
	return out
}

// within says whether all of a list are in another.
func within(list, of []string) bool {
	return !slices.ContainsFunc(list, func(s string) bool { return !slices.Contains(of, s) })
}

// celList is a list of strings in CEL.
func celList(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = strconv.Quote(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// anyRange is true of numbers in one of the ranges.
func anyRange(lead, value string, ranges []idRange) string {
	terms := make([]string, len(ranges))
	for i, r := range ranges {
		terms[i] = fmt.Sprintf("(%s >= %d && %s <= %d)", value, r.Min, value, r.Max)
	}
	if len(terms) == 0 {
		return ""
	}
	return lead + strings.Join(terms, " || ")
}

func rangesText(ranges []idRange) string {
	terms := make([]string, len(ranges))
	for i, r := range ranges {
		terms[i] = fmt.Sprintf("%d-%d", r.Min, r.Max)
	}
	return strings.Join(terms, ", ")
}

func listed(lead string, list []string) string {
	if len(list) == 0 {
		return ""
	}
	return lead + strings.Join(list, ", ")
}
