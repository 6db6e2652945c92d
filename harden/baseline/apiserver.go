package baseline

import (
	_ "embed"
	"encoding/json"
	"strings"

	"github.com/plimsoll-io/plimsoll/harden/plan"
)

// A flag of the API server, without dashes.
type flag struct{ name, value string }

// A volume is a path of the node that the API server's pod sees at the same path.
type volume struct {
	name, path string
	readOnly   bool
	kind       string // of hostPath
}

// A part is what one step adds to the API server.
type part struct {
	name string
	// files are put into the part's folder on the node; needs have to be there by then.
	files, needs []string
	flags        []flag
	volumes      []volume // besides that of the part's folder
}

// folder is where the part's files are on a node.
func (p part) folder() string { return etcDir + "/" + p.name }

// mounts are the volumes of the part. A missing folder of files keeps the pod from starting, rather than to have it start
// with an empty one.
func (p part) mounts() []volume {
	return append([]volume{{"baseline-" + p.name, p.folder(), true, "Directory"}}, p.volumes...)
}

// manifest is where kubeadm, and most others, keep the API server's static pod.
const manifest = "/etc/kubernetes/manifests/kube-apiserver.yaml"

const (
	patchFile  = "kube-apiserver+json.yaml"
	scriptFile = "on-node.sh"
)

//go:embed on-node.sh
var onNode string

// script takes the step on a node, and goes back by itself when the API server does not come back.
func (p part) script() plan.File {
	text := strings.NewReplacer(
		"@STEP@", p.name, "@FILES@", strings.Join(p.files, " "), "@NEEDS@", strings.Join(p.needs, " "), "@FLAG@", p.flags[0].name, "@CONFIG@", etcDir,
	).Replace(onNode)
	return plan.File{Name: scriptFile, Text: []byte(text)}
}

// patch is what the step changes in the static pod, as a JSON patch (RFC 6902): kubectl patch --local takes it.
func (p part) patch() plan.File {
	type op struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value any    `json:"value"`
	}
	var ops []op
	for _, f := range p.flags {
		ops = append(ops, op{"add", "/spec/containers/0/command/-", "--" + f.name + "=" + f.value})
	}
	for _, v := range p.mounts() {
		ops = append(ops,
			op{"add", "/spec/containers/0/volumeMounts/-", map[string]any{"name": v.name, "mountPath": v.path, "readOnly": v.readOnly}},
			op{"add", "/spec/volumes/-", map[string]any{"name": v.name, "hostPath": map[string]any{"path": v.path, "type": v.kind}}})
	}
	var text strings.Builder
	text.WriteString("# For the API server's static pod; kubeadm takes it too, in a folder of --patches. Apply it once: each line adds " +
		"something.\n")
	for _, o := range ops {
		line, err := json.Marshal(o)
		if err != nil {
			continue // strings and flags always can be written
		}
		text.WriteString("- " + string(line) + "\n")
	}
	return plan.File{Name: patchFile, Text: []byte(text.String())}
}

// restarted is how the static pod takes a step, and how to see that it came back.
func (p part) restarted() []string {
	return []string{
		"copy this folder to each node of the control plane, and there, as root, on one node after the other: sh " + scriptFile,
		"it keeps the manifest as /root/kube-apiserver-before-" + p.name + ".yaml, changes it, and waits; workloads run on meanwhile. " +
			"When the API server does not come back within five minutes, the log tells why, and the kept manifest is put back",
		"go on when all nodes are ready: kubectl get --raw=/readyz?verbose",
	}
}

// undone is how a node goes back.
func (p part) undone() []string {
	return []string{
		"On each node, one after the other: sh " + scriptFile + " back. It puts the kept manifest back, so that later steps have to be " +
			"taken back first, and leaves the files.",
	}
}
