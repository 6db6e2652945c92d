package baseline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/scan"
)

// quota is what a namespace may use in all, unless Options.Quota says otherwise. Services that open the cluster to the
// outside are none at first: each is a decision.
var quota = map[string]string{
	"requests.cpu": "4", "requests.memory": "8Gi", "limits.cpu": "8", "limits.memory": "16Gi", "pods": "50",
	"persistentvolumeclaims": "10", "requests.storage": "100Gi", "services.loadbalancers": "0", "services.nodeports": "0",
}

// namespaces is the step that makes the namespaces: their level, what they may use, and a default account without token.
func (b *builder) namespaces() error {
	s := plan.Step{
		Title: "Namespaces, with their level, quota and limits",
		Why: "Pods are held to the Pod Security Standard restricted, of a named version, so that an upgrade of the cluster changes no verdict. " +
			"A container without limits gets those of the LimitRange, which the quota needs. The default account gives pods no token.",
		Undo: []string{"Deleting a namespace deletes all that is in it. To loosen it instead, set the label " + enforceLabel + " to baseline."},
	}
	sizes, err := b.sizes()
	if err != nil {
		return err
	}
	for _, ns := range b.spaces() {
		c := create(b.namespace(ns), "Takes only pods that the standard restricted allows")
		c.Risk = "in a namespace that is in use already, pods that are not restricted are no longer made: plimsoll harden namespaces plans that way"
		s.Changes = append(s.Changes, c,
			create(account(ns), "Who needs the API server gets an account of its own, with a role of its own"),
			create(object("v1", "ResourceQuota", ns, "baseline", map[string]any{"spec": map[string]any{"hard": sizes}}),
				"Neither a runaway job nor an intruder can use up the cluster", "No load balancers and node ports: each opens the cluster to the "+
					"outside"),
			create(limits(ns), "The quota refuses containers without limits: these are given to them"))
	}
	b.step("namespaces", s)
	b.decide(plan.Decision{
		Object:   plan.RefOf(object("v1", "ResourceQuota", b.spaces()[0], "baseline", nil)),
		Question: "How much may each namespace use? The quota is " + describe(sizes) + ".",
		Because: []string{"Too little keeps pods from starting, and only their controller's events say so; --quota requests.cpu=8 changes " +
			"an entry"},
	})
	return b.unfit()
}

const enforceLabel = "pod-security.kubernetes.io/enforce"

func (b *builder) namespace(name string) map[string]any {
	o := object("v1", "Namespace", "", name, nil)
	labels := map[string]any{PartOf: PartOfThis}
	for _, mode := range []string{"enforce", "audit", "warn"} {
		labels["pod-security.kubernetes.io/"+mode] = "restricted"
		labels["pod-security.kubernetes.io/"+mode+"-version"] = "v" + b.Minor
	}
	o["metadata"].(map[string]any)["labels"] = labels
	return o
}

// account is the default service account. Its namespace has it already: only the field is set.
func account(ns string) map[string]any {
	return object("v1", "ServiceAccount", ns, "default", map[string]any{"automountServiceAccountToken": false})
}

func limits(ns string) map[string]any {
	return object("v1", "LimitRange", ns, "baseline", map[string]any{"spec": map[string]any{"limits": []any{map[string]any{
		"type":           "Container",
		"default":        map[string]any{"cpu": "500m", "memory": "256Mi", "ephemeral-storage": "1Gi"},
		"defaultRequest": map[string]any{"cpu": "50m", "memory": "64Mi", "ephemeral-storage": "64Mi"},
	}}}})
}

// sizes are the entries of the quota.
func (b *builder) sizes() (map[string]any, error) {
	out := map[string]any{}
	for key, value := range quota {
		out[key] = value
	}
	for key, value := range b.Quota {
		if _, err := resource.ParseQuantity(value); err != nil {
			return nil, fmt.Errorf("quota %s=%s: %w", key, value, err)
		}
		if _, known := quota[key]; !known && !strings.HasPrefix(key, "count/") {
			return nil, fmt.Errorf("quota: there is no entry %q: use %s or count/RESOURCE", key, strings.Join(slices.Sorted(maps.Keys(quota)), ", "))
		}
		out[key] = value
	}
	return out, nil
}

func describe(sizes map[string]any) string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(sizes)) {
		out = append(out, fmt.Sprintf("%s %v", key, sizes[key]))
	}
	return strings.Join(out, ", ")
}

// unfit asks what becomes of declared workloads whose pods the namespace would refuse.
func (b *builder) unfit() error {
	if b.Declared == nil {
		return nil
	}
	all, err := control.All()
	if err != nil {
		return fmt.Errorf("read the catalogue: %w", err)
	}
	all = slices.DeleteFunc(all, func(c control.Control) bool { return c.ID != "pod-security-restricted" })
	r, err := scan.Run(context.Background(), b.Declared, scan.Options{Controls: all, Scope: scan.Scope{Namespaces: b.spaces()}})
	if err != nil {
		return fmt.Errorf("judge the declared workloads: %w", err)
	}
	because := map[finding.Ref][]string{}
	for _, result := range r.Results {
		for _, f := range result.Findings {
			if because[f.Object] == nil {
				b.decide(plan.Decision{
					Object: f.Object, Position: f.Position,
					Question: "Its pods would be refused: change it, plimsoll harden does most of that, or which level shall its namespace have?",
				})
			}
			because[f.Object] = append(because[f.Object], f.Message)
		}
		for _, e := range result.Errors {
			b.plan.CannotKnow = append(b.plan.CannotKnow, fmt.Sprintf("whether the namespace takes the pods of %s: %s", e.Object, e.Message))
		}
	}
	for i := range b.plan.Decisions {
		d := &b.plan.Decisions[i]
		d.Because = append(d.Because, because[d.Object]...)
	}
	return nil
}
