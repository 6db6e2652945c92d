package attack

import (
	"strings"

	"github.com/plimsoll-io/plimsoll/rbac"
)

var bootstrapToken = Technique{
	ID: "bootstrap-token", Title: "Make a bootstrap token", MITRE: "T1136",
	What: "A Secret of type bootstrap.kubernetes.io/token in kube-system, called bootstrap-token-ID, is a login: whoever made it knows its " +
		"token and is authenticated in the group system:bootstrappers and in any other group that it lists and whose name starts with " +
		"system:bootstrappers: (no others are allowed). These groups let nodes join. The API server has to run with " +
		"--enable-bootstrap-token-auth, as kubeadm sets it; that is taken from bindings that name such groups.",
	Needs: "create secrets in kube-system, and a binding that names a group of bootstrap tokens.",
	Proof: "The binding and the rule. Check with: kubectl auth can-i create secrets -n kube-system --as SUBJECT",
	Cut:   "Let nobody but administrators write Secrets in kube-system; remove the bindings of bootstrap groups while no node joins.",
	find: func(b *builder) {
		for _, h := range b.joint(b.creating("", "secrets", false)) {
			if (h.namespace == "" || h.namespace == "kube-system") && h.coversPrefix("bootstrap-token-") {
				b.addBootstrappers(h)
			}
		}
	},
}

const bootstrappers = "system:bootstrappers"

func (b *builder) addBootstrappers(h holder) {
	for _, s := range b.subjects {
		if s.Kind == rbac.GroupKind && (s.Name == bootstrappers || strings.HasPrefix(s.Name, bootstrappers+":")) {
			b.add(subject(h), s.Ref(), h.proof())
		}
	}
}
