package podsecurity

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/finding"
)

// good meets both standards.
const good = `
securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
containers:
- name: web
  securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
`

func judge(t *testing.T, version, meta, spec string) Verdict {
	t.Helper()
	e, err := New(version)
	if err != nil {
		t.Fatal(err)
	}
	v, err := e.Judge(object(t, meta), object(t, spec))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := yaml.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestPaths breaks each check in every place where it can be broken.
func TestPaths(t *testing.T) {
	for _, c := range []struct {
		name, meta, spec, level string
		want                    map[string][]finding.Path
	}{
		{name: "good", spec: good, level: "restricted"},
		{name: "nothing set", level: "restricted", spec: `{containers: [{name: web}], initContainers: [{name: init}]}`,
			want: map[string][]finding.Path{
				"allowPrivilegeEscalation": {
					"spec.initContainers[name=init].securityContext.allowPrivilegeEscalation",
					"spec.containers[name=web].securityContext.allowPrivilegeEscalation"},
				"capabilities_restricted": {
					"spec.initContainers[name=init].securityContext.capabilities.drop",
					"spec.containers[name=web].securityContext.capabilities.drop"},
				"runAsNonRoot": {
					"spec.initContainers[name=init].securityContext.runAsNonRoot",
					"spec.containers[name=web].securityContext.runAsNonRoot"},
				"seccompProfile_restricted": {
					"spec.initContainers[name=init].securityContext.seccompProfile.type",
					"spec.containers[name=web].securityContext.seccompProfile.type"},
			}},
		{name: "the pod's own settings", level: "restricted", spec: `
securityContext: {runAsNonRoot: false, runAsUser: 0, seccompProfile: {type: Unconfined}}
containers:
- name: web
  securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL], add: [NET_BIND_SERVICE, SYS_TIME]}}
- name: side
  securityContext:
    {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, runAsNonRoot: false, seccompProfile: {type: Unconfined}}`,
			want: map[string][]finding.Path{
				"runAsNonRoot":            {"spec.securityContext.runAsNonRoot", "spec.containers[name=side].securityContext.runAsNonRoot"},
				"runAsUser":               {"spec.securityContext.runAsUser"},
				"capabilities_restricted": {"spec.containers[name=web].securityContext.capabilities.add[1]"},
				"seccompProfile_restricted": {
					"spec.securityContext.seccompProfile.type", "spec.containers[name=side].securityContext.seccompProfile.type"},
			}},
		{name: "everything of the host", level: "baseline", spec: `
hostNetwork: true
hostPID: true
hostIPC: true
volumes:
- {name: logs, hostPath: {path: /var/log}}
- {name: tmp, emptyDir: {}}
securityContext:
  sysctls: [{name: kernel.shm_rmid_forced, value: "1"}, {name: kernel.msgmax, value: "1"}]
  seLinuxOptions: {type: spc_t, user: root}
  appArmorProfile: {type: Unconfined}
  windowsOptions: {hostProcess: true}
ephemeralContainers:
- name: debug
  securityContext: {privileged: true}
containers:
- name: web
  ports: [{containerPort: 80}, {containerPort: 443, hostPort: 443}]
  livenessProbe: {httpGet: {host: 127.0.0.1, port: 80}}
  lifecycle: {preStop: {tcpSocket: {host: 10.0.0.1, port: 80}}}
  securityContext: {procMount: Unmasked, capabilities: {add: [CHOWN, SYS_ADMIN]}, seccompProfile: {type: Unconfined}}`,
			want: map[string][]finding.Path{
				"hostNamespaces":          {"spec.hostNetwork", "spec.hostPID", "spec.hostIPC"},
				"hostPathVolumes":         {"spec.volumes[name=logs].hostPath"},
				"sysctls":                 {"spec.securityContext.sysctls[name=kernel.msgmax]"},
				"seLinuxOptions":          {"spec.securityContext.seLinuxOptions.type", "spec.securityContext.seLinuxOptions.user"},
				"appArmorProfile":         {"spec.securityContext.appArmorProfile.type"},
				"windowsHostProcess":      {"spec.securityContext.windowsOptions.hostProcess"},
				"privileged":              {"spec.ephemeralContainers[name=debug].securityContext.privileged"},
				"hostPorts":               {"spec.containers[name=web].ports[1].hostPort"},
				"procMount":               {"spec.containers[name=web].securityContext.procMount"},
				"capabilities_baseline":   {"spec.containers[name=web].securityContext.capabilities.add[1]"},
				"seccompProfile_baseline": {"spec.containers[name=web].securityContext.seccompProfile.type"},
				"hostProbesAndHostLifecycle": {
					"spec.containers[name=web].livenessProbe.httpGet.host",
					"spec.containers[name=web].lifecycle.preStop.tcpSocket.host"},
			}},
		{name: "annotations", level: "baseline", spec: good,
			meta: `annotations: {container.apparmor.security.beta.kubernetes.io/web: unconfined, other: x}`,
			want: map[string][]finding.Path{
				"appArmorProfile": {`metadata.annotations["container.apparmor.security.beta.kubernetes.io/web"]`},
			}},
		{name: "windows", level: "restricted", spec: `
os: {name: windows}
securityContext: {runAsNonRoot: true}
containers: [{name: web}]`},
		{name: "volume types", level: "restricted", spec: good + "volumes: [{name: a, nfs: {server: s, path: /}}, {name: b}]",
			want: map[string][]finding.Path{"restrictedVolumes": {"spec.volumes[name=a]", "spec.volumes[name=b]"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := judge(t, "", c.meta, c.spec)
			violations := v.Baseline
			if c.level == "restricted" {
				violations = v.Restricted
			}
			got := map[string][]finding.Path{}
			for _, x := range violations {
				got[x.Check] = x.Paths
				if x.Message == "" || strings.HasSuffix(x.Message, ".") {
					t.Errorf("message %q", x.Message)
				}
			}
			if c.want == nil {
				c.want = map[string][]finding.Path{}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestVersions(t *testing.T) {
	probe := `containers: [{name: web, livenessProbe: {httpGet: {host: h, port: 80}}}]`
	if v := judge(t, "v1.33", "", probe); len(v.Baseline) != 0 {
		t.Errorf("1.33 has no rule for probe hosts: %v", v.Baseline)
	}
	if v := judge(t, "1.34.2", "", probe); len(v.Baseline) != 1 {
		t.Errorf("1.34 has a rule for probe hosts: %v", v.Baseline)
	}
	for _, bad := range []string{"x", "1", "v2.0", "1.x"} {
		if _, err := New(bad); err == nil {
			t.Errorf("version %q was taken", bad)
		}
	}
}

func TestUndecodable(t *testing.T) {
	e, _ := New("")
	for _, spec := range []string{
		`containers: web`, `containers: [{name: web, securityContext: {privileged: "yes"}}]`, `hostNetwork: 1`,
	} {
		if v, err := e.Judge(nil, object(t, spec)); err == nil {
			t.Errorf("%s: judged as %v", spec, v)
		}
	}
	if _, err := e.Judge(object(t, `annotations: {a: 1}`), object(t, good)); err == nil {
		t.Error("an annotation that is no string was taken")
	}
	if v, err := e.Judge(nil, object(t, good+"unknown: field")); err != nil || len(v.Restricted) > 0 {
		t.Errorf("an unknown field: %v, %v", v, err)
	}
}

// TestEveryCheckIsLocated fails when the library gains a check that locate does not know.
func TestEveryCheckIsLocated(t *testing.T) {
	known := locators()
	for _, c := range policy.DefaultChecks() {
		if known[c.ID] == nil {
			t.Errorf("no locator for the check %s", c.ID)
		}
		delete(known, c.ID)
	}
	for id := range known {
		t.Errorf("there is no check %s", id)
	}
}

// TestAgainstEvaluator compares which checks apply with upstream's own registry, at every version.
func TestAgainstEvaluator(t *testing.T) {
	bad := object(t, `
hostNetwork: true
volumes: [{name: logs, hostPath: {path: /}}]
containers:
- name: web
  livenessProbe: {httpGet: {host: h, port: 80}}
  securityContext: {privileged: true, procMount: Unmasked, runAsUser: 0, capabilities: {add: [SYS_ADMIN]}}`)
	upstream, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := decode(nil, bad)
	if err != nil {
		t.Fatal(err)
	}
	for minor := 20; minor <= 40; minor++ {
		testVersion(t, upstream, p, bad, minor)
	}
}

func testVersion(t *testing.T, upstream policy.Evaluator, p *pod, spec map[string]any, minor int) {
	t.Helper()
	version, levels := versionAndLevels(minor)
	e, err := New(version)
	if err != nil {
		t.Fatal(err)
	}
	v, err := e.Judge(nil, spec)
	if err != nil {
		t.Fatal(err)
	}
	for i, level := range levels {
		var want []string
		for _, r := range upstream.EvaluatePod(level, &p.meta, &p.spec) {
			if !r.Allowed {
				want = append(want, r.ForbiddenReason+" ("+r.ForbiddenDetail+")")
			}
		}
		var got []string
		for _, x := range [][]Violation{v.Baseline, v.Restricted}[i] {
			got = append(got, strings.TrimSuffix(x.Message, " ()"))
		}
		for j := range want {
			want[j] = strings.TrimSuffix(want[j], " ()")
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s %s: -upstream +ours:\n%s", version, level.Level, diff)
		}
	}
}
