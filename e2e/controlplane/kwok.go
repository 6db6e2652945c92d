package controlplane

import (
	"fmt"
	"os"
	"testing"
)

// stages tell the simulator what happens to Nodes and Pods: Nodes get ready, Pods run, and go when they are deleted.
const stages = `apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: node-ready}
spec:
  resourceRef: {apiGroup: v1, kind: Node}
  selector:
    matchExpressions:
    - {key: .status.phase, operator: NotIn, values: [Running]}
  next:
    statusTemplate: |
      phase: Running
      conditions:
      - {type: Ready, status: "True", reason: Simulated, message: "", lastHeartbeatTime: {{ Now | Quote }}, lastTransitionTime: {{ Now | Quote }}}
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: pod-runs}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector:
    matchExpressions:
    - {key: .metadata.deletionTimestamp, operator: DoesNotExist}
    - {key: .status.phase, operator: NotIn, values: [Running]}
  next:
    statusTemplate: |
      phase: Running
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: pod-goes}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector:
    matchExpressions:
    - {key: .metadata.deletionTimestamp, operator: Exists}
  next:
    delete: true
`

// StartKwok starts the simulator of Nodes and running Pods, until the test ends.
func (c *ControlPlane) StartKwok(t testing.TB) {
	t.Helper()
	binary, err := BuildKwok()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.file("kwok.yaml"), []byte(stages), 0o600); err != nil {
		t.Fatal(fmt.Errorf("write the simulator's stages: %w", err))
	}
	c.kwok, err = startProcess(c.Folder, binary, "--kubeconfig="+c.file("admin.kubeconfig"), "--manage-all-nodes=true",
		"--config="+c.file("kwok.yaml"))
	if err != nil {
		t.Fatal(err)
	}
}
