package kyverno

import (
	"regexp"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy/podsecurity"
)

// A PodSecurity is a rule that asks for a level of the Pod Security Standards. Such rules are judged by Kubernetes' own
// evaluator; labels of namespaces say the same to an API server, but for what is excluded.
type PodSecurity struct {
	Level   string // "baseline" or "restricted"
	Version string // "latest" or "v1.30"

	exclusions []exclusion
	evaluator  *podsecurity.Evaluator
}

// An exclusion takes checks out: for the containers with some images, or for what is said of the pod itself.
type exclusion struct {
	checks []string
	images []string
	field  string // "spec.containers[*].securityContext.capabilities.add"; "" means all
}

// controlChecks are the checks that a name of the standards' documentation means.
var controlChecks = map[string][]string{
	"Capabilities": {"capabilities_baseline", "capabilities_restricted"}, "Seccomp": {"seccompProfile_baseline", "seccompProfile_restricted"},
	"Privileged Containers": {"privileged"}, "Host Ports": {"hostPorts"}, "/proc Mount Type": {"procMount"}, "HostProcess": {"windowsHostProcess"},
	"SELinux": {"seLinuxOptions"}, "Host Namespaces": {"hostNamespaces"}, "HostPath Volumes": {"hostPathVolumes"}, "Sysctls": {"sysctls"},
	"AppArmor": {"appArmorProfile"}, "Privilege Escalation": {"allowPrivilegeEscalation"}, "Running as Non-root": {"runAsNonRoot"},
	"Running as Non-root user": {"runAsUser"}, "Volume Types": {"restrictedVolumes"},
}

func (c *ruleConversion) podSecurity(vap *admissionv1.ValidatingAdmissionPolicy) {
	block := inventory.Map(c.validate, "podSecurity")
	ps := &PodSecurity{Level: inventory.String(block, "level"), Version: inventory.String(block, "version")}
	if ps.Version == "" {
		ps.Version = "latest"
	}
	switch ps.Level {
	case "privileged", "baseline", "restricted":
	default:
		c.unsupported("validate.podSecurity.level", "there is no level "+quote(ps.Level))
		return
	}
	var err error
	if ps.evaluator, err = podsecurity.New(ps.Version); err != nil {
		c.unsupported("validate.podSecurity.version", err.Error())
		return
	}
	for _, k := range c.selection.kinds {
		if gvk, ok := k.builtIn(); !ok || !holdsPods(gvk.Kind) {
			c.unsupported("validate.podSecurity", "kind "+quote(k.text)+" is no pod, and no controller of pods")
			return
		}
	}
	for _, e := range inventory.Maps(block["exclude"]) {
		checks := controlChecks[inventory.String(e, "controlName")]
		if checks == nil || len(inventory.List(e, "values")) > 0 {
			c.unsupported("validate.podSecurity.exclude", "an exclusion by values, or of an unknown control, cannot be judged")
			return
		}
		ps.exclusions = append(ps.exclusions, exclusion{checks, texts(e["images"]), inventory.String(e, "restrictedField")})
	}
	c.conditions(vap)
	if c.before != "" {
		c.unsupported("preconditions", "they read context variables, next to podSecurity")
	}
	c.rule.PodSecurity = ps
	c.rule.reach.Spec.MatchConditions = vap.Spec.MatchConditions
	c.probe(c.rule.reach, never)
	advice := "pods are judged by Kubernetes' own evaluator: label the namespaces pod-security.kubernetes.io/enforce: " + ps.Level
	if len(ps.exclusions) > 0 {
		advice += ", which knows no exclusions: the excluded pods need a namespace of their own"
	}
	c.rule.Warnings = append(c.rule.Warnings, advice)
}

func holdsPods(kind string) bool {
	return kind == "Pod" || kind == "PodTemplate" || podControllers[kind] != ""
}

// judge says what breaks the rule in an object; "" when nothing does.
func (ps *PodSecurity) judge(o *inventory.Object) (string, error) {
	meta, _ := o.PodMeta()
	spec, _ := o.PodSpec()
	verdict, err := ps.evaluator.Judge(meta, spec)
	if err != nil {
		return "", err
	}
	violations := verdict.Baseline
	switch ps.Level {
	case "restricted":
		violations = verdict.Restricted
	case "privileged":
		violations = nil
	}
	var out []string
	for _, v := range violations {
		if !ps.excluded(v, spec) {
			out = append(out, v.Message)
		}
	}
	if len(out) == 0 {
		return "", nil
	}
	return "breaks the level " + ps.Level + ": " + strings.Join(out, "; "), nil
}

// excluded says whether all that breaks a check is excluded.
func (ps *PodSecurity) excluded(v podsecurity.Violation, spec map[string]any) bool {
	for _, path := range v.Paths {
		free := slices.ContainsFunc(ps.exclusions, func(e exclusion) bool { return slices.Contains(e.checks, v.Check) && e.covers(path, spec) })
		if !free {
			return false
		}
	}
	return true
}

var (
	inContainer = regexp.MustCompile(`^spec\.(containers|initContainers|ephemeralContainers)\[name=([^\]]+)\]`)
	selectors   = regexp.MustCompile(`\[[^\]]*\]`)
)

func (e exclusion) covers(path finding.Path, spec map[string]any) bool {
	if e.field != "" && selectors.ReplaceAllString(string(path), "[*]") != e.field {
		return false
	}
	m := inContainer.FindStringSubmatch(string(path))
	if m == nil || len(e.images) == 0 {
		return m == nil && len(e.images) == 0
	}
	for _, c := range inventory.Maps(spec[m[1]]) {
		if inventory.String(c, "name") == m[2] {
			image := inventory.String(c, "image")
			return slices.ContainsFunc(e.images, func(p string) bool { return wildMatch(p, image) })
		}
	}
	return false
}
