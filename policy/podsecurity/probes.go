package podsecurity

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/plimsoll-io/plimsoll/finding"
)

// probeHosts tries every probe and lifecycle hook of every container alone.
func (s *search) probeHosts() {
	s.containers(func(at finding.Path, c *corev1.Container) {
		s.probe(at+".livenessProbe", c.LivenessProbe, func(p *corev1.Probe) corev1.Container {
			return corev1.Container{LivenessProbe: p}
		})
		s.probe(at+".readinessProbe", c.ReadinessProbe, func(p *corev1.Probe) corev1.Container {
			return corev1.Container{ReadinessProbe: p}
		})
		s.probe(at+".startupProbe", c.StartupProbe, func(p *corev1.Probe) corev1.Container {
			return corev1.Container{StartupProbe: p}
		})
		if c.Lifecycle == nil {
			return
		}
		s.hook(at+".lifecycle.postStart", c.Lifecycle.PostStart, func(h *corev1.LifecycleHandler) corev1.Lifecycle {
			return corev1.Lifecycle{PostStart: h}
		})
		s.hook(at+".lifecycle.preStop", c.Lifecycle.PreStop, func(h *corev1.LifecycleHandler) corev1.Lifecycle {
			return corev1.Lifecycle{PreStop: h}
		})
	})
}

func (s *search) probe(at finding.Path, probe *corev1.Probe, in func(*corev1.Probe) corev1.Container) {
	if probe == nil {
		return
	}
	s.handler(at, probe.HTTPGet, probe.TCPSocket, func(get *corev1.HTTPGetAction, socket *corev1.TCPSocketAction) corev1.Container {
		return in(&corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: get, TCPSocket: socket}})
	})
}

func (s *search) hook(at finding.Path, hook *corev1.LifecycleHandler, in func(*corev1.LifecycleHandler) corev1.Lifecycle) {
	if hook == nil {
		return
	}
	s.handler(at, hook.HTTPGet, hook.TCPSocket, func(get *corev1.HTTPGetAction, socket *corev1.TCPSocketAction) corev1.Container {
		lifecycle := in(&corev1.LifecycleHandler{HTTPGet: get, TCPSocket: socket})
		return corev1.Container{Lifecycle: &lifecycle}
	})
}

// handler tries the two ways to name a host.
func (s *search) handler(at finding.Path, get *corev1.HTTPGetAction, socket *corev1.TCPSocketAction,
	in func(*corev1.HTTPGetAction, *corev1.TCPSocketAction) corev1.Container) {
	s.try(at+".httpGet.host", corev1.PodSpec{Containers: []corev1.Container{in(get, nil)}})
	s.try(at+".tcpSocket.host", corev1.PodSpec{Containers: []corev1.Container{in(nil, socket)}})
}
