package network

import (
	"context"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/inventorytest"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	flowlog "github.com/plimsoll-io/plimsoll/network/flow"
	"github.com/plimsoll-io/plimsoll/network/generate"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/network/rehearse"
	"github.com/plimsoll-io/plimsoll/network/service"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/answer/answertest"
)

// A generateCase is a file of testdata/generate: objects, a flow log, options, and the manifest that they give.
type generateCase struct {
	archive *txtar.Archive
	path    string
}

func (c *generateCase) section(name string) []byte {
	for _, f := range c.archive.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

func generateCases(t *testing.T) []*generateCase {
	t.Helper()
	files, err := filepath.Glob("testdata/generate/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	var out []*generateCase
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, &generateCase{txtar.Parse(text), path})
	}
	return out
}

// generated is a plan and all that its answer needs.
type generated struct {
	header  Header
	needs   *need.Needs
	plan    *generate.Plan
	results []string
}

// options are written as JSON, as far as cases need them.
type optionsText struct {
	Namespaces, APIServer, Nodes, Outside []string
	AllNamespaces, NoDNS                  bool
	Direction, Style, Existing            string
	IngressController                     string
	MaxBlocks                             int
	Labels, Annotations                   map[string]string
}

func (o *optionsText) options(t *testing.T) generate.Options {
	t.Helper()
	out := generate.Options{
		Namespaces: o.Namespaces, AllNamespaces: o.AllNamespaces, NoDNS: o.NoDNS,
		Style: generate.Style(o.Style), Existing: generate.Existing(o.Existing),
		IngressController: o.IngressController, MaxBlocks: o.MaxBlocks, Labels: o.Labels, Annotations: o.Annotations,
	}
	if o.Direction != "" {
		out.Directions = []network.Direction{map[string]network.Direction{"ingress": network.Ingress, "egress": network.Egress}[o.Direction]}
	}
	for list, to := range map[*[]string]*[]netip.Prefix{&o.APIServer: &out.APIServer, &o.Nodes: &out.Nodes, &o.Outside: &out.Outside} {
		for _, text := range *list {
			*to = append(*to, netip.MustParsePrefix(text))
		}
	}
	return out
}

func (c *generateCase) generate(t *testing.T) *generated {
	t.Helper()
	list := inventorytest.Objects(t, "objects.yaml", string(c.section("objects.yaml")))
	var text optionsText
	if err := yaml.UnmarshalStrict(c.section("options"), &text); err != nil {
		t.Fatal(err)
	}
	inv := inventory.New(inventory.Source{Kind: "cluster", Names: []string{"test"}}, time.Unix(0, 0), "v1.37.2", list, nil)
	m := network.New(inv).AssumeEnforced()
	services := service.New(inv, m)
	var needs *need.Needs
	if flows := c.section("flows.csv"); flows != nil {
		input := flowlog.FromReader("flows.csv", strings.NewReader(string(flows)))
		collected, err := flowlog.Collect(context.Background(), []flowlog.Input{input}, flowlog.CollectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		needs = need.Observed(collected, inv, m, services)
	} else {
		needs = need.Declared(inv, m, services, need.DeclaredOptions{})
	}
	plan := generate.Policies(m, services, needs, text.options(t))
	rehearsal := rehearse.Rehearse(needs, m, network.New(plan.Proposed(inv)).AssumeEnforced())
	return &generated{HeaderOf("NetworkPolicyPlan", inv, m), needs, plan, Rehearsed(rehearsal, plan)}
}

// TestGenerated compares manifests with those that were reviewed.
func TestGenerated(t *testing.T) {
	for _, c := range generateCases(t) {
		t.Run(filepath.Base(c.path), func(t *testing.T) {
			g := c.generate(t)
			doc := Generated(g.header, g.needs, g.plan, g.results...)
			got := answertest.Render(t, "yaml", doc, report.Options{})
			checkManifest(t, got, g.plan)
			answertest.Check(t, c.path, doc)
			if *update {
				var files []txtar.File
				for _, f := range c.archive.Files {
					if f.Name != "want.yaml" {
						files = append(files, f)
					}
				}
				files = append(files, txtar.File{Name: "want.yaml", Data: []byte(got)})
				c.archive.Files = files
				if err := os.WriteFile(c.path, txtar.Format(c.archive), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if want := string(c.section("want.yaml")); got != want {
				t.Errorf("the manifest is another one; -update writes it. It is:\n%s", got)
			}
		})
	}
}

// checkManifest checks that a manifest says what the policies are, in the API's own words.
func checkManifest(t *testing.T, text string, p *generate.Plan) {
	t.Helper()
	var documents []string
	for _, d := range strings.Split(text, "\n---\n") {
		if strings.Contains(d, "\nkind: NetworkPolicy\n") {
			documents = append(documents, d)
		}
	}
	if len(documents) != len(p.Policies) {
		t.Fatalf("%d documents for %d policies", len(documents), len(p.Policies))
	}
	for i, d := range documents {
		var typed networkingv1.NetworkPolicy
		if err := yaml.UnmarshalStrict([]byte(d), &typed); err != nil {
			t.Errorf("%v:\n%.2000s", err, d)
		}
		var read map[string]any
		if err := yaml.Unmarshal([]byte(d), &read); err != nil {
			t.Fatal(err)
		}
		if want := normal(t, p.Policies[i].Object()); !reflect.DeepEqual(normal(t, read), want) {
			t.Errorf("the manifest is not the policy:\n%.2000s\n%.2000v", d, want)
		}
	}
}

func normal(t *testing.T, value any) (out any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestGeneratedHostile checks that nothing that a name may hold leaves a comment, or breaks a format.
func TestGeneratedHostile(t *testing.T) {
	for _, evil := range answertest.Hostile() {
		o := &inventory.Object{Ref: finding.Ref{Kind: evil, Namespace: evil, Name: evil}, Content: map[string]any{}}
		key := evil // of labels: the plan has none that the API server would refuse, let alone so long
		if len(key) > 200 {
			key = "long"
		}
		reason := generate.Reason{End: evil, Names: []string{evil}, Flows: 1, What: []string{evil}, Note: "note " + evil,
			Declared: []need.Evidence{{Object: o, Path: finding.Path(evil), What: evil}}}
		policy := &generate.Policy{
			Namespace: "shop", Name: "web-ingress", For: evil, Directions: []network.Direction{network.Ingress}, Comments: []string{evil},
			Selector: generate.Selector{Labels: map[string]string{key: evil}}, Labels: map[string]string{key: evil},
			Annotations: map[string]string{"a": evil},
			Rules: []generate.Rule{{
				Peers: []generate.Peer{{Namespace: evil, Selector: generate.Selector{Absent: []string{key}}}, {Block: netip.MustParsePrefix("::/0")}},
				Ports: []generate.Port{{Protocol: network.UDP, First: 53, Last: 55}}, Reasons: []generate.Reason{reason, reason},
			}},
		}
		plan := &generate.Plan{
			Policies: []*generate.Policy{policy},
			Notes:    []generate.Note{{Sort: generate.Broader, Namespace: evil, Policy: evil, About: evil, Text: evil}},
			Obsolete: []*inventory.Object{o}, Namespaces: []string{evil}, Unopened: []generate.Unopened{{Reason: evil}},
		}
		needs := &need.Needs{CannotKnow: []string{evil}, Unresolved: []need.Unresolved{{From: evil, To: evil, Protocol: evil, Reason: evil}}}
		inv := inventory.New(inventory.Source{Kind: "files", Names: []string{evil}}, time.Unix(0, 0), "", nil, nil)
		h := HeaderOf("NetworkPolicyPlan", inv, network.New(inv))
		doc := Generated(h, needs, plan, evil)
		answertest.Check(t, evil, doc)
		text := answertest.Render(t, "yaml", doc, report.Options{})
		for line := range strings.Lines(text) {
			if strings.HasPrefix(strings.TrimSpace(line), "#") || strings.TrimSpace(line) == "" {
				continue
			}
			if strings.Contains(line, "# ") && !strings.Contains(line, `"`) {
				t.Errorf("%.60q: a comment in a line: %q", evil, line)
			}
		}
		if evil != "" && !strings.Contains(evil, "\xff") {
			checkManifest(t, text, plan)
		}
	}
}
