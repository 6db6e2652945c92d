package attack

import (
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
)

var podVolumes = Technique{
	ID: "pod-volumes", Title: "Steal tokens from the volumes of other pods", MITRE: "T1528",
	What: "The kubelet keeps the volumes of every pod of its node under /var/lib/kubelet/pods/UID/volumes: service account tokens in " +
		"kubernetes.io~projected, Secrets in kubernetes.io~secret, in clear. Who can read them is each of these service accounts, and has " +
		"each of these Secrets, as long as their pods run there. Environment variables are not among them.",
	Needs: "To read the volumes of all pods on the node, by host-read or var-log.",
	Proof: "The workload, one of whose pods runs on the node, and its volume. Check on the node with: ls /var/lib/kubelet/pods/*/volumes/*",
	Cut:   "Close the step that showed the volumes; keep workloads with strong rights off nodes where others run.",
	find: func(b *builder) {
		for _, node := range b.nodeNames() {
			from := finding.Ref{Kind: PodVolumesKind, Name: node}
			if _, known := b.ids[from]; !known {
				continue
			}
			for _, i := range b.workloadsOn(node) {
				b.addVolumes(from, &b.workloads[i])
			}
		}
	},
}

func (b *builder) addVolumes(from finding.Ref, w *workload) {
	if p, ok := b.token(w); ok {
		b.add(from, w.account().Ref(), p)
	}
	for _, s := range secretsInside(w.spec) {
		if strings.HasPrefix(string(s.at), "volumes") {
			b.add(from, secretRef(w.object.Namespace, s.name), proof{
				object: w.object, path: below(w.at, s.at), note: "one of its pods on the node mounts the Secret",
			})
		}
	}
}
