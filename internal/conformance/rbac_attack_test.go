package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/rbac/attack"
)

const attackSuite = "rbac-attack-paths"

// edgeTechniques says by which of our techniques the edges of KubeHound go, by what both describe.
var edgeTechniques = map[string][]string{
	"CE_MODULE_LOAD":        {"cap-sys-module"},
	"CE_NSENTER":            {"nsenter"},
	"CE_PRIV_MOUNT":         {"privileged-container"},
	"CE_SYS_PTRACE":         {"cap-sys-ptrace"},
	"CE_UMH_CORE_PATTERN":   {"core-pattern"},
	"CE_VAR_LOG_SYMLINK":    {"var-log"},
	"CE_NET_MITM":           {}, // none of ours reads others' traffic
	"EXPLOIT_HOST_READ":     {"host-read"},
	"EXPLOIT_HOST_TRAVERSE": {"host-read"},
	"EXPLOIT_HOST_WRITE":    {"host-write"},
	"ENDPOINT_EXPLOIT":      {}, // an open port is no right
	"SHARE_PS_NAMESPACE":    {}, // our footholds are pods, not containers
	"IDENTITY_ASSUME":       {"mounted-token", "node-identity", "kubelet-credentials"},
	"IDENTITY_IMPERSONATE":  {"impersonate-users", "impersonate-groups"},
	"POD_CREATE":            {"create-pods"},
	"POD_EXEC":              {"exec"},
	"POD_PATCH":             {"patch-pods"},
	"ROLE_BIND":             {"bind"},
	"TOKEN_BRUTEFORCE":      {"read-secrets"},
	"TOKEN_LIST":            {"read-secrets"},
	"CONTROL":               {}, // the pod without weakness
}

// A hound is KubeHound's test cluster: all its objects, the pods on one node as a scheduler might place them.
type hound struct {
	graph *attack.Graph
	files map[string][]*inventory.Object // by the file that holds them
}

const houndNode = "worker"

func readHound(t *testing.T, dir string) hound {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "shared", "kubehound", "test-cluster", "attacks", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no attacks: %v", err)
	}
	h := hound{files: map[string][]*inventory.Object{}}
	var all []*inventory.Object
	for _, file := range files {
		objects := readObjects(t, file)
		for _, o := range objects {
			if o.Kind == "Pod" {
				inventory.Map(o.Content, "spec")["nodeName"] = houndNode
			}
		}
		h.files[filepath.Base(file)] = objects
		all = append(all, objects...)
	}
	node := finding.Ref{APIVersion: "v1", Kind: "Node", Name: houndNode}
	all = append(all, &inventory.Object{Ref: node, Content: map[string]any{
		"apiVersion": "v1", "kind": "Node", "metadata": map[string]any{"name": houndNode},
	}})
	h.graph = graphOf(all)
	return h
}

func readObjects(t *testing.T, file string) []*inventory.Object {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	objects, gaps := manifest.ReadBytes(filepath.ToSlash(file), data, manifest.Options{Redact: scanner().Redact})
	for _, g := range gaps {
		t.Fatalf("%s: %+v", file, g)
	}
	return objects
}

// graphOf is the graph of objects; what Kubernetes itself installs comes with them, as with all manifests.
func graphOf(objects []*inventory.Object) *attack.Graph {
	inv := inventory.New(inventory.Source{Kind: "files"}, time.Unix(0, 0), "v1.35.0", objects, nil)
	return control.NewFacts(inv, control.Settings{}).Attacks()
}

// actors are what an object adds to the footholds: a workload, a service account, the subjects of a binding.
func actors(o *inventory.Object) []finding.Ref {
	switch o.Kind {
	case "Pod", rbac.ServiceAccountKind:
		return []finding.Ref{o.Ref}
	case "RoleBinding", "ClusterRoleBinding":
		var out []finding.Ref
		for _, item := range inventory.List(o.Content, "subjects") {
			content, _ := item.(map[string]any)
			s := rbac.Subject{Kind: inventory.String(content, "kind"), Name: inventory.String(content, "name")}
			if s.Kind == rbac.ServiceAccountKind {
				if s.Namespace = inventory.String(content, "namespace"); s.Namespace == "" {
					s.Namespace = o.Namespace
				}
			}
			out = append(out, s.Ref())
		}
		return out
	}
	return nil
}

// steps are the open steps of some techniques from a foothold.
func (h hound) steps(from finding.Ref, techniques ...string) []attack.Step {
	return slices.DeleteFunc(h.graph.StepsFrom(from), func(s attack.Step) bool {
		return s.Cut != "" || !slices.Contains(techniques, s.Technique.ID)
	})
}

// TestKubeHoundAttacks holds us to the name of each file of the test cluster: what it holds gives the edge.
func TestKubeHoundAttacks(t *testing.T) {
	dir := corpus(t, attackSuite)
	checkTechniques(t)
	h := readHound(t, dir)
	y := newTally(t, attackSuite+"/kubehound/attacks")
	for file, objects := range h.files {
		name := strings.TrimSuffix(file, ".yaml")
		edge := edgeOf(t, name)
		want, got := "step", "no step"
		if edge == "CONTROL" {
			want = "no step"
		}
		var all []string
		for _, o := range objects {
			if h.gives(o, edge) {
				got = "step"
			}
			for _, from := range actors(o) {
				for _, s := range h.graph.StepsFrom(from) {
					all = append(all, s.Technique.ID)
				}
			}
		}
		slices.Sort(all)
		y.count(name, want, got, fmt.Sprintf("steps: %v", slices.Compact(all)))
	}
	y.done(80)
}

// gives says that an object gives an edge: what it adds can take such a step, or such a step takes the Role that it is.
// The control pod gives one if it leads to anything but its own account, whose token every pod has.
func (h hound) gives(o *inventory.Object, edge string) bool {
	if edge == "CONTROL" {
		return slices.ContainsFunc(h.graph.StepsFrom(o.Ref), func(s attack.Step) bool { return s.To.Kind != rbac.ServiceAccountKind })
	}
	for _, from := range actors(o) {
		if len(h.steps(from, edgeTechniques[edge]...)) > 0 {
			return true
		}
	}
	if o.Kind != "Role" {
		return false
	}
	taken := func(s attack.Step) bool {
		return s.To.Namespace == o.Namespace && (s.To.Kind == attack.AdminOfKind || s.To.Name == "Role/"+o.Name)
	}
	return slices.ContainsFunc(h.graph.Starts(), func(from finding.Ref) bool {
		return slices.ContainsFunc(h.steps(from, edgeTechniques[edge]...), taken)
	})
}

// edgeOf is the edge that a file is named after.
func edgeOf(t *testing.T, name string) string {
	t.Helper()
	best := ""
	for edge := range edgeTechniques {
		if strings.HasPrefix(name, edge) && len(edge) > len(best) {
			best = edge
		}
	}
	if best == "" {
		t.Errorf("%s: which edge is this?", name)
	}
	return best
}

// checkTechniques fails on names of techniques that do not exist.
func checkTechniques(t *testing.T) {
	t.Helper()
	all := attack.Techniques()
	for edge, ids := range edgeTechniques {
		for _, id := range ids {
			if !slices.ContainsFunc(all, func(technique attack.Technique) bool { return technique.ID == id }) {
				t.Errorf("%s: there is no technique %s", edge, id)
			}
		}
	}
}

// A houndCase is a test of KubeHound's own: which edges its graph of the test cluster must have.
type houndCase struct {
	ID            string
	Source        string
	Edge          string
	Match         string
	ExpectedPaths []any `json:"expected_paths"`
}

func TestKubeHoundCases(t *testing.T) {
	dir := corpus(t, attackSuite)
	h := readHound(t, dir)
	y := newTally(t, attackSuite)
	for _, c := range cases[houndCase](t, dir) {
		if c.Source != "kubehound" {
			continue
		}
		want, got := "", ""
		switch c.Edge {
		case "ROLE_BIND":
			want, got = h.binders(c)
		case "TOKEN_LIST":
			want, got = h.listed(c)
		case "EXPLOIT_HOST_TRAVERSE":
			want, got = h.traversed()
		case "VOLUME_DISCOVER", "ENDPOINT_EXPLOIT":
			want, got = "edges", "no such footholds"
		default:
			want, got = h.container(c)
		}
		y.count(c.ID, want, got, "")
	}
	y.done(50)
}

// container: one of the named containers has the edge. Our footholds are pods.
func (h hound) container(c houndCase) (want, got string) {
	for _, objects := range h.files {
		for _, o := range objects {
			for _, item := range inventory.List(o.Content, "spec", "containers") {
				content, _ := item.(map[string]any)
				if name := inventory.String(content, "name"); slices.Contains(c.ExpectedPaths, any(name)) &&
					len(h.steps(o.Ref, edgeTechniques[c.Edge]...)) > 0 {
					return "step", "step"
				}
			}
		}
	}
	return "step", "no step"
}

// binders: the subjects whose binding leads to roles of the cluster. KubeHound names a binding's role and the binding.
func (h hound) binders(c houndCase) (want, got string) {
	wanted, found := map[string]bool{}, map[string]bool{}
	for _, pair := range c.ExpectedPaths {
		from, _ := pair.([]any)[0].(string)
		role, _, _ := strings.Cut(from, "::")
		wanted[role] = true
	}
	for _, objects := range h.files {
		for _, o := range objects {
			role := inventory.String(o.Content, "roleRef", "name")
			if o.Kind != "ClusterRoleBinding" || !strings.HasPrefix(role, "rolebind") {
				continue
			}
			for _, from := range actors(o) {
				if slices.ContainsFunc(h.steps(from, "bind"), func(s attack.Step) bool { return toClusterRole(s.To) }) {
					found[role] = true
				}
			}
		}
	}
	return fmt.Sprint(wanted), fmt.Sprint(found)
}

// toClusterRole: the step gives a ClusterRole, or everything in kube-system, where only a ClusterRole gives that.
func toClusterRole(r finding.Ref) bool {
	return r == attack.ClusterAdmin || r.Kind == attack.AdminOfKind && r.Namespace == "kube-system" ||
		r.Kind == attack.RoleHolderKind && strings.HasPrefix(r.Name, "ClusterRole/")
}

// listed: the accounts whose tokens can be had by listing Secrets.
func (h hound) listed(c houndCase) (want, got string) {
	wanted, found := map[string]bool{}, map[string]bool{}
	for _, pair := range c.ExpectedPaths {
		to, _ := pair.([]any)[1].(string)
		wanted[to] = true
	}
	reach := h.graph.Reach(rbac.Account("default", "tokenlist-sa").Ref())
	for _, r := range reach.All() {
		if r.Foothold.Kind == rbac.ServiceAccountKind && r.Foothold.Namespace == "default" {
			found[r.Foothold.Name] = true
		}
	}
	return fmt.Sprint(wanted), fmt.Sprint(found)
}

// traversed: from a pod with the node's file system, the accounts of all pods on that node.
func (h hound) traversed() (want, got string) {
	wanted, found := map[string]bool{}, map[string]bool{}
	for _, pod := range []string{"host-read-exploit-pod", "host-write-exploit-pod"} {
		reach := h.graph.Reach(finding.Ref{APIVersion: "v1", Kind: "Pod", Namespace: "default", Name: pod})
		for _, objects := range h.files {
			for _, o := range objects {
				if o.Kind != "Pod" {
					continue
				}
				account := rbac.Account(o.Namespace, inventory.String(o.Content, "spec", "serviceAccountName"))
				if account.Name == "" {
					account.Name = "default"
				}
				key := pod + " → " + account.String()
				wanted[key] = true
				if _, ok := reach.Steps(account.Ref()); ok {
					found[key] = true
				}
			}
		}
	}
	return fmt.Sprint(wanted), fmt.Sprint(found)
}
