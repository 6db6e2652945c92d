package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
)

// A verdict is what the API server's audit event says about one policy and one object.
type verdict struct {
	Violations string // the policy's own annotation
	Denied     bool
	Message    string
	// Silent says that the message is not in the event. Until 1.36 an API server writes only that of the first policy
	// that denies; the policies' own annotations are all there.
	Silent bool
}

// auditLog reads the verdicts of every request by its audit ID, and waits until all of ids are there.
func auditLog(t testing.TB, c *controlplane.ControlPlane, ids []string) map[string]map[string]verdict {
	t.Helper()
	var events map[string]map[string]verdict
	err := controlplane.Wait(30*time.Second, func() (err error) {
		if events, err = readAuditLog(filepath.Join(c.Folder, "audit.log")); err != nil {
			return err
		}
		for _, id := range ids {
			if events[id] == nil {
				return fmt.Errorf("request %s is not in the audit log", id)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func readAuditLog(path string) (map[string]map[string]verdict, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	events := map[string]map[string]verdict{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var event struct {
			AuditID     string            `json:"auditID"`
			Annotations map[string]string `json:"annotations"`
		}
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			return nil, err // a line that is still being written
		}
		if events[event.AuditID], err = verdicts(event.Annotations); err != nil {
			return nil, err
		}
	}
	return events, lines.Err()
}

// verdicts picks what policies said out of an event's annotations.
func verdicts(annotations map[string]string) (map[string]verdict, error) {
	out := map[string]verdict{}
	for key, value := range annotations {
		if policy, ok := bytes.CutSuffix([]byte(key), []byte("/violations")); ok {
			v := out[string(policy)]
			v.Violations = value
			out[string(policy)] = v
		}
	}
	failures := annotations["validation.policy.admission.k8s.io/validation_failure"]
	if failures == "" {
		return out, nil
	}
	var list []struct{ Policy, Message string }
	if err := json.Unmarshal([]byte(failures), &list); err != nil {
		return nil, err
	}
	for _, f := range list {
		v := out[f.Policy]
		v.Denied, v.Message = true, f.Message
		out[f.Policy] = v
	}
	if *minor == controlplane.Newest {
		return out, nil
	}
	for name, v := range out {
		if v.Violations != "" && !v.Denied {
			v.Denied, v.Silent = true, true
			out[name] = v
		}
	}
	return out, nil
}
