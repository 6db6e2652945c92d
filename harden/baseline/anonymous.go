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
			Question: fmt.Sprintf("When will the cluster be upgraded? Kubernetes %s cannot limit anonymous requests to health endpoints, so no "+
				"step was written for it.", b.Minor),
			Because: []string{"--anonymous-auth=false would refuse the kubelet's own probes, and have it restart the API server over and over",
				"until then: see that no role is bound to system:anonymous or system:unauthenticated but system:public-info-viewer"},
		})
		return nil
	}
	p := anonymousPart(n)
	if n < anonymousBeta {
		b.decide(plan.Decision{
			Question: "Does the API server have --feature-gates already? Kubernetes " + b.Minor + " limits anonymous requests behind a gate, " +
				"and the last flag of a name wins.",
			Because: []string{"put AnonymousAuthConfigurableEndpoints=true into the flag that is there, and take it out of the patch"},
		})
	}
	b.step("anonymous", plan.Step{
		Title: "Anonymous requests reach health endpoints only",
		Why: "Probes of the kubelet and of load balancers have no credentials: --anonymous-auth=false, as guides have it, makes them fail, " +
			"and the API server restarts " +
			"over and over. This answers them and nothing else, whatever roles say.",
		Files: []plan.File{{Name: authenticationFile, Text: authentication(n)}, p.patch(), p.script()},
		Before: []string{
			"see that the API server has neither --anonymous-auth nor --oidc- flags: it does not start with them and this file together; what " +
				"the latter say goes into the file, under jwt",
			"let nodes join by a file from now on, kubeadm join --discovery-file: a join by token and hash reads the ConfigMap cluster-info " +
				"anonymously",
		},
		After: append(p.restarted(),
			"see that health is answered, and nothing else: asked without credentials, /readyz says ok, and /api says Unauthorized"),
		Undo: p.undone(),
	})
	return nil
}

func anonymousPart(minor int) part {
	p := part{name: "anonymous", files: []string{authenticationFile}}
	p.flags = []flag{{"authentication-config", p.folder() + "/" + authenticationFile}}
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
