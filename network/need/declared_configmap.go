package need

import (
	"maps"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A configMap is a ConfigMap of which each value is read once, however many workloads use it.
type configMap struct {
	object *inventory.Object
	data   map[string]string
	keys   []string
	// asVariables are what was found in values by name and key of variables: the name tells what the value is. asFiles are
	// by key.
	asVariables map[[2]string]*text
	asFiles     map[string]*text
	// mounts are how many workloads mount it.
	mounts int
}

// configMap finds a ConfigMap that a workload refers to; nil when it is not there. ref may say that it need not be.
func (d *declarer) configMap(w *sender, name string, ref any) *configMap {
	o := d.inv.Get("", "ConfigMap", w.object.Namespace, name)
	if o == nil {
		m, _ := ref.(map[string]any)
		if optional, _ := m["optional"].(bool); !optional && name != "" && name != "kube-root-ca.crt" {
			d.missingMaps.add(w.object, name)
		}
		return nil
	}
	m := d.configMaps[o]
	if m == nil {
		m = &configMap{
			object: o, data: inventory.Strings(inventory.Map(o.Content, "data")),
			asVariables: map[[2]string]*text{}, asFiles: map[string]*text{},
		}
		m.keys = slices.Sorted(maps.Keys(m.data))
		d.configMaps[o] = m
	}
	return m
}

// variable is what the value of a key names, when it is that of a variable.
func (m *configMap) variable(name, key string) *text {
	at := [2]string{name, key}
	t := m.asVariables[at]
	if t == nil {
		t = readText(name, m.data[key])
		m.asVariables[at] = t
	}
	return t
}

// file is what the value of a key names, when it is a file.
func (m *configMap) file(key string) *text {
	t := m.asFiles[key]
	if t == nil {
		t = readText("", m.data[key])
		m.asFiles[key] = t
	}
	return t
}

// dataPath is where a ConfigMap holds a key. A hostile one is not repeated.
func dataPath(key string) finding.Path {
	if len(key) > maxKey {
		return "data"
	}
	return finding.Path("data").Field(key)
}

// countMounts counts which ConfigMaps are files of how many workloads.
func (d *declarer) countMounts() {
	for _, w := range d.workloads {
		seen := map[*configMap]bool{}
		for i := range w.specs {
			eachMounted(&w.specs[i], func(ref map[string]any) {
				if m := d.configMap(w, inventory.String(ref, "name"), ref); m != nil && !seen[m] {
					seen[m] = true
					m.mounts++
				}
			})
		}
	}
}

// secretFiles notes which files of configuration a pod takes from Secrets, as far as their names are known.
func (d *declarer) secretFiles(w *sender, s *podSpec) {
	mounted := mountedVolumes(s)
	for _, volume := range inventory.Maps(s.spec["volumes"]) {
		name := inventory.String(volume, "secret", "secretName")
		if name == "" || !mounted[inventory.String(volume, "name")] {
			continue
		}
		o := d.inv.Get("", "Secret", w.object.Namespace, name)
		if o == nil {
			continue
		}
		for _, field := range []string{"data", "stringData"} {
			for _, key := range slices.Sorted(maps.Keys(inventory.Map(o.Content, field))) {
				if i := strings.LastIndexByte(key, '.'); i >= 0 && configFiles[key[i+1:]] && isPlainName(key) {
					d.fromSecrets.add(w.object, "file "+key)
				}
			}
		}
	}
}

// configFiles are the endings of names of files that programs are configured with.
var configFiles = wordSet("yaml yml json conf cfg ini toml properties env xml config cnf")

// mountedVolumes are the names of the volumes that containers mount.
func mountedVolumes(s *podSpec) map[string]bool {
	mounted := map[string]bool{}
	for _, c := range s.containers() {
		for _, m := range inventory.Maps(c.content["volumeMounts"]) {
			mounted[inventory.String(m, "name")] = true
		}
	}
	return mounted
}

// eachMounted yields the references to ConfigMaps that the containers of a pod mount.
func eachMounted(s *podSpec, yield func(ref map[string]any)) {
	mounted := mountedVolumes(s)
	for _, volume := range inventory.Maps(s.spec["volumes"]) {
		if !mounted[inventory.String(volume, "name")] {
			continue
		}
		if ref := inventory.Map(volume, "configMap"); ref != nil {
			yield(ref)
		}
		for _, source := range inventory.Maps(inventory.List(volume, "projected", "sources")) {
			if ref := inventory.Map(source, "configMap"); ref != nil {
				yield(ref)
			}
		}
	}
}

// mounted reads the files that a volume takes from a ConfigMap.
func (d *declarer) mounted(w *sender, ref map[string]any) {
	m := d.configMap(w, inventory.String(ref, "name"), ref)
	if m == nil {
		return
	}
	keys := m.keys
	if items := inventory.Maps(ref["items"]); len(items) > 0 {
		keys = nil
		for _, item := range items {
			keys = append(keys, inventory.String(item, "key"))
		}
	}
	for _, key := range keys {
		if _, ok := m.data[key]; !ok {
			continue
		}
		d.mentions(&reading{
			sender: w, text: m.file(key), file: true, shared: m.mounts,
			because: func(string) Evidence {
				return Evidence{Object: m.object, Path: dataPath(key), What: "the file " + nameOr(key, "of a key") + ", which " +
					w.object.String() + " mounts"}
			},
		})
	}
}

// serviceLinks are the variables that Kubernetes sets in pods of a namespace for its Services, as names instead of
// addresses: CART_SERVICE_HOST, CART_SERVICE_PORT and CART_SERVICE_PORT_HTTP.
func (d *declarer) serviceLinks(namespace string) map[string]string {
	if links := d.links[namespace]; links != nil {
		return links
	}
	if len(d.links) == 0 {
		for _, s := range d.services.All() {
			o := s.Object
			links := d.links[o.Namespace]
			if links == nil {
				links = map[string]string{}
				d.links[o.Namespace] = links
			}
			name := strings.ToUpper(strings.ReplaceAll(o.Name, "-", "_"))
			links[name+"_SERVICE_HOST"] = o.Name
			for i, p := range s.Ports {
				if i == 0 {
					links[name+"_SERVICE_PORT"] = decimal(p.Port)
				}
				if p.Name != "" {
					links[name+"_SERVICE_PORT_"+strings.ToUpper(strings.ReplaceAll(p.Name, "-", "_"))] = decimal(p.Port)
				}
			}
		}
	}
	links := d.links[namespace]
	if links == nil {
		links = map[string]string{}
		d.links[namespace] = links
	}
	links["KUBERNETES_SERVICE_HOST"], links["KUBERNETES_SERVICE_PORT"] = "kubernetes.default.svc", "443"
	return links
}
