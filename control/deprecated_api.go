package control

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// deprecations is the parsed table; it is needed when a control judges, and not before.
var deprecations = sync.OnceValue(parseDeprecations)

func deprecatedAPI() Control {
	return Control{
		ID:    "deprecated-api",
		Title: "Manifest uses a deprecated or removed API",
		Why: "An object of an API version that Kubernetes has removed is refused, so whatever it was to bring in is not there: a " +
			"NetworkPolicy, a role, a PodSecurityPolicy that a whole cluster relied on. Teams that depend on such versions keep " +
			"their clusters at an old release, without its security fixes, because the upgrade would break them.",
		Remedy: "Move to the version that replaces it; for a removed API without a successor, such as PodSecurityPolicy, to what took " +
			"over its task. Only files are judged: an API server shows every object in the version it is asked for.",
		Severity:   finding.High,
		Capability: ClusterHardening,
		References: []string{"CWE-477", "CWE-1104"},
		Enforce:    ScanOnly,
		Reads:      deprecatedKinds(),
		PerObject:  true,
		Check:      checkDeprecatedAPI,
	}
}

// deprecatedKinds are the kinds of the table, whatever their version, sorted.
func deprecatedKinds() []schema.GroupKind {
	seen := map[schema.GroupKind]bool{}
	var kinds []schema.GroupKind
	for gvk := range deprecations() {
		if gk := gvk.GroupKind(); !seen[gk] {
			seen[gk] = true
			kinds = append(kinds, gk)
		}
	}
	slices.SortFunc(kinds, func(a, b schema.GroupKind) int { return strings.Compare(a.String(), b.String()) })
	return kinds
}

func checkDeprecatedAPI(f *Facts) Judgement {
	var j Judgement
	target, err := targetMinor(f)
	if err != nil {
		j.Skipped = err.Error()
		return j
	}
	table := deprecations()
	for _, o := range f.All() {
		if !fromFile(o) {
			continue
		}
		j.Examined = append(j.Examined, o)
		d, ok := table[schema.FromAPIVersionAndKind(o.APIVersion, o.Kind)]
		if !ok || d.deprecated > target {
			continue
		}
		j.Findings = append(j.Findings, deprecatedFinding(o, d, target))
	}
	return j
}

func deprecatedFinding(o *inventory.Object, d deprecation, target int) finding.Finding {
	use := "; nothing replaces it"
	if d.replacement != "" {
		use = ": use " + d.replacement
	}
	f := found(o, "apiVersion", fmt.Sprintf("%s %s was removed in Kubernetes 1.%d%s", o.APIVersion, o.Kind, d.removed, use),
		proves("removed", fmt.Sprintf("judged for Kubernetes 1.%d", target), nil))
	if d.removed == 0 || d.removed > target {
		f.Severity = finding.Low
		f.Message = fmt.Sprintf("%s %s is deprecated since Kubernetes 1.%d%s", o.APIVersion, o.Kind, d.deprecated, use)
		f.Because = []finding.Reason{{
			Effect: "lowers", Fact: "still-served", Message: fmt.Sprintf("Kubernetes 1.%d still serves it", target),
		}}
	}
	if d.same {
		f.Fix = &finding.Fix{Op: finding.Set, Value: d.replacement}
	}
	return f
}

// targetMinor is the minor release of Kubernetes 1 to judge for: what the user set, else the cluster's, else the newest.
func targetMinor(f *Facts) (int, error) {
	version := f.Settings.Target
	if version == "" {
		version = f.Version
	}
	if version == "" || version == "latest" {
		return newestMinor, nil
	}
	parts := strings.Split(strings.TrimPrefix(version, "v"), ".")
	if len(parts) < 2 || parts[0] != "1" {
		return 0, fmt.Errorf("cannot read the target version %q: write it as 1.37", version)
	}
	minor, err := strconv.Atoi(strings.TrimRight(parts[1], "+"))
	if err != nil {
		return 0, fmt.Errorf("cannot read the target version %q: write it as 1.37", version)
	}
	return minor, nil
}
