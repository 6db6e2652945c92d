package conformance

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy"
)

type gatekeeperCase struct {
	ID, Dir, Constraint, Object, Expected string
}

// gatekeeperControls says which controls decide what a constraint asks, by its folder. Those that are missing have no
// control: they ask for a company's own numbers and names, or for what is no matter of security.
var gatekeeperControls = map[string][]string{
	"pod-security-policy/allow-privilege-escalation": {"privilege-escalation"},
	"pod-security-policy/capabilities":               {"capabilities-not-dropped"},
	"pod-security-policy/host-network-ports":         {"host-network", "host-port"},
	"pod-security-policy/host-process":               {"host-process"},
	"pod-security-policy/proc-mount":                 {"unmasked-proc"},
	"pod-security-policy/selinux":                    {"selinux-options"},
	"pod-security-policy/users":                      {"run-as-root"},
	"general/httpsonly":                              {"ingress-without-tls"},
	"general/disallowanonymous":                      {"anonymous-binding", "authenticated-binding"},
}

// gatekeeperOther are constraints of these folders whose parameters ask for something else: of other controls, or of none.
var gatekeeperOther = map[string][]string{
	"psp-capabilities-baseline":       {"dangerous-capabilities"},
	"block_host_network":              {"host-network"},
	"psp-host-network-ports":          {}, // a range of ports is allowed
	"port_range_block_host_network":   {}, // as well
	"ingress-https-only-tls-optional": {}, // an annotation instead of TLS
	"no-anonymous-bindings":           {}, // some roles are allowed, and all authenticated users
}

// TestConformanceGatekeeperLibrary asks the controls for the samples of constraints that ask the same.
func TestConformanceGatekeeperLibrary(t *testing.T) {
	dir := corpus(t, "gatekeeper-library")
	y := newTally(t, "gatekeeper-library")
	controls := catalogue(t)
	without := 0
	for _, c := range cases[gatekeeperCase](t, dir) {
		ids := gatekeeperControls[c.Dir]
		if other, ok := gatekeeperOther[path.Base(path.Dir(c.Constraint))]; ok {
			ids = other
		}
		if len(ids) == 0 {
			without++
			continue
		}
		got, why := "allowed", ""
		for _, id := range ids {
			v := admit(t, controls[id], readYAML(t, filepath.Join(dir, c.Dir, c.Object)))
			if v.Err != nil {
				t.Errorf("%s: %s: %v", c.ID, id, v.Err)
			}
			if v.Denied {
				got, why = "violation", why+fmt.Sprint(v.Violations)
			}
		}
		y.count(c.ID, c.Expected, got, why)
	}
	t.Logf("%d cases ask for what no control is about", without)
	y.done(100)
}

// readYAML reads a file whatever it holds: reviews are no objects of a cluster.
func readYAML(t *testing.T, file string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var content map[string]any
	if err := yaml.Unmarshal(data, &content); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return content
}

// admit is what a control's policy says of an object, or of a review of a request.
func admit(t *testing.T, c control.Control, content map[string]any) policy.Verdict {
	t.Helper()
	in := policy.Input{Object: content}
	if inventory.String(content, "kind") == "AdmissionReview" {
		in.Object, in.OldObject = inventory.Map(content, "request", "object"), inventory.Map(content, "request", "oldObject")
		in.Operation = admissionv1.OperationType(inventory.String(content, "request", "operation"))
		if in.Operation == admissionv1.Update && in.OldObject == nil {
			in.OldObject = in.Object
		}
	}
	in.Kind = schema.FromAPIVersionAndKind(inventory.String(in.Object, "apiVersion"), inventory.String(in.Object, "kind"))
	in.Resource = policy.ResourceFor(in.Kind)
	return c.Policy.Evaluate(context.Background(), in)
}
