package need

import (
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// webhooks notes the Services that the API server itself calls: admission and conversion webhooks, and extension API
// servers.
func (d *declarer) webhooks() {
	for _, kind := range []string{"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"} {
		for _, o := range d.inv.Of("admissionregistration.k8s.io", kind) {
			for i, item := range inventory.List(o.Content, "webhooks") {
				hook, _ := item.(map[string]any)
				path := finding.Path("webhooks").Index(i)
				if name := inventory.String(hook, "name"); name != "" && isPlainName(name) {
					path = finding.Path("webhooks").Item("name", name)
				}
				d.called(o, inventory.Map(hook, "clientConfig", "service"), path.Field("clientConfig").Field("service"), "admission webhook")
			}
		}
	}
	for _, o := range d.inv.Of("apiregistration.k8s.io", "APIService") {
		d.called(o, inventory.Map(o.Content, "spec", "service"), specPath("service"), "extension API server")
	}
	for _, o := range d.inv.Of("apiextensions.k8s.io", "CustomResourceDefinition") {
		if inventory.String(o.Content, "spec", "conversion", "strategy") != "Webhook" {
			continue
		}
		d.called(o, inventory.Map(o.Content, "spec", "conversion", "webhook", "clientConfig", "service"),
			specPath("conversion", "webhook", "clientConfig", "service"), "conversion webhook")
		d.called(o, inventory.Map(o.Content, "spec", "conversion", "webhookClientConfig", "service"),
			specPath("conversion", "webhookClientConfig", "service"), "conversion webhook")
	}
}

// called notes that the API server calls a Service.
func (d *declarer) called(o *inventory.Object, ref map[string]any, path finding.Path, what string) {
	name, namespace := inventory.String(ref, "name"), inventory.String(ref, "namespace")
	if name == "" {
		return
	}
	number := network.PortNumber(ref["port"])
	if ref["port"] == nil {
		number = 443
	}
	from, because := d.apiServers()[0].end, Evidence{Object: o, Path: path, What: what + " of " + o.String()}
	s := d.services.Get(namespace, name)
	if s == nil {
		d.unknown(Unresolved{From: from.String(), To: "Service " + namespace + "/" + name, Protocol: "TCP", Port: number,
			Reason: "there is no such Service in what was read, which " + o.String() + " names"})
		return
	}
	ports := withNumber(s, number, "tcp")
	if len(ports) == 0 {
		d.unknown(Unresolved{From: from.String(), To: s.Object.String(), Protocol: "TCP", Port: number,
			Reason: "the Service has no such port, which " + o.String() + " names"})
	}
	for _, p := range ports {
		d.toPort(from, s, p, dial{endpoints: true}, because)
	}
}

// specPath is a path below the spec of an object.
func specPath(fields ...string) finding.Path {
	p := finding.Path("spec")
	for _, f := range fields {
		p = p.Field(f)
	}
	return p
}
