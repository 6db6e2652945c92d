package attack

import (
	"path"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A surface is what a workload's pods share with their node.
type surface struct {
	workload   *workload
	hostPID    bool
	ownUsers   bool // a user namespace: root and capabilities count only inside
	containers []exposed
}

// An exposed is a container that stays, and what it has of the node.
type exposed struct {
	container
	privileged bool
	root       rootness
	groups     bool // has groups besides that of its user, which may own a socket
	mounts     []hostMount
}

// rootness says whether a container's processes are root.
type rootness int

const (
	notRoot rootness = iota
	byImage          // the pod does not say: as the image says, which is root where it says nothing
	root
)

// A hostMount is a piece of the node's file system in a container.
type hostMount struct {
	path     string // on the node, clean; the run directory always as /run
	readOnly bool
	at       finding.Path // of the volume, below the pod spec
	volume   string       // "PersistentVolume x" when the volume is a claim's, else ""
}

// hostSurfaces are the surfaces of the workloads that share anything with their node beyond what every pod does.
func (b *builder) hostSurfaces() []surface {
	if b.surfaces == nil {
		b.surfaces = []surface{}
		for i := range b.workloads {
			if s, ok := b.surface(&b.workloads[i]); ok {
				b.surfaces = append(b.surfaces, s)
			}
		}
	}
	return b.surfaces
}

func (b *builder) surface(w *workload) (s surface, ok bool) {
	volumes := b.hostVolumes(w)
	s = surface{workload: w}
	s.hostPID, _ = w.spec["hostPID"].(bool)
	users, set := w.spec["hostUsers"].(bool)
	s.ownUsers = set && !users
	for _, c := range containersOf(w.spec) {
		if !c.stays() {
			continue
		}
		e := exposed{container: c, mounts: mountsOf(c.spec, volumes)}
		security := inventory.Map(c.spec, "securityContext")
		e.privileged, _ = security["privileged"].(bool)
		if e.privileged || len(e.mounts) > 0 || len(inventory.List(security, "capabilities", "add")) > 0 {
			e.root = rootOf(w.spec, c.spec)
			e.groups = hasGroups(w.spec, c.spec)
			s.containers = append(s.containers, e)
		}
	}
	return s, len(s.containers) > 0
}

// hostVolumes are the volumes of a workload that lie on the node, by name: hostPath volumes, and claims whose volume is
// a hostPath or local one.
func (b *builder) hostVolumes(w *workload) map[string]hostMount {
	var out map[string]hostMount
	add := func(name string, m hostMount) {
		if out == nil {
			out = map[string]hostMount{}
		}
		m.path = cleanPath(m.path)
		out[name] = m
	}
	for i, v := range inventory.Maps(w.spec["volumes"]) {
		name := inventory.String(v, "name")
		if p := inventory.String(v, "hostPath", "path"); p != "" {
			add(name, hostMount{path: p, at: itemPath("volumes", v, i).Field("hostPath").Field("path")})
		}
		claim := inventory.String(v, "persistentVolumeClaim", "claimName")
		if claim == "" {
			continue
		}
		pv := b.volumeOf(w.object.Namespace, claim)
		for _, source := range []string{"hostPath", "local"} {
			if pv != nil && inventory.String(pv.Content, "spec", source, "path") != "" {
				add(name, hostMount{
					path: inventory.String(pv.Content, "spec", source, "path"), volume: pv.String(),
					at: itemPath("volumes", v, i).Field("persistentVolumeClaim").Field("claimName"),
				})
			}
		}
	}
	return out
}

// volumeOf is the PersistentVolume that a claim is bound to; nil when it is not known.
func (b *builder) volumeOf(namespace, claim string) *inventory.Object {
	pvc := b.inv.Get("", "PersistentVolumeClaim", namespace, claim)
	if pvc == nil {
		return nil
	}
	return b.inv.Get("", "PersistentVolume", "", inventory.String(pvc.Content, "spec", "volumeName"))
}

// mountsOf are the mounts of a container that show the node's files. A subPathExpr leads to a place that nobody knows.
func mountsOf(c map[string]any, volumes map[string]hostMount) []hostMount {
	if len(volumes) == 0 {
		return nil
	}
	var out []hostMount
	for _, item := range inventory.Maps(c["volumeMounts"]) {
		m, ok := volumes[inventory.String(item, "name")]
		if !ok || inventory.String(item, "subPathExpr") != "" {
			continue
		}
		if sub := inventory.String(item, "subPath"); sub != "" {
			m.path = cleanPath(m.path + "/" + sub)
		}
		m.readOnly, _ = item["readOnly"].(bool)
		out = append(out, m)
	}
	return out
}

// cleanPath is a path of the node without detours; /var/run is a link to /run on every current distribution.
func cleanPath(p string) string {
	p = path.Clean("/" + p)
	if p == "/var/run" || strings.HasPrefix(p, "/var/run/") {
		return p[len("/var"):]
	}
	return p
}

// holds says that a directory is an ancestor of a path, or the path itself.
func holds(dir, p string) bool {
	return dir == p || dir == "/" || strings.HasPrefix(p, dir+"/")
}

func rootOf(pod, c map[string]any) rootness {
	security, outer := inventory.Map(c, "securityContext"), inventory.Map(pod, "securityContext")
	user, set := number(security["runAsUser"])
	if !set {
		user, set = number(outer["runAsUser"])
	}
	if set {
		if user == 0 {
			return root
		}
		return notRoot
	}
	nonRoot, set := security["runAsNonRoot"].(bool)
	if !set {
		nonRoot, _ = outer["runAsNonRoot"].(bool)
	}
	if nonRoot {
		return notRoot
	}
	return byImage
}

func hasGroups(pod, c map[string]any) bool {
	security, outer := inventory.Map(c, "securityContext"), inventory.Map(pod, "securityContext")
	_, inner := number(security["runAsGroup"])
	_, out := number(outer["runAsGroup"])
	return inner || out || len(inventory.List(outer, "supplementalGroups")) > 0
}

// number reads a JSON number.
func number(v any) (n int64, ok bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case float64:
		return int64(v), true
	case int:
		return int64(v), true
	}
	return 0, false
}

// capability is the path, below the container, of an added capability; ALL adds every one. Capabilities do nothing for
// who is not root, since Kubernetes gives none to the programs of other users.
func (e *exposed) capability(name string) (at finding.Path, ok bool) {
	if e.root == notRoot {
		return "", false
	}
	for i, item := range inventory.List(e.spec, "securityContext", "capabilities", "add") {
		have, _ := item.(string)
		have = strings.TrimPrefix(strings.ToUpper(have), "CAP_")
		if have == name || have == "ALL" {
			return finding.Path("securityContext.capabilities.add").Index(i), true
		}
	}
	return "", false
}

// A hole is how code in a container gets at its node.
type hole struct {
	at   finding.Path // below the pod spec
	note string
}

// addHoles adds a step from every workload with a hole to the nodes where it runs: one, the first of its containers.
func (b *builder) addHoles(find func(*surface, *exposed) (hole, bool)) {
	for i := range b.hostSurfaces() {
		s := &b.surfaces[i]
		if h, ok := s.hole(find); ok {
			for _, node := range s.workload.nodeRefs() {
				b.add(s.workload.object.Ref, node, s.proof(h))
			}
		}
	}
}

func (s *surface) hole(find func(*surface, *exposed) (hole, bool)) (h hole, ok bool) {
	for j := range s.containers {
		if h, ok = find(s, &s.containers[j]); ok {
			if s.containers[j].root == byImage {
				h.note += "; the container is root unless its image says otherwise"
			}
			return h, true
		}
	}
	return h, false
}

func (s *surface) proof(h hole) proof {
	return proof{object: s.workload.object, path: below(s.workload.at, h.at), note: h.note}
}

// escapes says whether any technique finds a hole through which code in the workload becomes root on its node.
func (s *surface) escapes() (hole, bool) {
	for _, find := range []func(*surface, *exposed) (hole, bool){
		privilegedHole, socketHole, hostWriteHole, sysAdminHole, sysPtraceHole, sysModuleHole, readSearchHole, corePatternHole,
	} {
		if h, ok := s.hole(find); ok {
			return h, true
		}
	}
	return hole{}, false
}

// mount finds a mount of the container that fits; as root, or not.
func (e *exposed) mount(fits func(hostMount) (string, bool)) (hole, bool) {
	for _, m := range e.mounts {
		if note, ok := fits(m); ok {
			if m.volume != "" {
				note += ", through " + m.volume
			}
			return hole{m.at, note}, true
		}
	}
	return hole{}, false
}

// holdsAny says that a directory holds one of the paths, and which.
func holdsAny(dir string, paths []string) (which string, ok bool) {
	i := slices.IndexFunc(paths, func(p string) bool { return holds(dir, p) })
	if i < 0 {
		return "", false
	}
	return paths[i], true
}

// drops says that the container gives up a capability that it has by default, and does not add it again.
func (e *exposed) drops(name string) bool {
	if _, added := e.capability(name); added {
		return false
	}
	return slices.ContainsFunc(inventory.List(e.spec, "securityContext", "capabilities", "drop"), func(item any) bool {
		have, _ := item.(string)
		have = strings.TrimPrefix(strings.ToUpper(have), "CAP_")
		return have == name || have == "ALL"
	})
}
