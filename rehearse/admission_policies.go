package rehearse

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy/admission"
	"github.com/plimsoll-io/plimsoll/policy/kyverno"
)

// A policyKey names a policy. Those of Kubernetes have no namespace.
type policyKey struct{ group, kind, namespace, name string }

// keyOf is the policy that an object is, or binds.
func keyOf(o *inventory.Object) (policyKey, bool) {
	switch {
	case !judgesObjects(o.Ref):
		return policyKey{}, false
	case o.Kind == admission.ValidatingBindingKind && o.Group() == admission.Group:
		return policyKey{admission.Group, admission.ValidatingKind, "", inventory.String(o.Content, "spec", "policyName")}, true
	}
	return policyKey{o.Group(), o.Kind, o.Namespace, o.Name}, true
}

// A policyGroup is one policy with what binds it.
type policyGroup struct {
	key      policyKey
	policy   *inventory.Object // nil when only bindings are there
	bindings []*inventory.Object
	params   *admissionv1.ParamKind

	text string // its spec, to look for words in
}

// policies are all policies of an inventory.
type policies struct {
	inv    *inventory.Inventory
	source string
	minor  string
	groups []*policyGroup
	set    *admission.Set // of all that are not Kyverno's
}

func policiesOf(inv *inventory.Inventory, minor string) *policies {
	out := &policies{inv: inv, source: inv.Source.Kind, minor: cmp.Or(minor, admission.Minors()[len(admission.Minors())-1])}
	at := map[policyKey]*policyGroup{}
	var objects []*inventory.Object
	for _, o := range inv.All() {
		key, ok := keyOf(o)
		if !ok {
			continue
		}
		objects = append(objects, o)
		g := at[key]
		if g == nil {
			g = &policyGroup{key: key}
			at[key] = g
			out.groups = append(out.groups, g)
		}
		if o.Kind == admission.ValidatingBindingKind {
			g.bindings = append(g.bindings, o)
			g.text += textOf(o)
			continue
		}
		g.policy, g.text = o, g.text+textOf(o)
		if kind := inventory.Map(o.Content, "spec", "paramKind"); kind != nil {
			g.params = &admissionv1.ParamKind{APIVersion: inventory.String(kind, "apiVersion"), Kind: inventory.String(kind, "kind")}
		}
	}
	out.set = admission.Read(objects, out.minor)
	return out
}

func textOf(o *inventory.Object) string {
	text, _ := json.Marshal(o.Content["spec"])
	return string(text)
}

func (g *policyGroup) kyverno() bool { return g.key.group != admission.Group }

// inForce says whether anything comes of the policy.
func (g *policyGroup) inForce() bool {
	return g.policy != nil && (g.kyverno() || len(g.bindings) > 0)
}

// takes says whether an object is of the kind of the policy's parameters.
func (g *policyGroup) takes(ref finding.Ref) bool {
	return g.params != nil && schema.FromAPIVersionAndKind(g.params.APIVersion, g.params.Kind).GroupKind() ==
		schema.GroupKind{Group: ref.Group(), Kind: ref.Kind}
}

func (g *policyGroup) asksNamespaces() bool {
	return strings.Contains(g.text, "namespaceSelector") || strings.Contains(g.text, "namespaceObject") || strings.Contains(g.text, "namespaceLabels")
}

// asksUser says whether verdicts depend on who makes the request; judges, that it is not only asked whom the policy looks at.
func (g *policyGroup) asksUser() (asks, judges bool) {
	if g.kyverno() {
		for _, word := range [...]string{"request.userInfo", "clusterRoles", `"subjects"`, "serviceAccountName}}"} {
			if strings.Contains(g.text, word) {
				return true, true
			}
		}
		return false, false
	}
	const user = "serInfo" // of request.userInfo, request.?userInfo and request["userInfo"]
	if !strings.Contains(g.text, user) {
		return false, false
	}
	spec := maps.Clone(inventory.Map(g.policy.Content, "spec"))
	delete(spec, "matchConditions")
	text, _ := json.Marshal(spec)
	return true, strings.Contains(string(text), user)
}

// asksUpdates says whether the policy may say something else of an update than of a creation.
func (g *policyGroup) asksUpdates() bool {
	if g.kyverno() {
		return strings.Contains(g.text, "request.operation") || strings.Contains(g.text, "oldObject") || strings.Contains(g.text, "operations")
	}
	if strings.Contains(g.text, "oldObject") || strings.Contains(g.text, "request.operation") {
		return true
	}
	for _, rule := range inventory.Maps(inventory.Map(g.policy.Content, "spec", "matchConstraints")["resourceRules"]) {
		operations := inventory.List(rule, "operations")
		if slices.Contains(operations, any("UPDATE")) && !slices.Contains(operations, any("CREATE")) {
			return true
		}
	}
	return false
}

// asksBeyond says whether the policy judges requests that are not rehearsed.
func (g *policyGroup) asksBeyond() bool {
	for _, rule := range inventory.Maps(inventory.Map(g.policy.Content, "spec", "matchConstraints")["resourceRules"]) {
		for _, operation := range inventory.List(rule, "operations") {
			if operation == "DELETE" || operation == "CONNECT" || operation == "*" {
				return true
			}
		}
		for _, resource := range inventory.List(rule, "resources") {
			if text, _ := resource.(string); strings.Contains(text, "/") {
				return true
			}
		}
	}
	return false
}

// world is what the policies see besides objects. It says that parameters are surely missing only where all were read.
func (p *policies) world(groups []*policyGroup) admission.World {
	complete := p.source == "cluster"
	for _, g := range groups {
		if g.params == nil {
			continue
		}
		gk := schema.FromAPIVersionAndKind(g.params.APIVersion, g.params.Kind).GroupKind()
		_, missing := p.inv.Incomplete(gk)
		complete = complete && !missing && len(p.inv.Of(gk.Group, gk.Kind)) > 0
	}
	return admission.World{Inventory: p.inv, Complete: complete}
}

// A bench judges by some policies of an inventory.
type bench struct {
	world   admission.World
	native  *admission.Batch
	kyverno *kyverno.Set
	// kyvernoUpdates says that one of Kyverno's may say something else of an update.
	kyvernoUpdates bool
}

func (p *policies) bench(groups []*policyGroup) *bench {
	if len(groups) == 0 {
		return nil
	}
	b := &bench{world: p.world(groups)}
	var names []string
	var objects []*inventory.Object
	for _, g := range groups {
		if g.kyverno() {
			objects = append(objects, g.policy)
			b.kyvernoUpdates = b.kyvernoUpdates || g.asksUpdates()
		} else {
			names = append(names, g.key.name)
		}
	}
	if len(names) > 0 {
		if set, err := p.set.Only(names); err == nil { // they are there, as groups are made of them
			b.native = set.Batch(b.world)
		}
	}
	if converted := kyverno.Convert(objects); len(converted) > 0 {
		b.kyverno = kyverno.NewSet(converted)
	}
	return b
}

// objections are what the policies have against a creation, and, where updates is not nil, against an update of what is
// there that changes nothing.
func (b *bench) objections(ctx context.Context, request admission.Request, updates func(string) bool) (create, later []admission.Result) {
	if b == nil {
		return nil, nil
	}
	if b.native != nil {
		create, later = b.native.Objections(ctx, request, updates)
	}
	if b.kyverno == nil {
		return create, later
	}
	add := func(to []admission.Result) []admission.Result {
		for _, r := range b.kyverno.Review(ctx, b.world, request) {
			if r.Result.Result != admission.Pass && !r.Skipped {
				to = append(to, r.Result)
			}
		}
		return to
	}
	create = add(create)
	if updates != nil && b.kyvernoUpdates {
		request.Operation, request.OldObject = admissionv1.Update, request.Object
		later = add(later)
	}
	return create, later
}

// A panel are the policies to judge by, as they are now and as they will be.
type panel struct {
	groups        []*policyGroup
	updates       map[string]bool // policies that may say something else of an update than of a creation
	after, before *bench
}

// panel picks policies that will be in force.
func (r *admissionRun) panel(pick func(*policyGroup) bool) *panel {
	p := &panel{updates: map[string]bool{}}
	var was []*policyGroup
	names := map[policyKey]bool{}
	for _, g := range r.after.groups {
		if !g.inForce() || !pick(g) {
			continue
		}
		p.groups, names[g.key] = append(p.groups, g), true
		if g.asksUpdates() {
			p.updates[g.key.name] = true
		}
	}
	for _, g := range r.before.groups {
		if g.inForce() && names[g.key] {
			was = append(was, g)
		}
	}
	p.after, p.before = r.after.bench(p.groups), r.before.bench(was)
	return p
}

func (p *panel) empty() bool { return len(p.groups) == 0 }

// beyond are the names of policies that judge more than can be rehearsed.
func (p *panel) beyond() []string {
	var out []string
	for _, g := range p.groups {
		if g.asksBeyond() {
			out = append(out, g.key.name)
		}
	}
	return out
}

// looked says whether a policy looks at what ordinary users do.
func (p *panel) looked(name string) bool {
	return p.after != nil && p.after.native != nil && p.after.native.Looked(name)
}

// find is the policy of a name.
func (p *panel) find(r admission.Result) *policyGroup {
	for _, g := range p.groups {
		if g.key.name == r.Policy || g.kyverno() && g.key.namespace+"/"+g.key.name == r.Policy {
			return g
		}
	}
	return nil
}

// objections are what the policies have against a subject: when it is made, and, of what is there, when it is updated. It
// tells what is refused already.
func (p *panel) objections(ctx context.Context, s *subject) []objection {
	var updates func(string) bool
	if s.real != nil && len(p.updates) > 0 {
		updates = func(name string) bool { return p.updates[name] }
	}
	create, later := p.after.objections(ctx, s.request, updates)
	var out []objection
	for _, r := range create {
		out = append(out, objection{subject: s, result: r})
	}
	for _, r := range later {
		again := func(c admission.Result) bool { return c.Policy == r.Policy && c.Denied() == r.Denied() }
		if !slices.ContainsFunc(create, again) {
			out = append(out, objection{subject: s, result: r, on: "update"})
		}
	}
	if len(out) == 0 || p.before == nil {
		return out
	}
	create, later = p.before.objections(ctx, s.request, updates)
	for i := range out {
		was := create
		if out[i].on != "" {
			was = later
		}
		out[i].already = slices.ContainsFunc(was, func(r admission.Result) bool {
			return r.Denied() || !out[i].result.Denied() && sameResult(r, out[i].result)
		})
	}
	return out
}

func sameResult(a, b admission.Result) bool {
	return a.Policy == b.Policy && a.Rule == b.Rule && a.Result == b.Result && slices.Equal(a.Actions, b.Actions)
}
