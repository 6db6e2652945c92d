package attack

import (
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

var argoCD = Technique{
	ID: "argo-cd", Title: "Have Argo CD apply objects", MITRE: "T1072",
	What: "Argo CD's application controller applies what the repository of an Application holds, with its own account, cluster-admin in a " +
		"usual installation. An Application in the namespace of Argo CD may name any AppProject; what the project allows is all that " +
		"limits it: repositories (sourceRepos), clusters and namespaces (destinations) and kinds. The project called default, which " +
		"Argo CD makes in every installation, allows everything unless it was changed. So who may write Applications there, or " +
		"ApplicationSets that make them, has the controller's rights; with projects that allow only some namespaces, he runs pods in " +
		"those. In other namespaces Applications count only where application.namespaces names the namespace and a project's " +
		"sourceNamespaces does too. Who may write AppProjects in Argo CD's namespace as well lifts all limits. With sync impersonation " +
		"(2.13 and later, application.sync.impersonation.enabled) the service accounts that the project names for the destination " +
		"apply instead. A project whose repositories are somebody else's gives no step, though inline patches could bend what they " +
		"hold. There is another way in: who makes himself an administrator of Argo CD's own API writes Applications and projects " +
		"there. Whoever can change argocd-cm and argocd-rbac-cm lets anonymous callers in and gives them the role admin; where one of " +
		"the two is set so already, the other is enough. Whoever reads the Secret argocd-secret signs sessions of the account admin " +
		"with its key server.secretkey, unless that account is disabled. Changing argocd-rbac-cm alone gives no step: it takes an " +
		"account of Argo CD.",
	Needs: "The application controller running; create on applications in its namespace, or update or patch on one that exists (or the " +
		"same on applicationsets, when their controller runs), and an AppProject that lets any repository in. Or update or patch on " +
		"its ConfigMaps or reading its Secret, and a way to the API of argocd-server.",
	Proof: "The binding and the rule, and the controller or the AppProject. Where no AppProject was read the step counts on the project " +
		"default as Argo CD makes it, and says so. Check with: kubectl auth can-i create applications.argoproj.io -n argocd --as " +
		"SUBJECT, and kubectl get appprojects -n argocd -o yaml",
	Cut: "Let tenants write Applications in namespaces of their own, with projects that name their repositories and namespaces; empty the " +
		"project default; switch on sync impersonation; disable the account admin.",
	find: func(b *builder) {
		labels := []string{"app.kubernetes.io/name=argocd-application-controller"}
		for _, w := range b.deputies(deputy{group: argoGroup, image: imageNamed("argocd", "argo-cd"), labels: labels}) {
			if w.executes("argocd-application-controller") || w.labelled(labels) {
				a := newArgo(b, w)
				a.findApplications()
				a.findSettings()
			}
		}
	},
}

const argoGroup = "argoproj.io"

// An argo is one installation of Argo CD.
type argo struct {
	b            *builder
	controller   *workload
	namespace    string
	projects     []argoProject
	elsewhere    []string // patterns of other namespaces whose Applications count
	impersonates bool
}

func newArgo(b *builder, w *workload) *argo {
	a := &argo{b: b, controller: w, namespace: w.object.Namespace}
	for _, o := range b.inv.Of(argoGroup, "AppProject") {
		if o.Namespace == a.namespace {
			a.projects = append(a.projects, argoProject{object: o, spec: inventory.Map(o.Content, "spec")})
		}
	}
	names, given := w.flag("application-namespaces")
	if !given {
		names = a.setting("argocd-cmd-params-cm", "application.namespaces")
	}
	for _, name := range strings.Split(names, ",") {
		if name = strings.TrimSpace(name); name != "" {
			a.elsewhere = append(a.elsewhere, name)
		}
	}
	a.impersonates = a.setting("argocd-cm", "application.sync.impersonation.enabled") == "true"
	for i := range a.projects {
		a.judge(&a.projects[i])
	}
	return a
}

// setting is a value of one of Argo CD's ConfigMaps.
func (a *argo) setting(configMap, key string) string {
	if cm := a.b.inv.Get("", "ConfigMap", a.namespace, configMap); cm != nil {
		return inventory.String(cm.Content, "data", key)
	}
	return ""
}

// runs says that a component of this installation runs.
func (a *argo) runs(program string) bool {
	return slices.ContainsFunc(a.b.workloads, func(w workload) bool {
		return w.object.Namespace == a.namespace && w.executes(program)
	})
}

// executes says that a container's command or arguments name a program.
func (w *workload) executes(program string) bool {
	return slices.ContainsFunc(containers(w.spec), func(c map[string]any) bool {
		return slices.ContainsFunc(append(texts(c["command"]), texts(c["args"])...), func(word string) bool {
			return word[strings.LastIndex(word, "/")+1:] == program
		})
	})
}

// findApplications adds the steps of who writes Applications, alone or together with AppProjects.
func (a *argo) findApplications() {
	ways := a.b.writing(argoGroup, "applications", "Application", false)
	here := ways.at(a.namespace)
	if a.runs("argocd-applicationset-controller") {
		here = either(here, a.b.writing(argoGroup, "applicationsets", "ApplicationSet", false).at(a.namespace))
	}
	for _, h := range a.b.joint(here) {
		for _, p := range a.projects {
			a.addProject(h, p)
		}
		if len(a.projects) == 0 && !a.impersonates {
			a.b.acts(h, a.controller, "no AppProject was read: the project default allows everything, as Argo CD makes it")
		}
	}
	for _, h := range a.b.joint(ways) {
		if h.namespace == "" || h.namespace == a.namespace || !argoMatch(a.elsewhere, h.namespace) {
			continue
		}
		for _, p := range a.projects {
			if argoMatch(texts(p.spec["sourceNamespaces"]), h.namespace) {
				a.addProject(h, p)
			}
		}
	}
	for _, h := range a.b.joint(a.b.writing(argoGroup, "appprojects", "AppProject", false).at(a.namespace), here) {
		a.addEverything(h, "an AppProject that allows everything can be written")
	}
}

// addEverything adds the step of who writes projects: no limits but those of the controller's own rights.
func (a *argo) addEverything(h holder, note string) {
	if !a.impersonates {
		a.b.acts(h, a.controller, note)
		return
	}
	if a.b.may(a.controller.account(), impersonating(), "") {
		p := proof{grants: h.grants, object: a.controller.object, path: a.controller.at, note: note}
		a.b.add(subject(h), set(AnyAccountKind, ""), p)
	}
}

// impersonating is the right to impersonate any service account.
func impersonating() right { return right{verbs: []string{"impersonate"}, resource: "serviceaccounts"} }

// addProject adds what an Application of the project can do.
func (a *argo) addProject(h holder, project argoProject) {
	p := proof{grants: h.grants, object: project.object, path: "spec", note: "the project lets Applications of any repository in"}
	for _, account := range project.accounts {
		a.b.add(subject(h), account, p)
	}
	for _, ns := range project.podsIn {
		h.namespace = ns
		a.b.addMadePods(h, p)
	}
}

// judge finds out what Applications of the project can do.
func (a *argo) judge(project *argoProject) {
	if !project.anyRepository() {
		return
	}
	if a.impersonates {
		project.accounts = a.impersonated(project)
		return
	}
	everywhere := project.everywhere()
	if everywhere && project.allows("rbac.authorization.k8s.io", "ClusterRoleBinding", false) && a.isAdmin() ||
		everywhere && project.allowsAll(false) && project.allowsAll(true) {
		project.accounts = []finding.Ref{a.controller.account().Ref()}
		return
	}
	if everywhere && a.mayRunPods(project, "") {
		project.podsIn = []string{""}
		return
	}
	for _, ns := range a.b.namespaces {
		if project.reaches(ns) && a.mayRunPods(project, ns) {
			project.podsIn = append(project.podsIn, ns)
		}
	}
}

// isAdmin says that the controller holds every right.
func (a *argo) isAdmin() bool {
	return a.b.may(a.controller.account(), right{verbs: []string{"*"}, group: "*", resource: "*"}, "")
}

// mayRunPods says that the project and the controller's rights let some kind of workload in.
func (a *argo) mayRunPods(project *argoProject, namespace string) bool {
	return a.b.runsPods(a.controller.account(), namespace, func(group, kind string) bool { return project.allows(group, kind, true) })
}

// impersonated are the accounts that the project names for destinations.
func (a *argo) impersonated(project *argoProject) []finding.Ref {
	var out []finding.Ref
	for _, ns := range a.b.namespaces {
		account, ok := project.accountFor(ns)
		if !ok || !project.reaches(ns) || !a.b.may(a.controller.account(), impersonating(), account.Namespace) {
			continue
		}
		if ref := account.Ref(); slices.Contains(a.b.accounts[account.Namespace], account.Name) && !slices.Contains(out, ref) {
			out = append(out, ref)
		}
	}
	return out
}

// findSettings adds the steps of who becomes an administrator of Argo CD.
func (a *argo) findSettings() {
	if !a.runs("argocd-server") {
		return
	}
	const settings, roles = "argocd-cm", "argocd-rbac-cm"
	const note = "anonymous callers can be made administrators of Argo CD, whose server has to be reached"
	open := a.setting(settings, "users.anonymous.enabled") == "true"
	admin := a.setting(roles, "policy.default") == "role:admin"
	change := a.b.changing("", "configmaps", false).at(a.namespace)
	var ways []holder
	for _, name := range []string{settings, roles} {
		if a.b.inv.Get("", "ConfigMap", a.namespace, name) == nil {
			return
		}
		if name == settings && admin || name == roles && open {
			ways = append(ways, a.b.joint(change.on(name))...)
		}
	}
	for _, h := range append(ways, a.b.joint(change.on(settings), change.on(roles))...) {
		a.addEverything(h, note)
	}
	secret := a.b.inv.Get("", "Secret", a.namespace, "argocd-secret")
	if secret != nil && a.setting(settings, "admin.enabled") != "false" && !a.impersonates {
		a.b.add(secretRef(a.namespace, secret.Name), a.controller.account().Ref(), proof{
			object: secret, path: "data", note: "its key server.secretkey signs sessions of Argo CD's account admin, whose server has to be reached",
		})
	}
}

// An argoProject is an AppProject.
type argoProject struct {
	object   *inventory.Object
	spec     map[string]any
	accounts []finding.Ref // as which its Applications act
	podsIn   []string      // the namespaces where they run pods; "" for all
}

// accountFor is the service account that applies to a namespace of this cluster, when impersonation is switched on.
func (p *argoProject) accountFor(namespace string) (account rbac.Subject, ok bool) {
	for _, item := range inventory.Maps(p.spec["destinationServiceAccounts"]) {
		if !argoGlob(inventory.String(item, "server"), argoCluster) || !argoGlob(inventory.String(item, "namespace"), namespace) {
			continue
		}
		name := inventory.String(item, "defaultServiceAccount")
		if ns, rest, cut := strings.Cut(name, ":"); cut {
			return rbac.Account(ns, rest), true
		}
		return rbac.Account(namespace, name), name != ""
	}
	return account, false
}
