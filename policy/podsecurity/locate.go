package podsecurity

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/policy"
	"k8s.io/utils/ptr"

	"github.com/plimsoll-io/plimsoll/finding"
)

// A search tries the parts of a pod one by one.
type search struct {
	pod   *pod
	check check
	found []finding.Path
}

// locate finds the fields that break a check, by giving the check pods that have one of them only.
func (p *pod) locate(c check) []finding.Path {
	s := &search{pod: p, check: c}
	if find := locators()[c.id]; find != nil {
		find(s)
	}
	return s.found
}

// locators says for each check which parts of a pod to try.
func locators() map[policy.CheckID]func(*search) {
	return map[policy.CheckID]func(*search){
		"hostNamespaces":             (*search).hostNamespaces,
		"hostPathVolumes":            func(s *search) { s.volumes(".hostPath") },
		"restrictedVolumes":          func(s *search) { s.volumes("") },
		"sysctls":                    (*search).sysctls,
		"windowsHostProcess":         (*search).windowsOptions,
		"seLinuxOptions":             (*search).seLinuxOptions,
		"appArmorProfile":            (*search).appArmor,
		"seccompProfile_baseline":    (*search).seccomp,
		"seccompProfile_restricted":  (*search).seccomp,
		"runAsNonRoot":               (*search).runAsNonRoot,
		"runAsUser":                  (*search).runAsUser,
		"allowPrivilegeEscalation":   (*search).allowPrivilegeEscalation,
		"privileged":                 (*search).privileged,
		"procMount":                  (*search).procMount,
		"procMount_restricted":       (*search).procMount,
		"capabilities_baseline":      (*search).addedCapabilities,
		"capabilities_restricted":    (*search).capabilities,
		"hostPorts":                  (*search).hostPorts,
		"hostProbesAndHostLifecycle": (*search).probeHosts,
	}
}

// try notes the path when a pod that has nothing but one part breaks the check. What the checks make exceptions for
// (the operating system, user namespaces) is kept.
func (s *search) try(path finding.Path, spec corev1.PodSpec) {
	spec.OS, spec.HostUsers = s.pod.spec.OS, s.pod.spec.HostUsers
	s.note(path, &metav1.ObjectMeta{}, &spec)
}

func (s *search) tryAnnotation(key, value string, containers []corev1.Container) {
	meta := &metav1.ObjectMeta{Annotations: map[string]string{key: value}}
	s.note(finding.Path("metadata.annotations").Field(key), meta, &corev1.PodSpec{Containers: containers, OS: s.pod.spec.OS})
}

func (s *search) note(path finding.Path, meta *metav1.ObjectMeta, spec *corev1.PodSpec) {
	if !s.check.test(meta, spec).Allowed && !slices.Contains(s.found, path) {
		s.found = append(s.found, path)
	}
}

// breaks says whether the pod's own security context breaks the check.
func (s *search) breaks(sc *corev1.PodSecurityContext) bool {
	spec := corev1.PodSpec{SecurityContext: sc, OS: s.pod.spec.OS, HostUsers: s.pod.spec.HostUsers}
	return !s.check.test(&metav1.ObjectMeta{}, &spec).Allowed
}

// containers calls visit for every container of any sort.
func (s *search) containers(visit func(at finding.Path, c *corev1.Container)) {
	at := func(list finding.Path, i int, name string) finding.Path {
		if name == "" {
			return list.Index(i)
		}
		return list.Item("name", name)
	}
	spec := &s.pod.spec
	for i := range spec.InitContainers {
		visit(at("spec.initContainers", i, spec.InitContainers[i].Name), &spec.InitContainers[i])
	}
	for i := range spec.Containers {
		visit(at("spec.containers", i, spec.Containers[i].Name), &spec.Containers[i])
	}
	for i := range spec.EphemeralContainers {
		c := (*corev1.Container)(&spec.EphemeralContainers[i].EphemeralContainerCommon)
		visit(at("spec.ephemeralContainers", i, c.Name), c)
	}
}

// tryContext tries a container that has nothing but a part of its security context.
func (s *search) tryContext(path finding.Path, sc corev1.SecurityContext) {
	s.try(path, corev1.PodSpec{Containers: []corev1.Container{{Name: "c", SecurityContext: &sc}}})
}

// context is the container's security context, never nil.
func context(c *corev1.Container) corev1.SecurityContext {
	return ptr.Deref(c.SecurityContext, corev1.SecurityContext{})
}

// podContext is the pod's security context, never nil.
func (s *search) podContext() corev1.PodSecurityContext {
	return ptr.Deref(s.pod.spec.SecurityContext, corev1.PodSecurityContext{})
}

const podAt finding.Path = "spec.securityContext"

func (s *search) hostNamespaces() {
	spec := &s.pod.spec
	s.try("spec.hostNetwork", corev1.PodSpec{HostNetwork: spec.HostNetwork})
	s.try("spec.hostPID", corev1.PodSpec{HostPID: spec.HostPID})
	s.try("spec.hostIPC", corev1.PodSpec{HostIPC: spec.HostIPC})
}

func (s *search) volumes(field finding.Path) {
	for i, v := range s.pod.spec.Volumes {
		at := finding.Path("spec.volumes").Item("name", v.Name)
		if v.Name == "" {
			at = finding.Path("spec.volumes").Index(i)
		}
		s.try(at+field, corev1.PodSpec{Volumes: []corev1.Volume{v}})
	}
}

func (s *search) sysctls() {
	for _, ctl := range s.podContext().Sysctls {
		sc := &corev1.PodSecurityContext{Sysctls: []corev1.Sysctl{ctl}}
		s.try((podAt+".sysctls").Item("name", ctl.Name), corev1.PodSpec{SecurityContext: sc})
	}
}

func (s *search) windowsOptions() {
	sc := &corev1.PodSecurityContext{WindowsOptions: s.podContext().WindowsOptions}
	s.try(podAt+".windowsOptions.hostProcess", corev1.PodSpec{SecurityContext: sc})
	s.containers(func(at finding.Path, c *corev1.Container) {
		s.tryContext(at+".securityContext.windowsOptions.hostProcess",
			corev1.SecurityContext{WindowsOptions: context(c).WindowsOptions})
	})
}

func (s *search) seLinuxOptions() {
	split := func(at finding.Path, o *corev1.SELinuxOptions, try func(finding.Path, *corev1.SELinuxOptions)) {
		if o == nil {
			return
		}
		try(at+".seLinuxOptions.type", &corev1.SELinuxOptions{Type: o.Type})
		try(at+".seLinuxOptions.user", &corev1.SELinuxOptions{User: o.User})
		try(at+".seLinuxOptions.role", &corev1.SELinuxOptions{Role: o.Role})
	}
	split(podAt, s.podContext().SELinuxOptions, func(at finding.Path, o *corev1.SELinuxOptions) {
		s.try(at, corev1.PodSpec{SecurityContext: &corev1.PodSecurityContext{SELinuxOptions: o}})
	})
	s.containers(func(at finding.Path, c *corev1.Container) {
		split(at+".securityContext", context(c).SELinuxOptions, func(at finding.Path, o *corev1.SELinuxOptions) {
			s.tryContext(at, corev1.SecurityContext{SELinuxOptions: o})
		})
	})
}

func (s *search) appArmor() {
	sc := &corev1.PodSecurityContext{AppArmorProfile: s.podContext().AppArmorProfile}
	s.try(podAt+".appArmorProfile.type", corev1.PodSpec{SecurityContext: sc})
	s.containers(func(at finding.Path, c *corev1.Container) {
		s.tryContext(at+".securityContext.appArmorProfile.type",
			corev1.SecurityContext{AppArmorProfile: context(c).AppArmorProfile})
	})
	s.annotations()
}

// annotations tries every annotation alone; checks of old versions and of AppArmor read them.
func (s *search) annotations() {
	var named []corev1.Container
	s.containers(func(_ finding.Path, c *corev1.Container) { named = append(named, corev1.Container{Name: c.Name}) })
	for _, key := range sortedKeys(s.pod.meta.Annotations) {
		s.tryAnnotation(key, s.pod.meta.Annotations[key], named)
	}
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// seccomp tries the pod's profile alone, and every container under the pod's profile. Where the pod's own is what is
// wrong, containers that only inherit it are not named again.
func (s *search) seccomp() {
	inherited := &corev1.PodSecurityContext{SeccompProfile: s.podContext().SeccompProfile}
	s.try(podAt+".seccompProfile.type", corev1.PodSpec{SecurityContext: inherited})
	if s.breaks(inherited) {
		inherited.SeccompProfile = &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}
	}
	s.containers(func(at finding.Path, c *corev1.Container) {
		sc := &corev1.SecurityContext{SeccompProfile: context(c).SeccompProfile}
		s.try(at+".securityContext.seccompProfile.type", corev1.PodSpec{
			SecurityContext: inherited, Containers: []corev1.Container{{Name: "c", SecurityContext: sc}},
		})
	})
	if len(s.found) == 0 {
		s.annotations()
	}
}

func (s *search) runAsNonRoot() {
	inherited := &corev1.PodSecurityContext{RunAsNonRoot: s.podContext().RunAsNonRoot}
	s.try(podAt+".runAsNonRoot", corev1.PodSpec{SecurityContext: inherited})
	if s.breaks(inherited) {
		inherited.RunAsNonRoot = ptr.To(true)
	}
	s.containers(func(at finding.Path, c *corev1.Container) {
		sc := &corev1.SecurityContext{RunAsNonRoot: context(c).RunAsNonRoot}
		s.try(at+".securityContext.runAsNonRoot", corev1.PodSpec{
			SecurityContext: inherited, Containers: []corev1.Container{{Name: "c", SecurityContext: sc}},
		})
	})
}

func (s *search) runAsUser() {
	sc := &corev1.PodSecurityContext{RunAsUser: s.podContext().RunAsUser}
	s.try(podAt+".runAsUser", corev1.PodSpec{SecurityContext: sc})
	s.containers(func(at finding.Path, c *corev1.Container) {
		s.tryContext(at+".securityContext.runAsUser", corev1.SecurityContext{RunAsUser: context(c).RunAsUser})
	})
}

func (s *search) allowPrivilegeEscalation() {
	s.containers(func(at finding.Path, c *corev1.Container) {
		s.tryContext(at+".securityContext.allowPrivilegeEscalation",
			corev1.SecurityContext{AllowPrivilegeEscalation: context(c).AllowPrivilegeEscalation})
	})
}

func (s *search) privileged() {
	s.containers(func(at finding.Path, c *corev1.Container) {
		s.tryContext(at+".securityContext.privileged", corev1.SecurityContext{Privileged: context(c).Privileged})
	})
}

func (s *search) procMount() {
	s.containers(func(at finding.Path, c *corev1.Container) {
		s.tryContext(at+".securityContext.procMount", corev1.SecurityContext{ProcMount: context(c).ProcMount})
	})
}

// capabilities looks for what is not dropped and for what is added.
func (s *search) capabilities() {
	s.containers(func(at finding.Path, c *corev1.Container) {
		dropped := ptr.Deref(context(c).Capabilities, corev1.Capabilities{})
		dropped.Add = nil
		s.tryContext(at+".securityContext.capabilities.drop", corev1.SecurityContext{Capabilities: &dropped})
	})
	s.addedCapabilities()
}

func (s *search) addedCapabilities() {
	s.containers(func(at finding.Path, c *corev1.Container) {
		for i, name := range ptr.Deref(context(c).Capabilities, corev1.Capabilities{}).Add {
			s.tryContext((at + ".securityContext.capabilities.add").Index(i), corev1.SecurityContext{
				Capabilities: &corev1.Capabilities{Add: []corev1.Capability{name}, Drop: []corev1.Capability{"ALL"}},
			})
		}
	})
}

func (s *search) hostPorts() {
	s.containers(func(at finding.Path, c *corev1.Container) {
		for i, port := range c.Ports {
			s.try((at+".ports").Index(i)+".hostPort", corev1.PodSpec{
				Containers: []corev1.Container{{Name: "c", Ports: []corev1.ContainerPort{port}}},
			})
		}
	})
}
