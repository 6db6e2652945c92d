package need

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network/flow"
)

// inCluster finds an end that the log knows as something in a namespace: by its pod, its workload, what its name shows,
// its service account, its address or its labels.
func (f *finder) inCluster(p *flow.Peer) (End, *missing) {
	if at, ok := f.pods[objectName{p.Namespace, p.Pod}]; ok && p.Pod != "" {
		return f.end(at.workload, at.peer), nil
	}
	if p.Workload.Name == "" && p.Pod == "" && p.PodPrefix == "" {
		return f.byOthers(p)
	}
	list := f.byWorkload(p)
	if len(list) == 0 && (p.Workload.Kind == "" || kindOf(p.Workload.Kind) == "Pod") {
		if at, ok := f.pods[objectName{p.Namespace, p.Workload.Name}]; ok {
			return f.end(at.workload, at.peer), nil
		}
		list = f.makersOf(p.Namespace, p.Workload.Name)
	}
	if len(list) == 0 {
		list = f.makersOf(p.Namespace, p.Pod)
	}
	if len(list) == 0 {
		list = f.byPrefix(p.Namespace, p.PodPrefix)
	}
	switch len(list) {
	case 0:
		if job := f.endedJob(p); job != nil {
			return End{}, &missing{reason: job.String() + " has ended: it has no pods that could be judged"}
		}
		return End{}, &missing{reason: p.String() + " is not in what was read", gone: f.live}
	case 1:
		return f.end(list[0]), nil
	}
	return f.oneOf(p, list, p.String()+" is the name of several workloads: ")
}

// endedJob finds a Job that is there and has no pods any more. Somebody may start it again.
func (f *finder) endedJob(p *flow.Peer) *inventory.Object {
	names := []string{p.Workload.Name, p.Pod, strings.TrimSuffix(p.PodPrefix, "-")}
	for _, name := range names {
		for range 3 { // its own name, that of a pod, that of a pod of an indexed one
			if o := f.inv.Get("batch", "Job", p.Namespace, name); o != nil && name != "" {
				return o
			}
			name, _, _ = cutLast(name)
		}
	}
	return nil
}

// oneOf chooses of several workloads by what else the log says.
func (f *finder) oneOf(p *flow.Peer, list []*workload, why string) (End, *missing) {
	if at, ok := f.addresses[addr(p.Address)]; ok && slices.Contains(list, at.workload) {
		return f.end(at.workload, at.peer), nil
	}
	if len(p.Labels) > 0 {
		like := slices.DeleteFunc(slices.Clone(list), func(w *workload) bool { return !w.looksLike(p.Labels) })
		if len(like) == 1 {
			return f.end(like[0]), nil
		}
	}
	if len(list) == 2 {
		return End{}, &missing{reason: why + fmt.Sprintf("%s and %s", list[0].object, list[1].object)}
	}
	return End{}, &missing{reason: why + fmt.Sprintf("%s, %s and %d more", list[0].object, list[1].object, len(list)-2)}
}

// byWorkload finds what the log calls the workload.
func (f *finder) byWorkload(p *flow.Peer) []*workload {
	ns, kind, name := p.Namespace, kindOf(p.Workload.Kind), p.Workload.Name
	if name == "" {
		return nil
	}
	if kind == "" {
		if list := f.named[objectName{ns, name}]; len(list) > 0 {
			return list
		}
		return slices.Concat(f.makers(ns, name, "Deployment", isHash), f.makers(ns, name, "CronJob", isTime))
	}
	if w := f.workloads[workloadName{ns, kind, name}]; w != nil {
		return []*workload{w}
	}
	if list := f.owned[workloadName{ns, kind, name}]; len(list) > 0 {
		return list
	}
	switch kind {
	case "ReplicaSet":
		return f.makers(ns, name, "Deployment", isHash)
	case "Job":
		return f.makers(ns, name, "CronJob", isTime)
	}
	return nil
}

// kindOf is a kind as Kubernetes writes it: tables come from people.
func kindOf(text string) string {
	switch strings.ToLower(text) {
	case "deployment", "deployments", "deploy":
		return "Deployment"
	case "statefulset", "statefulsets", "sts":
		return "StatefulSet"
	case "daemonset", "daemonsets", "ds":
		return "DaemonSet"
	case "replicaset", "replicasets", "rs":
		return "ReplicaSet"
	case "cronjob", "cronjobs", "cj":
		return "CronJob"
	case "job", "jobs":
		return "Job"
	case "pod", "pods", "po":
		return "Pod"
	case "replicationcontroller", "replicationcontrollers", "rc":
		return "ReplicationController"
	}
	return text
}

// makers finds the workload of a kind that names what it makes like itself, with something behind it.
func (f *finder) makers(namespace, name, kind string, behind func(string) bool) []*workload {
	base, rest, ok := cutLast(name)
	if !ok || !behind(rest) {
		return nil
	}
	if w := f.workloads[workloadName{namespace, kind, base}]; w != nil {
		return []*workload{w}
	}
	return nil
}

// makersOf finds the workload that made a pod which is not there any more, by the way in which controllers name pods.
func (f *finder) makersOf(namespace, pod string) []*workload {
	base, rest, ok := cutLast(pod)
	if !ok {
		return nil
	}
	if isRandom(rest) {
		if list := f.generated(namespace, base); len(list) > 0 {
			return list
		}
		if list := f.makers(namespace, base, "Job", isNumber); len(list) > 0 { // an indexed one
			return list
		}
	}
	return f.makers(namespace, pod, "StatefulSet", isNumber)
}

// generated finds the workload whose pods are named like this, with something random behind it.
func (f *finder) generated(namespace, base string) []*workload {
	var out []*workload
	for _, kind := range []string{"ReplicaSet", "DaemonSet", "Job", "ReplicationController"} {
		if w := f.workloads[workloadName{namespace, kind, base}]; w != nil {
			out = append(out, w)
		}
		for _, w := range f.owned[workloadName{namespace, kind, base}] {
			if !slices.Contains(out, w) {
				out = append(out, w)
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	return slices.Concat(f.makers(namespace, base, "Deployment", isHash), f.makers(namespace, base, "CronJob", isTime))
}

// byPrefix finds the workload of pods that the log has put together by the beginning of their names.
func (f *finder) byPrefix(namespace, prefix string) []*workload {
	if prefix == "" {
		return nil
	}
	base := strings.TrimSuffix(prefix, "-")
	out := f.generated(namespace, base)
	if w := f.workloads[workloadName{namespace, "StatefulSet", base}]; w != nil {
		out = append(out, w)
	}
	if len(out) > 0 {
		return out
	}
	names := f.podNames[namespace]
	at, _ := slices.BinarySearch(names, prefix)
	for _, name := range names[at:] {
		if !strings.HasPrefix(name, prefix) {
			break
		}
		if w := f.pods[objectName{namespace, name}].workload; !slices.Contains(out, w) {
			out = append(out, w)
		}
		if len(out) > 3 {
			break // nobody can tell
		}
	}
	return out
}

// byOthers finds an end in a namespace without a name.
func (f *finder) byOthers(p *flow.Peer) (End, *missing) {
	at, known := f.addresses[addr(p.Address)]
	known = known && at.object.Namespace == p.Namespace
	if p.ServiceAccount != "" {
		account := p.Namespace + "/" + p.ServiceAccount
		list := f.accounts[objectName{p.Namespace, p.ServiceAccount}]
		switch len(list) {
		case 0:
			return End{}, &missing{reason: "nothing in what was read runs as the service account " + account, gone: f.live}
		case 1:
			if known && at.workload == list[0] {
				return f.end(list[0], at.peer), nil
			}
			return f.end(list[0]), nil
		}
		return f.oneOf(p, list, "several workloads run as the service account "+account+": ")
	}
	if known {
		return f.end(at.workload, at.peer), nil
	}
	if list := f.byLabels(p); len(list) == 1 {
		return f.end(list[0]), nil
	}
	return End{}, &missing{reason: "the log does not say which workload of the namespace " + p.Namespace + " it is"}
}

// byLabels finds workloads whose pods have labels as the log shows them.
func (f *finder) byLabels(p *flow.Peer) []*workload {
	if len(p.Labels) == 0 {
		return nil
	}
	var key strings.Builder
	key.WriteString(p.Namespace)
	for _, l := range p.Labels {
		key.WriteString("\x00" + l.Key + "\x00" + l.Value)
	}
	list, known := f.labelled[key.String()]
	if known {
		return list
	}
	for _, w := range f.inNamespace[p.Namespace] {
		if w.looksLike(p.Labels) {
			list = append(list, w)
		}
	}
	f.labelled[key.String()] = list
	return list
}

// looksLike says that pods with these labels have all that the workload gives to its own.
func (w *workload) looksLike(labels []flow.Label) bool {
	meta, _ := w.object.PodMeta()
	want := inventory.Strings(inventory.Map(meta, "labels"))
	for key, value := range want {
		if !slices.Contains(labels, flow.Label{Key: key, Value: value}) {
			return false
		}
	}
	return len(want) > 0
}

func cutLast(name string) (base, rest string, ok bool) {
	i := strings.LastIndexByte(name, '-')
	if i <= 0 || i == len(name)-1 {
		return "", "", false
	}
	return name[:i], name[i+1:], true
}

// safe are the characters that Kubernetes makes random names and hashes of (k8s.io/apimachinery/pkg/util/rand).
const safe = "bcdfghjklmnpqrstvwxz2456789"

func isSafe(s string) bool   { return strings.Trim(s, safe) == "" }
func isRandom(s string) bool { return len(s) == 5 && isSafe(s) }
func isHash(s string) bool   { return len(s) > 0 && len(s) <= 10 && isSafe(s) }
func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// isTime says whether a text is the time that a CronJob puts behind the names of its Jobs: minutes since 1970, seconds in old
// releases.
func isTime(s string) bool { return len(s) >= 8 && len(s) <= 10 && isNumber(s) }
