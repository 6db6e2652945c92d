package attack

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/yaml"
	k8syaml "sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/txtartest"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy/podsecurity"
	"github.com/plimsoll-io/plimsoll/rbac"
)

var update = flag.Bool("update", false, "write the want sections of testdata")

// fewestCases is how many cases a technique needs at least.
const fewestCases = 5

// caseSettings are what a case may set besides its objects.
type caseSettings struct {
	Members map[string][]string `json:"members"` // people by group, as an identity file gives them
	Source  string              `json:"source"`  // "files" for manifests; a live cluster without
	Version string              `json:"version"` // of the cluster, "v1.34.4"; v1.37.2 without
	Policy  string              `json:"policy"`  // a ValidatingAdmissionPolicy that refuses whatever the restricted level would
}

// TestTechniques holds the steps of every technique to testdata/<id>.txtar. Pod Security labels of the namespaces in a
// case are judged as admission judges them, so that cut steps can be tested.
func TestTechniques(t *testing.T) {
	for _, technique := range Techniques() {
		t.Run(technique.ID, func(t *testing.T) {
			file, err := txtartest.Read(filepath.Join("testdata", technique.ID+".txtar"))
			if err != nil {
				t.Fatal(err)
			}
			words := map[string]int{}
			for _, c := range file.Cases {
				words[c.Word]++
				t.Run(c.Word+"_"+c.Name, func(t *testing.T) { testCase(t, technique.ID, c) })
			}
			if len(file.Cases) < fewestCases || words[txtartest.Found] == 0 || words[txtartest.None] == 0 {
				t.Errorf("cases %v: want at least %d, with some found and some none", words, fewestCases)
			}
			if *update {
				if err := file.Write(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestNoStrayTestdata fails on test data of no technique, and on techniques with the same id.
func TestNoStrayTestdata(t *testing.T) {
	ids := map[string]bool{}
	for _, technique := range Techniques() {
		if ids[technique.ID] {
			t.Errorf("two techniques are called %s", technique.ID)
		}
		ids[technique.ID] = true
	}
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if id := strings.TrimSuffix(filepath.Base(file), ".txtar"); !ids[id] {
			t.Errorf("%s: there is no technique %q", file, id)
		}
	}
}

func testCase(t *testing.T, id string, c *txtartest.Case) {
	var settings caseSettings
	if err := k8syaml.UnmarshalStrict(c.Settings, &settings); err != nil {
		t.Fatalf("settings: %v", err)
	}
	inv := readCase(t, c.Input, settings.Source, settings.Version)
	members := func(group string) []string { return settings.Members[group] }
	g := New(inv, rbac.New(inv), Options{Refused: refusing(podSecurity(t, inv), settings.Policy), Members: members})
	open, cut := 0, 0
	var lines []string
	for i := range g.edges {
		e := &g.edges[i]
		if e.technique == structural || g.techniques[e.technique].ID != id {
			continue
		}
		line := fmt.Sprintf("%s -> %s %s", plain(g.footholds[e.from]), plain(g.footholds[e.to]), id)
		if g.proofs[e.proof].cut == "" {
			open++
		} else {
			cut++
			line += " (cut: " + g.proofs[e.proof].cut + ")"
		}
		lines = append(lines, line)
	}
	var got []byte
	slices.Sort(lines)
	for _, line := range slices.Compact(lines) {
		got = append(got, line+"\n"...)
	}
	if *update {
		c.Want = append([]byte{}, got...)
	} else if !bytes.Equal(got, c.Want) {
		t.Errorf("steps:\n%swant:\n%s", got, c.Want)
	}
	switch c.Word {
	case txtartest.Found:
		if open == 0 {
			t.Errorf("no open step found:\n%s", got)
		}
	case txtartest.None:
		if len(lines) != 0 {
			t.Errorf("found what is none:\n%s", got)
		}
	case txtartest.Cut:
		if cut == 0 || open > 0 {
			t.Errorf("%d cut and %d open steps, want only cut ones:\n%s", cut, open, got)
		}
	default:
		t.Errorf("the case starts with %q: want found, none or cut", c.Word)
	}
}

// plain is a foothold in the words of its kind: "AnyServiceAccount shop", "Goal node", "ServiceAccount shop/cart".
func plain(r finding.Ref) string {
	name := strings.Trim(r.Namespace+"/"+r.Name, "/")
	if isSet(r) {
		name = r.Namespace
	}
	return strings.TrimSpace(r.Kind + " " + name)
}

// readCase makes an inventory of YAML documents, each an object or a list of objects; of a cluster of that version.
func readCase(t testing.TB, text []byte, source string, versions ...string) *inventory.Inventory {
	t.Helper()
	if source == "" {
		source = "cluster"
	}
	version := "v1.37.2"
	if len(versions) > 0 && versions[0] != "" {
		version = versions[0]
	}
	var objects []*inventory.Object
	decoder := yaml.NewYAMLToJSONDecoder(bytes.NewReader(text))
	for {
		var content any
		err := decoder.Decode(&content)
		if errors.Is(err, io.EOF) {
			return inventory.New(inventory.Source{Kind: source}, time.Time{}, version, objects, nil)
		}
		if err != nil {
			t.Fatalf("read objects: %v", err)
		}
		list, ok := content.([]any)
		if !ok && content != nil {
			list = []any{content}
		}
		for _, item := range list {
			objects = append(objects, readObject(t, item))
		}
	}
}

func readObject(t testing.TB, item any) *inventory.Object {
	t.Helper()
	content, ok := item.(map[string]any)
	if !ok || inventory.String(content, "kind") == "" || inventory.String(content, "metadata", "name") == "" {
		t.Fatalf("no object: %v", item)
	}
	if inventory.String(content, "apiVersion") == "" {
		t.Fatalf("no apiVersion: %v", item)
	}
	return &inventory.Object{Content: content, Ref: finding.Ref{
		APIVersion: inventory.String(content, "apiVersion"), Kind: inventory.String(content, "kind"),
		Namespace: inventory.String(content, "metadata", "namespace"), Name: inventory.String(content, "metadata", "name"),
	}}
}

// podSecurity refuses pods as Pod Security admission would by the labels of namespaces.
// refusing adds a policy to what Pod Security labels refuse.
func refusing(labels func(map[string]any, string) (bool, string), policy string) func(map[string]any, string) (bool, string) {
	return func(pod map[string]any, namespace string) (bool, string) {
		if refused, why := labels(pod, namespace); refused || policy == "" {
			return refused, why
		}
		evaluator, err := podsecurity.New("")
		if err != nil {
			return false, ""
		}
		verdict, err := evaluator.Judge(inventory.Map(pod, "metadata"), inventory.Map(pod, "spec"))
		return err == nil && len(verdict.Restricted) > 0, "ValidatingAdmissionPolicy " + policy + " denies it"
	}
}

func podSecurity(t testing.TB, inv *inventory.Inventory) func(map[string]any, string) (bool, string) {
	t.Helper()
	evaluator, err := podsecurity.New("")
	if err != nil {
		t.Fatal(err)
	}
	return func(pod map[string]any, namespace string) (bool, string) {
		ns := inv.Get("", "Namespace", "", namespace)
		if ns == nil {
			return false, ""
		}
		level := ns.Labels()["pod-security.kubernetes.io/enforce"]
		if level != "baseline" && level != "restricted" {
			return false, ""
		}
		verdict, err := evaluator.Judge(inventory.Map(pod, "metadata"), inventory.Map(pod, "spec"))
		if err != nil {
			t.Fatalf("judge the pod that a technique makes: %v", err)
		}
		violations := verdict.Restricted
		if level == "baseline" {
			violations = verdict.Baseline
		}
		return len(violations) > 0, "Pod Security level " + level + " of namespace " + namespace
	}
}
