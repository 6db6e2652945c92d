package attack

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
)

var hostRead = Technique{
	ID: "host-read", Title: "Read credentials from the node's files", MITRE: "T1552.001",
	What: "A hostPath volume, readOnly or not, over a place where credentials lie gives them to root in the container: the volumes of all " +
		"other pods of the node with their tokens and Secrets (/var/lib/kubelet/pods and above), the kubelet's client certificate " +
		"(/var/lib/kubelet/pki and above), and on control plane nodes the key of the certificate authority, etcd's keys and data, and " +
		"the administrator's kubeconfig (/etc/kubernetes, /var/lib/etcd, the server directories of k3s and RKE2). Reading alone is not " +
		"root on the node: ssh keys and cloud credentials that may lie there too are not counted. Volumes of pods that start " +
		"later appear only with mountPropagation: HostToContainer. On nodes that enforce SELinux, containers of the usual type may not read there.",
	Needs: "A mount of such a place, and code in the container that runs as root.",
	Proof: "The workload and the volume. Check with: kubectl exec -n NAMESPACE POD -- find MOUNT -name token",
	Cut: "Mount the one directory that is needed (/var/log for logs, /sys and /proc for metrics), run as another user, and enforce " +
		"Pod Security baseline.",
	find: func(b *builder) {
		for i := range b.hostSurfaces() {
			s := &b.surfaces[i]
			for _, reading := range readings() {
				h, ok := s.hole(func(_ *surface, e *exposed) (hole, bool) {
					if e.root == notRoot {
						return hole{}, false
					}
					return e.mount(func(m hostMount) (string, bool) { return reading.note, reading.shown(m.path) })
				})
				if ok {
					b.addReading(s.workload, reading, s.proof(h))
				}
			}
		}
	},
}

// A reading is something worth reading on a node.
type reading struct {
	what   int
	places []string
	inside bool // a path below a place shows it too
	note   string
}

const (
	readsVolumes = iota // of other pods
	readsKubelet        // credentials
	readsCluster        // keys, on nodes of the control plane
)

func readings() []reading {
	return []reading{
		{readsVolumes, []string{"/var/lib/kubelet/pods"}, false, "a volume shows the volumes of all pods on the node"},
		{readsKubelet, []string{"/var/lib/kubelet/pki"}, true, "a volume shows the client certificate of the kubelet"},
		{readsCluster, []string{
			"/etc/kubernetes/pki", "/etc/kubernetes/super-admin.conf", "/var/lib/etcd", "/var/lib/rancher/k3s/server", "/var/lib/rancher/rke2/server",
		}, true, "a volume shows the keys of the cluster"},
	}
}

func (r reading) shown(path string) bool {
	return slices.ContainsFunc(r.places, func(place string) bool { return holds(path, place) || r.inside && holds(place, path) })
}

// addReading adds steps for what a workload can read on each of its nodes.
func (b *builder) addReading(w *workload, r reading, p proof) {
	from := w.object.Ref
	if len(w.nodes) == 0 {
		if r.what == readsVolumes {
			b.add(from, finding.Ref{Kind: PodVolumesKind}, p)
		}
		return
	}
	for _, node := range w.nodes {
		switch r.what {
		case readsVolumes:
			b.add(from, finding.Ref{Kind: PodVolumesKind, Name: node}, p)
		case readsKubelet:
			b.add(from, nodeUser(node).Ref(), p)
		case readsCluster:
			if b.isControlPlane(node) {
				b.add(from, SystemMasters, p)
			}
		}
	}
}
