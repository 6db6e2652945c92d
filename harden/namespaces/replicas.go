package namespaces

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// most is the largest number of pods that is taken seriously: more than any cluster runs.
const most = 1_000_000

// pods is how many pods of a workload there can be at once, and how that is known. An error says that nobody can tell.
func (p *planner) pods(w control.Workload) (n int64, how string, err error) {
	spec := inventory.Map(w.Object.Content, "spec")
	switch w.Object.Kind {
	case "Pod":
		if phase := inventory.String(w.Object.Content, "status", "phase"); phase == "Succeeded" || phase == "Failed" {
			return 0, "finished", nil
		}
		return 1, "one pod", nil
	case "DaemonSet":
		nodes := p.nodes()
		if nodes == 0 {
			return 0, "", fmt.Errorf("%s runs on every node, and how many there are was not read (--nodes says it)", w.Object)
		}
		surge := share(inventory.Map(spec, "updateStrategy", "rollingUpdate")["maxSurge"], int64(nodes), 0)
		return int64(nodes) + surge, display.Plural(nodes, "node"), nil
	case "Job":
		if finished(w.Object.Content) {
			return 0, "finished", nil
		}
		n := parallel(spec)
		return n, fmt.Sprintf("%d at a time", n), nil
	case "CronJob":
		n := parallel(inventory.Map(spec, "jobTemplate", "spec"))
		switch inventory.String(spec, "concurrencyPolicy") {
		case "Forbid":
			return n, fmt.Sprintf("%d at a time, no run beside another", n), nil
		case "Replace":
			return 2 * n, fmt.Sprintf("%d at a time, and those of a run that is being replaced", n), nil
		}
		runs := max(2, int64(len(inventory.List(w.Object.Content, "status", "active"))))
		return runs * n, fmt.Sprintf("%d runs of %d at a time, though more may overlap", runs, n), nil
	}
	return p.replicas(w, spec)
}

// replicas is how many pods a workload that is scaled can have: what an autoscaler may make, and those of a rollout.
func (p *planner) replicas(w control.Workload, spec map[string]any) (n int64, how string, err error) {
	n, said := whole(spec["replicas"])
	if !said {
		n = 1
	}
	how = display.Plural(int(n), "replica")
	if n == 0 {
		n, how = 1, "scaled to zero, counted as 1 replica"
	}
	if largest, name := p.autoscaled(w.Object); largest > 0 {
		n, how = max(n, largest), fmt.Sprintf("up to %s by HorizontalPodAutoscaler %s", display.Plural(int(largest), "replica"), name)
	}
	if w.Object.Kind == "Deployment" && inventory.String(spec, "strategy", "type") != "Recreate" {
		if surge := share(inventory.Map(spec, "strategy", "rollingUpdate")["maxSurge"], n, 25); surge > 0 {
			n, how = n+surge, how+fmt.Sprintf(" and %d during a rollout", surge)
		}
	}
	return min(n, most), how, nil
}

// autoscaled is the largest number of replicas that a HorizontalPodAutoscaler may make of an object.
func (p *planner) autoscaled(o *inventory.Object) (largest int64, name string) {
	if p.scalers == nil {
		p.scalers = map[string][]*inventory.Object{}
		for _, h := range p.inv.Of("autoscaling", "HorizontalPodAutoscaler") {
			key := h.Namespace + "/" + inventory.String(h.Content, "spec", "scaleTargetRef", "name")
			p.scalers[key] = append(p.scalers[key], h)
		}
	}
	for _, h := range p.scalers[o.Namespace+"/"+o.Name] {
		target := inventory.Map(h.Content, "spec", "scaleTargetRef")
		group, _, versioned := strings.Cut(inventory.String(target, "apiVersion"), "/")
		if inventory.String(target, "kind") != o.Kind || versioned && group != o.Group() {
			continue
		}
		if n, ok := whole(inventory.Map(h.Content, "spec")["maxReplicas"]); ok && n > largest {
			largest, name = n, h.Name
		}
	}
	return largest, name
}

// nodes is how many nodes there are, 0 when that is not known.
func (p *planner) nodes() int {
	return max(len(p.inv.Of("", "Node")), p.options.Nodes)
}

// parallel is how many pods of a Job run at once.
func parallel(spec map[string]any) int64 {
	n, said := whole(spec["parallelism"])
	if !said || n == 0 {
		n = 1
	}
	if completions, said := whole(spec["completions"]); said && completions > 0 {
		n = min(n, completions)
	}
	return min(n, most)
}

// finished says whether a Job makes no more pods.
func finished(job map[string]any) bool {
	for _, c := range inventory.Maps(inventory.Map(job, "status")["conditions"]) {
		if kind := inventory.String(c, "type"); (kind == "Complete" || kind == "Failed") && inventory.String(c, "status") == "True" {
			return true
		}
	}
	return false
}

// share is a number of pods, or a percentage of n, rounded up; otherwise a default percentage.
func share(value any, n, percent int64) int64 {
	if text, ok := value.(string); ok {
		if p, err := strconv.ParseInt(strings.TrimSuffix(text, "%"), 10, 64); err == nil && strings.HasSuffix(text, "%") && p >= 0 && p <= 1000 {
			return (n*p + 99) / 100
		}
	} else if count, ok := whole(value); ok {
		return count
	}
	return (n*percent + 99) / 100
}

// whole is a number of an object that is no less than 0; ok says that there is one.
func whole(v any) (n int64, ok bool) {
	switch v := v.(type) {
	case int64:
		n = v
	case int:
		n = int64(v)
	case float64:
		if v != math.Trunc(v) || math.Abs(v) > most {
			return 0, false
		}
		n = int64(v)
	case json.Number:
		i, err := v.Int64()
		if err != nil {
			return 0, false
		}
		n = i
	default:
		return 0, false
	}
	return min(n, most), n >= 0
}
