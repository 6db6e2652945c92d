package control

import (
	"fmt"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy/podsecurity"
)

// injected finds what live Pods break and their owner's template does not: a webhook or a person added it.
func (all podVerdicts) injected(
	w Workload, ofTemplate []podsecurity.Violation, of func(podsecurity.Verdict) []podsecurity.Violation,
) []finding.Finding {
	known := map[finding.Path]bool{}
	for _, v := range ofTemplate {
		for _, path := range v.Paths {
			known[path] = true
		}
	}
	pods := all.live[w.Object]
	var order []finding.Path
	count := map[finding.Path]int{}
	first := map[finding.Path]*inventory.Object{}
	checks := map[finding.Path]podsecurity.Violation{}
	for _, pod := range pods {
		seen := map[finding.Path]bool{}
		for _, v := range of(pod.verdict) {
			for _, path := range v.Paths {
				if known[path] || seen[path] {
					continue
				}
				seen[path] = true
				if count[path] == 0 {
					order = append(order, path)
					first[path], checks[path] = pod.object, v
				}
				count[path]++
			}
		}
	}
	var out []finding.Finding
	for _, path := range order {
		at := w.podPath(path)
		message := fmt.Sprintf("%s breaks the Pod Security Standard: %s", fieldOf(at), checks[path].Check)
		out = append(out, found(w.Object, at, message, proves(checks[path].Check, checks[path].Message, nil),
			proves("injected", fmt.Sprintf("injected in %d of %d pods; the template does not have it", count[path], len(pods)), first[path])))
	}
	return out
}
