package control

import (
	"fmt"
	"runtime"
	"strings"
	"sync"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy/podsecurity"
)

func podSecurityBaseline() Control {
	return Control{
		ID:    "pod-security-baseline",
		Title: "Pods break the baseline Pod Security Standard",
		Why: "The baseline standard forbids what is known to lead straight from a container to its node: privileged containers, the " +
			"host's namespaces, paths and ports, added capabilities, switched-off confinement. Pods that break it cannot run in a " +
			"namespace that enforces it, so they keep a whole namespace at the level where an attacker with one container owns the node.",
		Remedy: "Change the named fields. What a workload of the system really needs belongs in a namespace of its own, with the " +
			"standard enforced everywhere else.",
		Severity:   finding.High,
		Capability: PodSecurity,
		References: []string{"CWE-250", "T1610", "T1611", "PSS/baseline", "KEP-2579"},
		Enforce:    Webhook,
		Reads:      workloadKinds(),
		PerObject:  true,
		Check: func(f *Facts) Judgement {
			return f.podSecurity().judgement(f, func(v podsecurity.Verdict) []podsecurity.Violation { return v.Baseline })
		},
	}
}

func podSecurityRestricted() Control {
	return Control{
		ID:    "pod-security-restricted",
		Title: "Pods break the restricted Pod Security Standard",
		Why: "The restricted standard is today's practice for hardening pods: no root, no new privileges, all capabilities dropped, a " +
			"seccomp profile. Each of these closes a step that escapes from containers have needed, so that a bug in the kernel or the " +
			"runtime stays out of reach of whoever takes over the process.",
		Remedy: "Change the named fields; most applications need no more than a securityContext with runAsNonRoot: true, " +
			"allowPrivilegeEscalation: false, capabilities dropped and seccompProfile RuntimeDefault.",
		Severity:   finding.Medium,
		Capability: PodSecurity,
		References: []string{"CWE-250", "T1610", "T1611", "PSS/restricted", "KEP-2579"},
		Enforce:    Webhook,
		Reads:      workloadKinds(),
		PerObject:  true,
		Check: func(f *Facts) Judgement {
			return f.podSecurity().judgement(f, func(v podsecurity.Verdict) []podsecurity.Violation { return v.Restricted })
		},
	}
}

// podVerdicts are the verdicts on every workload, computed once for both standards.
type podVerdicts struct {
	verdicts []podsecurity.Verdict
	errs     []error
	// live are the verdicts on the Pods that workloads own: something may have changed them on their way in.
	live   map[*inventory.Object][]livePod
	failed error // the version of the standards cannot be read
}

// A livePod is a Pod of a cluster that has an owner.
type livePod struct {
	object  *inventory.Object
	verdict podsecurity.Verdict
}

func (f *Facts) judgePodSecurity() podVerdicts {
	version := f.Settings.Target
	if version == "" {
		version = f.Version
	}
	evaluator, err := podsecurity.New(version)
	if err != nil {
		return podVerdicts{failed: err}
	}
	workloads := f.Workloads()
	all := podVerdicts{verdicts: make([]podsecurity.Verdict, len(workloads)), errs: make([]error, len(workloads))}
	var workers sync.WaitGroup
	n := runtime.GOMAXPROCS(0)
	for first := range n {
		workers.Go(func() {
			for i := first; i < len(workloads); i += n {
				all.verdicts[i], all.errs[i] = evaluator.Judge(workloads[i].Meta, workloads[i].Template)
			}
		})
	}
	workers.Wait()
	all.live = map[*inventory.Object][]livePod{}
	for _, pod := range f.Of("", "Pod") {
		owner := f.TopOwner(pod)
		w, ok := f.workload(pod)
		if owner == pod || !ok {
			continue
		}
		if verdict, err := evaluator.Judge(w.Meta, w.Template); err == nil { // what runs has been accepted
			all.live[owner] = append(all.live[owner], livePod{pod, verdict})
		}
	}
	return all
}

// judgement turns the violations of one standard into findings, one for each field; a field that several checks look
// at is one finding that names them all.
func (all podVerdicts) judgement(f *Facts, of func(podsecurity.Verdict) []podsecurity.Violation) Judgement {
	var j Judgement
	if all.failed != nil {
		j.Skipped = all.failed.Error()
		return j
	}
	for i, w := range f.Workloads() {
		j.Examined = append(j.Examined, w.Object)
		if err := all.errs[i]; err != nil {
			j.Errors = append(j.Errors, ObjectError{Object: w.Object.Ref, Position: w.Object.Origin, Message: err.Error()})
			continue
		}
		j.Findings = append(j.Findings, podFindings(w, of(all.verdicts[i]))...)
		j.Findings = append(j.Findings, all.injected(w, of(all.verdicts[i]), of)...)
	}
	return j
}

func podFindings(w Workload, violations []podsecurity.Violation) []finding.Finding {
	var out []finding.Finding
	at := map[finding.Path]int{}
	for _, v := range violations {
		for _, path := range v.Paths {
			path = w.podPath(path)
			reason := proves(v.Check, v.Message, nil)
			if i, ok := at[path]; ok {
				out[i].Message += ", " + v.Check
				out[i].Because = append(out[i].Because, reason)
				continue
			}
			at[path] = len(out)
			message := fmt.Sprintf("%s breaks the Pod Security Standard: %s", fieldOf(path), v.Check)
			out = append(out, found(w.Object, path, message, reason))
		}
	}
	return out
}

// podPath is where a path of a Pod lies in the workload.
func (w Workload) podPath(path finding.Path) finding.Path {
	if rest, ok := strings.CutPrefix(string(path), "spec"); ok {
		return finding.Path(w.At + rest)
	}
	return finding.Path(w.MetaAt + strings.TrimPrefix(string(path), "metadata"))
}

// fieldOf is the end of a path that people recognise: `container "web" securityContext.privileged`.
func fieldOf(path finding.Path) string {
	steps := path.Steps()
	for i, s := range steps {
		if s.Key == "name" && i > 0 && strings.HasSuffix(strings.ToLower(steps[i-1].Field), "containers") {
			prefix := string(path[:strings.Index(string(path), "["+s.Key+"="+s.Value+"]")])
			rest := strings.TrimPrefix(string(path)[len(prefix)+len(s.Key)+len(s.Value)+3:], ".")
			return fmt.Sprintf("Container %q: %s", s.Value, rest)
		}
	}
	return string(path)
}
