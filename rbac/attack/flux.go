package attack

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

var flux = Technique{
	ID: "flux", Title: "Have Flux apply manifests", MITRE: "T1072",
	What: "Flux applies what a Kustomization or HelmRelease says, in every namespace, with the rights of kustomize-controller and " +
		"helm-controller, which its manifests bind to cluster-admin. An inline patch of a Kustomization (spec.patches) or a " +
		"post-renderer of a HelmRelease turns whatever its source holds into any manifest, so that the content of the source need not " +
		"be the attacker's; the source may lie in another namespace unless the controller runs with --no-cross-namespace-refs. The " +
		"author may name a service account of his namespace in spec.serviceAccountName; he need not, unless the controllers run with " +
		"--default-service-account: then they always impersonate an account of the object's namespace, of the author's choice. Who can " +
		"change a source that a Kustomization or HelmRelease uses has its content applied in the same way. With " +
		"--watch-all-namespaces=false only the controller's own namespace counts.",
	Needs: "create, or update or patch on an existing one, of kustomizations.kustomize.toolkit.fluxcd.io or " +
		"helmreleases.helm.toolkit.fluxcd.io, and for a new one a source that exists or can be made; or update or patch on a source " +
		"that is in use.",
	Proof: "The bindings and rules, and the workload of the controller. Check with: kubectl auth can-i create " +
		"kustomizations.kustomize.toolkit.fluxcd.io -n NAMESPACE --as SUBJECT, and kubectl get deployment kustomize-controller -n " +
		"flux-system -o jsonpath='{.spec.template.spec.containers[*].args}'",
	Cut: "Run the controllers with --default-service-account and --no-cross-namespace-refs, as Flux's multi-tenancy lockdown does, and " +
		"keep strong service accounts out of the tenants' namespaces.",
	find: findFlux,
}

// A fluxController applies the objects of one kind from sources.
type fluxController struct {
	name                  string // of its image
	group, kind, resource string
	sources               []fluxSource
}

const fluxSources = "source.toolkit.fluxcd.io"

// A fluxSource is a kind of source.
type fluxSource struct{ kind, resource string }

func fluxControllers() []fluxController {
	git, oci := fluxSource{"GitRepository", "gitrepositories"}, fluxSource{"OCIRepository", "ocirepositories"}
	bucket, charts := fluxSource{"Bucket", "buckets"}, fluxSource{"HelmRepository", "helmrepositories"}
	return []fluxController{
		{
			"kustomize-controller", "kustomize.toolkit.fluxcd.io", "Kustomization", "kustomizations",
			[]fluxSource{git, oci, bucket},
		},
		{
			"helm-controller", "helm.toolkit.fluxcd.io", "HelmRelease", "helmreleases",
			[]fluxSource{git, oci, bucket, charts, {"HelmChart", "helmcharts"}},
		},
	}
}

func (c fluxController) deputy() deputy {
	return deputy{
		group: c.group, image: imageNamed("fluxcd/" + c.name),
		labels: []string{"app.kubernetes.io/part-of=flux", "app.kubernetes.io/component=" + c.name},
	}
}

func findFlux(b *builder) {
	for _, a := range b.fluxAppliers() {
		a.apply()
		a.changeSources()
	}
}

// fluxAppliers are the controllers that run.
func (b *builder) fluxAppliers() []*fluxApplier {
	var out []*fluxApplier
	for _, c := range fluxControllers() {
		for _, w := range b.deputies(c.deputy()) {
			a := &fluxApplier{b: b, fluxController: c, workload: w}
			a.account, _ = w.flag("default-service-account")
			all, given := w.flag("watch-all-namespaces")
			a.ownOnly = given && all == "false"
			crossing, given := w.flag("no-cross-namespace-refs")
			a.noCrossing = given && crossing != "false"
			out = append(out, a)
		}
	}
	return out
}

// A fluxApplier is one running controller.
type fluxApplier struct {
	b *builder
	fluxController
	workload   *workload
	account    string // that it impersonates when an object names none; "" for none
	ownOnly    bool
	noCrossing bool // sources must lie in the object's namespace
}

// apply adds the steps of who writes the objects that the controller applies. A new object needs a source.
func (a *fluxApplier) apply() {
	change := a.b.changing(a.group, a.resource, false)
	create := a.b.creating(a.group, a.resource, false)
	objects := a.b.inv.Of(a.group, a.kind)
	for _, h := range a.b.joint(create) {
		a.make(h)
	}
	for _, h := range a.b.joint(change) {
		for _, namespace := range placesOfObjects(h, objects) {
			a.step(h, namespace, "", proof{grants: h.grants, object: a.workload.object, path: a.workload.at})
		}
	}
}

// placesOfObjects are the namespaces of the objects that a holder may change.
func placesOfObjects(h holder, objects []*inventory.Object) []string {
	var out []string
	for _, o := range objects {
		if h.covers(o.Name) && (h.namespace == "" || h.namespace == o.Namespace) && !slices.Contains(out, o.Namespace) {
			out = append(out, o.Namespace)
		}
	}
	return out
}

// make adds the steps of who makes an object: with a source that exists, or with one that he makes as well.
func (a *fluxApplier) make(h holder) {
	p := proof{grants: h.grants, object: a.workload.object, path: a.workload.at}
	if a.sourceFor(h.namespace) {
		a.step(h, h.namespace, "", p)
		return
	}
	for _, k := range a.sources {
		for _, source := range a.b.creating(fluxSources, k.resource, false).of(h.subject) {
			joined, ok := h.with(source)
			if !ok && a.noCrossing {
				continue
			}
			if !ok { // the source lies elsewhere
				joined = holder{subject: h.subject, namespace: h.namespace, grants: slices.Concat(h.grants, source.grants)}
			}
			q := p
			q.grants = joined.grants
			a.step(h, joined.namespace, "", q)
		}
	}
}

// sourceFor says whether a source lies where an object of the namespace may use it.
func (a *fluxApplier) sourceFor(namespace string) bool {
	return slices.ContainsFunc(a.sources, func(k fluxSource) bool {
		return slices.ContainsFunc(a.b.inv.Of(fluxSources, k.kind), func(o *inventory.Object) bool {
			return namespace == "" || !a.noCrossing || o.Namespace == namespace
		})
	})
}

// step adds the step to whom the controller acts as for an object in the namespace that names the account, or "".
func (a *fluxApplier) step(h holder, namespace, account string, p proof) {
	from := subject(h)
	if a.ownOnly {
		if namespace != "" && namespace != a.workload.object.Namespace {
			return
		}
		namespace = a.workload.object.Namespace
	}
	own := a.workload.account()
	if a.account == "" && account == "" {
		a.b.add(from, own.Ref(), p)
		return
	}
	if !a.b.may(own, impersonating(), namespace) {
		return
	}
	if account != "" {
		a.b.add(from, rbac.Account(namespace, account).Ref(), p)
		return
	}
	p.note = "the controller impersonates the service account that the object names"
	a.b.add(from, set(AnyAccountKind, namespace), p)
}

// changeSources adds the steps of who changes a source that is in use.
func (a *fluxApplier) changeSources() {
	used := map[string][]fluxUse{} // by the namespace of the source; "" for all
	for _, use := range a.uses() {
		used[use.namespace] = append(used[use.namespace], use)
		used[""] = append(used[""], use)
	}
	if len(used) == 0 {
		return
	}
	for _, k := range a.sources {
		for _, h := range a.b.joint(a.b.changing(fluxSources, k.resource, false)) {
			a.changeSource(h, k, used[h.namespace])
		}
	}
}

func (a *fluxApplier) changeSource(h holder, k fluxSource, used []fluxUse) {
	seen := map[podName]bool{} // the accounts that were reached, by namespace and name
	read := a.b.inv.Of(fluxSources, k.kind)
	for _, use := range used {
		if use.kind != k.kind || !h.covers(use.name) {
			continue
		}
		source := a.b.inv.Get(fluxSources, k.kind, use.namespace, use.name)
		as := a.actsAs(use.by)
		if source == nil && len(read) > 0 || seen[as] { // a source that is not there, or nothing new
			continue
		}
		seen[as] = true
		p := proof{grants: h.grants, object: use.by, path: "spec", note: "it uses " + k.kind + " " + use.namespace + "/" + use.name}
		if as.name != "" {
			a.step(h, as.namespace, as.name, p)
		} else {
			a.b.add(subject(h), a.workload.account().Ref(), p)
		}
	}
}

// actsAs is the service account that an object has the controller impersonate; no name for none.
func (a *fluxApplier) actsAs(o *inventory.Object) podName {
	name := inventory.String(o.Content, "spec", "serviceAccountName")
	if name == "" {
		name = a.account
	}
	if name == "" {
		return podName{}
	}
	return podName{o.Namespace, name}
}

// A fluxUse is an object that uses a source.
type fluxUse struct {
	kind, namespace, name string // of the source
	by                    *inventory.Object
}

// uses are the objects that the controller applies to this cluster, with their sources.
func (a *fluxApplier) uses() []fluxUse {
	var out []fluxUse
	for _, o := range a.b.inv.Of(a.group, a.kind) {
		spec := inventory.Map(o.Content, "spec")
		if a.ownOnly && o.Namespace != a.workload.object.Namespace || spec["suspend"] == true || spec["kubeConfig"] != nil {
			continue
		}
		for _, ref := range []map[string]any{
			inventory.Map(spec, "sourceRef"), inventory.Map(spec, "chartRef"), inventory.Map(spec, "chart", "spec", "sourceRef"),
		} {
			use := fluxUse{inventory.String(ref, "kind"), inventory.String(ref, "namespace"), inventory.String(ref, "name"), o}
			if use.namespace == "" {
				use.namespace = o.Namespace
			}
			if ref != nil && (use.namespace == o.Namespace || !a.noCrossing) {
				out = append(out, use)
			}
		}
	}
	return out
}
