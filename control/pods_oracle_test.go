package control_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	podsecurity "k8s.io/pod-security-admission/policy"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/policy"
)

// oraclePods is how many random pods are judged twice.
const oraclePods = 600

// TestPodControlsAgreeWithPodSecurity holds the controls that a Pod Security Standard defines to Kubernetes' own
// evaluator, over random pods. Where a control means something else on purpose, the comparison says so.
func TestPodControlsAgreeWithPodSecurity(t *testing.T) {
	catalogue, err := control.All()
	if err != nil {
		t.Fatal(err)
	}
	controls := map[string]*policy.Policy{}
	for _, c := range catalogue {
		controls[c.ID] = c.Policy
	}
	checks := map[podsecurity.CheckID]podsecurity.CheckPodFn{}
	for _, c := range podsecurity.DefaultChecks() {
		checks[c.ID] = c.Versions[len(c.Versions)-1].CheckPod // the newest version
	}
	dice := podDice{rand.New(rand.NewPCG(3, 7))}
	compared := 0
	for range oraclePods {
		pod := dice.pod()
		for _, c := range oracleComparisons() {
			if c.unless != nil && c.unless(&pod.Spec) {
				continue
			}
			compared++
			ours := true
			for _, id := range c.controls {
				ours = passes(t, controls[id], pod) && ours
			}
			theirs := true
			for _, id := range c.checks {
				theirs = checks[id](&pod.ObjectMeta, &pod.Spec).Allowed && theirs
			}
			if ours != theirs && (!c.onlyTheirPass || theirs) {
				t.Fatalf("%v: passes here %v, by Pod Security %v: %s", c.controls, ours, theirs, asJSON(t, pod))
			}
		}
	}
	t.Logf("%d comparisons", compared)
}

// An oracleComparison says which controls together mean the same as which checks together.
type oracleComparison struct {
	controls []string
	checks   []podsecurity.CheckID
	// unless says for which pods the meanings differ on purpose.
	unless func(*corev1.PodSpec) bool
	// onlyTheirPass compares in one direction: what Pod Security lets pass, the controls let pass.
	onlyTheirPass bool
}

func oracleComparisons() []oracleComparison {
	one := func(control string, check podsecurity.CheckID) oracleComparison {
		return oracleComparison{controls: []string{control}, checks: []podsecurity.CheckID{check}}
	}
	hostPort := one("host-port", "hostPorts")
	hostPort.unless = func(s *corev1.PodSpec) bool { return s.HostNetwork } // every port is then a host port
	seccomp := one("seccomp-missing", "seccompProfile_restricted")
	seccomp.unless = func(s *corev1.PodSpec) bool { // containers may override an unconfined pod
		return s.SecurityContext != nil && s.SecurityContext.SeccompProfile != nil &&
			s.SecurityContext.SeccompProfile.Type == corev1.SeccompProfileTypeUnconfined
	}
	root := one("run-as-root", "runAsNonRoot")
	root.checks, root.onlyTheirPass = append(root.checks, "runAsUser"), true // a user above 0 is enough here
	return []oracleComparison{
		{controls: []string{"host-network", "host-pid", "host-ipc"}, checks: []podsecurity.CheckID{"hostNamespaces"}},
		one("privileged-container", "privileged"),
		one("privilege-escalation", "allowPrivilegeEscalation"),
		one("capabilities-not-dropped", "capabilities_restricted"),
		one("dangerous-capabilities", "capabilities_baseline"),
		one("host-path", "hostPathVolumes"),
		one("restricted-volume-types", "restrictedVolumes"),
		one("host-process", "windowsHostProcess"),
		one("selinux-options", "seLinuxOptions"),
		one("unsafe-sysctls", "sysctls"),
		one("unmasked-proc", "procMount_restricted"),
		hostPort, seccomp, root,
	}
}

func passes(t *testing.T, p *policy.Policy, pod *corev1.Pod) bool {
	t.Helper()
	var content map[string]any
	if err := json.Unmarshal(asJSON(t, pod), &content); err != nil {
		t.Fatal(err)
	}
	v := p.Evaluate(context.Background(), policy.Input{Object: content,
		Kind: schema.GroupVersionKind{Version: "v1", Kind: "Pod"}, Resource: schema.GroupVersionResource{Version: "v1", Resource: "pods"}})
	if v.Err != nil {
		t.Fatal(v.Err)
	}
	return !v.Denied
}

func asJSON(t *testing.T, pod *corev1.Pod) []byte {
	t.Helper()
	data, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// podDice makes random pods that are rich in what Pod Security looks at.
type podDice struct{ *rand.Rand }

// pick is one of the values; values are repeated to make them likelier.
func pick[T any](d podDice, values ...T) T { return values[d.IntN(len(values))] }

func (d podDice) pod() *corev1.Pod {
	yes, no := true, false
	p := &corev1.Pod{}
	p.APIVersion, p.Kind, p.Name, p.Namespace = "v1", "Pod", "random", "shop"
	p.Spec = corev1.PodSpec{
		HostNetwork: d.IntN(4) == 0, HostPID: d.IntN(4) == 0, HostIPC: d.IntN(4) == 0,
		HostUsers:       pick(d, nil, nil, &yes, &no),
		OS:              pick(d, nil, nil, nil, &corev1.PodOS{Name: corev1.Windows}, &corev1.PodOS{Name: corev1.Linux}),
		SecurityContext: d.podContext(),
		Volumes:         d.volumes(),
	}
	for _, name := range []string{"a", "b"}[:1+d.IntN(2)] {
		p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: name, SecurityContext: d.context(), Ports: d.ports()})
	}
	if d.IntN(3) == 0 {
		p.Spec.InitContainers = []corev1.Container{{Name: "init", SecurityContext: d.context(), Ports: d.ports()}}
	}
	if d.IntN(3) == 0 {
		common := corev1.EphemeralContainerCommon{Name: "debug", SecurityContext: d.context()}
		p.Spec.EphemeralContainers = []corev1.EphemeralContainer{{EphemeralContainerCommon: common}}
	}
	return p
}

func (d podDice) podContext() *corev1.PodSecurityContext {
	if d.IntN(3) == 0 {
		return nil
	}
	safe, unsafe := corev1.Sysctl{Name: "net.ipv4.tcp_wmem", Value: "1"}, corev1.Sysctl{Name: "kernel.msgmax", Value: "1"}
	return &corev1.PodSecurityContext{
		RunAsNonRoot: d.boolean(), RunAsUser: d.user(), SeccompProfile: d.seccomp(), SELinuxOptions: d.label(), WindowsOptions: d.windows(),
		Sysctls: pick(d, nil, nil, []corev1.Sysctl{safe}, []corev1.Sysctl{safe, unsafe}),
	}
}

func (d podDice) context() *corev1.SecurityContext {
	if d.IntN(5) == 0 {
		return nil
	}
	masked, unmasked := corev1.DefaultProcMount, corev1.UnmaskedProcMount
	yes := true
	privileged, escalate := pick(d, nil, nil, nil, nil, &yes), pick(d, nil, new(bool), new(bool), &yes)
	if privileged != nil {
		escalate = nil // the API server refuses false there
	}
	return &corev1.SecurityContext{
		Privileged: privileged, AllowPrivilegeEscalation: escalate,
		RunAsNonRoot: d.boolean(), RunAsUser: d.user(), SeccompProfile: d.seccomp(), SELinuxOptions: d.label(), WindowsOptions: d.windows(),
		Capabilities: pick(d, nil, &corev1.Capabilities{Add: d.capabilities(), Drop: d.capabilities()},
			&corev1.Capabilities{Add: d.capabilities(), Drop: []corev1.Capability{"ALL"}}),
		ProcMount: pick(d, nil, nil, nil, &masked, &unmasked),
	}
}

func (d podDice) boolean() *bool {
	yes, no := true, false
	return pick(d, nil, &yes, &no)
}

func (d podDice) user() *int64 {
	root, low := int64(0), int64(1000)
	return pick(d, nil, nil, &root, &low)
}

func (d podDice) capabilities() []corev1.Capability {
	var list []corev1.Capability
	for range d.IntN(3) {
		list = append(list, pick[corev1.Capability](d, "ALL", "NET_RAW", "SYS_ADMIN", "CHOWN", "SETPCAP", "NET_BIND_SERVICE", "NET_BIND_SERVICE"))
	}
	return list
}

func (d podDice) seccomp() *corev1.SeccompProfile {
	file := "shop.json"
	return pick(d, nil, nil, &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		&corev1.SeccompProfile{Type: corev1.SeccompProfileTypeUnconfined},
		&corev1.SeccompProfile{Type: corev1.SeccompProfileTypeLocalhost, LocalhostProfile: &file})
}

func (d podDice) label() *corev1.SELinuxOptions {
	return pick(d, nil, nil, nil, nil, &corev1.SELinuxOptions{}, &corev1.SELinuxOptions{Type: "container_engine_t", Level: "s0"},
		&corev1.SELinuxOptions{Type: "spc_t"}, &corev1.SELinuxOptions{User: "system_u"}, &corev1.SELinuxOptions{Role: "system_r"})
}

func (d podDice) windows() *corev1.WindowsSecurityContextOptions {
	return pick(d, nil, nil, nil, &corev1.WindowsSecurityContextOptions{HostProcess: d.boolean()})
}

func (d podDice) ports() []corev1.ContainerPort {
	open := corev1.ContainerPort{ContainerPort: 81, HostPort: 81}
	return pick(d, nil, nil, []corev1.ContainerPort{{ContainerPort: 80}}, []corev1.ContainerPort{{ContainerPort: 80}, open})
}

func (d podDice) volumes() []corev1.Volume {
	source := pick(d, corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}},
		corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/srv"}},
		corev1.VolumeSource{NFS: &corev1.NFSVolumeSource{Server: "nfs.example.com", Path: "/"}},
		corev1.VolumeSource{Image: &corev1.ImageVolumeSource{Reference: "registry.example.com/shop/models:3"}})
	return pick(d, nil, []corev1.Volume{{Name: "data", VolumeSource: source}})
}
