package rehearse

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/internal/inventorytest"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// fakeServer refuses objects by their name.
type fakeServer struct{ asked []string }

func (f *fakeServer) DryRun(_ context.Context, object map[string]any) (Answer, error) {
	name := inventory.String(object, "metadata", "name")
	f.asked = append(f.asked, name)
	switch name {
	case "bad":
		return Answer{Message: "spec.replicas: Invalid value: -1."}, nil
	case "unreachable":
		return Answer{}, errors.New("connection refused")
	case "shared":
		return Answer{Allowed: true, Warnings: []string{".spec.replicas belongs to hpa"}}, nil
	}
	return Answer{Allowed: true}, nil
}

func TestDryRun(t *testing.T) {
	const text = `
apiVersion: v1
kind: ConfigMap
metadata: {name: good, namespace: a}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: bad, namespace: a}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: unreachable, namespace: a}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: shared, namespace: a}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: hidden, namespace: a}
data: {token: "<redacted:github-pat:0123>"}
`
	server := &fakeServer{}
	proposed := inventory.New(inventory.Source{}, time.Time{}, "", inventorytest.Objects(t, "change.yaml", text), nil)
	r, err := Run(context.Background(), inventory.New(inventory.Source{}, time.Time{}, "", nil, nil), proposed, Evidence{DryRun: server})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Breaks) != 1 || r.Breaks[0].Object.Name != "bad" || r.Breaks[0].Sort != dryRunSort || !strings.HasSuffix(r.Breaks[0].Reason, "Invalid value: -1") {
		t.Errorf("breaks %+v", r.Breaks)
	}
	if strings.Contains(strings.Join(server.asked, " "), "hidden") || len(server.asked) != 4 {
		t.Errorf("the server was asked about %v", server.asked)
	}
	told := strings.Join(append(r.CannotKnow, r.Notes...), "\n")
	for _, want := range []string{"secrets were taken out", "connection refused", "belongs to hpa"} {
		if !strings.Contains(told, want) {
			t.Errorf("%q is not told: %s", want, told)
		}
	}
	if r.Verdict() != Breaks {
		t.Errorf("verdict %s", r.Verdict())
	}
}
