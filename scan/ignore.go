package scan

import (
	_ "embed"
	"strings"
	"sync"
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
func ignoredBy(annotations map[string]string, controlID string) (annotation string, ok bool) {
	if len(annotations) == 0 {
		return "", false
	}
	names := foreignNames()[controlID]
	for _, find := range [...]func(map[string]string, foreign) string{byKubeLinter, byPolaris, byKubeScore, byKubescape} {
		if key := find(annotations, names); key != "" {
			return "annotation " + key, true
		}
	}
	return "", false
}

func byKubeLinter(a map[string]string, names foreign) string {
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

func byPolaris(a map[string]string, names foreign) string {
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

func byKubeScore(a map[string]string, names foreign) string {
	const key = "kube-score/ignore"
	return listed(a, key, names.kubeScore)
}

func byKubescape(a map[string]string, names foreign) string {
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
