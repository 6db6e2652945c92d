package expressions

import (
	"math/rand/v2"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/policy"
	"github.com/plimsoll-io/plimsoll/policy/kyverno/jmespath"
)

// The values of a Pod are not those of an object without a schema: an API server shows policies its own types. These
// tests judge Pods, with expressions as policies for Pods hold them.

var podExpressions = []string{
	"request.object.spec.containers[].image", "request.object.spec.[initContainers, containers][].image", "request.object.spec.[ephemeralContainers, initContainers, containers][] | length(@)",
	"request.object.spec.containers[?!securityContext].name", "request.object.spec.containers[?securityContext.privileged == `true`].name", "request.object.spec.volumes[?hostPath] | length(@)",
	"request.object.spec.volumes[?hostPath].hostPath.path", "request.object.spec.volumes[?contains(keys(@), 'emptyDir') && !contains(keys(emptyDir), 'sizeLimit')].name",
	"request.object.spec.volumes[?contains(keys(@), 'emptyDir')] || `[]` | length(@)", "request.object.metadata.labels || `{}`", "request.object.metadata.labels == `{}`",
	"request.object.metadata.annotations || 'none'", "request.object.spec.hostNetwork || `false`", "request.object.spec.containers[?readinessProbe == livenessProbe].name",
	"request.object.spec.containers[].securityContext.capabilities.drop[] | contains(@, 'ALL')", "request.object.spec.containers[].securityContext.capabilities.drop[].to_upper(@) | length(@)",
	"contains(request.object.spec.containers[].name, 'a')", "request.object.spec.containers[0] == request.object.spec.containers[1]", "request.object.spec.containers[0].ports == `[]`",
	"request.object.spec.containers[0].ports || 'none'", "request.object.spec.securityContext || `{}`", "request.object.spec.securityContext == 'x'", "request.object.spec.securityContext || 'x' | type(@)",
	"request.object.spec.containers == 'x'", "request.object.spec.containers[0].resources.limits.memory", "request.object.spec.containers[0].resources || 'none'", "request.object.spec == request.object.metadata",
	"request.object.spec.containers[].[name, image]", "request.object.spec.containers[?[name, image] == ['a', 'nginx:1']].name", "request.object.spec.volumes[].{n: name, e: emptyDir}",
	"type(request.object.spec.volumes)", "keys(request.object.spec) | contains(@, 'volumes')", "request.object.metadata.labels.* | length(@)", "values(request.object.metadata.labels || `{}`) | contains(@, 'a')",
	"not_null(request.object.spec.volumes, 'none')", "to_array(request.object.spec.securityContext) | length(@)", "request.object.spec.volumes[].emptyDir | [0]", "label_match(`{\"a\": \"a\"}`, request.object.metadata.labels || `{}`)",
	"request.object.spec.containers[].ports[].containerPort | contains(@, `80`)", "request.object.spec.containers[?ports[?hostPort]].name", "request.object.spec.priority > `5`", "lookup(request.object.metadata.labels, 'a')",
	"request.object.spec.containers[].resources.limits.cpu || 'none'", "request.object.spec.containers[?resources.limits.memory && resources.requests.memory].name", "contains([request.object.spec.securityContext, 'x'], 'x')",
	"[request.object.spec.volumes, 'x'] == ['x', 'x']", "request.object.{a: spec.volumes, b: spec.priority}.b", "request.userInfo.groups == `[]`", "request.userInfo.groups || 'x'", "request.userInfo || 'x' | type(@)",
}

var podOperands = []string{
	"{{ request.object.spec.containers[].image }}", "{{ request.object.spec.[initContainers, containers][].image }}", "{{ request.object.spec.hostNetwork || `false` }}", "{{ request.object.spec.volumes }}",
	"{{ request.object.spec.containers[].securityContext.capabilities.drop[].to_upper(@) || `[]` }}", "{{ request.object.spec.containers[].ports[].containerPort }}", "{{ request.object.metadata.labels }}",
	"{{ request.object.metadata.labels || `{}` }}", "{{ request.object.metadata.labels.a || '' }}", "{{ request.object.spec.securityContext }}", "{{ request.object.spec.securityContext.runAsUser }}", "{{ request.object.spec.priority }}",
	"{{ request.object.spec.containers[0].resources.limits.memory || '0' }}", "{{ request.object.spec.containers[0].resources.limits.cpu }}", "{{ request.object.spec.containers[0].ports }}", "{{ request.userInfo.groups }}",
	"{{ request.object.spec.containers[0].securityContext.capabilities.drop }}", "{{ request.object.spec.containers | length(@) }}", "{{ request.object.spec.volumes[?hostPath].hostPath.path }}", "{{ request.object.metadata.annotations.b }}",
}

func pod(r *rand.Rand) map[string]any {
	g := generator{r}
	pick := func(list ...any) any { return list[r.IntN(len(list))] }
	some := func(m map[string]any, key string, value func() any) {
		if r.IntN(5) > 1 {
			m[key] = value()
		}
	}
	container := func() any {
		c := map[string]any{"name": pick("a", "b", "web"), "image": pick("nginx:1", "registry.example/web:2", "a*", "log")}
		some(c, "ports", func() any { return []any{map[string]any{"containerPort": pick(80.0, 443.0, 8080.0)}} })
		some(c, "resources", func() any {
			return map[string]any{"limits": map[string]any{"memory": pick("1Gi", "2Gi", "512Mi"), "cpu": pick("1", "500m", "2")}}
		})
		some(c, "securityContext", func() any {
			return map[string]any{"privileged": r.IntN(2) == 0, "capabilities": map[string]any{"drop": pick([]any{"ALL"}, []any{"all", "NET_RAW"}, []any{"CHOWN"})}}
		})
		return c
	}
	containers := func() any { return []any{container(), container()}[:1+r.IntN(2)] }
	spec := map[string]any{"containers": containers()}
	some(spec, "initContainers", containers)
	some(spec, "hostNetwork", func() any { return true })
	some(spec, "priority", func() any { return pick(1.0, 10.0, 1000000.0) })
	some(spec, "securityContext", func() any { return map[string]any{"runAsUser": pick(0.0, 1000.0, 2000000.0)} })
	some(spec, "volumes", func() any {
		return []any{
			map[string]any{"name": "tmp", "emptyDir": pick(map[string]any{}, map[string]any{"sizeLimit": "1Gi"})},
			map[string]any{"name": "host", "hostPath": map[string]any{"path": pick("/data", "/var/run")}}}[:1+r.IntN(2)]
	})
	metadata := map[string]any{"name": "web", "namespace": "shop"}
	some(metadata, "labels", func() any { return map[string]any{"a": pick("a", "b"), "b": "x"} })
	some(metadata, "annotations", func() any { return map[string]any{"b": g.text()} })
	return map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
}

func podInput(object map[string]any) policy.Input {
	in := input(object)
	in.Resource = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	in.Kind = schema.GroupVersionKind{Version: "v1", Kind: "Pod"}
	return in
}

func TestPods(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	k, n := newKyverno(), tally{}
	for _, e := range podExpressions {
		v, err := jmespath.NewScope().Text("{{ " + e + " }}")
		if err != nil {
			n.unsupported++
			t.Logf("unsupported: %s: %v", e, err)
			continue
		}
		if j := judgeOf(t, v); j != nil {
			for range 15 {
				compareText(t, k, j, &n, "{{ "+e+" }}", v, pod(r))
			}
		}
	}
	for i := range 300 {
		c := map[string]any{"key": podOperands[r.IntN(len(podOperands))], "operator": operators[r.IntN(len(operators))], "value": constants[r.IntN(len(constants))]}
		if i%3 == 0 {
			c["value"] = scalars[r.IntN(len(scalars))]
		} else if i%3 == 1 {
			c["value"] = podOperands[r.IntN(len(podOperands))]
		}
		compareAll(t, k, &n, []any{c}, pod, 8, r)
	}
	t.Log(n)
}
