package rehearse

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy/podsecurity"
)

const podSecuritySort = "pod-security"

// podSecurityPrefix starts the labels by which a namespace asks for Pod Security Standards.
const podSecurityPrefix = "pod-security.kubernetes.io/"

// A level is what one mode of a namespace asks for. The zero value asks for nothing.
type level struct{ name, version string }

// levels are what a namespace asks for by mode: "enforce", "warn", "audit".
type levels struct {
	modes map[string]level
	// invalid are labels that cannot be read, each with why.
	invalid []string
}

var levelVersion = regexp.MustCompile(`^(latest|v1\.(0|[1-9][0-9]{0,4}))$`)

// modes are the ways in which a namespace can ask for a level.
var modes = [...]string{"enforce", "warn", "audit"}

// levelsOf reads the labels of a namespace, nil for none, as the admission plugin does: an enforced level that cannot be
// read is taken as restricted, another one as privileged, a version that cannot be read as the latest; and who enforces a
// level is warned of it, too.
func levelsOf(namespace *inventory.Object) levels {
	out := levels{modes: map[string]level{}}
	var labels map[string]string
	if namespace != nil {
		labels = namespace.Labels()
	}
	for _, mode := range modes {
		l := level{"privileged", "latest"}
		if name, there := labels[podSecurityPrefix+mode]; there {
			l.name = name
			if name != "privileged" && name != "baseline" && name != "restricted" {
				out.invalid = append(out.invalid, fmt.Sprintf("%s%s is %q: want privileged, baseline or restricted", podSecurityPrefix, mode, name))
				l.name = map[bool]string{true: "restricted", false: "privileged"}[mode == "enforce"]
			}
		}
		if version, there := labels[podSecurityPrefix+mode+"-version"]; there {
			l.version = version
			if !levelVersion.MatchString(version) {
				out.invalid = append(out.invalid, fmt.Sprintf("%s%s-version is %q: want latest or v1.37", podSecurityPrefix, mode, version))
				l.version = "latest"
			}
		}
		out.modes[mode] = l
	}
	_, warns := labels[podSecurityPrefix+"warn"]
	if enforce := out.modes["enforce"]; !warns && labels[podSecurityPrefix+"enforce"] == enforce.name && enforce.name != "privileged" {
		warn := level{enforce.name, out.modes["warn"].version}
		if _, pinned := labels[podSecurityPrefix+"warn-version"]; !pinned {
			warn.version = enforce.version
		}
		out.modes["warn"] = warn
	}
	return out
}

// concernsPodSecurity says whether a change can make pods be refused: the labels of a namespace, and objects with pods.
func concernsPodSecurity(c Change) bool {
	if c.New == nil {
		return false
	}
	if isNamespace(c.Ref()) {
		return changesLevels(c)
	}
	spec, _ := c.New.PodSpec()
	return spec != nil
}

func isNamespace(ref finding.Ref) bool { return ref.Kind == "Namespace" && ref.Group() == "" }

// changesLevels says whether a Namespace asks for other standards than before.
func changesLevels(c Change) bool {
	was, is := levelsOf(c.Old), levelsOf(c.New)
	return !maps.Equal(was.modes, is.modes) || !slices.Equal(was.invalid, is.invalid)
}

// A podSecurity judges by the standards, each version's once.
type podSecurity struct {
	*state
	evaluators map[string]*podsecurity.Evaluator
	out        part
	judged     int64
	templates  int64
}

func rehearsePodSecurity(ctx context.Context, s *state, changes []Change) (part, error) {
	p := &podSecurity{state: s, evaluators: map[string]*podsecurity.Evaluator{}}
	relabelled := map[string]bool{}
	for _, c := range changes {
		if !isNamespace(c.Ref()) {
			continue
		}
		relabelled[c.Ref().Name] = true
		if err := p.namespace(ctx, c); err != nil {
			return part{}, err
		}
	}
	for _, c := range changes {
		if isNamespace(c.Ref()) || relabelled[c.New.Namespace] {
			continue // judged with the namespace
		}
		was, is := levelsOf(s.before.Get("", "Namespace", "", c.New.Namespace)), levelsOf(s.after.Get("", "Namespace", "", c.New.Namespace))
		p.created(c, was, is)
	}
	p.out.covered = []Coverage{{podSecuritySort, len(changes), p.judged, fmt.Sprintf("%s, %d of them templates", display.Plural(int(p.judged), "object"), p.templates)}}
	p.out.cannotKnow = append(p.out.cannotKnow,
		"Exemptions and defaults in the configuration of the Pod Security admission plugin, which no object shows")
	return p.out, nil
}

// evaluator is the one of a version. Versions that are newer than this program knows are judged as the newest, as older
// API servers do.
func (p *podSecurity) evaluator(version string) (*podsecurity.Evaluator, error) {
	if p.evidence.Minor != "" && (version == "latest" || newerMinor(version, p.evidence.Minor)) {
		version = "v" + p.evidence.Minor
	}
	if e := p.evaluators[version]; e != nil {
		return e, nil
	}
	e, err := podsecurity.New(version)
	if err != nil {
		return nil, err
	}
	p.evaluators[version] = e
	return e, nil
}

// violations are what a level finds in an object's pods.
func (p *podSecurity) violations(l level, o *inventory.Object) ([]podsecurity.Violation, error) {
	if l.name == "privileged" || l.name == "" {
		return nil, nil
	}
	e, err := p.evaluator(l.version)
	if err != nil {
		return nil, err
	}
	spec, _ := o.PodSpec()
	meta, _ := o.PodMeta()
	v, err := e.Judge(meta, spec)
	if err != nil {
		return nil, err
	}
	if l.name == "baseline" {
		return v.Baseline, nil
	}
	return v.Restricted, nil
}
