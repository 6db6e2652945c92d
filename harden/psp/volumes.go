package psp

import (
	"slices"
	"strconv"
	"strings"
)

// volumeTypes are the types of volumes by the names that PodSecurityPolicies knew, which are the fields' too.
var volumeTypes = []string{"hostPath", "emptyDir", "gcePersistentDisk", "awsElasticBlockStore", "gitRepo", "secret", "nfs", "iscsi", "glusterfs",
	"persistentVolumeClaim", "rbd", "flexVolume", "cinder", "cephfs", "flocker", "downwardAPI", "fc", "azureFile", "configMap", "vsphereVolume", "quobyte",
	"azureDisk", "photonPersistentDisk", "storageos", "projected", "portworxVolume", "scaleIO", "csi", "ephemeral"}

// fieldOf is the field of a volume for a type; the two differ once.
func fieldOf(volume string) string {
	if volume == "storageOS" {
		return "storageos"
	}
	return volume
}

func (p *Policy) volumeChecks() []check {
	s := p.spec
	var out []check
	all := slices.Contains(s.Volumes, "*")
	if !all {
		out = append(out, p.volumeTypeCheck())
	}
	hostPaths := all || slices.Contains(s.Volumes, "hostPath")
	if hostPaths && len(s.AllowedHostPaths) > 0 {
		out = append(out, hostPathCheck(s.AllowedHostPaths))
	}
	if len(s.AllowedFlexVolumes) > 0 && (all || slices.Contains(s.Volumes, "flexVolume")) {
		out = append(out, driverCheck("allowedFlexVolumes", "flexVolume", s.AllowedFlexVolumes))
	}
	if len(s.AllowedCSIDrivers) > 0 && (all || slices.Contains(s.Volumes, "csi")) {
		out = append(out, driverCheck("allowedCSIDrivers", "csi", s.AllowedCSIDrivers))
	}
	return out
}

func (p *Policy) volumeTypeCheck() check {
	allowed := p.spec.Volumes
	var terms []string
	for _, name := range allowed {
		if field := fieldOf(name); slices.Contains(volumeTypes, field) {
			terms = append(terms, "has(v."+field+")")
		}
	}
	if slices.Contains(allowed, "secret") && !slices.Contains(allowed, "projected") {
		terms = append(terms, "has(v.projected) && v.projected.?sources.orValue([]).all(s, "+tokenSource+")")
	}
	c := check{field: "volumes", cel: "variables.pod.?volumes.orValue([]).all(v, " + strings.Join(terms, " || ") + ")",
		message: "only volumes of these types are allowed: " + strings.Join(allowed, ", ")}
	if len(terms) == 0 {
		c.message, c.cel = "volumes are not allowed", "variables.pod.?volumes.orValue([]).size() == 0"
	}
	if within(restrictedVolumes, allowed) {
		c.level = Restricted
	}
	return c
}

// tokenSource is true of sources that every pod's own token volume has.
const tokenSource = "(has(s.serviceAccountToken) || has(s.configMap) || has(s.downwardAPI)) && " +
	"(!has(s.serviceAccountToken) || s.serviceAccountToken.path == 'token' && s.serviceAccountToken.?audience.orValue('') == '') && " +
	"(!has(s.configMap) || s.configMap.?name.orValue('') == 'kube-root-ca.crt') && " +
	"(!has(s.downwardAPI) || s.downwardAPI.?items.orValue([]).all(i, i.path == 'namespace' && i.?fieldRef.?apiVersion.orValue('v1') == 'v1' && " +
	"i.?fieldRef.?fieldPath.orValue('') == 'metadata.namespace'))"

// hostPathCheck is about paths on the node: each is below a prefix, and only read where all prefixes that it is below ask for it.
func hostPathCheck(allowed []hostPath) check {
	var any, writable, names []string
	for _, a := range allowed {
		prefix := strings.TrimSuffix(a.PathPrefix, "/")
		below := "(path == " + strconv.Quote(prefix) + " || path.startsWith(" + strconv.Quote(prefix+"/") + "))"
		any = append(any, below)
		name := a.PathPrefix
		if a.ReadOnly {
			name += " (read only)"
		} else {
			writable = append(writable, below)
		}
		names = append(names, name)
	}
	paths := "[v.hostPath.path.endsWith('/') ? v.hostPath.path.substring(0, v.hostPath.path.size() - 1) : v.hostPath.path]"
	onlyRead := "variables.containers.all(c, c.?volumeMounts.orValue([]).all(m, m.name != v.name || m.?readOnly.orValue(false)))"
	cel := "variables.pod.?volumes.orValue([]).all(v, !has(v.hostPath) || " + paths + ".all(path, (" + strings.Join(any, " || ") + ")"
	switch {
	case len(writable) == 0:
		cel += " && " + onlyRead
	case len(writable) < len(any):
		cel += " && (" + strings.Join(writable, " || ") + " || " + onlyRead + ")"
	}
	return check{field: "allowedHostPaths", cel: cel + "))", message: "hostPath volumes are below: " + strings.Join(names, ", ")}
}

func driverCheck(field, volume string, allowed []driver) check {
	var names []string
	for _, d := range allowed {
		names = append(names, d.Driver+d.Name)
	}
	return check{field: field, message: volume + " volumes have one of the drivers: " + strings.Join(names, ", "),
		cel: "variables.pod.?volumes.orValue([]).all(v, !has(v." + volume + ") || v." + volume + ".driver in " + celList(names) + ")"}
}
