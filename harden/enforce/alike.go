package enforce

import (
	"fmt"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/scan"
)

// alike looks for a workload that an exception fits while it does not fit its pods, or the other way round. It returns
// the first one that shows it, nil when all are alike.
func alike(x Grant, c control.Control, inv *inventory.Inventory) (finding.Ref, *no) {
	what := about(c)
	if inv == nil || !what.workloads {
		return finding.Ref{}, nil
	}
	for _, gk := range what.pods {
		if !scan.Fits(x.Objects.Kinds, gk.Kind) && len(x.Objects.Names) == 0 {
			continue
		}
		for _, o := range inv.Of(gk.Group, gk.Kind) {
			if !scan.Fits(x.Objects.Namespaces, o.Namespace) || retired(o) {
				continue
			}
			if refusal := alikeWith(x, o, inv); refusal != nil {
				return o.Ref, refusal
			}
		}
	}
	return finding.Ref{}, nil
}

// retired says that an object is an earlier version of a Deployment, which makes no pods any more.
func retired(o *inventory.Object) bool {
	replicas, ok := inventory.Map(o.Content, "spec")["replicas"].(int64)
	return o.Kind == "ReplicaSet" && ok && replicas == 0
}

func alikeWith(x Grant, o *inventory.Object, inv *inventory.Inventory) *no {
	owner := inv.TopOwner(o)
	if owner != o {
		fits, ownerFits := scan.Selects(x.Objects, o), scan.Selects(x.Objects, owner)
		switch {
		case fits && len(x.Objects.Names) > 0:
			return &no{fmt.Sprintf("it names a pod that %s makes", owner.Ref), "name no pods that a workload makes: choose by namespaces or labels"}
		case len(x.Objects.Names) > 0 || fits == ownerFits:
			return nil
		}
		return differ(ownerFits, owner.Ref.String(), "what it makes")
	}
	if len(x.Objects.Labels) == 0 || len(x.Objects.Names) > 0 {
		return nil
	}
	own := scan.Selects(x.Objects, o)
	for _, made := range madeLabels(o) {
		if has(made, x.Objects.Labels) != own {
			return differ(own, o.Ref.String(), "its pod template")
		}
	}
	return nil
}

func differ(ownerFits bool, owner, made string) *no {
	const instead = "give the labels to both, or to neither"
	if ownerFits {
		return &no{fmt.Sprintf("%s has its labels and %s does not: its pods would be refused", owner, made), instead}
	}
	return &no{fmt.Sprintf("%s has its labels in %s and not itself: its pods would pass though the scan does not accept them", owner, made), instead}
}

func has(have, want map[string]string) bool {
	for key, value := range want {
		if v, ok := have[key]; !ok || v != value {
			return false
		}
	}
	return true
}

// madeLabels are the labels of what a workload makes: of its pods, and of the Jobs of a CronJob.
func madeLabels(o *inventory.Object) []map[string]string {
	var out []map[string]string
	if o.Kind == "CronJob" {
		out = append(out, inventory.Strings(inventory.Map(o.Content, "spec", "jobTemplate", "metadata", "labels")))
	}
	if o.Kind == "Pod" {
		return nil
	}
	meta, _ := o.PodMeta()
	return append(out, inventory.Strings(inventory.Map(meta, "labels")))
}
