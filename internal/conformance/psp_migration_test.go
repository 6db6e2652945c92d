package conformance

import (
	"context"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/plimsoll-io/plimsoll/harden/psp"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy"
	"github.com/plimsoll-io/plimsoll/policy/admission"
	"github.com/plimsoll-io/plimsoll/policy/podsecurity"
)

type migrationCase struct {
	ID, Dir, PSP, Allowed, Disallowed string
}

// TestConformancePSPMigration migrates other people's PodSecurityPolicies: the level and the policy together have to admit
// the pod that each was meant to admit, and refuse the other.
func TestConformancePSPMigration(t *testing.T) {
	dir := corpus(t, "psp-migration")
	y := newTally(t, "psp-migration")
	for _, c := range cases[migrationCase](t, dir) {
		p, err := psp.Read(objectOf(readOne(t, filepath.Join(dir, c.Dir, c.PSP))))
		if err != nil {
			t.Fatal(err)
		}
		for file, want := range map[string]string{c.Allowed: "allowed", c.Disallowed: "violation"} {
			pod := objectOf(readOne(t, filepath.Join(dir, c.Dir, file)))
			y.count(c.ID+"/"+file, want, migrated(t, p, pod), string(p.Level()))
		}
	}
	y.done(100)
}

// migrated is what admission says of a pod after the migration.
func migrated(t *testing.T, p *psp.Policy, pod *inventory.Object) string {
	t.Helper()
	level := p.Level()
	evaluator, err := podsecurity.New("")
	if err != nil {
		t.Fatal(err)
	}
	verdict, err := evaluator.Judge(inventory.Map(pod.Content, "metadata"), inventory.Map(pod.Content, "spec"))
	if err != nil {
		t.Fatal(err)
	}
	if level == psp.Baseline && len(verdict.Baseline) > 0 || level == psp.Restricted && len(verdict.Restricted) > 0 {
		return "violation"
	}
	var objects []*inventory.Object
	for _, content := range []map[string]any{p.Validating(level), p.Binding(nil, "Deny")} {
		if content != nil {
			objects = append(objects, objectOf(plain(t, content)))
		}
	}
	set := admission.Read(objects, policy.Newest)
	if p.Validating(level) != nil && len(set.Problems) > 0 {
		t.Errorf("%s: %v", p.Object.Name, set.Problems)
	}
	results := set.Review(context.Background(), admission.World{Complete: true}, admission.Request{Ref: pod.Ref, Object: pod.Content})
	if admission.VerdictOf(results) == admission.Deny {
		return "violation"
	}
	return "allowed"
}

// plain is a value as it is read from a file.
func plain(t *testing.T, value map[string]any) map[string]any {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
