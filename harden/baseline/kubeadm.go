package baseline

import (
	"fmt"
	"strings"

	"github.com/plimsoll-io/plimsoll/harden/plan"
)

const kubeadmFile = "cluster-configuration.yaml"

// parts are what the steps add to the API server, in their order.
func (b *builder) parts() []part {
	out := []part{auditPart()}
	if b.minor() >= anonymousAlpha {
		out = append(out, anonymousPart(b.minor()))
	}
	return append(out, encryptionPart(b.Encryption))
}

// kubeadm is the step that has kubeadm know the flags: it writes the static pods anew with each upgrade.
func (b *builder) kubeadm() error {
	version := "v1beta4"
	if b.minor() < 31 {
		version = "v1beta3"
	}
	b.step("kubeadm", plan.Step{
		Title: "kubeadm keeps the flags",
		Why: "kubeadm writes the static pods anew with each upgrade, from the ClusterConfiguration in the cluster: flags that are only in " +
			"the manifest are gone then. " +
			"A new cluster starts with this file, after the files of the steps before are in " + etcDir + " on each node.",
		Files: []plan.File{{Name: kubeadmFile, Text: b.clusterConfiguration(version)}},
		Before: []string{
			"without kubeadm, skip this step: put the flags wherever the manifests of the control plane are made",
			"a new cluster: kubeadm init --config " + kubeadmFile + ", with your names, networks and version added; its first start reads and " +
				"writes Secrets in the clear until the step of encryption is done",
			"a running cluster: write what kubeadm knows, which is in the ConfigMap kubeadm-config of kube-system, to current.yaml, and take " +
				"the entries of apiServer over into it",
		},
		After: []string{
			"kubeadm init phase upload-config kubeadm --config current.yaml",
			"see what an upgrade would write: kubeadm upgrade diff --api-server-manifest " + manifest,
		},
		Undo: []string{"Upload the configuration of before; manifests change with the next upgrade only."},
	})
	b.decide(plan.Decision{
		Question: "Which further flags does your distribution leave open? This file has --profiling=false and TLS 1.2 as the least.",
		Because:  []string{"kubeadm sets authorization-mode=Node,RBAC and NodeRestriction by itself; others may not"},
	})
	return nil
}

// more are flags that need no file.
var more = []flag{{"profiling", "false"}, {"tls-min-version", "VersionTLS12"}}

// clusterConfiguration holds the flags of all steps. v1beta3, for Kubernetes up to 1.30, has flags as a map.
func (b *builder) clusterConfiguration(version string) []byte {
	var out strings.Builder
	out.WriteString("# The API server's part of a kubeadm configuration: all that the steps of this baseline set.\n")
	fmt.Fprintf(&out, "apiVersion: kubeadm.k8s.io/%s\nkind: ClusterConfiguration\napiServer:\n  extraArgs:\n", version)
	var volumes []volume
	flags := more
	for _, p := range b.parts() {
		flags = append(flags[:len(flags):len(flags)], p.flags...)
		volumes = append(volumes, p.mounts()...)
	}
	for _, f := range flags {
		if version == "v1beta3" {
			fmt.Fprintf(&out, "    %s: %q\n", f.name, f.value)
			continue
		}
		fmt.Fprintf(&out, "  - name: %s\n    value: %q\n", f.name, f.value)
	}
	out.WriteString("  extraVolumes:\n")
	for _, v := range volumes {
		fmt.Fprintf(&out, "  - name: %s\n    hostPath: %s\n    mountPath: %s\n    readOnly: %t\n    pathType: "+
			"%s\n", v.name, v.path, v.path, v.readOnly, v.kind)
	}
	return []byte(out.String())
}
