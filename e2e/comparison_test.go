package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
	"github.com/plimsoll-io/plimsoll/policy"
)

// defaulted names every difference between an object as written and as the API server judges it, by control and
// object: what the server fills in before policies run. Read back, the same object must agree.
var defaulted = map[string]string{
	"image-pull-policy Pod shop/broken":      "without a valid image reference the server fills in IfNotPresent",
	"security-context-missing Pod shop/mail": "the server copies the AppArmor annotation into the security context",
	"security-context-missing Pod shop/a":    "the server copies the AppArmor annotation into the security context",
	"ssh-port Service shop/plain":            "the server fills in targetPort, which is then what is reported",
}

// A comparison collects where the API server and the offline engine differ.
type comparison struct {
	t          *testing.T
	c          *controlplane.ControlPlane
	controls   []control.Control
	namespaces map[string]map[string]any

	pairs    int // policy and object compared
	denied   int
	refused  []string
	filledIn map[string]int // differences that defaulted explains
}

// request compares what all policies said about one object.
func (k *comparison) request(r *request, live map[string]verdict) {
	for _, p := range k.controls {
		if !r.reaches(p) {
			continue
		}
		k.pairs++
		got := live[p.Policy.Source.Name]
		if got.Denied {
			k.denied++
		}
		if differ := k.differ(p, r, r.object.Content, got); differ != "" {
			name := p.ID + " " + r.object.Ref.String()
			if defaulted[name] == "" {
				k.t.Errorf("as written: %s: %s: %s", p.ID, r, differ)
			}
			if k.filledIn == nil {
				k.filledIn = map[string]int{}
			}
			k.filledIn[name]++
		}
		if r.answer == nil {
			continue
		}
		if differ := k.differ(p, r, r.answer, got); differ != "" {
			k.t.Errorf("read back: %s: %s: %s", p.ID, r, differ)
		}
	}
}

// differ judges content offline and says how that differs from what the API server said.
func (k *comparison) differ(p control.Control, r *request, content map[string]any, live verdict) string {
	v := evaluate(k.t.Context(), p, r, content, k.namespace(r.object.Namespace))
	if v.Err != nil {
		return "offline: " + v.Err.Error()
	}
	if live.Silent {
		v.Message = ""
	}
	var differ []string
	for _, pair := range [][3]string{
		{"denied", fmt.Sprint(v.Denied), fmt.Sprint(live.Denied)},
		{"message", v.Message, live.Message},
		{"violations", joined(v), live.Violations},
	} {
		if pair[1] != pair[2] {
			differ = append(differ, fmt.Sprintf("%s: offline %q, live %q", pair[0], pair[1], pair[2]))
		}
	}
	return strings.Join(differ, "; ")
}

// joined is the annotation that a policy makes of its violations.
func joined(v policy.Verdict) string {
	var out []string
	for _, path := range v.Violations {
		out = append(out, string(path))
	}
	if len(out) > 80 {
		out = append(out[:80:80], fmt.Sprintf("+%d", len(out)-80))
	}
	return strings.Join(out, "\n")
}

// namespace is the namespace as the API server has it.
func (k *comparison) namespace(name string) map[string]any {
	if name == "" {
		return nil
	}
	if known, ok := k.namespaces[name]; ok {
		return known
	}
	got, err := k.c.Client.CoreV1().Namespaces().Get(k.t.Context(), name, metav1.GetOptions{})
	if err != nil {
		k.t.Fatal(err)
	}
	got.APIVersion, got.Kind = "v1", "Namespace"
	k.namespaces[name] = toMap(k.t, got)
	return k.namespaces[name]
}

func (k *comparison) report(objects int) {
	for id, why := range defaulted {
		if k.filledIn[id] == 0 {
			k.t.Errorf("%s is listed as different (%s), and is not", id, why)
		}
	}
	slices.Sort(k.refused)
	k.t.Logf("%d policies, %d objects, %d pairs compared, %d of them denied; the API server refuses %d objects itself:\n%s",
		len(k.controls), objects, k.pairs, k.denied, len(k.refused), strings.Join(k.refused, "\n"))
	k.t.Logf("differences that the server's defaults explain: %v", k.filledIn)
}
