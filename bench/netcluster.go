package main

import (
	"errors"
	"flag"
)

// generateNetwork is the command "bench network-cluster": it writes a generated cluster as a snapshot, as YAML, or both. It
// is the one that "bench network" measures, with a Service for each Deployment and a network plugin, so that policies count.
func generateNetwork(args []string) error {
	flags := flag.NewFlagSet("network-cluster", flag.ContinueOnError)
	size := proportional(10_000, 5)
	flags.IntVar(&size.workloads, "workloads", size.workloads, "Deployments")
	flags.IntVar(&size.namespaces, "namespaces", size.namespaces, "namespaces")
	flags.IntVar(&size.policies, "policies", size.policies, "NetworkPolicies")
	flags.IntVar(&size.pods, "pods", size.pods, "Pods")
	var out clusterOutput
	if err := out.parse(flags, args); err != nil {
		return err
	}
	if size.namespaces < 1 || size.workloads < size.namespaces {
		return errors.New("at least one namespace, and a workload in each, is needed")
	}
	objects := append(size.objects(), networkPlugin())
	for _, o := range objects {
		if o["kind"] == "Deployment" {
			objects = append(objects, serviceOf(o))
		}
	}
	return out.write(objects)
}

func networkPlugin() map[string]any {
	return map[string]any{"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": map[string]any{"namespace": "kube-system", "name": "calico-node"},
		"spec": map[string]any{"template": map[string]any{
			"metadata": map[string]any{"labels": map[string]any{"k8s-app": "calico-node"}},
			"spec": map[string]any{"hostNetwork": true, "containers": []any{
				map[string]any{"name": "calico-node", "image": "docker.io/calico/node:v3.30.0"}}}}}}
}

func serviceOf(deployment map[string]any) map[string]any {
	spec := deployment["spec"].(map[string]any)
	return map[string]any{"apiVersion": "v1", "kind": "Service", "metadata": deployment["metadata"], "spec": map[string]any{
		"selector": spec["selector"].(map[string]any)["matchLabels"],
		"ports":    []any{map[string]any{"name": "http", "port": int64(80), "targetPort": "http"}}}}
}
