package namespaces_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden/namespaces"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/internal/inventorytest"
	"github.com/plimsoll-io/plimsoll/inventory"
)

var update = flag.Bool("update", false, "write the golden files")

func inventoryOf(t *testing.T, source, name string, gaps ...inventory.Gap) *inventory.Inventory {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return inventory.New(inventory.Source{Kind: source}, time.Unix(0, 0), "v1.37.2", inventorytest.Objects(t, name, string(text)), gaps)
}

func planOf(t *testing.T, inv *inventory.Inventory, o namespaces.Options) *namespaces.Report {
	t.Helper()
	if o.Version == "" {
		o.Version = "v1.37.2"
	}
	r, err := namespaces.New(inv, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// text is a plan in lines.
func text(t *testing.T, r *namespaces.Report) string {
	t.Helper()
	var b strings.Builder
	for _, ns := range r.Namespaces {
		fmt.Fprintf(&b, "%s: enforces %s %s, can %s, next %s; system %q unknown %q\n", ns.Name, ns.Enforced, ns.Version, ns.Can, ns.Next, ns.System, ns.Unknown)
		for _, blocker := range ns.Blockers {
			for _, f := range blocker.Fields {
				fmt.Fprintf(&b, "  %s %s %s %s\n", blocker.Object, f.Check, f.Path, f.Injected)
			}
		}
	}
	for _, s := range r.Plan.Steps {
		fmt.Fprintf(&b, "\n%s: %s\n", s.Name, s.Title)
		for _, c := range s.Changes {
			delete(c.Object, "apiVersion")
			object, err := json.Marshal(c.Object)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "%s %s %v\n", c.Action, object, c.Fields)
			for _, why := range c.Because {
				fmt.Fprintf(&b, "  because %s\n", why)
			}
			if c.Risk != "" {
				fmt.Fprintf(&b, "  risk: %s\n", c.Risk)
			}
		}
	}
	b.WriteString("\n")
	for _, d := range r.Plan.Decisions {
		fmt.Fprintf(&b, "? %s %s: %s (%s)\n", d.Object, d.Path, d.Question, strings.Join(d.Because, "; "))
	}
	for _, c := range r.Plan.CannotKnow {
		fmt.Fprintf(&b, "- %s\n", c)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	for name, c := range map[string]struct {
		file    string
		options namespaces.Options
		gaps    []inventory.Gap
	}{
		"levels": {"levels.yaml", namespaces.Options{Parts: []namespaces.Part{namespaces.PodSecurity}}, nil},
		"gaps": {"levels.yaml", namespaces.Options{}, []inventory.Gap{
			{Kind: "CronJob", Group: "batch", Namespace: "strict", Reason: "cronjobs is forbidden"}, {Kind: "ClusterRole", Group: "rbac.authorization.k8s.io", Reason: "forbidden"},
		}},
		"limits": {"limits.yaml", namespaces.Options{Parts: []namespaces.Part{namespaces.Limits}, Headroom: 50}, nil},
		"limits-said": {"limits.yaml", namespaces.Options{
			Parts: []namespaces.Part{namespaces.Limits}, Nodes: 3, DefaultRequests: map[string]string{"memory": "20Mi"}, Only: []string{"agents", "silent"},
		}, nil},
		"tokens": {"tokens.yaml", namespaces.Options{Parts: []namespaces.Part{namespaces.Tokens, namespaces.Network}}, nil},
	} {
		got := text(t, planOf(t, inventoryOf(t, "cluster", c.file, c.gaps...), c.options))
		file := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s is\n%s\nwant\n%s", name, got, want)
		}
	}
}

// TestAgain plans with the plan applied: there is nothing left to do.
func TestAgain(t *testing.T) {
	for _, file := range []string{"levels.yaml", "limits.yaml", "tokens.yaml"} {
		inv := inventoryOf(t, "cluster", file)
		options := namespaces.Options{Headroom: 50, Nodes: 2, DefaultRequests: map[string]string{"cpu": "10m", "memory": "10Mi"}}
		first := planOf(t, inv, options)
		if len(first.Plan.Steps) == 0 {
			t.Errorf("%s: there is no step", file)
		}
		if again := planOf(t, first.Plan.Applied(inv), options); len(again.Plan.Steps) > 0 {
			t.Errorf("%s: planned again there is still\n%s", file, text(t, again))
		}
	}
}

// TestStepsKeepEarlierFields holds the plan to what server-side apply needs: a step that left out what an earlier one has
// set would take it away.
func TestStepsKeepEarlierFields(t *testing.T) {
	p := planOf(t, inventoryOf(t, "cluster", "levels.yaml"), namespaces.Options{}).Plan
	labels := map[finding.Ref]map[string]any{}
	for _, s := range p.Steps {
		for _, c := range s.Changes {
			if ref := plan.RefOf(c.Object); ref.Kind == "Namespace" {
				now := inventory.Map(c.Object, "metadata", "labels")
				for key := range labels[ref] {
					if now[key] == nil {
						t.Errorf("%s: %s loses %s", s.Name, ref, key)
					}
				}
				labels[ref] = now
			}
		}
	}
}

// TestFilesWithoutWorkloads enforces nothing where files show no workload: they need not hold all.
func TestFilesWithoutWorkloads(t *testing.T) {
	r := planOf(t, inventoryOf(t, "files", "levels.yaml"), namespaces.Options{Only: []string{"empty"}})
	for _, s := range r.Plan.Steps {
		if strings.HasSuffix(s.Name, "enforce") {
			t.Errorf("it enforces: %v", s.Changes)
		}
	}
	if len(r.Namespaces) != 1 || r.Namespaces[0].Unknown == "" {
		t.Errorf("the namespace is %+v", r.Namespaces)
	}
}

func TestVersion(t *testing.T) {
	if _, err := namespaces.New(inventoryOf(t, "files", "tokens.yaml"), namespaces.Options{Version: "soon"}); err == nil {
		t.Error("a version that is none was taken")
	}
	if r := planOf(t, inventoryOf(t, "files", "tokens.yaml"), namespaces.Options{Version: "1.31+"}); r.Pinned != "v1.31" {
		t.Errorf("pinned to %s", r.Pinned)
	}
}

// TestOddShapes feeds objects whose fields have other types than they should.
func TestOddShapes(t *testing.T) {
	odd := []any{nil, "x", int64(-1), 1.5, true, []any{nil, "x", map[string]any{}}, map[string]any{"x": nil}}
	fields := []string{
		"replicas", "template", "strategy", "limits", "hard", "scaleTargetRef", "maxReplicas", "jobTemplate", "containers", "podSelector", "policyTypes",
	}
	kinds := []string{
		"v1/Namespace", "v1/Pod", "apps/v1/Deployment", "apps/v1/DaemonSet", "batch/v1/CronJob", "batch/v1/Job", "v1/LimitRange", "v1/ResourceQuota",
		"autoscaling/v2/HorizontalPodAutoscaler", "v1/ServiceAccount", "networking.k8s.io/v1/NetworkPolicy", "v1/Node",
	}
	var objects []*inventory.Object
	for i, kind := range kinds {
		at := strings.LastIndex(kind, "/")
		for j, value := range odd {
			spec := map[string]any{}
			for _, f := range fields {
				spec[f] = value
			}
			content := map[string]any{
				"apiVersion": kind[:at], "kind": kind[at+1:], "automountServiceAccountToken": value,
				"metadata": map[string]any{"name": fmt.Sprint("o", j), "namespace": "odd", "labels": value}, "spec": slices.Clone([]any{spec, value})[j%2], "status": value,
			}
			objects = append(objects, &inventory.Object{Content: content, Ref: finding.Ref{
				APIVersion: kind[:at], Kind: kind[at+1:], Namespace: map[bool]string{true: "", false: "odd"}[i == 0], Name: fmt.Sprint("o", j),
			}})
		}
	}
	inv := inventory.New(inventory.Source{Kind: "cluster"}, time.Unix(0, 0), "v1.37.2", objects, nil)
	planOf(t, inv, namespaces.Options{Headroom: 50})
}
