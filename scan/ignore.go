package scan

import (
	_ "embed"
	"strings"
	"sync"
	"time"
)

// ignoreTSV maps the checks of other scanners to ours: control, kube-linter, polaris, kube-score, kubescape; several
// names in a column are separated by commas.
//
//go:embed ignore.tsv
var ignoreTSV string

// foreign holds, for each of our controls, the names under which other scanners know it.
type foreign struct{ kubeLinter, polaris, kubeScore, kubescape []string }

var foreignNames = sync.OnceValue(func() map[string]foreign {
	names := map[string]foreign{}
	for line := range strings.Lines(ignoreTSV) {
		cols := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(cols) != 5 || cols[0] == "control" {
			continue
		}
		names[cols[0]] = foreign{split(cols[1]), split(cols[2]), split(cols[3]), split(cols[4])}
	}
	return names
})

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

// ignoredBy returns the annotation by which another scanner's users told it to ignore this control on this object.
// now decides whether an annotation with an end has ended.
func ignoredBy(annotations map[string]string, controlID string, now time.Time) (annotation string, ok bool) {
	if len(annotations) == 0 {
		return "", false
	}
	names := foreignNames()[controlID]
	for _, find := range [...]func(map[string]string, foreign, time.Time) string{byKubeLinter, byPolaris, byKubeScore, byKubescape} {
		if key := find(annotations, names, now); key != "" {
			return "annotation " + key, true
		}
	}
	return "", false
}

func byKubeLinter(a map[string]string, names foreign, _ time.Time) string {
	const all = "kube-linter.io/ignore-all"
	if _, ok := a[all]; ok && len(names.kubeLinter) > 0 {
		return all
	}
	for _, check := range names.kubeLinter {
		key := "ignore-check.kube-linter.io/" + check
		if _, ok := a[key]; ok {
			return key
		}
	}
	return ""
}

func byPolaris(a map[string]string, names foreign, _ time.Time) string {
	const all = "polaris.fairwinds.com/exempt"
	if a[all] == "true" && len(names.polaris) > 0 {
		return all
	}
	for _, check := range names.polaris {
		key := "polaris.fairwinds.com/" + check + "-exempt"
		if a[key] == "true" {
			return key
		}
	}
	return ""
}

func byKubeScore(a map[string]string, names foreign, _ time.Time) string {
	const key = "kube-score/ignore"
	return listed(a, key, names.kubeScore)
}

func byKubescape(a map[string]string, names foreign, now time.Time) string {
	if end, set := a["kubescape.io/skip-expiry"]; set && ended(end, now) {
		return ""
	}
	if a["kubescape.io/ignore"] == "true" && len(names.kubescape) > 0 {
		return "kubescape.io/ignore"
	}
	return listed(a, "kubescape.io/skip-controls", names.kubescape)
}

// listed returns key when its comma-separated value holds one of the names.
func listed(a map[string]string, key string, names []string) string {
	for item := range strings.SplitSeq(a[key], ",") {
		for _, name := range names {
			if strings.TrimSpace(item) == name {
				return key
			}
		}
	}
	return ""
}

// ended says whether a day or time is over. What cannot be read counts as over: an exemption must not last by mistake.
func ended(text string, now time.Time) bool {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if end, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
			return now.UTC().Truncate(24 * time.Hour).After(end)
		}
	}
	return true
}
