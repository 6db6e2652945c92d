package enforce

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// Uninstall plans to remove what we own: bindings first, since a policy without one does nothing, then the policies that
// nothing else binds, then parameters. controls are the ids to remove; none means all. left says what stays and why.
func Uninstall(present []Present, controls []string) (p *plan.Plan, left []string) {
	bindings := plan.Step{Name: "1-bindings", Title: "Bindings"}
	policies := plan.Step{Name: "2-policies", Title: "Policies"}
	params := plan.Step{Name: "3-parameters", Title: "Parameters of policies"}
	chosen := func(id string) bool { return len(controls) == 0 || slices.Contains(controls, id) }
	bound := map[string]string{} // policy to a binding that stays
	for _, there := range present {
		if !isBinding(there.Content) {
			continue
		}
		name, of := RefOf(there.Content).Name, inventory.String(there.Content, "spec", "policyName")
		id := strings.TrimPrefix(of, policyPrefix)
		switch managed := inventory.String(there.Content, "metadata", "labels", ManagedBy) == Owner; {
		case id == of || !chosen(id):
			bound[of] = name
		case !managed || !there.Ours:
			bound[of] = name
			left = append(left, fmt.Sprintf("binding %s stays: Plimsoll did not write it", name))
		default:
			bindings.Changes = append(bindings.Changes, removal(there.Content, ""))
		}
	}
	for _, there := range present {
		ref := RefOf(there.Content)
		id, named := strings.CutPrefix(ref.Name, policyPrefix)
		if !named || !chosen(id) {
			continue
		}
		switch {
		case isPolicy(there.Content) && !there.Ours:
			left = append(left, fmt.Sprintf("policy %s stays: Plimsoll did not write it", ref.Name))
		case isPolicy(there.Content) && bound[ref.Name] != "":
			left = append(left, fmt.Sprintf("policy %s stays: the binding %s needs it", ref.Name, bound[ref.Name]))
		case isPolicy(there.Content):
			policies.Changes = append(policies.Changes, removal(there.Content, ""))
		case ref.Kind == "ConfigMap" && there.Ours && bound[ref.Name] == "":
			params.Changes = append(params.Changes, removal(there.Content, ""))
		}
	}
	p = &plan.Plan{Title: "Removal of policies"}
	for _, s := range []plan.Step{bindings, policies, params} {
		if len(s.Changes) > 0 {
			p.Steps = append(p.Steps, s)
		}
	}
	return p, left
}
