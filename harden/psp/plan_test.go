package psp_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/harden/psp"
	"github.com/plimsoll-io/plimsoll/internal/inventorytest"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy"
	"github.com/plimsoll-io/plimsoll/policy/admission"
)

const head = `
apiVersion: policy/v1beta1
kind: PodSecurityPolicy
metadata:
  name: web
  annotations: {seccomp.security.alpha.kubernetes.io/allowedProfileNames: runtime/default}
spec:
  privileged: false
  allowPrivilegeEscalation: false
  requiredDropCapabilities: [ALL]
  volumes: [configMap, secret, emptyDir, projected, downwardAPI, persistentVolumeClaim, csi, ephemeral]
  runAsUser: {rule: MustRunAsNonRoot}
  seLinux: {rule: RunAsAny}
  fsGroup: {rule: RunAsAny}
  supplementalGroups: {rule: RunAsAny}
`

func inventoryOf(t *testing.T, text string) *inventory.Inventory {
	t.Helper()
	return inventory.New(inventory.Source{Kind: "files"}, time.Unix(0, 0), "", inventorytest.Objects(t, "psp.yaml", text), nil)
}

func planOf(t *testing.T, text string, namespaces ...string) *plan.Plan {
	t.Helper()
	p, err := psp.New(inventoryOf(t, text), psp.Options{Namespaces: namespaces, Version: "v1.33"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func read(t *testing.T, text string) *psp.Policy {
	t.Helper()
	p, err := psp.Read(inventorytest.Objects(t, "psp.yaml", text)[0])
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestLevel(t *testing.T) {
	for _, c := range []struct {
		what, old, new string
		want           psp.Level
	}{
		{"as it is", "", "", psp.Restricted},
		{"root", "MustRunAsNonRoot", "RunAsAny", psp.Baseline},
		{"user 0 in range", "{rule: MustRunAsNonRoot}", "{rule: MustRunAs, ranges: [{min: 0, max: 10}]}", psp.Baseline},
		{"escalation", "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", psp.Baseline},
		{"escalation by default", "  allowPrivilegeEscalation: false\n", "", psp.Baseline},
		{"nfs", "[configMap,", "[nfs, configMap,", psp.Baseline},
		{"kept capabilities", "[ALL]", "[NET_RAW]", psp.Baseline},
		{"chown", "volumes:", "allowedCapabilities: [CHOWN]\n  volumes:", psp.Baseline},
		{"any seccomp", "runtime/default", "'*'", psp.Baseline},
		{"host paths", "[configMap,", "[hostPath, configMap,", psp.Privileged},
		{"all volumes", "[configMap,", "['*',", psp.Privileged},
		{"privileged", "privileged: false", "privileged: true", psp.Privileged},
		{"host port", "volumes:", "hostPorts: [{min: 80, max: 80}]\n  volumes:", psp.Privileged},
		{"host port 0 is none", "volumes:", "hostPorts: [{min: 0, max: 0}]\n  volumes:", psp.Restricted},
		{"capability", "volumes:", "defaultAddCapabilities: [NET_ADMIN]\n  volumes:", psp.Privileged},
		{"sysctl", "volumes:", "allowedUnsafeSysctls: ['net.*']\n  volumes:", psp.Privileged},
	} {
		t.Run(c.what, func(t *testing.T) {
			if got := read(t, strings.Replace(head, c.old, c.new, 1)).Level(); got != c.want {
				t.Errorf("level is %s, want %s", got, c.want)
			}
		})
	}
}

// Every expression has to compile on the oldest server that has such policies, and on the newest.
func TestPoliciesCompile(t *testing.T) {
	everything := strings.Replace(head, "volumes: [", `readOnlyRootFilesystem: true
  hostPorts: [{min: 80, max: 90}, {min: 8080, max: 8080}]
  allowedHostPaths: [{pathPrefix: "/var/\"log", readOnly: true}, {pathPrefix: /tmp}]
  allowedFlexVolumes: [{driver: a/b}]
  allowedCSIDrivers: [{name: csi.example.com}]
  runAsGroup: {rule: MayRunAs, ranges: [{min: 1, max: 9}]}
  forbiddenSysctls: ["kernel.m*", net.core.somaxconn]
  allowedUnsafeSysctls: ["*"]
  allowedProcMountTypes: [Unmasked]
  runtimeClass: {allowedRuntimeClassNames: [gvisor], defaultRuntimeClassName: gvisor}
  allowedCapabilities: [NET_ADMIN]
  volumes: [hostPath, flexVolume, `, 1)
	everything = strings.Replace(everything, "{rule: MustRunAsNonRoot}", "{rule: MustRunAs, ranges: [{min: 5, max: 6}]}", 1)
	everything = strings.Replace(everything, "seLinux: {rule: RunAsAny}", "seLinux: {rule: MustRunAs, seLinuxOptions: {level: 's0:c1,c2'}}", 1)
	everything = strings.Replace(everything, "fsGroup: {rule: RunAsAny}", "fsGroup: {rule: MustRunAs, ranges: [{min: 5, max: 6}]}", 1)
	everything = strings.Replace(everything, "annotations: {", "annotations: {apparmor.security.beta.kubernetes.io/allowedProfileNames: 'runtime/default,localhost/a', ", 1)
	text, err := json.Marshal(read(t, everything).Validating(psp.Privileged))
	if err != nil {
		t.Fatal(err)
	}
	p, err := policy.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(p.Source.Spec.Validations); n < 20 {
		t.Errorf("%d validations only", n)
	}
	for _, minor := range []string{policy.Oldest, policy.Newest} {
		for _, err := range p.Check(minor) {
			t.Errorf("%s: %v", minor, err)
		}
	}
}

const use = `
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: psp-web}
rules: [{apiGroups: [policy], resources: [podsecuritypolicies], resourceNames: [web], verbs: [use]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: psp-web, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: psp-web}
subjects: [{kind: Group, apiGroup: rbac.authorization.k8s.io, name: "system:serviceaccounts:shop"}]
`

func TestPlan(t *testing.T) {
	p := planOf(t, head+use)
	want := "1-watch: Namespace shop, ValidatingAdmissionPolicy psp-web, ValidatingAdmissionPolicyBinding psp-web; 2-enforce: Namespace shop, ValidatingAdmissionPolicyBinding psp-web-enforce"
	if got := objectsOf(p); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	p = planOf(t, strings.Replace(strings.Replace(head, "runtime/default", "'*'", 1), "volumes:", "readOnlyRootFilesystem: true\n  volumes:", 1)+use)
	if got := objectsOf(p); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !strings.Contains(decisionsOf(p), "readOnlyRootFilesystem of containers") {
		t.Errorf("nobody is told what is not filled in any more: %s", decisionsOf(p))
	}
}

func TestPlanLeavesToPeople(t *testing.T) {
	blocked := use + `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: old, namespace: shop}
spec: {replicas: 0, template: {spec: {containers: [{name: a, image: a, securityContext: {privileged: true}}]}}}
`
	p := planOf(t, head+blocked)
	if got := objectsOf(p); strings.Contains(got, "2-enforce") || !strings.Contains(got, "1-watch") {
		t.Errorf("a template that the level refuses keeps it from being enforced: %s", got)
	}
	if !strings.Contains(decisionsOf(p), "Deployment old") {
		t.Errorf("the template is not named: %s", decisionsOf(p))
	}
	two := strings.Replace(strings.Replace(head, "name: web", "name: other", 1), "privileged: false", "privileged: true", 1)
	p = planOf(t, head+"---"+two, "shop")
	if !strings.Contains(decisionsOf(p), "Choose one PodSecurityPolicy for the namespace shop") {
		t.Errorf("two policies: %s", decisionsOf(p))
	}
	p = planOf(t, strings.Replace(head, "volumes:", "readOnlyRootFilesystem: true\n  volumes:", 1))
	if !strings.Contains(decisionsOf(p), "--in") || len(p.Steps) != 1 {
		t.Errorf("a policy of which it is not known who used it: %s, %s", objectsOf(p), decisionsOf(p))
	}
	p = planOf(t, strings.Replace(head, "privileged: false", "privileged: false\n  somethingNew: 1", 1))
	if len(p.Steps) != 0 || !strings.Contains(decisionsOf(p), "somethingNew") {
		t.Errorf("an unknown field: %s, %s", objectsOf(p), decisionsOf(p))
	}
}

func objectsOf(p *plan.Plan) string {
	var steps []string
	for _, s := range p.Steps {
		var names []string
		for _, c := range s.Changes {
			names = append(names, inventory.String(c.Object, "kind")+" "+inventory.String(c.Object, "metadata", "name"))
		}
		steps = append(steps, s.Name+": "+strings.Join(names, ", "))
	}
	return strings.Join(steps, "; ")
}

func decisionsOf(p *plan.Plan) string {
	var out []string
	for _, d := range p.Decisions {
		out = append(out, d.Question+" ("+strings.Join(d.Because, "; ")+")")
	}
	return strings.Join(out, "\n")
}

// Odd values are refused, and nothing panics.
func FuzzRead(f *testing.F) {
	f.Add(`{"spec":{"runAsUser":{"rule":"MustRunAs","ranges":[{"min":1,"max":2}]},"seLinux":{"rule":"RunAsAny"},"fsGroup":{"rule":"RunAsAny"},"supplementalGroups":{"rule":"RunAsAny"},"volumes":["\"]"]}}`)
	f.Add(`{"spec":null}`)
	f.Add(`{"spec":{"hostPorts":[null],"volumes":[1]},"metadata":{"annotations":[]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var content map[string]any
		if json.Unmarshal([]byte(text), &content) != nil {
			return
		}
		p, err := psp.Read(&inventory.Object{Ref: finding.Ref{APIVersion: "policy/v1beta1", Kind: psp.Kind, Name: "p"}, Content: content})
		if err != nil {
			return
		}
		made, err := json.Marshal(p.Validating(psp.Privileged))
		if err != nil {
			t.Fatal(err)
		}
		var plain map[string]any
		if err := json.Unmarshal(made, &plain); err != nil || plain == nil {
			return
		}
		o := &inventory.Object{Content: plain, Ref: finding.Ref{APIVersion: "admissionregistration.k8s.io/v1", Kind: admission.ValidatingKind, Name: "psp-p"}}
		set := admission.Read([]*inventory.Object{o}, policy.Newest)
		for _, problem := range set.Problems {
			t.Errorf("%s %s\n%s", problem.Rule, problem.Message, made)
		}
		_ = set.Review(context.Background(), admission.World{}, admission.Request{Object: map[string]any{"apiVersion": "v1", "kind": "Pod"}})
	})
}
