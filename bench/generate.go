package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// generate writes apps applications into files: Deployment, Service, ServiceAccount, Role, RoleBinding and NetworkPolicy
// each, and a Namespace with a default-deny policy for every ten. The same numbers give the same bytes.
func generate(folder string, apps, files int) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("create %s: %w", folder, err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	texts := make([]strings.Builder, files)
	for i := range apps {
		out := &texts[i*files/apps]
		namespace := fmt.Sprintf("team-%04d", i/10)
		if i%10 == 0 {
			fmt.Fprintf(out, namespaceYAML, namespace)
		}
		writeApp(out, random, namespace, fmt.Sprintf("app-%05d", i))
	}
	for i := range texts {
		name := filepath.Join(folder, fmt.Sprintf("apps-%05d.yaml", i))
		if err := os.WriteFile(name, []byte(texts[i].String()), 0o644); err != nil {
			return fmt.Errorf("write applications: %w", err)
		}
	}
	return nil
}

func writeApp(out *strings.Builder, random *rand.Rand, namespace, app string) {
	var containers strings.Builder
	for c := range 1 + random.IntN(3) {
		fmt.Fprintf(&containers, containerYAML, fmt.Sprintf("%s-%d", app, c), random.IntN(20), random.IntN(9),
			8000+random.IntN(900), containerSecurity[random.IntN(len(containerSecurity))])
		for v := range 2 + random.IntN(8) {
			fmt.Fprintf(&containers, "        - name: SETTING_%d\n          value: %q\n", v, fmt.Sprintf("value %d of %s", random.IntN(1000), app))
		}
	}
	replacer := strings.NewReplacer("NAMESPACE", namespace, "APP", app, "CONTAINERS", containers.String(),
		"POD_SECURITY", podSecurity[random.IntN(len(podSecurity))], "REPLICAS", fmt.Sprint(1+random.IntN(5)))
	out.WriteString(replacer.Replace(appYAML))
}

var podSecurity = []string{
	"{}", "{runAsNonRoot: true, runAsUser: 10001, seccompProfile: {type: RuntimeDefault}}", "{runAsNonRoot: true}", "{fsGroup: 2000}",
}

var containerSecurity = []string{
	"{}", "{privileged: true}", "{allowPrivilegeEscalation: false}",
	"{allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}",
}

const namespaceYAML = `apiVersion: v1
kind: Namespace
metadata:
  name: %[1]s
  labels:
    team: %[1]s
    pod-security.kubernetes.io/enforce: baseline
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: default-deny
  namespace: %[1]s
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
---
`

const containerYAML = `      - name: %[1]s
        image: registry.example.com/team/%[1]s:1.%[2]d.%[3]d
        imagePullPolicy: IfNotPresent
        args: ["--listen=:%[4]d", "--log-format=json"]
        ports:
        - name: http
          containerPort: %[4]d
        resources:
          requests: {cpu: 100m, memory: 128Mi}
          limits: {memory: 256Mi}
        livenessProbe:
          httpGet: {path: /live, port: http}
        readinessProbe:
          httpGet: {path: /ready, port: http}
        securityContext: %[5]s
        env:
        - name: POD_NAME
          valueFrom:
            fieldRef: {fieldPath: metadata.name}
`

const appYAML = `# APP of NAMESPACE
apiVersion: apps/v1
kind: Deployment
metadata:
  name: APP
  namespace: NAMESPACE
  labels:
    app.kubernetes.io/name: APP
    app.kubernetes.io/part-of: NAMESPACE
    app.kubernetes.io/managed-by: generator
  annotations:
    example.com/owner: team of NAMESPACE
    example.com/description: An application that was generated to see how the time grows with their number
spec:
  replicas: REPLICAS
  selector:
    matchLabels:
      app.kubernetes.io/name: APP
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: APP
        app.kubernetes.io/part-of: NAMESPACE
    spec:
      serviceAccountName: APP
      securityContext: POD_SECURITY
      terminationGracePeriodSeconds: 30
      topologySpreadConstraints:
      - maxSkew: 1
        topologyKey: topology.kubernetes.io/zone
        whenUnsatisfiable: ScheduleAnyway
        labelSelector:
          matchLabels: {app.kubernetes.io/name: APP}
      volumes:
      - name: config
        configMap: {name: APP}
      - name: scratch
        emptyDir: {}
      containers:
CONTAINERS---
apiVersion: v1
kind: Service
metadata:
  name: APP
  namespace: NAMESPACE
  labels:
    app.kubernetes.io/name: APP
spec:
  selector:
    app.kubernetes.io/name: APP
  ports:
  - name: http
    port: 80
    targetPort: http
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: APP
  namespace: NAMESPACE
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: APP
  namespace: NAMESPACE
rules:
- apiGroups: [""]
  resources: [configmaps, pods]
  verbs: [get, list, watch]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [get, create, update]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: APP
  namespace: NAMESPACE
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: APP
subjects:
- kind: ServiceAccount
  name: APP
  namespace: NAMESPACE
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: APP
  namespace: NAMESPACE
spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: APP
  policyTypes: [Ingress, Egress]
  ingress:
  - from:
    - namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: NAMESPACE}
    ports:
    - {protocol: TCP, port: http}
  egress:
  - to:
    - namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: kube-system}
    ports:
    - {protocol: UDP, port: 53}
---
`
