package attack

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/rbac"
)

var varLog = Technique{
	ID: "var-log", Title: "Have the kubelet read through a link in its log directory", MITRE: "T1005",
	What: "The kubelet serves logs from /var/log as root and follows symbolic links on the way. A container that may write to the node's " +
		"/var/log replaces a log file of a pod by a link to any file of the node, and asks for the log: with get on pods/log the file comes " +
		"back line by line, inside the kubelet's complaint that it is no log (tailLines chooses the line; one line is enough for a " +
		"token), and with get on nodes/log, asked at the kubelet itself, as a whole. So the volumes of all pods, the kubelet's " +
		"certificate and, on control plane nodes, the keys of the cluster can be read. True up to 1.37: the kubelet resolves the " +
		"link on purpose. The mount without the right, or the right without the mount, gives nothing; nodes/log granted by a RoleBinding neither.",
	Needs: "A hostPath volume of /var/log, /var/log/pods or above, not readOnly; code in that container that runs as root; and a service " +
		"account, its token mounted, with get on pods/log for its own pod, or on nodes/log for its node.",
	Proof: "The binding and the rule, the workload and the volume. Check with: kubectl auth can-i get pods/log -n NAMESPACE " +
		"--as system:serviceaccount:NAMESPACE:ACCOUNT",
	Cut: "Mount /var/log readOnly, which log shippers can do with; write their positions elsewhere; take pods/log from them.",
	find: func(b *builder) {
		for i := range b.hostSurfaces() {
			s := &b.surfaces[i]
			h, ok := s.hole(logHole)
			if !ok {
				continue
			}
			if _, has := b.token(s.workload); !has {
				continue
			}
			for _, grants := range b.logRights(s.workload) {
				p := s.proof(h)
				p.grants = grants
				for _, r := range readings() {
					b.addReading(s.workload, r, p)
				}
			}
		}
	},
}

func logHole(_ *surface, e *exposed) (hole, bool) {
	if e.root == notRoot {
		return hole{}, false
	}
	return e.mount(func(m hostMount) (string, bool) {
		return "a writable volume of " + m.path + " on the node holds the logs that the kubelet serves", !m.readOnly && holds(m.path, "/var/log/pods")
	})
}

// logRights are the grants by which the workload's account may read the logs of its own pod or node.
func (b *builder) logRights(w *workload) [][]rbac.Grant {
	var out [][]rbac.Grant
	for _, h := range b.held(w.account(), right{verbs: []string{"get"}, resource: "pods/log", named: true}, w.object.Namespace) {
		if h.names == nil || b.isNamed(w, h.names) {
			out = append(out, h.grants)
		}
	}
	for _, h := range b.held(w.account(), right{verbs: []string{"get"}, resource: "nodes/log", named: true, cluster: true}, w.object.Namespace) {
		if h.names == nil || slices.ContainsFunc(w.nodes, h.covers) {
			out = append(out, h.grants)
		}
	}
	return out
}
