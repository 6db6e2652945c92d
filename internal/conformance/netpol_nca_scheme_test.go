package conformance

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
	"github.com/plimsoll-io/plimsoll/network"
)

type ncaCase struct {
	ID       string
	Scheme   string
	Query    string
	Type     string
	Operands []string
	Expected int
	File     string `json:"expected_output"`
	Output   struct {
		Format string         `json:"outputFormat"`
		Subset map[string]any `json:"subset"`
	} `json:"output_configuration"`
}

// An ncaScheme names the objects of each configuration that cases ask about.
type ncaScheme struct {
	root, dir string
	ncaLists
	Configs []struct {
		Name string `json:"name"`
		ncaLists
	} `json:"networkConfigList"`
}

// ncaLists are paths, one or a list of them each.
type ncaLists struct {
	Namespaces any `json:"namespaceList"`
	Pods       any `json:"podList"`
	Policies   any `json:"networkPolicyList"`
	Resources  any `json:"resourceList"`
}

func readScheme(t *testing.T, root, file string) *ncaScheme {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	s := &ncaScheme{root: root, dir: filepath.Dir(file)}
	if err := yaml.Unmarshal(data, s); err != nil {
		t.Fatal(err)
	}
	return s
}

// ncaObjects are objects by what they are for.
type ncaObjects struct{ namespaces, pods, policies []*inventory.Object }

// An ncaConfig is a configuration, or a single policy of one.
type ncaConfig struct {
	name string
	ncaObjects
}

// config finds what an operand means: "np1", or a policy of it as "np1/kube-system/allow-dns".
func (s *ncaScheme) config(t *testing.T, operand string) ncaConfig {
	t.Helper()
	name, policy, single := strings.Cut(operand, "/")
	global := s.objects(t, s.ncaLists, ncaObjects{})
	for _, c := range s.Configs {
		if c.Name != name {
			continue
		}
		out := ncaConfig{operand, s.objects(t, c.ncaLists, global)}
		if single {
			out.policies = slices.DeleteFunc(out.policies, func(o *inventory.Object) bool { return o.Namespace+"/"+o.Name != policy })
		}
		return out
	}
	t.Fatalf("%s: no configuration %q", s.dir, name)
	return ncaConfig{}
}

// objects reads lists. What they do not mention comes from the defaults; a list of one kind goes before the one of all.
func (s *ncaScheme) objects(t *testing.T, lists ncaLists, defaults ncaObjects) ncaObjects {
	t.Helper()
	all := s.read(t, lists.Resources)
	out := ncaObjects{all.namespaces, all.pods, all.policies}
	if lists.Namespaces != nil {
		out.namespaces = s.read(t, lists.Namespaces).namespaces
	}
	if lists.Pods != nil {
		out.pods = s.read(t, lists.Pods).pods
	}
	if lists.Policies != nil {
		out.policies = s.read(t, lists.Policies).policies
	}
	if out.pods == nil {
		out.pods = defaults.pods
	}
	if out.namespaces == nil {
		out.namespaces = defaults.namespaces
	}
	return out
}

// read reads a path or a list of paths.
func (s *ncaScheme) read(t *testing.T, paths any) ncaObjects {
	t.Helper()
	var out ncaObjects
	list, _ := paths.([]any)
	if one, isString := paths.(string); isString {
		list = []any{one}
	}
	for _, item := range list {
		for _, file := range s.files(t, fmt.Sprint(item)) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			objects, _ := manifest.ReadBytes(file, data, manifest.Options{}) // schemes lie among the objects
			for _, o := range objects {
				switch {
				case o.Kind == "Namespace":
					out.namespaces = append(out.namespaces, o)
				case isNCAPolicy(o):
					out.policies = append(out.policies, o)
				default:
					out.pods = append(out.pods, o)
				}
			}
		}
	}
	return out
}

func isNCAPolicy(o *inventory.Object) bool {
	others := []string{"Ingress", "Profile", "Gateway", "VirtualService", "Sidecar"}
	return strings.HasSuffix(o.Kind, "Policy") || slices.Contains(others, o.Kind)
}

// files are those that a path means: a file, those of a folder, or with "/**" those of all folders below. What the schemes
// fetch from their own repository, or from a folder that the cases lack, lies elsewhere among the cases.
func (s *ncaScheme) files(t *testing.T, path string) []string {
	t.Helper()
	_, below, remote := strings.Cut(path, "/tree/master/tests/")
	_, topology, elsewhere := strings.Cut(path, "/different_topologies/")
	full := filepath.Join(s.root, s.dir, strings.TrimSuffix(path, "/**"))
	switch {
	case remote:
		full = filepath.Join(s.root, below)
	case elsewhere:
		full = filepath.Join(s.root, "fw_rules_tests/podlist", topology)
	}
	info, err := os.Stat(full)
	if err != nil {
		t.Fatal(err)
	}
	if !info.IsDir() {
		return []string{full}
	}
	var out []string
	err = filepath.WalkDir(full, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && file != full && !strings.HasSuffix(path, "/**"):
			return filepath.SkipDir
		case !d.IsDir():
			out = append(out, file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// network makes the Map of a configuration, with these policies in the place of its own.
func (c ncaConfig) network(policies []*inventory.Object) *network.Map {
	objects := slices.Concat(c.namespaces, c.pods, policies)
	for i, o := range objects {
		if o.Kind == "Pod" {
			objects[i] = plainPod(o)
		}
	}
	return network.New(inventory.New(inventory.Source{Kind: "files", Names: []string{c.name}}, time.Unix(0, 0), "", objects, nil))
}

// plainPod makes what that tool takes any pod for: one that runs, and in the cluster's network.
func plainPod(o *inventory.Object) *inventory.Object {
	out := *o
	out.Content = maps.Clone(o.Content)
	for field, part := range map[string]string{"spec": "hostNetwork", "status": "phase"} {
		if m := maps.Clone(inventory.Map(o.Content, field)); m != nil {
			delete(m, part)
			out.Content[field] = m
		}
	}
	return &out
}

// ingress says that a configuration has Ingresses.
func (c ncaConfig) ingress() bool {
	return slices.ContainsFunc(c.policies, func(o *inventory.Object) bool { return o.Kind == "Ingress" })
}

// foreign says that a configuration has policies of network plugins or service meshes.
func (c ncaConfig) foreign() bool {
	return slices.ContainsFunc(c.policies, func(o *inventory.Object) bool { return !isKubernetesPolicy(o) && o.Kind != "Ingress" })
}

func isKubernetesPolicy(o *inventory.Object) bool {
	return o.Kind == "NetworkPolicy" && (o.Group() == "networking.k8s.io" || o.Group() == "extensions")
}
