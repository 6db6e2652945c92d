package psp

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// own reads a field of the securityContext of the container c, or of the pod's where the container has none.
func own(field string) string {
	return "c.?securityContext.?" + field + ".or(variables.pod.?securityContext.?" + field + ")"
}

// identityChecks are about users, groups and SELinux labels.
func (p *Policy) identityChecks() []check {
	s := p.spec
	var out []check
	switch s.RunAsUser.Rule {
	case mustRunAs:
		out = append(out, check{field: "runAsUser", filledIn: "securityContext.runAsUser of containers",
			message: "runAsUser is named, and in " + rangesText(s.RunAsUser.Ranges),
			cel:     "variables.containers.all(c, " + own("runAsUser") + ".hasValue() && [" + own("runAsUser") + ".value()].all(id, " + anyRange("", "id", s.RunAsUser.Ranges) + "))"})
	case mustRunAsNonRoot:
		out = append(out, check{field: "runAsUser", level: Restricted, filledIn: "securityContext.runAsNonRoot of containers",
			message: "containers do not run as root, and say so",
			cel: "variables.containers.all(c, (" + own("runAsNonRoot") + ".hasValue() || " + own("runAsUser") + ".hasValue()) && " +
				own("runAsNonRoot") + ".orValue(true) && " + own("runAsUser") + ".orValue(1) != 0)"})
	}
	if g := s.RunAsGroup; g != nil && g.Rule != runAsAny {
		given := own("runAsGroup") + ".hasValue()"
		in := "[" + own("runAsGroup") + ".value()].all(id, " + anyRange("", "id", g.Ranges) + ")"
		c := check{field: "runAsGroup", message: "runAsGroup is in " + rangesText(g.Ranges), cel: "variables.containers.all(c, !" + given + " || " + in + ")"}
		if g.Rule == mustRunAs {
			c.message, c.filledIn = "runAsGroup is named, and in "+rangesText(g.Ranges), "securityContext.runAsGroup of containers"
			c.cel = "variables.containers.all(c, " + given + " && " + in + ")"
		}
		out = append(out, c)
	}
	out = append(out, groupCheck("fsGroup", s.FSGroup, "[variables.pod.?securityContext.?fsGroup].filter(g, g.hasValue()).map(g, g.value())")...)
	out = append(out, groupCheck("supplementalGroups", s.SupplementalGroups, "variables.pod.?securityContext.?supplementalGroups.orValue([])")...)
	if s.SELinux.Rule == mustRunAs {
		out = append(out, check{field: "seLinux", message: "seLinuxOptions are those of the policy, of the pod and of each container",
			filledIn: "securityContext.seLinuxOptions", cel: seLinuxIs("variables.pod.?securityContext.?seLinuxOptions", s.SELinux.SELinuxOptions) +
				" && variables.containers.all(c, " + seLinuxIs(own("seLinuxOptions"), s.SELinux.SELinuxOptions) + ")"})
	}
	return out
}

func groupCheck(field string, s strategy, list string) []check {
	if s.Rule == runAsAny {
		return nil
	}
	c := check{field: field, message: field + " is in " + rangesText(s.Ranges), cel: list + ".all(id, " + anyRange("", "id", s.Ranges) + ")"}
	if s.Rule == mustRunAs {
		c.message, c.filledIn = field+" is named, and in "+rangesText(s.Ranges), "securityContext."+field+" of pods"
		c.cel = list + ".size() > 0 && " + c.cel
	}
	return []check{c}
}

// mostCategories is how many categories of an SELinux level are compared in any order.
const mostCategories = 4

// seLinuxIs is true of optional options that equal those wanted; the order of the level's categories means nothing.
func seLinuxIs(options string, want *seLinux) string {
	level := fmt.Sprintf("o.?level.orValue('') in %s", celList(levels(want.Level)))
	return fmt.Sprintf("%s.hasValue() && [%s.value()].all(o, %s && o.?role.orValue('') == %s && o.?type.orValue('') == %s && o.?user.orValue('') == %s)",
		options, options, level, strconv.Quote(want.Role), strconv.Quote(want.Type), strconv.Quote(want.User))
}

// levels are the ways to write a level: its categories in any order, as long as there are few.
func levels(level string) []string {
	sensitivity, list, two := strings.Cut(level, ":")
	if !two {
		return []string{level}
	}
	categories := strings.Split(list, ",")
	if len(categories) > mostCategories {
		return []string{level}
	}
	sort.Strings(categories)
	var out []string
	permute(categories, nil, func(order []string) { out = append(out, sensitivity+":"+strings.Join(order, ",")) })
	sort.Strings(out)
	return slices.Compact(out)
}

func permute(rest, done []string, yield func([]string)) {
	if len(rest) == 0 {
		yield(done)
		return
	}
	for i := range rest {
		permute(slices.Concat(rest[:i], rest[i+1:]), append(slices.Clone(done), rest[i]), yield)
	}
}

// profileChecks are about seccomp and AppArmor.
func (p *Policy) profileChecks() []check {
	var out []check
	if p.seccomp != nil && !p.anySeccomp() {
		profile := "{'RuntimeDefault': 'runtime/default', 'Unconfined': 'unconfined', 'Localhost': 'localhost/' + s.?localhostProfile.orValue('')}[s.type] in " + celList(p.seccomp)
		of := func(options string) string {
			return options + ".hasValue() && [" + options + ".value()].all(s, " + profile + ")"
		}
		out = append(out, check{field: "seccomp", message: "the seccomp profile is one of: " + strings.Join(p.seccomp, ", "), filledIn: "securityContext.seccompProfile",
			cel: of("variables.pod.?securityContext.?seccompProfile") + " && variables.containers.all(c, " + of(own("seccompProfile")) + ")"})
	}
	if p.appArmor != nil {
		field := "{'RuntimeDefault': 'runtime/default', 'Unconfined': 'unconfined', 'Localhost': 'localhost/' + a.?localhostProfile.orValue('')}[a.type]"
		options := own("appArmorProfile")
		annotation := "object.metadata.?annotations['container.apparmor.security.beta.kubernetes.io/' + c.name].orValue('')"
		out = append(out, check{field: "appArmor", message: "the AppArmor profile is one of: " + strings.Join(p.appArmor, ", "), filledIn: "securityContext.appArmorProfile",
			cel: "variables.containers.all(c, " + options + ".hasValue() ? [" + options + ".value()].all(a, " + field + " in " + celList(p.appArmor) + ") : " +
				annotation + " in " + celList(p.appArmor) + ")"})
	}
	return out
}
