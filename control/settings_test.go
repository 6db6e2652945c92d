package control_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	k8syaml "sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/auditlog"
	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/inventory/identity"
	"github.com/plimsoll-io/plimsoll/rbac/usage"
)

// caseSettings are the settings of a case.
type caseSettings struct {
	control.Settings
	// Audit is an audit log, one request a line: TIME USER VERB RESOURCE NAMESPACE, "-" for none.
	Audit string `json:"audit"`
	// Identity is an identity file.
	Identity string `json:"identity"`
}

func readSettings(t *testing.T, text []byte) control.Settings {
	t.Helper()
	var s caseSettings
	if err := k8syaml.UnmarshalStrict(text, &s); err != nil {
		t.Fatalf("settings: %v", err)
	}
	if s.Audit != "" {
		log := auditlog.FromReader("audit.log", strings.NewReader(auditLog(t, s.Audit)))
		used, err := usage.Collect(context.Background(), []auditlog.Input{log}, usage.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s.Used = used
	}
	if s.Identity != "" {
		people, warnings, err := identity.Read("people.csv", strings.NewReader(s.Identity), identity.Options{})
		if err != nil || len(warnings) > 0 {
			t.Fatalf("identity: %v %v", err, warnings)
		}
		s.People = people
	}
	return s.Settings
}

// auditLog writes requests as an API server does. A line that is no request is taken as it is.
func auditLog(t *testing.T, requests string) string {
	t.Helper()
	var out strings.Builder
	for line := range strings.Lines(requests) {
		words := strings.Fields(line)
		if len(words) != 5 {
			out.WriteString(line)
			continue
		}
		resource := schema.ParseGroupResource(words[3])
		user := map[string]any{"username": words[1]}
		if name, ok := strings.CutPrefix(words[1], "system:serviceaccount:"); ok {
			namespace, _, _ := strings.Cut(name, ":")
			user["groups"] = []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"}
		}
		event, err := json.Marshal(map[string]any{
			"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "stage": "ResponseComplete", "auditID": words[0],
			"requestURI": "/", "verb": words[2], "user": user,
			"objectRef":      map[string]any{"resource": resource.Resource, "apiGroup": resource.Group, "namespace": strings.Trim(words[4], "-"), "apiVersion": "v1"},
			"responseStatus": map[string]any{"code": 200}, "requestReceivedTimestamp": words[0], "stageTimestamp": words[0],
			"annotations": map[string]any{"authorization.k8s.io/decision": "allow"},
		})
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(event, '\n'))
	}
	return out.String()
}
