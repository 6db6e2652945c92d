package rehearse

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/change"
	"github.com/plimsoll-io/plimsoll/network/need"
	replay "github.com/plimsoll-io/plimsoll/network/rehearse"
	"github.com/plimsoll-io/plimsoll/network/service"
	"github.com/plimsoll-io/plimsoll/rbac"
)

const networkSort = "network"

// concernsNetwork is true of policies, and of labels that policies may select by.
func concernsNetwork(c Change) bool {
	if c.Old != nil && c.New != nil && relabelled(c) {
		return true
	}
	o := c.New
	if o == nil {
		o = c.Old
	}
	return replay.IsPolicy(o)
}

// relabelled says whether a namespace, or the pods of a workload, get other labels.
func relabelled(c Change) bool {
	if c.New.Kind == "Namespace" && c.New.Group() == "" {
		return !maps.Equal(selectable(c.Old), selectable(c.New))
	}
	if _, workload := inventory.PodPath(c.New.GroupKind()); !workload {
		return false
	}
	old, _ := c.Old.PodMeta()
	meta, _ := c.New.PodMeta()
	return !maps.Equal(inventory.Strings(inventory.Map(old, "labels")), inventory.Strings(inventory.Map(meta, "labels")))
}

// selectable are the labels of a namespace but those of Pod Security, by which nobody selects.
func selectable(namespace *inventory.Object) map[string]string {
	out := maps.Clone(namespace.Labels())
	maps.DeleteFunc(out, func(key, _ string) bool { return key == nameLabel || strings.HasPrefix(key, podSecurityPrefix) })
	return out
}

// A networkRun is one rehearsal of the network.
type networkRun struct {
	*state
	changes         []Change
	current, future *network.Map
	out             part
}

// rehearseNetwork plays observed connections, or those that objects declare, as if the policies of the change were in force.
func rehearseNetwork(_ context.Context, s *state, changes []Change) (part, error) {
	run := &networkRun{state: s, changes: changes, current: network.New(s.before)}
	run.future = network.New(run.futureOf())
	services := service.New(s.before, run.current)
	covered := Coverage{Sort: networkSort, Changes: len(changes)}
	var needs *need.Needs
	if observed := s.evidence.Flows; observed != nil && observed.Summary.Flows > 0 {
		needs = need.Observed(observed, s.before, run.current, services)
		covered.Judged, covered.What = observed.Summary.Flows, display.Plural(int(observed.Summary.Flows), "flow")
	} else {
		needs = run.declared(services)
		covered.Judged, covered.What = int64(len(needs.List)), display.Plural(len(needs.List), "declared connection")
		run.lost()
	}
	r := replay.Enforced(run.moved(needs), run.current, run.future)
	run.tell(r)
	if gap, incomplete := s.before.Incomplete(network.Reads()...); incomplete {
		run.out.incomplete = true
		run.out.cannotKnow = append(run.out.cannotKnow, "What of the network could not be read: "+gap.Reason+".")
	}
	run.out.covered = append(run.out.covered, covered)
	return run.out, nil
}

// futureOf is what is there after the change, as policies see it: pods of relabelled workloads are taken to be made again.
func (r *networkRun) futureOf() *inventory.Inventory {
	var proposed []*inventory.Object
	again := map[*inventory.Object]bool{}
	for _, c := range r.changes {
		if c.New != nil && replay.IsPolicy(c.New) {
			proposed = append(proposed, c.New)
		}
		if c.Old == nil || c.New == nil || c.New.Kind == "Namespace" || !relabelled(c) {
			continue
		}
		for _, f := range r.families()[c.New.Namespace] {
			if f.top == c.New {
				for _, o := range f.made {
					again[o] = true
				}
			}
		}
	}
	after := r.after
	if len(again) > 0 {
		kept := slices.DeleteFunc(slices.Clone(after.All()), func(o *inventory.Object) bool { return again[o] })
		after = inventory.New(after.Source, after.Taken, after.Version, kept, after.Gaps)
	}
	return replay.Propose(after, proposed, nil, r.evidence.Only)
}

// moved are the needs with the workloads of the change in the place of those that were observed.
func (r *networkRun) moved(needs *need.Needs) *need.Needs {
	instead := map[*inventory.Object]*inventory.Object{}
	for _, c := range r.changes {
		if c.Old != nil && c.New != nil {
			instead[c.Old] = c.New
		}
	}
	peers := map[*inventory.Object][]*network.Peer{}
	for _, p := range r.future.Peers() {
		peers[p.Object] = append(peers[p.Object], p)
	}
	end := func(e *need.End) {
		if with := instead[e.Object]; e.Object != nil && with != nil {
			e.Object, e.Peers = with, peers[with]
		}
	}
	out := *needs
	out.List = slices.Clone(needs.List)
	for i := range out.List {
		end(&out.List[i].From)
		end(&out.List[i].To)
	}
	return &out
}

// declared are the connections that objects declare.
func (r *networkRun) declared(services *service.Services) *need.Needs {
	var options need.DeclaredOptions
	if len(r.before.Of(rbac.Group, "RoleBinding"))+len(r.before.Of(rbac.Group, "ClusterRoleBinding")) > 0 {
		authorizer := rbac.New(r.before)
		options.HasRights = func(namespace, account string) bool {
			return len(authorizer.OwnRights(rbac.Account(namespace, account))) > 0
		}
	}
	r.out.cannotKnow = append(r.out.cannotKnow, "Which connections are used: no flow log says so, and objects declare only some.")
	return need.Declared(r.before, r.current, services, options)
}

// lost makes a doubt of connections that are allowed now and would not be, when nothing shows whether they are used.
func (r *networkRun) lost() {
	lost := 0
	for _, c := range change.Compare(r.current.AssumeEnforced(), r.future.AssumeEnforced()).Changes {
		if !c.Lost.None() || !c.MayLose.None() {
			lost += max(1, len(c.From)*len(c.To))
		}
	}
	if lost == 0 {
		return
	}
	r.out.doubts = append(r.out.doubts, Doubt{Changes: r.refs(), Sort: networkSort, Object: &r.refs()[0], Count: 1, Reason: fmt.Sprintf(
		"%s would be denied that are allowed today, and no flow log says whether anybody uses them", display.Plural(lost, "connection"))})
}

func (r *networkRun) refs() []finding.Ref {
	var out []finding.Ref
	for _, c := range r.changes {
		out = append(out, c.Ref())
	}
	return out
}

// tell turns the answer of the network's own rehearsal into this one's.
func (r *networkRun) tell(answer *replay.Rehearsal) {
	flowOf := func(n need.Need) *Flow {
		return &Flow{From: n.From.String(), To: n.To.String(), Protocol: n.Protocol.String(), Port: n.Port}
	}
	for _, b := range answer.Breaks {
		one := Break{Sort: networkSort, Flow: flowOf(b.Need), Count: replay.Flows(b.Need), Last: replay.Last(b.Need), Reason: b.Reason}
		for _, c := range b.Changes {
			if c.Act != replay.InForce {
				one.Changes = append(one.Changes, c.Policy)
			}
		}
		if one.Count == 0 {
			one.Reason += "; objects declare it"
		}
		if len(one.Changes) == 0 {
			one.Changes = r.refs()
		}
		if b.Before {
			one.Reason += "; the policies in force deny it, too, though it was seen"
		}
		r.out.breaks = append(r.out.breaks, one)
	}
	for _, u := range answer.Unknown {
		r.out.doubts = append(r.out.doubts, Doubt{Changes: r.refs(), Sort: networkSort, Flow: flowOf(u.Need), Count: replay.Flows(u.Need), Reason: u.Reason})
	}
	for _, u := range answer.Unresolved {
		flow := &Flow{From: u.From, To: u.To, Protocol: u.Protocol, Port: u.Port}
		r.out.doubts = append(r.out.doubts, Doubt{Changes: r.refs(), Sort: networkSort, Flow: flow, Count: u.Flows, Reason: u.Reason})
	}
	r.out.incomplete = r.out.incomplete || answer.Incomplete
	r.out.cannotKnow = append(r.out.cannotKnow, answer.CannotKnow...)
	for _, p := range answer.NeverUsed {
		if slices.Contains(r.refs(), p.Ref) {
			r.out.notes = append(r.out.notes, p.String()+" allows something, and no connection that is known uses it")
		}
	}
}
