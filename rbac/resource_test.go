package rbac

import "testing"

func TestParseResource(t *testing.T) {
	for _, c := range []struct {
		text string
		want Request
		fail bool
	}{
		{text: "pods", want: Request{Resource: "pods"}},
		{text: "po", want: Request{Resource: "pods"}},
		{text: "Secret", want: Request{Resource: "secrets"}},
		{text: "deploy", want: Request{Group: "apps", Resource: "deployments"}},
		{text: "networkpolicy", want: Request{Group: "networking.k8s.io", Resource: "networkpolicies"}},
		{text: "ingress", want: Request{Group: "networking.k8s.io", Resource: "ingresses"}},
		{text: "pods/exec", want: Request{Resource: "pods", Subresource: "exec"}},
		{text: "deployments.apps/scale", want: Request{Group: "apps", Resource: "deployments", Subresource: "scale"}},
		{text: "deployments/scale.apps", want: Request{Group: "apps", Resource: "deployments", Subresource: "scale"}},
		{text: "widgets.example.com", want: Request{Group: "example.com", Resource: "widgets"}},
		{text: "*", want: Request{Group: "*", Resource: "*"}},
		{text: "*.apps", want: Request{Group: "apps", Resource: "*"}},
		{text: "/metrics", want: Request{Path: "/metrics"}},
		{text: "widgets", fail: true},
		{text: "", fail: true},
		{text: "pods/", fail: true},
		{text: "pods.", fail: true},
	} {
		got, err := ParseResource(c.text, nil)
		if (err != nil) != c.fail || got != c.want {
			t.Errorf("%q gives %+v, %v, want %+v", c.text, got, err, c.want)
		}
	}
}
