package scan

import (
	"fmt"
	"slices"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
)

// weigh adds what surrounds a finding: the facts that make it worse or milder, and the severity that follows. A finding
// moves by one step at most, and only between medium and critical: context makes no hygiene issue urgent.
func weigh(facts *control.Facts, results []Result) {
	s := newSurroundings(facts)
	for i := range results {
		r := &results[i]
		for k := range r.Findings {
			f := &r.Findings[k]
			because := s.of(r.Control, f.Object)
			if len(because) == 0 {
				continue
			}
			f.Because = append(slices.Clip(f.Because), because...)
			f.Severity = shift(f.Severity, because)
		}
	}
}

func shift(s finding.Severity, because []finding.Reason) finding.Severity {
	if s < finding.Medium {
		return s
	}
	raised := slices.ContainsFunc(because, func(r finding.Reason) bool { return r.Effect == raises })
	lowered := slices.ContainsFunc(because, func(r finding.Reason) bool { return r.Effect == lowers })
	switch {
	case raised && !lowered:
		return min(s+1, finding.Critical)
	case lowered && !raised:
		return max(s-1, finding.Medium)
	}
	return s
}

const (
	raises = "raises"
	lowers = "lowers"
)

// escalationPath is the control that finds the workloads whose token leads to the whole cluster.
const escalationPath = "escalation-path"

// hostControls are what components of the node and the control plane commonly need.
var hostControls = map[string]bool{
	"privileged-container": true, "host-network": true, "host-path": true, "writable-host-path": true,
	"host-port": true, "host-pid": true, "host-ipc": true, "run-as-root": true,
}

// surroundings answers, for an object, what raises or lowers the severity of its findings. Answers are kept: an object
// commonly has many findings.
type surroundings struct {
	facts     *control.Facts
	exposed   map[finding.Ref]finding.Reason
	workloads map[finding.Ref]control.Workload
}

func newSurroundings(facts *control.Facts) *surroundings {
	s := &surroundings{facts: facts, workloads: map[finding.Ref]control.Workload{}}
	for _, w := range facts.Workloads() {
		s.workloads[w.Object.Ref] = w
	}
	s.exposed = exposedWorkloads(facts)
	return s
}

func (s *surroundings) of(c control.Control, ref finding.Ref) []finding.Reason {
	w, isWorkload := s.workloads[ref]
	switch {
	case isWorkload && (c.Capability == control.PodSecurity || c.ID == "automounted-token" || c.ID == escalationPath):
		return s.ofWorkload(c, w)
	case c.Capability == control.RBACLeastPrivilege && ref.Namespace == "kube-system":
		return []finding.Reason{{
			Effect: raises, Fact: "namespace-kube-system",
			Message: "rights in kube-system reach the credentials of the cluster's own components",
		}}
	}
	return nil
}

func (s *surroundings) ofWorkload(c control.Control, w control.Workload) []finding.Reason {
	var because []finding.Reason
	if r, ok := s.exposed[w.Object.Ref]; ok {
		because = append(because, r)
	}
	if c.ID != escalationPath { // it says so itself
		if r, ok := powerfulToken(s.facts, w); ok {
			because = append(because, r)
		}
	}
	if w.Object.Namespace == "kube-system" && hostControls[c.ID] {
		because = append(because, finding.Reason{
			Effect: lowers, Fact: "namespace-kube-system",
			Message: "components in kube-system commonly need it, and only administrators should be able to change them",
		})
	}
	if asleep(w) {
		because = append(because, finding.Reason{
			Effect: lowers, Fact: "not-running", Message: "it is suspended or scaled to zero and runs no pods now",
		})
	}
	return because
}

// asleep says that a workload makes no pods at the moment.
func asleep(w control.Workload) bool {
	spec, _ := w.Object.Content["spec"].(map[string]any)
	if suspended, _ := spec["suspend"].(bool); suspended {
		return true
	}
	replicas, ok := spec["replicas"].(int64)
	return ok && replicas == 0
}

func exposedBy(how string, by finding.Ref, sure bool) finding.Reason {
	message := "reachable from outside the cluster through %s %s"
	if !sure {
		message = "may be " + message + ": it is not known whether that is let through"
	}
	return finding.Reason{Effect: raises, Fact: "exposed-outside", Object: &by, Message: fmt.Sprintf(message, how, by.Name)}
}
