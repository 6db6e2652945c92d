package scan

import (
	"context"
	"runtime"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy"
)

// chunk is how many objects a worker takes at a time: enough to amortise the hand-over, few enough to spread evenly.
const chunk = 128

// judgePolicies runs every policy control over every object, on all cores, and adds to results in object order.
func judgePolicies(ctx context.Context, facts *control.Facts, opts Options, results []Result) error {
	j := newJudge(ctx, facts, opts, results)
	if len(j.policies) == 0 {
		return nil
	}
	objects := facts.All()
	parts := make([]part, (len(objects)+chunk-1)/chunk)
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range next {
				parts[i] = j.judge(objects[i*chunk : min((i+1)*chunk, len(objects))])
			}
		})
	}
	for i := range parts {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	workers.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	j.collect(parts, results)
	j.addInjected(parts, results)
	return nil
}

// A judge holds what all workers share.
type judge struct {
	ctx      context.Context
	facts    *control.Facts
	scope    Scope
	set      *policy.Set
	policies []control.Control
	at       []int            // index into results for each policy
	params   []map[string]any // parameter object for each policy, nil when it has none
	skip     []bool           // not configured
	isPod    []bool           // judges pods: also applies to pod templates inside custom resources
}

func newJudge(ctx context.Context, facts *control.Facts, opts Options, results []Result) *judge {
	j := &judge{ctx: ctx, facts: facts, scope: opts.Scope}
	var sources []*policy.Policy
	for i := range results {
		c := results[i].Control
		if c.Policy == nil {
			continue
		}
		params, configured := paramsOf(c, opts.Settings)
		if !configured {
			results[i].Skipped = notConfigured + ": set params." + c.ID + " in plimsoll.yaml"
		}
		j.policies = append(j.policies, c)
		j.at = append(j.at, i)
		j.params = append(j.params, params)
		j.skip = append(j.skip, !configured)
		j.isPod = append(j.isPod, c.Policy.Matches(schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}))
		sources = append(sources, c.Policy)
	}
	if j.set = opts.Compiled; j.set == nil {
		j.set = policy.NewSet(sources)
	}
	return j
}

// Compile prepares the policies among controls for the kinds that nearly every input holds, so that Run finds them ready:
// it takes as long as reading a small input, and can be done meanwhile. Give the result to Run with the same controls.
func Compile(controls []control.Control) *policy.Set {
	var sources []*policy.Policy
	for _, c := range controls {
		if c.Policy != nil {
			sources = append(sources, c.Policy)
		}
	}
	set := policy.NewSet(sources)
	set.Compile(
		schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"},
		schema.GroupVersionResource{Version: "v1", Resource: "services"},
		schema.GroupVersionResource{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterroles"},
		schema.GroupVersionResource{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterrolebindings"},
	)
	return set
}

// paramsOf builds the parameter ConfigMap of a control from the settings. configured is false when it needs one and
// has none: at admission such a policy allows, here it is skipped.
func paramsOf(c control.Control, settings control.Settings) (params map[string]any, configured bool) {
	if c.Policy.Source.Spec.ParamKind == nil {
		return nil, true
	}
	data, ok := settings.Params[c.ID]
	if !ok {
		return nil, false
	}
	values := make(map[string]any, len(data))
	for k, v := range data {
		values[k] = v
	}
	return map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{"name": "plimsoll-" + c.ID}, "data": values,
	}, true
}

// A part is what one worker concluded about one run of objects, by policy.
type part struct {
	passed   [][]*inventory.Object
	findings [][]finding.Finding
	errors   [][]control.ObjectError
	injected []injection
	scratch  [2][]policy.Verdict // reused for every object: of itself, and of its owner
	reasons  map[finding.Reason][]finding.Reason
}

// collect joins what the workers concluded, in object order, each policy by itself.
func (j *judge) collect(parts []part, results []Result) {
	var joins sync.WaitGroup
	for i, r := range j.at {
		joins.Go(func() { collectOne(parts, i, &results[r]) })
	}
	joins.Wait()
}

// collectOne joins the conclusions about one policy. Passes are most of it: their list is made in one piece.
func collectOne(parts []part, i int, r *Result) {
	passed, found := 0, 0
	for _, p := range parts {
		passed += len(p.passed[i])
		found += len(p.findings[i])
	}
	r.Passed = make([]finding.Ref, 0, passed)
	r.Findings = make([]finding.Finding, 0, found)
	for _, p := range parts {
		for _, o := range p.passed[i] {
			r.Passed = append(r.Passed, o.Ref)
		}
		r.Findings = append(r.Findings, p.findings[i]...)
		r.Errors = append(r.Errors, p.errors[i]...)
		p.findings[i], p.passed[i] = nil, nil // the copy is enough
	}
}

func (j *judge) judge(objects []*inventory.Object) part {
	n := len(j.policies)
	p := part{
		passed: make([][]*inventory.Object, n), findings: make([][]finding.Finding, n), errors: make([][]control.ObjectError, n),
	}
	for _, o := range objects {
		if o.Default || !j.scope.Includes(o.Ref) || j.ctx.Err() != nil {
			continue
		}
		if owner := j.facts.TopOwner(o); owner != o {
			if o.Kind == "Pod" { // a ReplicaSet or Job between Pod and owner is judged through both its ends
				j.comparePod(o, owner, &p)
			}
			continue
		}
		j.judgeObject(o, &p)
	}
	return p
}

func (j *judge) judgeObject(o *inventory.Object, p *part) {
	for i, v := range j.evaluate(&p.scratch[0], o.Content, schema.FromAPIVersionAndKind(o.APIVersion, o.Kind), o.Namespace) {
		if v.Matched && !j.skip[i] {
			p.add(i, j.policies[i], o, v, "")
		}
	}
	at, ok := j.facts.Settings.PodTemplates[o.Kind+"."+o.Group()]
	if !ok {
		return
	}
	pod := syntheticPod(o, at)
	if pod == nil {
		return
	}
	for i, v := range j.evaluate(&p.scratch[0], pod, schema.GroupVersionKind{Version: "v1", Kind: "Pod"}, o.Namespace) {
		if v.Matched && !j.skip[i] && j.isPod[i] {
			p.add(i, j.policies[i], o, v, finding.Path(at))
		}
	}
}

func (j *judge) evaluate(scratch *[]policy.Verdict, content map[string]any, gvk schema.GroupVersionKind, namespace string) []policy.Verdict {
	in := policy.Input{Object: content, Kind: gvk, Resource: policy.ResourceFor(gvk)}
	if ns := j.facts.Get("", "Namespace", "", namespace); ns != nil {
		in.Namespace = ns.Content
	}
	*scratch = j.set.EvaluateInto(*scratch, j.ctx, in, j.params)
	return *scratch
}

// add records one verdict. at is where a custom resource embeds the pod template that was judged.
func (p *part) add(i int, c control.Control, o *inventory.Object, v policy.Verdict, at finding.Path) {
	switch {
	case v.Err != nil:
		p.errors[i] = append(p.errors[i], control.ObjectError{Object: o.Ref, Position: o.Origin, Message: v.Err.Error()})
	case len(v.Violations) == 0 && !v.Denied:
		p.passed[i] = append(p.passed[i], o)
	default:
		for _, path := range v.Violations {
			if at != "" {
				path = at + "." + path
			}
			p.findings[i] = append(p.findings[i], p.newFinding(c, o, path))
		}
	}
}

func (p *part) newFinding(c control.Control, o *inventory.Object, path finding.Path) finding.Finding {
	steps := path.Steps()
	return finding.Finding{
		Control: c.ID, Severity: c.Severity, Object: o.Ref, Path: path, Position: o.Position(path),
		Message: c.Title + subject(steps), Because: p.because(seen(o.Content, steps)), Fix: fixAt(c.Fix, path),
	}
}

// because makes a list of one reason. Most findings of a control have the same one, so they share it: nobody writes to
// a list of reasons.
func (p *part) because(r finding.Reason) []finding.Reason {
	if shared, ok := p.reasons[r]; ok {
		return shared
	}
	if p.reasons == nil {
		p.reasons = map[finding.Reason][]finding.Reason{}
	}
	list := []finding.Reason{r}
	p.reasons[r] = list
	return list
}

// fixAt is the fix as far as it can be made at path: nothing can be appended to an item of a list, which some controls
// name beside the list itself; there a person has to decide.
func fixAt(fix *finding.Fix, path finding.Path) *finding.Fix {
	if fix != nil && fix.Op == finding.Append && strings.HasSuffix(string(path), "]") {
		return nil
	}
	return fix
}

// syntheticPod makes a Pod of the pod template that a custom resource embeds at a path; nil when there is none. It has
// a controller, so that it is not taken for a Pod that nobody restarts.
func syntheticPod(o *inventory.Object, at string) map[string]any {
	template := inventory.Map(o.Content, strings.Split(at, ".")...)
	spec, _ := template["spec"].(map[string]any)
	if spec == nil {
		return nil
	}
	meta := map[string]any{
		"name": o.Name, "namespace": o.Namespace,
		"ownerReferences": []any{map[string]any{
			"apiVersion": o.APIVersion, "kind": o.Kind, "name": o.Name, "uid": "", "controller": true,
		}},
	}
	for _, field := range []string{"labels", "annotations"} {
		if m := inventory.Map(template, "metadata", field); m != nil {
			meta[field] = m
		}
	}
	return map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
}
