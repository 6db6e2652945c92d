// Package podsecurity evaluates the Pod Security Standards with Kubernetes' own checks, and says which field of a pod
// breaks them. The upstream library only gives prose, so every field that a check looks at is judged once more, alone:
// the verdict and the place both come from the same code that admission runs.
package podsecurity

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/plimsoll-io/plimsoll/finding"
)

// A Violation is one check that a pod does not meet.
type Violation struct {
	// Check is upstream's id of the check, "hostPathVolumes".
	Check string
	// Message is upstream's prose without a final dot: "hostPath volumes (volume "logs")".
	Message string
	// Paths are the fields that break it, as of a Pod: "spec.containers[name=web].securityContext.privileged",
	// `metadata.annotations["…"]`. Never empty; "spec" when the field cannot be told.
	Paths []finding.Path
}

// A Verdict is what both standards say about a pod.
type Verdict struct {
	Baseline []Violation
	// Restricted includes Baseline, but for the checks that stricter ones replace.
	Restricted []Violation
}

// An Evaluator judges pods by one version of the standards. It is safe for concurrent use, and remembers the verdicts
// of identical pods.
type Evaluator struct {
	baseline, restricted []check

	mu   sync.Mutex
	seen map[[sha256.Size]byte]Verdict
}

// A check is one upstream check in the revision that a version asks for.
type check struct {
	id   policy.CheckID
	test policy.CheckPodFn
}

// New prepares an evaluator for a version, "v1.37" or "1.37.2"; "" and "latest" are the newest that is known.
func New(version string) (*Evaluator, error) {
	v, err := parseVersion(version)
	if err != nil {
		return nil, err
	}
	e := &Evaluator{seen: map[[sha256.Size]byte]Verdict{}}
	e.baseline, e.restricted = checksOf(policy.DefaultChecks(), v)
	return e, nil
}

func parseVersion(version string) (api.Version, error) {
	if version == "" {
		return api.LatestVersion(), nil
	}
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(parts) > 1 {
		minor := strings.TrimRight(parts[1], "+")
		version = "v" + parts[0] + "." + minor
	}
	v, err := api.ParseVersion(version)
	if err != nil {
		return v, fmt.Errorf("read version %q: use the form v1.37 or latest", version)
	}
	return v, nil
}

// checksOf chooses the revision of each check that is in force at a version, as upstream's registry does.
func checksOf(all []policy.Check, v api.Version) (baseline, restricted []check) {
	overridden := map[policy.CheckID]bool{}
	var only []check
	for _, c := range all {
		var current *policy.VersionedCheck
		for i := range c.Versions {
			if !v.Older(c.Versions[i].MinimumVersion) {
				current = &c.Versions[i]
			}
		}
		if current == nil {
			continue
		}
		if c.Level == api.LevelBaseline {
			baseline = append(baseline, check{c.ID, current.CheckPod})
			continue
		}
		only = append(only, check{c.ID, current.CheckPod})
		for _, id := range current.OverrideCheckIDs {
			overridden[id] = true
		}
	}
	for _, c := range baseline {
		if !overridden[c.id] {
			restricted = append(restricted, c)
		}
	}
	return baseline, append(restricted, only...)
}

// Judge judges a pod by its metadata, which may be nil, and its spec. The error says that Kubernetes would not accept
// the pod as it is written.
func (e *Evaluator) Judge(meta, spec map[string]any) (Verdict, error) {
	annotations, _ := meta["annotations"].(map[string]any)
	key, err := digest(annotations, spec)
	if err != nil {
		return Verdict{}, err
	}
	e.mu.Lock()
	v, ok := e.seen[key]
	e.mu.Unlock()
	if ok {
		return v, nil
	}
	p, err := decode(annotations, spec)
	if err != nil {
		return Verdict{}, err
	}
	v = Verdict{Baseline: p.judge(e.baseline), Restricted: p.judge(e.restricted)}
	e.mu.Lock()
	e.seen[key] = v
	e.mu.Unlock()
	return v, nil
}

func digest(annotations, spec map[string]any) (key [sha256.Size]byte, err error) {
	text, err := json.Marshal([]any{annotations, spec})
	if err != nil {
		return key, fmt.Errorf("read pod: %w", err)
	}
	return sha256.Sum256(text), nil
}

// A pod is what the checks look at.
type pod struct {
	meta metav1.ObjectMeta
	spec corev1.PodSpec
}

// decode reads the pod as the API server does: unknown fields are passed over, fields of a wrong type are refused.
func decode(annotations, spec map[string]any) (*pod, error) {
	p := &pod{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(spec, &p.spec); err != nil {
		return nil, fmt.Errorf("decode pod spec: %w", err)
	}
	for k, v := range annotations {
		text, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("decode pod metadata: annotation %q is no string", k)
		}
		if p.meta.Annotations == nil {
			p.meta.Annotations = map[string]string{}
		}
		p.meta.Annotations[k] = text
	}
	return p, nil
}

func (p *pod) judge(checks []check) []Violation {
	var out []Violation
	for _, c := range checks {
		result := c.test(&p.meta, &p.spec)
		if result.Allowed {
			continue
		}
		message := result.ForbiddenReason
		if result.ForbiddenDetail != "" {
			message += " (" + result.ForbiddenDetail + ")"
		}
		paths := p.locate(c)
		if len(paths) == 0 {
			paths = []finding.Path{"spec"}
		}
		out = append(out, Violation{Check: string(c.id), Message: message, Paths: paths})
	}
	return out
}
