package main

import (
	"fmt"
	"strings"
)

// workloads makes eight Deployments, one StatefulSet or DaemonSet and one of its Pods in ten workloads.
func (m *clusterMaker) workloads() {
	for i := range m.size.workloads {
		namespace := m.namespace(i % m.size.namespaces)
		name := fmt.Sprintf("%s-%d", components[i*3%len(components)], i)
		switch i % 10 {
		case 8:
			kind := "StatefulSet"
			if i%50 == 8 {
				kind = "DaemonSet"
			}
			owner := m.workload(kind, namespace, name, i)
			if i+1 < m.size.workloads {
				m.pod(owner, namespace, name+"-0")
			}
		case 9: // made with its owner
		default:
			m.workload("Deployment", namespace, name, i)
		}
	}
}

func (m *clusterMaker) workload(kind, namespace, name string, i int) map[string]any {
	labels := map[string]any{
		"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": strings.Split(namespace, "-")[0], "app.kubernetes.io/managed-by": "Helm",
	}
	selector := map[string]any{"matchLabels": map[string]any{"app.kubernetes.io/name": name}}
	spec := map[string]any{
		"selector": selector,
		"template": map[string]any{"metadata": map[string]any{"labels": labels}, "spec": m.podSpec(namespace, name, i)},
	}
	status := map[string]any{"observedGeneration": int64(1 + m.random.IntN(40))}
	if kind != "DaemonSet" {
		spec["replicas"] = int64(1 + m.random.IntN(5))
		spec["revisionHistoryLimit"] = int64(10)
		status["replicas"], status["readyReplicas"] = spec["replicas"], spec["replicas"]
	}
	if kind == "StatefulSet" {
		spec["serviceName"] = name
	}
	return m.add("apps/v1", kind, namespace, name, labels, map[string]any{"spec": spec, "status": status})
}

// podSpec makes a pod spec with the API server's defaults filled in, 1.5 to 2.5 kB as JSON.
func (m *clusterMaker) podSpec(namespace, name string, i int) map[string]any {
	_, account := m.serviceAccount(m.random.IntN(max(1, m.size.serviceAccounts/m.size.namespaces))*m.size.namespaces + m.indexOf(namespace))
	spec := map[string]any{
		"serviceAccountName": account, "serviceAccount": account, "restartPolicy": "Always", "dnsPolicy": "ClusterFirst",
		"schedulerName": "default-scheduler", "terminationGracePeriodSeconds": int64(30), "securityContext": map[string]any{},
	}
	volumes := []any{
		map[string]any{"name": "config", "configMap": map[string]any{"name": name + "-config", "defaultMode": int64(420)}},
		map[string]any{"name": "scratch", "emptyDir": map[string]any{}},
	}
	containers := []any{}
	for c := range 1 + m.random.IntN(2) {
		containers = append(containers, m.container(name, c))
	}
	switch m.random.IntN(100) {
	case 0:
		containers[0].(map[string]any)["securityContext"] = map[string]any{"privileged": true}
	case 1:
		path := []string{"/", "/var/run/docker.sock", "/var/log", "/etc/kubernetes"}[i%4]
		volumes = append(volumes, map[string]any{"name": "host", "hostPath": map[string]any{"path": path, "type": ""}})
		mounts := containers[0].(map[string]any)["volumeMounts"].([]any)
		containers[0].(map[string]any)["volumeMounts"] = append(mounts, map[string]any{"name": "host", "mountPath": "/host"})
	case 2:
		spec["hostPID"], spec["hostNetwork"] = true, true
	case 3, 4, 5, 6:
		spec["automountServiceAccountToken"] = false
	}
	spec["volumes"], spec["containers"] = volumes, containers
	return spec
}

func (m *clusterMaker) container(name string, c int) map[string]any {
	probe := func(path string) map[string]any {
		return map[string]any{
			"httpGet": map[string]any{"path": path, "port": "http", "scheme": "HTTP"}, "failureThreshold": int64(3),
			"periodSeconds": int64(10), "successThreshold": int64(1), "timeoutSeconds": int64(1),
		}
	}
	env := []any{map[string]any{
		"name": "POD_NAME", "valueFrom": map[string]any{"fieldRef": map[string]any{"apiVersion": "v1", "fieldPath": "metadata.name"}},
	}}
	for e := range m.random.IntN(4) {
		env = append(env, map[string]any{"name": fmt.Sprintf("SETTING_%d", e), "value": fmt.Sprintf("value-%d-%d", e, m.random.IntN(50))})
	}
	security := []map[string]any{{}, {"allowPrivilegeEscalation": false}, {
		"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "runAsNonRoot": true, "capabilities": map[string]any{"drop": []any{"ALL"}},
	}}[m.random.IntN(3)]
	return map[string]any{
		"name": fmt.Sprintf("c%d", c), "image": fmt.Sprintf("registry.example.com/%s:1.%d.%d", name, m.random.IntN(20), m.random.IntN(9)),
		"imagePullPolicy": "IfNotPresent", "env": env, "securityContext": security,
		"livenessProbe": probe("/live"), "readinessProbe": probe("/ready"),
		"ports": []any{map[string]any{"name": "http", "containerPort": int64(8000 + m.random.IntN(5)), "protocol": "TCP"}},
		"resources": map[string]any{
			"requests": map[string]any{"cpu": fmt.Sprintf("%dm", 50*(1+m.random.IntN(8))), "memory": "128Mi"}, "limits": map[string]any{"memory": "256Mi"},
		},
		"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
		"volumeMounts": []any{
			map[string]any{"name": "config", "mountPath": "/etc/" + name}, map[string]any{"name": "scratch", "mountPath": "/scratch"},
		},
	}
}

// pod makes a pod of a workload, running on some node.
func (m *clusterMaker) pod(owner map[string]any, namespace, name string) {
	meta := owner["metadata"].(map[string]any)
	template := owner["spec"].(map[string]any)["template"].(map[string]any)
	spec := map[string]any{"nodeName": nodeName(m.random.IntN(max(1, min(200, m.size.workloads/100))))}
	for k, v := range template["spec"].(map[string]any) {
		spec[k] = v
	}
	pod := m.add("v1", "Pod", namespace, name, template["metadata"].(map[string]any)["labels"].(map[string]any), map[string]any{
		"spec": spec, "status": map[string]any{"phase": "Running", "podIP": "10.1.2.3"},
	})
	pod["metadata"].(map[string]any)["ownerReferences"] = []any{map[string]any{
		"apiVersion": "apps/v1", "kind": owner["kind"], "name": meta["name"], "uid": meta["uid"], "controller": true, "blockOwnerDeletion": true,
	}}
}

func nodeName(i int) string { return fmt.Sprintf("node-%03d", i) }

func (m *clusterMaker) node(i int) {
	name := nodeName(i)
	labels := map[string]any{"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
	spec := map[string]any{"podCIDR": fmt.Sprintf("10.%d.%d.0/24", i/250, i%250)}
	if i < 3 {
		labels["node-role.kubernetes.io/control-plane"] = ""
		spec["taints"] = []any{map[string]any{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}}
	}
	m.add("v1", "Node", "", name, labels, map[string]any{
		"spec":   spec,
		"status": map[string]any{"nodeInfo": map[string]any{"kubeletVersion": kubernetesVersion, "operatingSystem": "linux"}},
	})
}
