package scan

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// An injection is a violation on a live Pod that the template of its owner does not have: something changed the Pod
// on its way in.
type injection struct {
	policy int
	owner  *inventory.Object
	path   finding.Path // in the owner
	pod    finding.Ref
}

// comparePod judges a Pod and its owner and keeps what only the Pod violates. The memo of the policy set makes this
// cheap: both are judged once for all replicas.
func (j *judge) comparePod(pod, owner *inventory.Object, p *part) {
	verdicts := j.evaluate(&p.scratch[0], pod.Content, schema.FromAPIVersionAndKind(pod.APIVersion, pod.Kind), pod.Namespace)
	ofOwner := j.evaluate(&p.scratch[1], owner.Content, schema.FromAPIVersionAndKind(owner.APIVersion, owner.Kind), owner.Namespace)
	_, at := owner.PodSpec()
	for i, v := range verdicts {
		if !v.Matched || j.skip[i] || !ofOwner[i].Matched {
			continue
		}
		if v.Err != nil {
			p.errors[i] = append(p.errors[i], control.ObjectError{Object: pod.Ref, Position: pod.Origin, Message: v.Err.Error()})
			continue
		}
		known := map[finding.Path]bool{}
		for _, path := range ofOwner[i].Violations {
			known[path] = true
		}
		for _, path := range v.Violations {
			inOwner := path
			if rest, ok := strings.CutPrefix(string(path), "spec"); ok {
				inOwner = at + finding.Path(rest)
			}
			if !known[inOwner] {
				p.injected = append(p.injected, injection{i, owner, inOwner, pod.Ref})
			}
		}
	}
}

// addInjected turns injections into one finding for each owner and path, which counts the pods.
func (j *judge) addInjected(parts []part, results []Result) {
	type place struct {
		policy int
		owner  *inventory.Object
		path   finding.Path
	}
	pods := map[place]int{}
	first := map[place]finding.Ref{}
	var order []place
	for _, p := range parts {
		for _, in := range p.injected {
			at := place{in.policy, in.owner, in.path}
			if pods[at] == 0 {
				order = append(order, at)
				first[at] = in.pod
			}
			pods[at]++
		}
	}
	if len(order) == 0 {
		return
	}
	owned := j.podsByOwner()
	for _, at := range order {
		r := &results[j.at[at.policy]]
		f := new(part).newFinding(r.Control, at.owner, at.path)
		pod := first[at]
		f.Because = []finding.Reason{{
			Effect: "proves", Fact: "injected", Object: &pod,
			Message: fmt.Sprintf("injected in %d of %d pods; the template does not have it", pods[at], owned[at.owner]),
		}}
		f.Fix = nil // the template is not what is wrong
		r.Findings = append(r.Findings, f)
		r.Passed = without(r.Passed, at.owner.Ref)
	}
}

func (j *judge) podsByOwner() map[*inventory.Object]int {
	count := map[*inventory.Object]int{}
	for _, pod := range j.facts.Of("", "Pod") {
		count[j.facts.TopOwner(pod)]++
	}
	return count
}

func without(refs []finding.Ref, gone finding.Ref) []finding.Ref {
	kept := refs[:0]
	for _, r := range refs {
		if r != gone {
			kept = append(kept, r)
		}
	}
	return kept
}
