package policy_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/policy"
)

// catalogue parses the policies of the catalogue, and every txtar case of theirs is near: ../control/testdata.
func catalogue(tb testing.TB) []*policy.Policy {
	tb.Helper()
	files, err := filepath.Glob("../control/policies/*.yaml")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no policies: %v", err)
	}
	var out []*policy.Policy
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		p, err := policy.Parse(data)
		if err != nil {
			tb.Fatalf("%s: %v", file, err)
		}
		p.Trusted = true
		out = append(out, p)
	}
	return out
}

// input reads one object.
func input(tb testing.TB, text string) policy.Input {
	tb.Helper()
	var content map[string]any
	if err := yaml.Unmarshal([]byte(text), &content); err != nil {
		tb.Fatal(err)
	}
	return inputOf(whole(content).(map[string]any))
}

func inputOf(content map[string]any) policy.Input {
	apiVersion, _ := content["apiVersion"].(string)
	kind, _ := content["kind"].(string)
	gvk := schema.FromAPIVersionAndKind(apiVersion, kind)
	return policy.Input{Object: content, Kind: gvk, Resource: policy.ResourceFor(gvk)}
}

// whole gives numbers without a fraction the type that they have in an inventory.
func whole(v any) any {
	switch v := v.(type) {
	case float64:
		if v == float64(int64(v)) {
			return int64(v)
		}
	case map[string]any:
		for key, item := range v {
			v[key] = whole(item)
		}
	case []any:
		for i, item := range v {
			v[i] = whole(item)
		}
	}
	return v
}

const shopDeployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop, labels: {app: cart}}
spec:
  replicas: 3
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart, tier: web}}
    spec:
      serviceAccountName: cart
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, runAsUser: 10001, runAsGroup: 10001, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: web
        image: registry.example.com/shop/cart@sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0
        imagePullPolicy: Always
        ports: [{containerPort: 8080, name: http}]
        env: [{name: MODE, value: live}, {name: REGION, value: eu}]
        resources: {limits: {cpu: 500m, memory: 256Mi}, requests: {cpu: 100m, memory: 128Mi}}
        securityContext:
          allowPrivilegeEscalation: false
          readOnlyRootFilesystem: true
          capabilities: {drop: [ALL]}
          appArmorProfile: {type: RuntimeDefault}
        volumeMounts: [{name: tmp, mountPath: /tmp}]
        livenessProbe: {httpGet: {path: /healthz, port: http}}
      - name: log
        image: registry.example.com/shop/log@sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0
        imagePullPolicy: Always
        resources: {limits: {cpu: 100m, memory: 64Mi}, requests: {cpu: 10m, memory: 32Mi}}
        securityContext:
          allowPrivilegeEscalation: false
          readOnlyRootFilesystem: true
          capabilities: {drop: [ALL]}
          appArmorProfile: {type: RuntimeDefault}
      volumes: [{name: tmp, emptyDir: {}}]
`

// bareDeployment violates what a manifest without any hardening violates.
const bareDeployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart}}
    spec:
      containers:
      - {name: web, image: "nginx:latest", ports: [{containerPort: 80}]}
      - {name: log, image: fluentd}
`

// BenchmarkSet judges a Deployment of two containers with the whole catalogue. It reports microseconds for each
// policy and object. The garbage collector is set as the program sets it.
func BenchmarkSet(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(300))
	for _, c := range []struct{ name, text string }{{"hardened", shopDeployment}, {"bare", bareDeployment}} {
		b.Run(c.name, func(b *testing.B) {
			policies := workloadPolicies(b)
			set := policy.NewSet(policies)
			in := input(b, c.text)
			ctx := context.Background()
			set.Evaluate(ctx, in, nil)
			b.ReportAllocs()
			start, i := cpuTime(), 0
			for b.Loop() {
				in.Object["data"] = fmt.Sprint(i) // another content each time: nothing is remembered
				set.Evaluate(ctx, in, nil)
				i++
			}
			reportPerPolicy(b, cpuTime()-start, len(policies))
		})
	}
}

// BenchmarkSetRemembered judges an object whose content was judged before.
func BenchmarkSetRemembered(b *testing.B) {
	set := policy.NewSet(workloadPolicies(b))
	in := input(b, shopDeployment)
	set.Evaluate(context.Background(), in, nil)
	start := cpuTime()
	for b.Loop() {
		set.Evaluate(context.Background(), in, nil)
	}
	b.ReportMetric(float64((cpuTime()-start).Nanoseconds())/1000/float64(b.N), "cpu-µs/object")
}

// BenchmarkEvaluate judges with each policy alone.
func BenchmarkEvaluate(b *testing.B) {
	policies := workloadPolicies(b)
	in := input(b, shopDeployment)
	for _, p := range policies {
		p.Evaluate(context.Background(), in)
	}
	start := cpuTime()
	for b.Loop() {
		for _, p := range policies {
			p.Evaluate(context.Background(), in)
		}
	}
	reportPerPolicy(b, cpuTime()-start, len(policies))
}

// reportPerPolicy reports CPU time, which a busy machine does not blur as it does wall time.
func reportPerPolicy(b *testing.B, cpu time.Duration, policies int) {
	b.ReportMetric(float64(cpu.Nanoseconds())/1000/float64(b.N)/float64(policies), "cpu-µs/policy")
	b.ReportMetric(float64(policies), "policies")
}

// cpuTime is what this process has used, with its garbage collector.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkCompile prepares a set for its first Deployment: what a scan pays at its start.
func BenchmarkCompile(b *testing.B) {
	in := input(b, shopDeployment)
	policies := catalogue(b)
	start := cpuTime()
	for b.Loop() {
		policy.NewSet(policies).Evaluate(context.Background(), in, nil)
	}
	b.ReportMetric(float64((cpuTime()-start).Milliseconds())/float64(b.N), "cpu-ms/op")
}

// workloadPolicies are the policies that judge Deployments by their content alone.
func workloadPolicies(tb testing.TB) []*policy.Policy {
	var out []*policy.Policy
	for _, p := range catalogue(tb) {
		if p.Matches(schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}) && p.Source.Spec.ParamKind == nil {
			out = append(out, p)
		}
	}
	return out
}
