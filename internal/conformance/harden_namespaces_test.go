package conformance

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/harden/namespaces"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy"
	"github.com/plimsoll-io/plimsoll/policy/podsecurity"
	"github.com/plimsoll-io/plimsoll/rehearse"
)

// TestConformanceHardenNamespaces plans for the namespaces of well-known projects: with the plan applied no template that
// is there is refused by the level that its namespace enforces, a rehearsal finds nothing that breaks, and planned again
// there is nothing left to do.
func TestConformanceHardenNamespaces(t *testing.T) {
	projects := map[string][]*inventory.Object{}
	for _, o := range realManifests(t).All() {
		project, _, _ := strings.Cut(o.Origin.File, "/")
		projects[project] = append(projects[project], o)
	}
	for name, options := range map[string]namespaces.Options{
		"plain": {Version: policy.Newest, Headroom: 50},
		"whole": {Version: policy.Newest, Nodes: 5, DefaultRequests: map[string]string{"cpu": "50m", "memory": "64Mi"}},
	} {
		count, changes, judged := 0, 0, 0
		for project, objects := range projects {
			// Without gaps, so that levels are enforced and quotas planned.
			inv := inventory.New(inventory.Source{Kind: "files", Names: []string{project}}, time.Unix(0, 0), policy.Newest, objects, nil)
			n, c, templates := holdNamespaces(t, inv, options)
			count, changes, judged = count+n, changes+c, judged+templates
		}
		t.Logf("SCORE harden-namespaces %s: %d namespaces of %d projects, %d changes, %d templates judged under enforced levels",
			name, count, len(projects), changes, judged)
		if changes == 0 || judged == 0 {
			t.Error("plans without anything to show")
		}
	}
}

func holdNamespaces(t *testing.T, inv *inventory.Inventory, options namespaces.Options) (count, changes, judged int) {
	t.Helper()
	first, err := namespaces.New(inv, options)
	if err != nil {
		t.Fatal(err)
	}
	after := first.Plan.Applied(inv)
	judged = refused(t, after)
	var proposed []*inventory.Object
	before := map[*inventory.Object]bool{}
	for _, o := range inv.All() {
		before[o] = true
	}
	for _, o := range after.All() {
		if !before[o] {
			proposed = append(proposed, o)
		}
	}
	rehearsal, err := rehearse.Run(context.Background(), inv, inventory.New(inv.Source, inv.Taken, inv.Version, proposed, nil),
		rehearse.Evidence{Minor: policy.Newest})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range rehearsal.Breaks {
		if !b.Soft && !b.Already {
			t.Errorf("%s: the rehearsal says that %v breaks %v: %s", inv.Source.Names[0], b.Changes, b.Object, b.Reason)
		}
	}
	again, err := namespaces.New(after, options)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range again.Plan.Steps {
		for _, c := range s.Changes {
			t.Errorf("%s: planned again, there is still to do: %s %v %v", inv.Source.Names[0], s.Name, c.Object, c.Fields)
		}
	}
	for _, s := range first.Plan.Steps {
		changes += len(s.Changes)
	}
	return len(first.Namespaces), changes, judged
}

// refused holds every template to the level that its namespace enforces, and counts them.
func refused(t *testing.T, inv *inventory.Inventory) (judged int) {
	t.Helper()
	const enforce = "pod-security.kubernetes.io/enforce"
	for _, o := range inv.All() {
		spec, _ := o.PodSpec()
		ns := inv.Get("", "Namespace", "", o.Namespace)
		if spec == nil || ns == nil {
			continue
		}
		level := ns.Labels()[enforce]
		if level == "" || level == "privileged" {
			continue
		}
		if version := ns.Labels()[enforce+"-version"]; version == "latest" || !strings.HasPrefix(version, "v1.") {
			if !slices.Contains(inv.All(), ns) || ns.Origin.File == "" {
				t.Errorf("%s enforces %s at %q, which is no pinned version", ns.Name, level, version)
			}
			continue // the label was there before
		}
		evaluator, err := podsecurity.New(ns.Labels()[enforce+"-version"])
		if err != nil {
			t.Fatal(err)
		}
		meta, _ := o.PodMeta()
		verdict, err := evaluator.Judge(meta, spec)
		violations := verdict.Restricted
		if level == "baseline" {
			violations = verdict.Baseline
		}
		if judged++; err != nil || len(violations) > 0 {
			t.Errorf("namespace %s enforces %s and refuses %s: %v %v", ns.Name, level, o.Ref, violations, err)
		}
	}
	return judged
}
