package attack

import (
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
)

var certManager = Technique{
	ID: "cert-manager", Title: "Have cert-manager send Secrets and tokens", MITRE: "T1552.007",
	What: "An Issuer of cert-manager for Vault names a server and how to log in there. With auth.kubernetes.secretRef the controller reads " +
		"a Secret with its own rights and sends the value of the key that the Issuer names to the server, as soon as the Issuer is " +
		"made; no Certificate is needed and the server need not be a Vault. Who may write Issuers in a namespace so reads any Secret " +
		"of it, and who may write ClusterIssuers any Secret of the cluster resource namespace, which is that of cert-manager unless " +
		"--cluster-resource-namespace says otherwise. With auth.kubernetes.serviceAccountRef the controller mints a token of a service " +
		"account of that namespace and sends it; since 1.15 its author may add the audience of the API server. That needs a right to " +
		"serviceaccounts/token, which the controller has only where somebody gave it. What is not claimed: certificates of a CA issuer " +
		"log in to the API server only if it trusts that CA for clients. The content of Secrets is not read here, so that nobody can " +
		"tell; keep the cluster's own CA out of Issuers. A Certificate overwrites only the keys tls.crt, tls.key and ca.crt of the " +
		"Secret that it names.",
	Needs: "cert-manager running, with get or list on secrets (or create on serviceaccounts/token) there; create, update or patch on " +
		"issuers in the namespace, or on clusterissuers; and a server that the controller can reach.",
	Proof: "The binding and the rule, and the controller. Check with: kubectl auth can-i create issuers.cert-manager.io -n NAMESPACE --as " +
		"SUBJECT, and kubectl auth can-i create serviceaccounts/token -n NAMESPACE --as system:serviceaccount:cert-manager:cert-manager",
	Cut: "Let only administrators write Issuers and ClusterIssuers, or check them with an admission policy that allows no spec.vault but " +
		"with the company's server; limit the controller's traffic with a NetworkPolicy.",
	find: func(b *builder) {
		const group = "cert-manager.io"
		labels := []string{"app.kubernetes.io/name=cert-manager", "app.kubernetes.io/component=controller"}
		for _, w := range b.deputies(deputy{group: group, image: imageNamed("cert-manager-controller"), labels: labels}) {
			issuers := b.writing(group, "issuers", "Issuer", false)
			only, limited := w.flag("namespace")
			if limited && only != "" {
				issuers = issuers.at(only)
			}
			for _, h := range b.joint(issuers) {
				b.addIssuer(h, w, h.namespace, "an Issuer for Vault")
			}
			// every installation sets the flag, or a file that nobody reads here
			if namespace, given := w.flag("cluster-resource-namespace"); given && only == "" {
				for _, h := range b.joint(b.writing(group, "clusterissuers", "ClusterIssuer", true)) {
					b.addIssuer(h, w, namespace, "a ClusterIssuer for Vault")
				}
			}
		}
	},
}

func (b *builder) addIssuer(h holder, w *workload, namespace, issuer string) {
	b.sendsSecrets(h, w, namespace, issuer+" sends a Secret to the server that it names")
	if w.isAtLeast("cert-manager-controller", 1, 15) {
		b.sendsTokens(h, w, namespace, issuer+" sends a token of a service account to the server that it names")
	}
}

// sendsSecrets adds the step to the Secrets of a namespace ("" for all) that the deputy may read.
func (b *builder) sendsSecrets(h holder, w *workload, namespace, note string) {
	p := proof{grants: h.grants, object: w.object, path: w.at, note: note}
	read := right{verbs: []string{"get", "list"}, resource: "secrets", named: true}
	b.eachReach(w, read, namespace, func(namespace string, names []string) {
		if names == nil {
			b.add(subject(h), set(AnySecretKind, namespace), p)
		}
		for _, name := range names {
			for _, to := range b.secretNamed(namespace, name) {
				b.add(subject(h), to, p)
			}
		}
	})
}

// sendsTokens adds the step to the service accounts of a namespace ("" for all) whose tokens the deputy may mint.
func (b *builder) sendsTokens(h holder, w *workload, namespace, note string) {
	mint := right{verbs: []string{"create"}, resource: "serviceaccounts/token", named: true}
	p := proof{grants: h.grants, object: w.object, path: w.at, note: note}
	b.eachReach(w, mint, namespace, func(namespace string, names []string) {
		b.addAccounts(holder{subject: h.subject, namespace: namespace, names: names}, p)
	})
}

// eachReach calls yield for what the deputy's account may do in a namespace, or in each where "" asks for all: with nil
// for every name, which leaves no more to say about that place, or with the names that a rule grants.
func (b *builder) eachReach(w *workload, r right, namespace string, yield func(namespace string, names []string)) {
	held := b.held(w.account(), r, namespace)
	if slices.ContainsFunc(held, func(o holder) bool { return o.names == nil }) {
		yield(namespace, nil)
		return
	}
	if namespace == "" {
		for _, ns := range b.namespaces {
			b.eachReach(w, r, ns, yield)
		}
		return
	}
	for _, o := range held {
		yield(namespace, o.names)
	}
}

// isAtLeast says whether the tag of the container's image is this version or later, or tells none.
func (w *workload) isAtLeast(image string, major, minor int) bool {
	for _, c := range inventory.Maps(w.spec["containers"]) {
		full, _ := c["image"].(string)
		if imageName(full) != image {
			continue
		}
		full, _, _ = strings.Cut(full, "@")
		_, tag, _ := strings.Cut(full[strings.LastIndexByte(full, '/')+1:], ":")
		parts := strings.Split(strings.TrimPrefix(tag, "v"), ".")
		if len(parts) < 2 {
			return true
		}
		haveMajor, err := strconv.Atoi(parts[0])
		haveMinor, err2 := strconv.Atoi(parts[1])
		if err == nil && err2 == nil {
			return haveMajor > major || haveMajor == major && haveMinor >= minor
		}
	}
	return true
}
