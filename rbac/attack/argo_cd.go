package attack

import (
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
)

var argoCD = Technique{
	ID: "argo-cd", Title: "Have Argo CD apply objects", MITRE: "T1072",
	What: "Argo CD's application controller applies what the repository of an Application holds, with its own account, cluster-admin in a " +
		"usual installation. An Application in the namespace of Argo CD may name any AppProject; what the project allows is all that limits " +
		"it. The project called default, which every installation has, allows every repository, every namespace and every kind unless it was " +
		"changed. So who may write Applications there, or ApplicationSets that make them, has the controller's rights; with a project that " +
		"allows only some namespaces, he runs pods in those. Who may write AppProjects too lifts the limits. In other namespaces Applications " +
		"count only if Argo CD is told so and a project lists the namespace. Who may change both argocd-cm and argocd-rbac-cm lets anonymous " +
		"callers in and makes them administrators of Argo CD. With sync impersonation switched on, the project's service accounts apply, " +
		"and no step is claimed.",
	Needs: "The application controller running; create, update or patch on applications in its namespace (or applicationsets, when their " +
		"controller runs), and an AppProject that lets any repository in.",
	Proof: "The binding and the rule, and the controller or the AppProject. Check with: kubectl auth can-i create applications.argoproj.io " +
		"-n argocd --as SUBJECT, and kubectl get appprojects -n argocd -o yaml",
	Cut: "Let tenants write Applications in namespaces of their own, with projects that name their repositories and namespaces; empty the " +
		"project default.",
	find: func(b *builder) {
		for _, w := range b.deputies(deputy{group: argoGroup, image: imageNamed("argocd")}) {
			if w.runs("argocd-application-controller") {
				b.findArgoApplications(w)
				b.findArgoSettings(w)
			}
		}
	},
}

const argoGroup = "argoproj.io"

// runs says that a container's command or arguments name a program.
func (w *workload) runs(program string) bool {
	return slices.ContainsFunc(containers(w.spec), func(c map[string]any) bool {
		return slices.ContainsFunc(append(texts(c["command"]), texts(c["args"])...), func(word string) bool {
			return word[strings.LastIndex(word, "/")+1:] == program
		})
	})
}

func (b *builder) findArgoApplications(w *workload) {
	ns := w.object.Namespace
	if cm := b.inv.Get("", "ConfigMap", ns, "argocd-cm"); cm != nil &&
		inventory.String(cm.Content, "data", "application.sync.impersonation.enabled") == "true" {
		return
	}
	ways := b.writing(argoGroup, "applications", "Application", false).at(ns)
	if slices.ContainsFunc(b.workloads, func(o workload) bool {
		return o.object.Namespace == ns && o.runs("argocd-applicationset-controller")
	}) {
		ways = either(ways, b.writing(argoGroup, "applicationsets", "ApplicationSet", false).at(ns))
	}
	var projects []*inventory.Object
	for _, o := range b.inv.Of(argoGroup, "AppProject") {
		if o.Namespace == ns {
			projects = append(projects, o)
		}
	}
	for _, h := range b.joint(ways) {
		if len(projects) == 0 {
			b.acts(h, w, "no AppProject was read, and the project default that Argo CD makes allows everything")
		}
		for _, project := range projects {
			b.addArgoProject(h, w, project)
		}
	}
	for _, h := range b.joint(b.writing(argoGroup, "appprojects", "AppProject", false).at(ns), ways) {
		b.acts(h, w, "an AppProject that allows everything can be written")
	}
}

// addArgoProject adds what an Application of the project can do.
func (b *builder) addArgoProject(h holder, w *workload, project *inventory.Object) {
	spec := inventory.Map(project.Content, "spec")
	if !slices.Contains(texts(spec["sourceRepos"]), "*") {
		return
	}
	p := proof{grants: h.grants, object: project, path: "spec", note: "the project lets Applications of any repository in"}
	for _, destination := range maps(spec["destinations"]) {
		if !isInCluster(destination) {
			continue
		}
		ns := inventory.String(destination, "namespace")
		switch {
		case ns == "*" && allowsEveryKind(maps(spec["clusterResourceWhitelist"])):
			b.add(subject(h), w.account().Ref(), p)
		case ns == "*":
			b.add(subject(h), set(AnyAccountKind, ""), p)
		case !strings.ContainsAny(ns, "*?[!") && ns != "" && allowsPods(spec):
			b.add(subject(h), set(AnyAccountKind, ns), p)
		}
	}
}

// isInCluster says that a destination is the cluster that Argo CD runs in.
func isInCluster(destination map[string]any) bool {
	server, name := inventory.String(destination, "server"), inventory.String(destination, "name")
	return server == "*" || server == "https://kubernetes.default.svc" || server == "" && (name == "*" || name == "in-cluster")
}

func allowsEveryKind(list []map[string]any) bool {
	return slices.ContainsFunc(list, func(item map[string]any) bool {
		return inventory.String(item, "group") == "*" && inventory.String(item, "kind") == "*"
	})
}

// allowsPods says that a project does not limit the kinds of namespaced objects.
func allowsPods(spec map[string]any) bool {
	allowed, denied := maps(spec["namespaceResourceWhitelist"]), maps(spec["namespaceResourceBlacklist"])
	return (len(allowed) == 0 || allowsEveryKind(allowed)) && !allowsEveryKind(denied)
}

// findArgoSettings adds steps for who may make everybody an administrator of Argo CD.
func (b *builder) findArgoSettings(w *workload) {
	ns := w.object.Namespace
	if b.inv.Get("", "ConfigMap", ns, "argocd-cm") == nil || b.inv.Get("", "ConfigMap", ns, "argocd-rbac-cm") == nil {
		return
	}
	change := b.changing("", "configmaps", false).at(ns)
	for _, h := range b.joint(change.on("argocd-cm"), change.on("argocd-rbac-cm")) {
		b.acts(h, w, "anonymous callers can be made administrators of Argo CD, whose server has to be reached")
	}
}
