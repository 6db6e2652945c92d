package attack

import (
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
)

var tekton = Technique{
	ID: "tekton", Title: "Have Tekton run pods", MITRE: "T1610",
	What: "Tekton makes a pod of every TaskRun and of every task of a PipelineRun, with the images, commands, volumes and security " +
		"contexts that they name and as the service account in spec.serviceAccountName or taskRunTemplate, any of the namespace. So " +
		"who may create them can do what creating pods allows, without the right to create pods. Admission judges the pods as it does " +
		"all others, but for one thing: Tekton adds init containers of its own, which the restricted Pod Security Standard refuses " +
		"unless Tekton's feature flag set-security-context is on. Without it the whole step is cut in such namespaces. Who changes a " +
		"Task or Pipeline that others run acts in runs to come; who makes these, and when, is not known, and no step is claimed.",
	Needs: "Tekton's pipeline controller running, with create on pods there; create on taskruns or pipelineruns of tekton.dev in the " +
		"namespace. Changing one that exists does not help: their specs cannot be changed.",
	Proof: "The binding and the rule, and the controller. Check with: kubectl auth can-i create taskruns.tekton.dev -n NAMESPACE --as " +
		"SUBJECT",
	Cut: "Run pipelines in namespaces without stronger service accounts and Secrets, enforce the restricted standard there, and let " +
		"triggers that name their tasks create the runs.",
	find: func(b *builder) {
		labels := []string{"app.kubernetes.io/part-of=tekton-pipelines", "app.kubernetes.io/component=controller"}
		for _, w := range b.deputies(deputy{group: tektonGroup, image: isTekton, labels: labels}) {
			t := tektonRuns{b: b, controller: w, refused: map[string]string{}}
			for _, h := range b.joint(either(b.creating(tektonGroup, "taskruns", false), b.creating(tektonGroup, "pipelineruns", false))) {
				t.add(h)
			}
		}
	},
}

const tektonGroup = "tekton.dev"

// isTekton knows the images of the pipeline controller: ".../pipeline/cmd/controller", ".../pipeline/controller-<hash>".
func isTekton(image string) bool {
	if !strings.Contains(image, "tektoncd/pipeline/") {
		return false
	}
	name := imageName(image)
	return name == "controller" || strings.HasPrefix(name, "controller-")
}

// tektonRuns are the pods that one controller makes.
type tektonRuns struct {
	b          *builder
	controller *workload
	refused    map[string]string // why admission refuses even a harmless run, by namespace; "" when it does not
}

func (t *tektonRuns) add(h holder) {
	p := proof{grants: h.grants, object: t.controller.object, path: t.controller.at, note: "it makes the pods that runs describe"}
	create := right{verbs: []string{"create"}, resource: "pods"}
	if h.namespace == "" && t.b.may(t.controller.account(), create, "") && !t.refusesAny() {
		t.b.addMadePods(h, p)
		return
	}
	for _, ns := range t.b.namespacesOf(h) {
		if !t.b.may(t.controller.account(), create, ns) {
			continue
		}
		h.namespace, p.cut = ns, t.refusal(ns)
		if p.cut == "" {
			t.b.addMadePods(h, p)
			continue
		}
		for _, to := range []string{AnyAccountKind, AnySecretKind} {
			t.b.add(subject(h), set(to, ns), p)
		}
		t.b.add(subject(h), set(AnyNodeKind, ""), p)
	}
}

// refusesAny says that admission refuses even a harmless run somewhere.
func (t *tektonRuns) refusesAny() bool {
	for _, ns := range t.b.namespaces {
		if t.refusal(ns) != "" {
			return true
		}
	}
	return false
}

// refusal is why admission refuses even a harmless run in the namespace, where it would let its steps pass; "" when it
// does not.
func (t *tektonRuns) refusal(namespace string) string {
	if t.b.opts.Refused == nil || t.setsContext() {
		return ""
	}
	why, known := t.refused[namespace]
	if known {
		return why
	}
	if refused, _ := t.b.opts.Refused(podFor(nil, nil), namespace); !refused {
		bare := map[string]any{"name": "prepare", "image": "registry.k8s.io/pause:3.10"}
		pod := podFor(nil, map[string]any{
			"initContainers":  []any{bare},
			"securityContext": map[string]any{"runAsNonRoot": true, "seccompProfile": map[string]any{"type": "RuntimeDefault"}},
		})
		if refused, reason := t.b.opts.Refused(pod, namespace); refused {
			why = reason
		}
	}
	t.refused[namespace] = why
	return why
}

// setsContext says that the controller gives its own containers a security context.
func (t *tektonRuns) setsContext() bool {
	flags := t.b.inv.Get("", "ConfigMap", t.controller.object.Namespace, "feature-flags")
	return flags != nil && inventory.String(flags.Content, "data", "set-security-context") == "true"
}
