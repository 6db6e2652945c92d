package baseline

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden/enforce"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// policies is the step with the catalogue's policies, which only write to the audit log.
func (b *builder) policies() error {
	all, err := control.All()
	if err != nil {
		return fmt.Errorf("read the catalogue: %w", err)
	}
	request := enforce.Request{
		Controls: all, Stage: enforce.Audit, Scope: enforce.Scope{Namespaces: b.spaces()}, Exceptions: b.accepted(),
		// Exceptions have not expired when they are written down.
		Now: time.Time{},
	}
	if len(b.Registries) > 0 {
		request.Settings.Params = map[string]map[string]string{registryControl: {"registries": strings.Join(b.Registries, "\n")}}
	}
	if spaces := b.spaces(); len(spaces) > 0 {
		request.ParamsNamespace = spaces[0]
	}
	inst, err := enforce.Compile(request, nil)
	if err != nil {
		return fmt.Errorf("plan the policies: %w", err)
	}
	s := plan.Step{
		Title: "Policies of the catalogue, in audit stage",
		Why: "They refuse nothing yet: violations are written to the audit log, as annotations of the requests. The policies are those of the " +
			"catalogue, byte for byte; where they hold is in their bindings.",
		After: b.onwards(),
		Undo:  []string{"Delete the bindings: policies without bindings do nothing."},
	}
	if ns := inst.Namespace(); ns != nil && b.Kind == Cluster {
		s.Changes = append(s.Changes, b.paramsNamespace(inventory.String(ns, "metadata", "name"))...)
	}
	for _, bundle := range inst.Bundles {
		if bundle.Params != nil {
			s.Changes = append(s.Changes, create(bundle.Params, "What the policy "+bundle.Control.ID+" allows"))
		}
		s.Changes = append(s.Changes, plan.Change{Action: plan.Create, Object: bundle.Policy, Text: bundle.Text})
	}
	for _, bundle := range inst.Bundles {
		for _, binding := range bundle.Bindings {
			s.Changes = append(s.Changes, create(b.own(binding)))
		}
	}
	b.step("policies", s)
	return b.leftOut(inst)
}

// onwards is how policies go on to the next stage.
func (b *builder) onwards() []string {
	look := "look at what they say for some weeks: plimsoll policy status --audit with the API server's audit log"
	if b.Kind == Cluster {
		return []string{look, "then warn, then deny, one control after the other: plimsoll policy promote"}
	}
	return []string{look, "then warn, then deny: plimsoll policy install --stage warn --namespace " + strings.Join(b.spaces(), ",") + "; " +
		"the bindings of this step may stay"}
}

const registryControl = "untrusted-registry"

// own gives a binding a name of its own, so that baselines of several namespaces stand side by side.
func (b *builder) own(binding map[string]any) map[string]any {
	if b.Kind == Cluster {
		return binding
	}
	out, meta := maps.Clone(binding), maps.Clone(inventory.Map(binding, "metadata"))
	meta["name"] = inventory.String(binding, "metadata", "name") + "-" + b.Name
	out["metadata"] = meta
	return out
}

// paramsNamespace is where parameters are kept: nothing runs there.
func (b *builder) paramsNamespace(name string) []plan.Change {
	deny := object("networking.k8s.io/v1", "NetworkPolicy", name, "default-deny", map[string]any{"spec": map[string]any{
		"podSelector": map[string]any{}, "policyTypes": list("Ingress", "Egress"),
	}})
	none := object("v1", "ResourceQuota", name, "baseline", map[string]any{"spec": map[string]any{"hard": map[string]any{
		"pods": "0", "requests.cpu": "0", "requests.memory": "0", "limits.cpu": "0", "limits.memory": "0",
	}}})
	return []plan.Change{
		create(b.namespace(name), "Holds parameters of policies; whoever writes there changes what they allow"),
		create(account(name)), create(deny), create(none, "Nothing runs here"), create(limits(name)),
	}
}

// leftOut says which controls no policy of the baseline holds.
func (b *builder) leftOut(inst *enforce.Installation) error {
	if len(inst.Refused) > 0 {
		return fmt.Errorf("plan the policies: the exception for deployers cannot be installed: %s", inst.Refused[0].Why)
	}
	var elsewhere []string
	for _, l := range inst.LeftOut {
		switch {
		case l.Control == registryControl:
			b.decide(plan.Decision{
				Question: "From which registries may images come? No policy was written for it: name them with --registry.",
				Because:  []string{"an image of a public registry under a name that looks right runs with the rights of the workload"},
			})
		case strings.HasPrefix(l.Why, "it looks at objects that live in no namespace"):
			elsewhere = append(elsewhere, l.Control)
		}
	}
	if len(elsewhere) > 0 {
		b.plan.CannotKnow = append(b.plan.CannotKnow,
			"whether the cluster's own objects are in order: plimsoll harden baseline cluster has the policies for "+strings.Join(elsewhere, ", "))
	}
	return nil
}

// accepted is the exception for what deployers can do, if somebody accepts it.
func (b *builder) accepted() []finding.Exception {
	if !b.Acceptance.whole() || b.Groups.Deployer == "" || b.Kind == Cluster {
		return nil
	}
	controls := []string{"create-pods"}
	if slices.ContainsFunc(b.spaces(), func(ns string) bool { return !b.byName(ns) }) {
		controls = append(controls, "configmaps-write", "network-write")
	}
	return []finding.Exception{{
		Name: "baseline-deployers-" + b.Name, Controls: controls,
		Objects: finding.Selector{Namespaces: b.spaces(), Kinds: []string{"Role"}, Names: []string{deployerRole}},
		Reason: "Deployers run pods of their choice in their own namespace: no rule can divide that. The policies baseline-accounts name " +
			"the accounts, " +
			"the standard restricted keeps pods off the node.",
		Owner: b.Acceptance.Owner, Ticket: b.Acceptance.Ticket, ApprovedBy: b.Acceptance.ApprovedBy, Expires: b.Acceptance.Expires,
	}}
}
