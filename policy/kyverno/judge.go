package kyverno

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy"
	"github.com/plimsoll-io/plimsoll/policy/admission"
)

// A Set judges objects by what Kyverno policies were converted to.
type Set struct {
	Policies []*Policy

	rules  []judged
	main   *admission.Set // the converted policies
	probes *admission.Set // tell what is skipped
	reach  *admission.Set // tell what rules look at that have no policy
}

// A judged is one rule of a set.
type judged struct {
	policy *Policy
	rule   *Rule
}

// A Result is what one rule says of one object: at most one for each rule and object.
type Result struct {
	admission.Result
	// Skipped says that the rule does not apply to the object, by its preconditions or the conditions in its pattern, as
	// Kyverno's skip. Other skips mean that something is not known.
	Skipped bool `json:"-"`
}

// NewSet prepares policies for judging.
func NewSet(policies []*Policy) *Set {
	s := &Set{Policies: policies}
	var main, probes, reach []*inventory.Object
	for _, p := range policies {
		for _, r := range p.Rules {
			name := key(len(s.rules))
			s.rules = append(s.rules, judged{p, r})
			switch {
			case r.Converted():
				main = append(main, asObject(r.Admission, name))
				if len(r.Bindings) > 0 {
					b := r.Bindings[0].DeepCopy()
					b.Name, b.Spec.PolicyName, b.Spec.MatchResources = name, name, nil
					main = append(main, asObject(b, name))
				}
			case r.reach != nil:
				reach = append(reach, asObject(r.reach, name))
			}
			if r.Supported() && r.probe != nil {
				probes = append(probes, asObject(r.probe, name))
			}
		}
	}
	s.main, s.probes, s.reach = admission.Read(main, policy.Newest), admission.Read(probes, policy.Newest), admission.Read(reach, policy.Newest)
	return s
}

// key is the name that a rule has while it is judged; that of its policy need not be unique.
func key(index int) string { return fmt.Sprintf("rule-%d", index) }

func asObject(v any, name string) *inventory.Object {
	var content map[string]any
	if json.Unmarshal(asJSON(v), &content) != nil {
		content = map[string]any{}
	}
	meta := inventory.Map(content, "metadata")
	if meta != nil {
		meta["name"] = name
	}
	return &inventory.Object{Content: content, Ref: finding.Ref{
		APIVersion: inventory.String(content, "apiVersion"), Kind: inventory.String(content, "kind"), Name: name,
	}}
}

// ParamKinds are the kinds of parameters that the policies ask for.
func (s *Set) ParamKinds() []admissionv1.ParamKind { return s.main.ParamKinds() }

// Judge judges objects as if each were being created. The results are in the order of the objects, then of the rules; an
// object that no rule looks at has none.
func (s *Set) Judge(ctx context.Context, w admission.World, objects []*inventory.Object) ([]Result, error) {
	parts := make([][]Result, len(objects))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, o := range objects {
		if Is(o) || admission.Is(o) {
			continue
		}
		group.Go(func() error {
			parts[i] = s.Review(ctx, w, admission.RequestOf(o))
			return ctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(parts...), nil
}

// Review judges one request by all rules.
func (s *Set) Review(ctx context.Context, w admission.World, r admission.Request) []Result {
	main := byPolicy(s.main.Review(ctx, w, r))
	probes := byPolicy(s.probes.Review(ctx, w, r))
	reach := byPolicy(s.reach.Review(ctx, w, r))
	var out []Result
	for i, j := range s.rules {
		name := key(i)
		var result *Result
		if j.rule.Converted() {
			result = verdict(main[name], probes[name])
		} else {
			result = j.other(r, reach[name], probes[name])
		}
		if result == nil {
			continue
		}
		if j.rule.isCEL && result.Result.Result == admission.Error && !result.Refused && *j.rule.Admission.Spec.FailurePolicy == admissionv1.Fail {
			result.Result.Result = admission.Fail // as Kyverno says it
		}
		result.Policy, result.Rule, result.Resource, result.Position = j.policy.Object.Name, j.rule.Title(), r.Ref, r.Position
		if len(j.rule.Bindings) == 0 && j.rule.PodSecurity == nil {
			result.Actions = []string{}
		}
		result.Binding = ""
		out = append(out, *result)
	}
	return out
}

func byPolicy(results []admission.Result) map[string][]admission.Result {
	out := map[string][]admission.Result{}
	for _, r := range results {
		out[r.Policy] = append(out[r.Policy], r)
	}
	return out
}

// verdict is the result of a converted rule, or that it is skipped; nil where the rule does not look at the object. Of
// several validations the first that does not hold decides.
func verdict(results, probes []admission.Result) *Result {
	if i := slices.IndexFunc(results, func(r admission.Result) bool { return r.Result != admission.Pass }); i >= 0 {
		return &Result{Result: results[i]}
	}
	for _, p := range probes {
		if p.Result == admission.Fail {
			p.Result = admission.Skip
			p.Actions = []string{}
			return &Result{Result: p, Skipped: true}
		}
	}
	if len(results) > 0 {
		return &Result{Result: results[0]}
	}
	return nil
}

// other is the result of a rule that has no policy of its own.
func (j judged) other(r admission.Request, reach, probes []admission.Result) *Result {
	if len(reach) == 0 {
		return verdict(nil, probes)
	}
	out := &Result{Result: reach[0]}
	switch {
	case !j.rule.Supported():
		out.Result.Result, out.Actions = admission.Unsupported, []string{}
		var why []string
		for _, u := range j.rule.Unsupported {
			why = append(why, u.Construct+": "+u.Reason)
		}
		out.Message = strings.Join(why, "; ")
	case reach[0].Result != admission.Pass:
	case j.rule.PodSecurity != nil:
		j.rule.PodSecurity.review(out, r)
	}
	return out
}

// review fills a result in.
func (ps *PodSecurity) review(out *Result, r admission.Request) {
	o := &inventory.Object{Ref: r.Ref, Content: r.Object}
	message, err := ps.judge(o)
	switch {
	case err != nil:
		out.Result.Result, out.Message = admission.Error, err.Error()
	case message != "":
		out.Result.Result, out.Message = admission.Fail, message
	}
}
