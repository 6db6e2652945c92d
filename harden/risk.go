package harden

import (
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// Breaks says, in half a sentence that begins small, what the edit of a control may stop or change; "" for controls without an edit. An
// edit is risky when an ordinary program may no longer start or do its work, and the manifest cannot show whether this
// one does; the others name what is out of the ordinary.
func Breaks(control string) string { return breaks[control] }

var breaks = map[string]string{
	"apparmor-missing":                 "nodes without AppArmor refuse the pod",
	"automounted-token":                "a program that calls the API server finds no token; some stop at once, even with no rights bound",
	"capabilities-not-dropped":         "root without capabilities can neither change owners nor bind low ports, and files with capabilities do not start",
	"dangerous-capabilities":           "what the program needed the capability for fails",
	"deprecated-api":                   "nothing: only versions of the same shape are exchanged",
	"deprecated-service-account-field": "nothing: serviceAccountName holds the same name",
	"external-ips":                     "traffic to these addresses no longer arrives",
	"host-aliases":                     "the names resolve by DNS, to another address or to none",
	"host-ipc":                         "memory shared with other pods or the node is gone",
	"host-network":                     "addresses and ports of the pod change, and node-local services are out of reach",
	"host-pid":                         "processes of the node are out of sight",
	"host-port":                        "clients that use the node's port lose it",
	"host-process":                     "the program no longer manages the Windows node",
	"image-pull-policy":                "each start needs the registry, also for preloaded images and in outages; a moved tag brings another program",
	"ingress-snippets":                 "the rules in the snippet no longer hold",
	"linux-hardening":                  "system calls of browsers with a sandbox of their own, of debuggers and of io_uring are refused",
	"low-user-id":                      "files of the image or of volumes belong to another user",
	"mutating-webhook-fails-open":      "while the webhook is down, nothing it covers can be stored",
	"net-raw-capability":               "ping and DHCP clients fail; files that carry the capability do not start",
	"pod-security-not-enforced":        "new pods that break the standard are refused",
	"privilege-escalation":             "set-user-ID programs such as sudo, and files with capabilities, gain nothing; a manifest does not show them",
	"privileged-container":             "devices, mounts and kernel settings are out of reach",
	"root-group":                       "files that only group 0 may use are out of reach",
	"run-as-root":                      "an image that starts as root does not start",
	"seccomp-missing":                  "system calls of browsers with a sandbox of their own, of debuggers and of io_uring are refused",
	"selinux-options":                  "files with that label are out of reach",
	"sys-admin-capability":             "mounts, namespaces and whatever else the program needed it for fail",
	"sys-module-capability":            "the program no longer loads kernel modules",
	"unmasked-proc":                    "containers in the container do not start",
	"unsafe-sysctls":                   "the kernel setting falls back to the node's",
	"validating-webhook-fails-open":    "while the webhook is down, nothing it covers can be stored",
	"writable-host-path":               "the program no longer writes to the node's folder",
	"writable-root-filesystem":         "a program that writes outside its volumes fails, also to /tmp",
}

// risky says whether an edit may keep this workload from running. What the catalogue does not call risky becomes so
// where somebody chose another value, and in pods that reach into their node: they use the kernel in unusual ways.
func risky(c Change) bool {
	if c.Fix.Risky {
		return true
	}
	spec, at := c.Object.PodSpec()
	if at == "" || !strings.HasPrefix(string(c.Path), string(at)+".") {
		return false
	}
	if _, written := valueAt(c.Object.Content, c.Path); written && strings.Contains(string(c.Path), "securityContext.") {
		return true
	}
	return reachesNode(spec)
}

// reachesNode says that a pod has more of its node than an ordinary application.
func reachesNode(spec map[string]any) bool {
	for _, field := range []string{"hostNetwork", "hostPID", "hostIPC"} {
		if on, _ := spec[field].(bool); on {
			return true
		}
	}
	for _, v := range inventory.Maps(spec["volumes"]) {
		if v["hostPath"] != nil {
			return true
		}
	}
	var containers []map[string]any
	for _, list := range []string{"containers", "initContainers", "ephemeralContainers"} {
		containers = append(containers, inventory.Maps(spec[list])...)
	}
	return slices.ContainsFunc(containers, func(c map[string]any) bool {
		own := inventory.Map(c, "securityContext")
		privileged, _ := own["privileged"].(bool)
		proc := inventory.String(own, "procMount")
		return privileged || len(inventory.List(own, "capabilities", "add")) > 0 || proc != "" && proc != "Default" ||
			len(inventory.List(c, "volumeDevices")) > 0
	})
}
