package rehearse

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy/podsecurity"
)

// newerMinor says whether a version, "v1.37", is newer than a minor version, "1.33".
func newerMinor(version, minor string) bool {
	number := func(text string) int {
		_, after, _ := strings.Cut(text, ".")
		n, _ := strconv.Atoi(after)
		return n
	}
	return number(version) > number(minor)
}

// namespace judges everything in a namespace whose labels change.
func (p *podSecurity) namespace(ctx context.Context, c Change) error {
	name := c.Ref().Name
	was, is := levelsOf(c.Old), levelsOf(c.New)
	if len(is.invalid) > 0 && !slices.Equal(is.invalid, was.invalid) {
		p.out.breaks = append(p.out.breaks, Break{
			Changes: []finding.Ref{c.Ref()}, Sort: podSecuritySort, Object: &c.New.Ref, Count: 1, Position: c.New.Origin,
			Reason: "the API server refuses the namespace itself: " + strings.Join(is.invalid, "; "),
		})
		return nil
	}
	for _, f := range p.families()[name] {
		if err := ctx.Err(); err != nil {
			return err
		}
		p.judge(c.Ref(), was, is, f)
	}
	p.gaps(c.Ref(), name)
	return nil
}

// gaps are kinds with pods that could not be read: what is not seen is not safe.
func (p *podSecurity) gaps(change finding.Ref, namespace string) {
	for _, gk := range inventory.WorkloadKinds() {
		if gap, missing := p.before.Incomplete(gk); missing && (gap.Namespace == "" || gap.Namespace == namespace) {
			p.out.doubts = append(p.out.doubts, Doubt{
				Changes: []finding.Ref{change}, Sort: podSecuritySort, Count: 1, Reason: gk.Kind + " objects may be missing from what was read: " + gap.Reason,
			})
			return
		}
	}
}

// judge judges a workload, and the pods that it has already: what runs may differ from the template, since webhooks add to
// pods. Pods that are refused as their template is are counted with it.
func (p *podSecurity) judge(change finding.Ref, was, is levels, f *family) {
	for _, mode := range modes {
		if mode != "enforce" && was.modes[mode] == is.modes[mode] {
			continue
		}
		if mode == "warn" && is.modes[mode] == is.modes["enforce"] && p.refused(f.top, is.modes["enforce"]) {
			continue // refused is said already
		}
		b, bad := p.one(change, mode, consequence(f.top), was, is, f.top)
		var pods int64
		for _, o := range f.made {
			if m, refused := p.one(change, mode, consequence(o), was, is, o); refused && (!bad || m.Already != b.Already) {
				p.out.breaks = append(p.out.breaks, m)
			} else if refused && o.Kind == "Pod" {
				pods++
			}
		}
		if bad {
			b.Count = max(1, pods)
			p.out.breaks = append(p.out.breaks, b)
		}
	}
}

func (p *podSecurity) refused(o *inventory.Object, l level) bool {
	found, err := p.violations(l, o)
	return err == nil && len(found) > 0
}

// one judges one object in one mode; fate is what becomes of it when it is refused.
func (p *podSecurity) one(change finding.Ref, mode, fate string, was, is levels, o *inventory.Object) (Break, bool) {
	l := is.modes[mode]
	if mode == "enforce" {
		p.judged++
		if o.Kind != "Pod" {
			p.templates++
		}
	}
	found, err := p.violations(l, o)
	if err != nil {
		p.out.doubts = append(p.out.doubts, Doubt{
			Changes: []finding.Ref{change}, Sort: podSecuritySort, Object: &o.Ref, Count: 1, Reason: "its pods cannot be judged: " + err.Error(),
		})
		return Break{}, false
	}
	if len(found) == 0 {
		return Break{}, false
	}
	_, at := o.PodSpec()
	path := finding.Path(strings.TrimSuffix(string(at), "spec") + string(found[0].Paths[0]))
	return Break{
		Changes: []finding.Ref{change}, Sort: podSecuritySort, Object: &o.Ref, Path: path, Position: place(o, path), Count: 1,
		Reason: reason(mode, fate, l, found), Soft: mode != "enforce", Already: p.refused(o, was.modes[mode]),
	}, true
}

// place is where a path of an object lies.
func place(o *inventory.Object, path finding.Path) finding.Position {
	if o.Locate == nil {
		return o.Origin
	}
	return o.Position(path)
}

// reason says what becomes of an object, and why.
func reason(mode, fate string, l level, found []podsecurity.Violation) string {
	const shown = 5
	var texts []string
	for i, v := range found {
		if i == shown && len(found) > shown+1 {
			texts = append(texts, fmt.Sprintf("and %d more", len(found)-i))
			break
		}
		what, _, _ := strings.Cut(v.Message, " (") // which containers: Path says so
		texts = append(texts, what)
	}
	what := cmp.Or(map[string]string{"warn": "users would be warned", "audit": "the audit log would say so"}[mode], fate)
	return fmt.Sprintf("%s: %s (%s) does not allow %s", what, l.name, l.version, strings.Join(texts, ", "))
}

// consequence is what becomes of an object whose pods are refused. What runs is never evicted.
func consequence(o *inventory.Object) string {
	switch {
	case o.Kind == "Pod" && o.Annotations()["kubernetes.io/config.mirror"] != "":
		return "it runs on, but the API server would not show it after a restart of its node"
	case o.Kind == "Pod" && inventory.Map(o.Content, "status") != nil:
		return "it runs on, and would not come back once deleted or rescheduled"
	case o.Kind == "Pod":
		return "it would be refused when it is created"
	case o.Kind == "CronJob":
		return "its next run would have no pods"
	}
	if n, there := number(inventory.Map(o.Content, "spec")["replicas"]); there && n == 0 {
		return "it is scaled to zero, and would have no pods when it is scaled up"
	}
	return "its pods run on, and would not come back after a restart or rescheduling"
}

// created judges an object of the change itself.
func (p *podSecurity) created(c Change, was, is levels) {
	fate := "its pods would be refused"
	if c.New.Kind == "Pod" {
		fate = "it would be refused"
	}
	if b, bad := p.one(c.Ref(), "enforce", fate, was, is, c.New); bad {
		b.Already = c.Old != nil && p.refused(c.Old, was.modes["enforce"])
		p.out.breaks = append(p.out.breaks, b)
	}
}
