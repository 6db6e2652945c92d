package expressions

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	kyvernov1 "github.com/kyverno/kyverno/api/kyverno/v1"
	"github.com/kyverno/kyverno/pkg/config"
	enginecontext "github.com/kyverno/kyverno/pkg/engine/context"
	kyvernojmes "github.com/kyverno/kyverno/pkg/engine/jmespath"
	"github.com/kyverno/kyverno/pkg/engine/variables"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/policy"
)

// An answer is what an evaluation ends in: a value, or an error.
type answer struct {
	value any
	err   error
}

func (a answer) String() string {
	if a.err != nil {
		return "error: " + a.err.Error()
	}
	data, _ := json.Marshal(a.value)
	return string(data)
}

// kyverno evaluates as Kyverno does, in the context of an admission request.
type kyverno struct{ jp kyvernojmes.Interface }

func newKyverno() kyverno {
	return kyverno{kyvernojmes.New(config.NewDefaultConfiguration(false))}
}

func (k kyverno) context(object map[string]any) enginecontext.Interface {
	raw := clone(map[string]any{"request": map[string]any{
		"operation": "CREATE", "object": object, "oldObject": nil, "namespace": "shop",
		"userInfo": map[string]any{"username": "system:serviceaccount:shop:robot", "groups": []any{"system:authenticated", "dev"}},
	}, "serviceAccountName": "robot", "serviceAccountNamespace": "shop"})
	return enginecontext.NewContextFromRaw(k.jp, raw.(map[string]any))
}

// text substitutes the variables of a text.
func (k kyverno) text(template string, object map[string]any) (a answer) {
	defer catch(&a)
	v, err := variables.SubstituteAll(logr.Discard(), k.context(object), template)
	if err != nil {
		return answer{err: err}
	}
	return answer{value: clone(v)}
}

// conditions evaluates preconditions.
func (k kyverno) conditions(conditions any, object map[string]any) (a answer) {
	defer catch(&a)
	data, err := json.Marshal(conditions)
	if err != nil {
		return answer{err: err}
	}
	var wrapper kyvernov1.ConditionsWrapper
	if err := json.Unmarshal(data, &wrapper); err != nil {
		return answer{err: err}
	}
	ok, _, err := variables.EvaluateConditions(logr.Discard(), k.context(object), wrapper.Conditions)
	return answer{value: ok, err: err}
}

// catch turns a panic of Kyverno into an error, which it is in a running Kyverno.
func catch(a *answer) {
	if r := recover(); r != nil {
		*a = answer{err: fmt.Errorf("panic: %v", r)}
	}
}

// clone is the value as it comes back from JSON: numbers are float64.
func clone(v any) any {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	var out any
	if err := json.Unmarshal(data, &out); err != nil {
		panic(err)
	}
	return out
}

// native is the value as an API server decodes it: whole numbers are int64.
func native(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, member := range v {
			out[key] = native(member)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, member := range v {
			out[i] = native(member)
		}
		return out
	case float64:
		if v == float64(int64(v)) {
			return int64(v)
		}
	}
	return v
}

// A judge evaluates conditions in CEL as the validations of a policy, whose parameter is what they are compared with.
type judge struct{ policy *policy.Policy }

func newJudge(t *testing.T, expressions ...string) *judge {
	t.Helper()
	source := &admissionv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "test"},
		Spec: admissionv1.ValidatingAdmissionPolicySpec{
			ParamKind: &admissionv1.ParamKind{APIVersion: "example.com/v1", Kind: "Wanted"},
			MatchConstraints: &admissionv1.MatchResources{ResourceRules: []admissionv1.NamedRuleWithOperations{{
				RuleWithOperations: admissionv1.RuleWithOperations{
					Operations: []admissionv1.OperationType{"*"},
					Rule:       admissionv1.Rule{APIGroups: []string{"*"}, APIVersions: []string{"*"}, Resources: []string{"*"}},
				}}}},
		},
	}
	for _, e := range expressions {
		source.Spec.Validations = append(source.Spec.Validations, admissionv1.Validation{Expression: e})
	}
	p := policy.New(source)
	if err := p.Compile("1.30"); err != nil {
		t.Errorf("does not compile: %v", err)
		return nil
	}
	return &judge{p}
}

// answers are what the conditions are of an object: a boolean or an error each.
func (j *judge) answers(t *testing.T, object map[string]any, wanted any) []answer {
	t.Helper()
	in := input(object)
	if object["kind"] == "Pod" {
		in = podInput(object)
	}
	in.Params = map[string]any{"value": native(wanted)}
	review, err := j.policy.Review(context.Background(), in)
	if err != nil || !review.Matched {
		t.Fatalf("matched %v: %v", review.Matched, err)
	}
	answers := make([]answer, len(j.policy.Source.Spec.Validations))
	for i := range answers {
		answers[i] = answer{value: true}
	}
	for _, o := range review.Outcomes {
		var i int
		if _, err := fmt.Sscanf(o.Path, "spec.validations[%d]", &i); err != nil {
			t.Fatalf("outcome of %s: %v", o.Path, o.Err)
		}
		answers[i] = answer{value: false, err: o.Err}
	}
	return answers
}

// refusals are the errors by which a translation refuses a document that it cannot judge as Kyverno does.
var refusals = []string{"letters outside of ASCII", "a list of lists", "a list of lists or maps", "unsupported index type", "a very large or small number",
	"a number that is not whole", "an odd number", "quantities and durations", "the text of a list or a map",
	"a list of other things than texts", "unsupported map key type", "a text that is a range or JSON", "a prerelease", "versions are compared"}

func refused(a answer) bool {
	if a.err == nil {
		return false
	}
	for _, r := range refusals {
		if strings.Contains(a.err.Error(), r) {
			return true
		}
	}
	return false
}

func input(object map[string]any) policy.Input {
	return policy.Input{
		Object:   native(object).(map[string]any),
		Resource: schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "things"},
		Kind:     schema.GroupVersionKind{Group: "example.com", Version: "v1", Kind: "Thing"},
		User:     &policy.User{Username: "system:serviceaccount:shop:robot", Groups: []string{"system:authenticated", "dev"}},
	}
}
