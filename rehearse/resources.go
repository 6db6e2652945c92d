package rehearse

import (
	"cmp"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// decodePod reads the pod that an object is or makes, as quotas and limit ranges see it: what a container limits and does
// not request, it requests.
func decodePod(o *inventory.Object) (*corev1.Pod, error) {
	spec, _ := o.PodSpec()
	pod := &corev1.Pod{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(spec, &pod.Spec); err != nil {
		return nil, fmt.Errorf("decode pod spec: %w", err)
	}
	for _, c := range containersOf(pod) {
		for name, limit := range c.Resources.Limits {
			if _, there := c.Resources.Requests[name]; !there {
				if c.Resources.Requests == nil {
					c.Resources.Requests = corev1.ResourceList{}
				}
				c.Resources.Requests[name] = limit
			}
		}
	}
	return pod, nil
}

func containersOf(pod *corev1.Pod) []*corev1.Container {
	var out []*corev1.Container
	for i := range pod.Spec.Containers {
		out = append(out, &pod.Spec.Containers[i])
	}
	for i := range pod.Spec.InitContainers {
		out = append(out, &pod.Spec.InitContainers[i])
	}
	return out
}

// podTotal adds up what the containers of a pod ask for by one list, as the scheduler does: all that run side by side, or
// the init containers one after the other, whichever is more. Sidecars run beside all.
func podTotal(pod *corev1.Pod, list func(*corev1.ResourceRequirements) corev1.ResourceList, overhead bool) corev1.ResourceList {
	total, sidecars, initial := corev1.ResourceList{}, corev1.ResourceList{}, corev1.ResourceList{}
	for i := range pod.Spec.Containers {
		add(total, list(&pod.Spec.Containers[i].Resources))
	}
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		own := list(&c.Resources)
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			add(total, own)
			add(sidecars, own)
			atLeast(initial, sidecars)
			continue
		}
		step := sidecars.DeepCopy()
		if step == nil {
			step = corev1.ResourceList{}
		}
		add(step, own)
		atLeast(initial, step)
	}
	atLeast(total, initial)
	if pod.Spec.Resources != nil {
		for name, quantity := range list(pod.Spec.Resources) {
			if name == corev1.ResourceCPU || name == corev1.ResourceMemory || strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix) {
				total[name] = quantity
			}
		}
	}
	if overhead {
		add(total, pod.Spec.Overhead)
	}
	return total
}

func requests(r *corev1.ResourceRequirements) corev1.ResourceList { return r.Requests }
func limits(r *corev1.ResourceRequirements) corev1.ResourceList   { return r.Limits }

// add adds quantities to those of total.
func add(total, more corev1.ResourceList) {
	for name, quantity := range more {
		sum := total[name].DeepCopy()
		sum.Add(quantity)
		total[name] = sum
	}
}

// atLeast raises quantities of total to those of least.
func atLeast(total, least corev1.ResourceList) {
	for name, quantity := range least {
		if have, there := total[name]; !there || have.Cmp(quantity) < 0 {
			total[name] = quantity.DeepCopy()
		}
	}
}

var one = *resource.NewQuantity(1, resource.DecimalSI)

// podUsage is what a quota counts of a pod that runs.
func podUsage(pod *corev1.Pod) corev1.ResourceList {
	out := quotaNames(podTotal(pod, requests, true), podTotal(pod, limits, true))
	out["count/pods"] = one
	return out
}

// quotaNames are requests and limits under the names that quotas have for them.
func quotaNames(requests, limits corev1.ResourceList) corev1.ResourceList {
	out := corev1.ResourceList{corev1.ResourcePods: one}
	for name, quantity := range requests {
		switch {
		case name == corev1.ResourceCPU, name == corev1.ResourceMemory, name == corev1.ResourceEphemeralStorage,
			strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix):
			out[name] = quantity
			out["requests."+name] = quantity
		case strings.Contains(string(name), "/"):
			out["requests."+name] = quantity
		}
	}
	for _, name := range [...]corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
		if quantity, there := limits[name]; there {
			out["limits."+name] = quantity
		}
	}
	return out
}

// objectUsage is what a quota counts of an object that is no pod.
func objectUsage(o *inventory.Object) corev1.ResourceList {
	gvr := policy.ResourceFor(schema.FromAPIVersionAndKind(o.APIVersion, o.Kind))
	name := gvr.GroupResource().String() // "deployments.apps"
	out := corev1.ResourceList{corev1.ResourceName("count/" + name): one}
	if o.Group() != "" {
		return out
	}
	spec := inventory.Map(o.Content, "spec")
	switch o.Kind {
	case "ConfigMap", "Secret", "ReplicationController", "ResourceQuota":
		out[corev1.ResourceName(name)] = one
	case "Service":
		out[corev1.ResourceServices] = one
		kind := inventory.String(spec, "type")
		ports := *resource.NewQuantity(int64(len(inventory.List(spec, "ports"))), resource.DecimalSI)
		if kind == "LoadBalancer" {
			out[corev1.ResourceServicesLoadBalancers] = one
		}
		if kind == "NodePort" || kind == "LoadBalancer" && spec["allocateLoadBalancerNodePorts"] != false {
			out[corev1.ResourceServicesNodePorts] = ports
		}
	case "PersistentVolumeClaim":
		out[corev1.ResourcePersistentVolumeClaims] = one
		class := cmp.Or(inventory.String(spec, "storageClassName"), inventory.String(o.Content, "metadata", "annotations", corev1.BetaStorageClassAnnotation))
		if class != "" {
			out[corev1.ResourceName(class+".storageclass.storage.k8s.io/persistentvolumeclaims")] = one
		}
		if size, err := quantityOf(inventory.Map(spec, "resources", "requests")["storage"]); err == nil {
			out[corev1.ResourceRequestsStorage] = size
			if class != "" {
				out[corev1.ResourceName(class+".storageclass.storage.k8s.io/requests.storage")] = size
			}
		}
	}
	return out
}

// quantityOf reads "500m" or a number.
func quantityOf(v any) (resource.Quantity, error) {
	text, isText := v.(string)
	if !isText {
		text = fmt.Sprint(v)
	}
	return resource.ParseQuantity(text)
}
