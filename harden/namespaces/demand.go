package namespaces

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// The resources that quotas bound, as a quota names them.
const (
	requestsCPU    = "requests.cpu"
	requestsMemory = "requests.memory"
	limitsCPU      = "limits.cpu"
	limitsMemory   = "limits.memory"
	podCount       = "pods"
)

// bounded are the resources that containers ask for.
func bounded() []string { return []string{requestsCPU, requestsMemory, limitsCPU, limitsMemory} }

// A demand is what pods ask for, by resource.
type demand map[string]resource.Quantity

func (d demand) add(o demand) {
	for name, q := range o {
		sum := d[name].DeepCopy()
		sum.Add(q)
		d[name] = sum
	}
}

// raise makes each resource at least what o has.
func (d demand) raise(o demand) {
	for name, q := range o {
		if now, there := d[name]; !there || q.Cmp(now) > 0 {
			d[name] = q
		}
	}
}

func (d demand) times(n int64) demand {
	out := demand{}
	for name, q := range d {
		product := q.DeepCopy()
		product.Mul(n)
		out[name] = product
	}
	return out
}

// A container is what one container declares.
type container struct {
	name     string
	declared demand
	sidecar  bool // an init container that keeps running
	init     bool
}

// containersOf are the containers of a pod that run when it starts. The error says that a quantity cannot be read.
func containersOf(spec map[string]any) ([]container, error) {
	var out []container
	for _, list := range []string{"initContainers", "containers"} {
		for _, item := range inventory.Maps(spec[list]) {
			declared, err := declaredBy(item)
			if err != nil {
				return nil, fmt.Errorf("container %q: %w", inventory.String(item, "name"), err)
			}
			init := list == "initContainers"
			out = append(out, container{
				name: inventory.String(item, "name"), declared: declared, init: init,
				sidecar: init && inventory.String(item, "restartPolicy") == "Always",
			})
		}
	}
	return out, nil
}

// declaredBy is what a container, or a pod as a whole, asks for. As in the API server, a limit counts as request.
func declaredBy(item map[string]any) (demand, error) {
	out := demand{}
	for _, of := range []string{"limits", "requests"} {
		values := inventory.Map(item, "resources", of)
		for _, name := range []string{"cpu", "memory"} {
			value, there := values[name]
			if !there || value == nil {
				continue
			}
			q, err := resource.ParseQuantity(fmt.Sprint(value))
			if err != nil {
				return nil, fmt.Errorf("%s of %s: %w", of, name, err)
			}
			out[of+"."+name] = q
			if of == "limits" {
				out["requests."+name] = q
			}
		}
	}
	return out, nil
}

// A pod is what a pod asks for, and which of its containers say nothing of a resource.
type pod struct {
	demand demand
	// silent are the containers that declare nothing, by resource.
	silent map[string][]string
	// values are what containers declare, by resource.
	values map[string][]resource.Quantity
}

// podOf is what the pods of a spec ask for, as quotas count: what runs at the same time, or one init container when that
// is more, and the overhead of the runtime. Where nothing is declared, defaults count.
func podOf(spec map[string]any, defaults demand) (*pod, error) {
	containers, err := containersOf(spec)
	if err != nil {
		return nil, err
	}
	whole, err := declaredBy(spec)
	if err != nil {
		return nil, err
	}
	p := &pod{demand: demand{}, silent: map[string][]string{}, values: map[string][]resource.Quantity{}}
	running, peak, sidecars := demand{}, demand{}, demand{}
	for _, c := range containers {
		counted := demand{}
		for _, name := range bounded() {
			q, there := c.declared[name]
			if there {
				p.values[name] = append(p.values[name], q)
			} else if _, covered := whole[name]; !covered {
				p.silent[name] = append(p.silent[name], c.name)
				q, there = defaults[name]
			}
			if there {
				counted[name] = q
			}
		}
		switch {
		case c.sidecar:
			sidecars.add(counted)
			running.add(counted)
			peak.raise(sidecars)
		case c.init:
			start := demand{}
			start.add(sidecars)
			start.add(counted)
			peak.raise(start)
		default:
			running.add(counted)
		}
	}
	p.demand.add(running)
	p.demand.raise(peak)
	for name, q := range whole { // resources of the pod as a whole replace those of its containers
		p.demand[name] = q
	}
	return p, p.overhead(spec)
}

func (p *pod) overhead(spec map[string]any) error {
	for _, name := range []string{"cpu", "memory"} {
		value, there := inventory.Map(spec, "overhead")[name]
		if !there {
			continue
		}
		q, err := resource.ParseQuantity(fmt.Sprint(value))
		if err != nil {
			return fmt.Errorf("overhead of %s: %w", name, err)
		}
		p.demand.add(demand{"requests." + name: q})
		if _, limited := p.demand["limits."+name]; limited {
			p.demand.add(demand{"limits." + name: q})
		}
	}
	return nil
}

// with is a quantity with headroom in percent, rounded up to a value that people would write.
func with(q resource.Quantity, name string, percent int) resource.Quantity {
	milli := q.MilliValue()
	if strings.HasSuffix(name, ".memory") {
		const step = 64 << 20
		value := grown(q.Value(), percent)
		return *resource.NewQuantity((value+step-1)/step*step, resource.BinarySI)
	}
	value := grown(milli, percent)
	return *resource.NewMilliQuantity((value+99)/100*100, resource.DecimalSI)
}

// grown is n and a percentage of it, rounded up. Quotas end where numbers do.
func grown(n int64, percent int) int64 {
	const most = 1 << 53
	if n > most {
		return n
	}
	return n + (n/100)*int64(percent) + (n%100*int64(percent)+99)/100
}
