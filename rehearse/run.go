package rehearse

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A state is what the rehearsers judge: the objects before and after, and the evidence. They only read it.
type state struct {
	before, after *inventory.Inventory
	changes       []Change // all of them
	evidence      Evidence

	byNamespace map[string][]*family // of after; made when it is first asked for
}

// families are the workloads and pods after the change, by namespace.
func (s *state) families() map[string][]*family {
	if s.byNamespace == nil {
		s.byNamespace = familiesOf(s.after)
	}
	return s.byNamespace
}

// A part is what one rehearser found.
type part struct {
	breaks     []Break
	doubts     []Doubt
	covered    []Coverage
	cannotKnow []string
	notes      []string
	incomplete bool
	// settled are changes of which all is said though the rehearser did not know before: parameters of policies.
	settled []finding.Ref
}

// A rehearser judges the changes of some kinds. A change may concern several rehearsers: a Namespace's labels are looked at
// by admission and by network policies. It is called only when there are changes for it.
type rehearser struct {
	sort    string
	concern func(Change) bool
	run     func(context.Context, *state, []Change) (part, error)
}

// rehearsers are all of them, in the order of the answer.
func rehearsers() []rehearser {
	return []rehearser{
		{podSecuritySort, concernsPodSecurity, rehearsePodSecurity},
		{admissionSort, concernsAdmission, rehearseAdmission},
		{quotaSort, concernsQuota, rehearseQuota},
		{rbacSort, concernsRBAC, rehearseRBAC},
		{networkSort, concernsNetwork, rehearseNetwork},
		{routeSort, concernsRoute, rehearseRoutes},
		{auditSort, concernsAudit, rehearseAudit},
	}
}

// Run rehearses the objects of proposed as if they were applied to what before holds. Gaps of either make the answer
// incomplete. The error is that of ctx, or says that something could not be prepared at all.
func Run(ctx context.Context, before, proposed *inventory.Inventory, evidence Evidence) (*Rehearsal, error) {
	after, changes, notes := overlay(before, proposed, evidence)
	s := &state{before: before, after: after, changes: changes, evidence: evidence}
	r := &Rehearsal{Changes: changes, Notes: notes, Incomplete: len(proposed.Gaps) > 0}
	judged := make([]bool, len(changes))
	var settled []finding.Ref
	for _, one := range rehearsers() {
		var mine []Change
		for i, c := range changes {
			if one.concern(c) {
				mine, judged[i] = append(mine, c), true
			}
		}
		if len(mine) == 0 && one.sort != admissionSort { // every change has to pass admission itself
			continue
		}
		p, err := one.run(ctx, s, mine)
		if err != nil {
			return nil, fmt.Errorf("rehearse %s: %w", one.sort, err)
		}
		r.add(p)
		settled = append(settled, p.settled...)
	}
	if evidence.DryRun != nil {
		r.add(dryRun(ctx, s))
	}
	for i, c := range changes {
		if !judged[i] && !slices.Contains(settled, c.Ref()) {
			r.Unjudged = append(r.Unjudged, c)
		}
	}
	return r, ctx.Err()
}

func (r *Rehearsal) add(p part) {
	r.Breaks = append(r.Breaks, p.breaks...)
	r.Doubts = append(r.Doubts, p.doubts...)
	r.Covered = append(r.Covered, p.covered...)
	r.Notes = append(r.Notes, p.notes...)
	r.Incomplete = r.Incomplete || p.incomplete
	for _, sentence := range p.cannotKnow {
		sentence = strings.TrimSuffix(sentence, ".")
		if !slices.Contains(r.CannotKnow, sentence) {
			r.CannotKnow = append(r.CannotKnow, sentence)
		}
	}
}
