package baseline

import (
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

// configVolume holds what the steps put on the node. A missing folder keeps the pod from starting, rather than to have it
// start with an empty one.
var configVolume = volume{"baseline-config", etcDir, true, "Directory"}

// A part is what one step adds to the API server.
type part struct {
	name    string
	flags   []flag
	volumes []volume
	// first says that no step before it brings the volume of configuration.
	bare bool
}

// manifest is where kubeadm, and most others, keep the API server's static pod.
const manifest = "/etc/kubernetes/manifests/kube-apiserver.yaml"

const (
	patchFile  = "kube-apiserver+json.yaml"
	backupFile = "/root/kube-apiserver.yaml"
	backup     = "keep the manifest of the API server, outside of the folder that the kubelet watches: cp -p " + manifest + " " + backupFile
)

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
	for _, v := range p.added() {
		ops = append(ops,
			op{"add", "/spec/containers/0/volumeMounts/-", map[string]any{"name": v.name, "mountPath": v.path, "readOnly": v.readOnly}},
			op{"add", "/spec/volumes/-", map[string]any{"name": v.name, "hostPath": map[string]any{"path": v.path, "type": v.kind}}})
	}
	var text strings.Builder
	text.WriteString("# For the API server's static pod; kubeadm takes it too, in a folder of --patches. Apply it once: each line adds.\n")
	for _, o := range ops {
		line, err := json.Marshal(o)
		if err != nil {
			continue // strings and flags always can be written
		}
		text.WriteString("- " + string(line) + "\n")
	}
	return plan.File{Name: patchFile, Text: []byte(text.String())}
}

// added are the volumes that no earlier step has brought.
func (p part) added() []volume {
	if !p.bare {
		return p.volumes
	}
	var out []volume
	for _, v := range p.volumes {
		if v != configVolume {
			out = append(out, v)
		}
	}
	return out
}

// place puts files where the flags look for them.
func place(files ...string) []string {
	out := []string{"on each node of the control plane, one after the other: install -d -m 0700 " + etcDir}
	for _, f := range files {
		out = append(out, "install -m 0600 "+f+" "+etcDir+"/")
	}
	return out
}

// restarted is how the static pod takes a patch, and how to see that it came back.
func restarted(p part) []string {
	return []string{
		"change the manifest by writing it beside and moving it in one go: kubectl patch --local -f " + backupFile + " --type=json --patch-file " + patchFile +
			" -o yaml > /root/kube-apiserver.new && mv /root/kube-apiserver.new " + manifest,
		"the kubelet restarts the API server within a minute; go on when it is ready: kubectl get --raw='/readyz?verbose'",
		"if it does not come back: crictl ps -a --name kube-apiserver, then crictl logs of the newest, tells which flag or file of " + p.name +
			" it refuses; cp -p " + backupFile + " " + manifest + " brings the old one back, and workloads run on meanwhile",
		"only then the next node",
	}
}

func undone(p part) []string {
	return []string{"On each node, one after the other: cp -p " + backupFile + " " + manifest + ". It takes the flags of " + p.name + " away and leaves the files."}
}
