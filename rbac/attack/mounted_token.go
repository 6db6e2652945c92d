package attack

import (
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

var mountedToken = Technique{
	ID: "mounted-token", Title: "Use the token in a pod", MITRE: "T1528",
	What: "Code in a pod reads the token of the pod's service account from a file and is that account for the API server. Kubernetes mounts " +
		"it at /var/run/secrets/kubernetes.io/serviceaccount unless the pod says automountServiceAccountToken: false, or does not say and " +
		"the account says so; the pod's word wins. A projected volume with a serviceAccountToken gives a token all the same, when it is " +
		"for the audience of the API server; a token for another audience (vault, sts.amazonaws.com) gives no step here. Static pods " +
		"have no token. Of a live Pod that nothing made, its volumes say what it got when it was made, not the account's field today.",
	Needs: "Code in a container of the pod.",
	Proof: "The workload, and the field or volume that gives the token. Check with: kubectl exec -n NAMESPACE POD -- " +
		"cat /var/run/secrets/kubernetes.io/serviceaccount/token",
	Cut: "automountServiceAccountToken: false on the pod or its account when it does not talk to the API server, else fewer rights for the account.",
	find: func(b *builder) {
		for i := range b.workloads {
			w := &b.workloads[i]
			if p, ok := b.token(w); ok {
				b.add(w.object.Ref, w.account().Ref(), p)
			}
		}
	},
}

// token says whether code in the workload's pods has a token of their account, and what proves it.
func (b *builder) token(w *workload) (p proof, ok bool) {
	if w.static() {
		return p, false
	}
	if at, projected := inventory.TokenVolume(w.spec); projected {
		return proof{object: w.object, path: below(w.at, at), note: "a volume holds a token of its account"}, true
	}
	if w.object.Kind == "Pod" && inventory.String(w.object.Content, "metadata", "uid") != "" {
		return p, false // a live Pod: admission added the volume, or did not
	}
	account := w.account()
	var objects []*inventory.Object
	if o := b.inv.Get("", "ServiceAccount", account.Namespace, account.Name); o != nil {
		objects = append(objects, o)
	}
	mounted, _ := inventory.MountsToken(w.spec, account.Name, objects)
	if !mounted {
		return p, false
	}
	return proof{object: w.object, path: b.accountField(w), note: "its pods get the token of the account"}, true
}

// accountField is the path of the workload's account; there are as many as kinds of workloads.
func (b *builder) accountField(w *workload) finding.Path {
	at, known := b.accountFields[w.at]
	if !known {
		if b.accountFields == nil {
			b.accountFields = map[finding.Path]finding.Path{}
		}
		at = w.at.Field("serviceAccountName")
		b.accountFields[w.at] = at
	}
	return at
}

// below joins two paths.
func below(at, rest finding.Path) finding.Path { return at + "." + rest }
