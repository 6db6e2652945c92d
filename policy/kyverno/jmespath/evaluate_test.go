package jmespath_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types/ref"
	"google.golang.org/protobuf/types/known/structpb"
	"k8s.io/apimachinery/pkg/util/version"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	apiservercel "k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/environment"

	"github.com/plimsoll-io/plimsoll/policy/kyverno/jmespath"
)

// A server compiles and evaluates expressions of any type as an API server of the oldest version does.
type server struct{ env *cel.Env }

func newServer(t testing.TB) server {
	t.Helper()
	request := plugincel.BuildRequestType()
	set, err := environment.MustBaseEnvSet(version.MajorMinor(1, 30)).Extend(environment.VersionedOptions{
		IntroducedVersion: version.MajorMinor(1, 0),
		EnvOptions: []cel.EnvOption{
			cel.Variable("object", cel.DynType), cel.Variable("oldObject", cel.DynType),
			cel.Variable("variables", cel.DynType), cel.Variable("request", request.CelType()), cel.Variable("e1", cel.DynType),
		},
		DeclTypes: []*apiservercel.DeclType{request},
	})
	if err != nil {
		t.Fatal(err)
	}
	return server{set.StoredExpressionsEnv()}
}

func (s server) compile(expression string) (cel.Program, error) {
	ast, issues := s.env.Compile(expression)
	if issues.Err() != nil {
		return nil, issues.Err()
	}
	return s.env.Program(ast)
}

// evaluate is the value of an expression as JSON decodes it.
func (s server) evaluate(t testing.TB, expression string, vars map[string]any) (any, error) {
	t.Helper()
	program, err := s.compile(expression)
	if err != nil {
		t.Fatalf("%s\ndoes not compile: %v", expression, err)
	}
	out, _, err := program.Eval(vars)
	if err != nil {
		return nil, err
	}
	return plain(t, out), nil
}

func plain(t testing.TB, v ref.Val) any {
	t.Helper()
	converted, err := v.ConvertToNative(jsonValue)
	if err != nil {
		t.Fatalf("%v: %v", v, err)
	}
	return converted.(*structpb.Value).AsInterface()
}

// jsonValue is what values are converted to.
var jsonValue = reflect.TypeFor[*structpb.Value]()

// pod is what the expressions of these tests ask.
const pod = `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web", "tier": ""}},
	"spec": {"hostNetwork": true, "priority": 5, "serviceAccountName": "robot",
		"initContainers": [{"name": "init", "image": "registry.example/init:1"}],
		"containers": [
			{"name": "web", "image": "registry.example/web:1.2", "ports": [{"containerPort": 80}, {"containerPort": 443}],
			 "securityContext": {"capabilities": {"drop": ["all", "NET_RAW"]}}},
			{"name": "log", "image": "log", "securityContext": {}}],
		"volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "host", "hostPath": {"path": "/var/run"}}]}}`

func document(t testing.TB, text string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return whole(v).(map[string]any)
}

// whole turns whole numbers into integers, as an API server decodes them.
func whole(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key := range v {
			v[key] = whole(v[key])
		}
	case []any:
		for i := range v {
			v[i] = whole(v[i])
		}
	case float64:
		if v == float64(int64(v)) {
			return int64(v)
		}
	}
	return v
}

func variables(t testing.TB) map[string]any {
	t.Helper()
	return map[string]any{
		"object": document(t, pod), "oldObject": nil, "e1": nil, "variables": map[string]any{},
		"request": map[string]any{"operation": "CREATE", "namespace": "shop", "userInfo": map[string]any{
			"username": "system:serviceaccount:shop:robot", "groups": []any{"dev", "system:authenticated"}}},
	}
}

func shown(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// check evaluates the three expressions of a value and holds them to what is wanted: JSON, or "error".
func check(t *testing.T, s server, v jmespath.Value, vars map[string]any, want string) {
	t.Helper()
	got, err := s.evaluate(t, v.CEL, vars)
	text := shown(got)
	if err != nil {
		text = "error"
	}
	if text != want {
		t.Errorf("got %s (%v), want %s\n%s", text, err, want, v.CEL)
	}
	total, err := s.evaluate(t, v.Total, vars)
	if err != nil || want != "error" && shown(total) != want {
		t.Errorf("total: got %s (%v), want %s\n%s", shown(total), err, want, v.Total)
	}
	fails := "false"
	if v.Fails != "" {
		f, err := s.evaluate(t, v.Fails, vars)
		fails = fmt.Sprint(f)
		if err != nil {
			t.Errorf("fails: %v", err)
		}
	}
	if fails != fmt.Sprint(want == "error") {
		t.Errorf("fails is %s, want %v", fails, want == "error")
	}
}
