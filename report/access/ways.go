package access

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/rbac/attack"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// A way is all paths over the same footholds, whatever the techniques between them: three techniques for each of two
// steps are nine paths, and one way.
type way struct {
	attack.Path
	also [][]string // by step: ids of the other techniques that do
}

// waysOf joins paths, in the order of the first of each way.
func waysOf(paths []attack.Path) []way {
	index := map[string]int{}
	var out []way
	for _, p := range paths {
		key := ""
		for _, s := range p.Steps {
			key += s.From.APIVersion + s.From.String() + "\x00" + s.To.APIVersion + s.To.String() + "\x00"
		}
		i, known := index[key]
		if !known {
			index[key] = len(out)
			out = append(out, way{p, make([][]string, len(p.Steps))})
			continue
		}
		for n, s := range p.Steps {
			if id := s.Technique.ID; id != out[i].Steps[n].Technique.ID && !slices.Contains(out[i].also[n], id) {
				out[i].also[n] = append(out[i].also[n], id)
			}
		}
	}
	return out
}

// pathDetails proves every step.
func pathDetails(t *answer.Terminal, list PathList, none string) {
	if len(list.Paths) == 0 {
		t.Text(0, none)
		return
	}
	const most = 10
	ways := waysOf(list.Paths)
	for i, w := range ways {
		if i == most && !t.All() {
			t.Line("")
			t.Wrapped(0, "", fmt.Sprintf("… and %d more ways: --verbose shows them", len(ways)-i))
			return
		}
		if i > 0 {
			t.Line("")
		}
		word := ""
		if w.Blocked() {
			word = "blocked: "
		}
		t.Heading(word+attack.Describe(w.From)+" → "+attack.Describe(w.To), display.Plural(len(w.Steps), "step"))
		for n, s := range w.Steps {
			step(t, n+1, s, w.also[n])
		}
	}
}

func step(t *answer.Terminal, n int, s attack.Step, also []string) {
	t.Text(1, fmt.Sprintf("%2d %s → %s  %s", n, s.Technique.ID, attack.Describe(s.To), s.Technique.MITRE))
	for _, text := range reasons(s.Because) {
		t.Wrapped(5, "", text)
	}
	if len(s.Alternatives) > 0 {
		t.Wrapped(5, "", "or by "+display.Plural(len(s.Alternatives), "other grant"))
	}
	if len(also) > 0 {
		t.Wrapped(5, "", "or by "+strings.Join(also, ", "))
	}
	if s.Cut != "" {
		t.Wrapped(5, "cut: ", s.Cut)
	}
}

// reasons are the messages, each once.
func reasons(list []finding.Reason) []string {
	var out []string
	for _, r := range list {
		if !slices.Contains(out, r.Message) {
			out = append(out, r.Message)
		}
	}
	return out
}
