//go:build ignore

// Gen writes defaults.txt: what the RBAC objects that Kubernetes installs grant, per minor version. It reads the lists
// that Kubernetes publishes as test data of its bootstrap policy, from the Go modules of the versions below, which it
// downloads. Run it with "go generate ./inventory/bootstrap" after adding a version, and adapt newest in table.go.
package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/bootstrap"
)

// versions are the newest patch of each minor when this was last run, in order.
var versions = []string{"v1.30.14", "v1.31.14", "v1.32.13", "v1.33.13", "v1.34.4", "v1.35.4", "v1.36.3", "v1.37.2"}

const testdata = "/plugin/pkg/auth/authorizer/rbac/bootstrappolicy/testdata/"

// gatedSuffix marks the list that holds the same objects with all feature gates on.
const gatedSuffix = "-featuregates.yaml"

// A state is whether an atom is in a minor.
type state int

const (
	absent state = iota
	gated        // with some feature gates
	always
)

// A history is the states of one atom, by index of versions.
type history [16]state

func main() {
	objects := map[string]map[string]*history{} // object → atom → history
	for i, version := range versions {
		if err := read(version, i, objects); err != nil {
			log.Fatalf("read defaults of %s: %v", version, err)
		}
	}
	if err := os.WriteFile("defaults.txt", write(objects), 0o644); err != nil {
		log.Fatal(err)
	}
	if err := writeObjects("objects.json", versions[len(versions)-1]); err != nil {
		log.Fatal(err)
	}
}

// writeObjects keeps the newest version's objects themselves, without feature gates, for inventories that lack them.
func writeObjects(file, version string) error {
	archive, err := download(version)
	if err != nil {
		return err
	}
	defer archive.Close()
	var out bytes.Buffer
	for _, f := range archive.File {
		if !strings.Contains(f.Name, testdata) || strings.HasSuffix(f.Name, gatedSuffix) {
			continue
		}
		items, err := readItems(f)
		if err != nil {
			return err
		}
		for _, item := range items {
			meta := inventory.Map(item, "metadata")
			delete(meta, "creationTimestamp")
			delete(meta, "annotations")
			line, err := json.Marshal(item)
			if err != nil {
				return err
			}
			out.Write(append(line, '\n'))
		}
	}
	return os.WriteFile(file, out.Bytes(), 0o644)
}

// A defaultObject is one object of a list.
type defaultObject struct {
	id      string // "ClusterRole - admin"
	atoms   []string
	labels  map[string]string
	selects []map[string]string // the labels that an aggregation rule selects
}

func read(version string, index int, objects map[string]map[string]*history) error {
	archive, err := download(version)
	if err != nil {
		return err
	}
	defer archive.Close()
	var plain, withGates []defaultObject
	for _, f := range archive.File {
		if !strings.Contains(f.Name, testdata) {
			continue
		}
		list, err := readList(f)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		if strings.HasSuffix(f.Name, gatedSuffix) {
			withGates = append(withGates, list...)
		} else {
			plain = append(plain, list...)
		}
	}
	if len(plain) == 0 {
		return fmt.Errorf("no lists under %s", testdata)
	}
	for _, list := range [][]defaultObject{withGates, plain} {
		for _, o := range list {
			for _, a := range aggregated(o, list) {
				set(objects, o.id, a, index, gated)
			}
			for _, a := range o.atoms {
				set(objects, o.id, a, index, gated)
			}
		}
	}
	for _, o := range plain {
		other := slices.IndexFunc(withGates, func(g defaultObject) bool { return g.id == o.id })
		for _, a := range o.atoms {
			// A gate may also take an atom away.
			if other < 0 || slices.Contains(withGates[other].atoms, a) {
				set(objects, o.id, a, index, always)
			}
		}
	}
	return nil
}

// aggregated are the rights that the aggregation controller fills in. The lists leave them out.
func aggregated(o defaultObject, list []defaultObject) []string {
	var rights []string
	for _, labels := range o.selects {
		for _, selected := range list {
			if !includes(selected.labels, labels) {
				continue
			}
			for _, a := range selected.atoms {
				if strings.HasPrefix(a, "r") {
					rights = append(rights, a)
				}
			}
			rights = append(rights, aggregated(selected, list)...)
		}
	}
	return rights
}

func includes(have, want map[string]string) bool {
	for k, v := range want {
		if have[k] != v {
			return false
		}
	}
	return len(want) > 0
}

func set(objects map[string]map[string]*history, object, atom string, index int, s state) {
	if objects[object] == nil {
		objects[object] = map[string]*history{}
	}
	if objects[object][atom] == nil {
		objects[object][atom] = &history{}
	}
	objects[object][atom][index] = s
}

func download(version string) (*zip.ReadCloser, error) {
	cmd := exec.Command("go", "mod", "download", "-json", "k8s.io/kubernetes@"+version)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("download module: %w", err)
	}
	var module struct{ Zip string }
	if err := json.Unmarshal(out, &module); err != nil {
		return nil, err
	}
	return zip.OpenReader(module.Zip)
}

func readItems(f *zip.File) ([]map[string]any, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var list struct{ Items []map[string]any }
	if err := yaml.Unmarshal(data, &list); err != nil {
		return nil, err
	}
	return list.Items, nil
}

func readList(f *zip.File) ([]defaultObject, error) {
	items, err := readItems(f)
	if err != nil {
		return nil, err
	}
	var objects []defaultObject
	for _, item := range items {
		kind, namespace := inventory.String(item, "kind"), inventory.String(item, "metadata", "namespace")
		if namespace == "" {
			namespace = "-"
		}
		o := defaultObject{
			id:     fmt.Sprintf("%s %s %s", kind, namespace, inventory.String(item, "metadata", "name")),
			labels: inventory.Strings(inventory.Map(item, "metadata", "labels")),
		}
		for _, s := range inventory.List(item, "aggregationRule", "clusterRoleSelectors") {
			o.selects = append(o.selects, inventory.Strings(inventory.Map(s.(map[string]any), "matchLabels")))
		}
		var ok bool
		if o.atoms, ok = bootstrap.Atoms(kind, item); !ok {
			return nil, fmt.Errorf("%s is not of the shape of its kind", o.id)
		}
		objects = append(objects, o)
	}
	return objects, nil
}

func write(objects map[string]map[string]*history) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "# Code generated by inventory/bootstrap/gen from k8s.io/kubernetes %s; DO NOT EDIT.\n", strings.Join(versions, ", "))
	for _, object := range slices.Sorted(maps.Keys(objects)) {
		fmt.Fprintln(&out, object)
		lines := map[string][]string{}
		for _, a := range slices.Sorted(maps.Keys(objects[object])) {
			ranges := objects[object][a].ranges()
			lines[ranges] = append(lines[ranges], a)
		}
		for _, ranges := range slices.Sorted(maps.Keys(lines)) {
			fmt.Fprintf(&out, "\t%s %s\n", ranges, strings.Join(lines[ranges], " "))
		}
	}
	return out.Bytes()
}

// ranges writes a history as "30-34?,35-37".
func (h *history) ranges() string {
	var out []string
	for i := 0; i < len(versions); {
		j := i
		for j+1 < len(versions) && h[j+1] == h[i] {
			j++
		}
		if h[i] != absent {
			text := minor(i)
			if j > i {
				text += "-" + minor(j)
			}
			if h[i] == gated {
				text += "?"
			}
			out = append(out, text)
		}
		i = j + 1
	}
	return strings.Join(out, ",")
}

func minor(index int) string { return strings.Split(versions[index], ".")[1] }
