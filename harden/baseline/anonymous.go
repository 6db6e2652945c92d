package baseline

import (
	"fmt"

	"github.com/plimsoll-io/plimsoll/harden/plan"
)

const authenticationFile = "authentication.yaml"

// Minors from which anonymous requests can be limited by path (KEP-4633), and by which form.
const (
	anonymousAlpha = 31
	anonymousBeta  = 32
	anonymousV1    = 34 // also apiserver.config.k8s.io/v1
)

// healthPaths are what probes and load balancers ask for. They are compared as a whole: /livez/etcd is not among them.
var healthPaths = []string{"/livez", "/readyz", "/healthz"}

// anonymous is the step that lets anonymous requests reach nothing but health endpoints.
func (b *builder) anonymous() error {
	n := b.minor()
	if n < anonymousAlpha {
		b.decide(plan.Decision{
			Question: fmt.Sprintf("When will the cluster be upgraded? Kubernetes %s cannot limit anonymous requests to health endpoints, so no step was written for it.", b.Minor),
			Because: []string{"--anonymous-auth=false would refuse the kubelet's own probes, and have it restart the API server over and over",
				"until then: see that no role is bound to system:anonymous or system:unauthenticated but system:public-info-viewer"},
		})
		return nil
	}
	p := anonymousPart(n)
	b.step("anonymous", plan.Step{
		Title: "Anonymous requests reach health endpoints only",
		Why: "Probes of the kubelet and of load balancers have no credentials: --anonymous-auth=false, as guides have it, makes them fail, and the API server restarts " +
			"over and over. This answers them and nothing else, whatever roles say.",
		Files: []plan.File{{Name: authenticationFile, Text: authentication(n)}, p.patch()},
		Before: append(place(authenticationFile), backup,
			"see that the API server has neither --anonymous-auth nor --oidc- flags: it does not start with them and this file together; what the latter say goes into the file, under jwt"),
		After: append(restarted(p),
			"see that health is answered, and nothing else: curl -k https://NODE:6443/readyz says ok, curl -k https://NODE:6443/api says Unauthorized",
			"let nodes join by a file from now on, kubeadm join --discovery-file: a join by token and hash reads the ConfigMap cluster-info anonymously"),
		Undo: undone(p),
	})
	return nil
}

func anonymousPart(minor int) part {
	p := part{name: "authentication", flags: []flag{{"authentication-config", etcDir + "/" + authenticationFile}}, volumes: []volume{configVolume}, bare: true}
	if minor < anonymousBeta {
		p.flags = append(p.flags, flag{"feature-gates", "AnonymousAuthConfigurableEndpoints=true"})
	}
	return p
}

func authentication(minor int) []byte {
	version := "v1"
	if minor < anonymousV1 {
		version = "v1beta1"
	}
	text := "# Anonymous requests are those without credentials. They pass for these paths, and are refused (401) for all others.\n" +
		"apiVersion: apiserver.config.k8s.io/" + version + "\nkind: AuthenticationConfiguration\nanonymous:\n  enabled: true\n  conditions:\n"
	for _, path := range healthPaths {
		text += "  - path: " + path + "\n"
	}
	return []byte(text)
}
