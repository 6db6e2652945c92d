package harden

import (
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

const pinned = "pod-security.kubernetes.io/warn"

// sample is a plan with everything that a plan can have; hostile is what names hold besides.
func sample(hostile string) (Header, *plan.Plan) {
	meta := func(more map[string]any) map[string]any {
		out := map[string]any{"name": "shop" + hostile}
		for k, v := range more {
			out[k] = v
		}
		return out
	}
	namespace := &inventory.Object{
		Ref: finding.Ref{APIVersion: "v1", Kind: "Namespace", Name: "shop" + hostile}, Origin: finding.Position{File: "shop.yaml", Line: 3},
		Content: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": meta(map[string]any{"labels": map[string]any{pinned: "baseline"}})},
	}
	role := map[string]any{
		"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
		"metadata": map[string]any{"name": "idle" + hostile, "namespace": "shop"},
	}
	was := map[string]any{"subjects": []any{map[string]any{"kind": "Group", "name": "ops" + hostile}}}
	for k, v := range role {
		was[k] = v
	}
	p := &plan.Plan{
		Title: "Pod Security levels of 1 namespace", Manager: "plimsoll-namespaces",
		Steps: []plan.Step{
			{
				Name: "1-warn", Title: "Warn of pods above the level", Why: "Nothing is refused yet" + hostile + ".",
				Changes: []plan.Change{
					{
						Action: plan.Update, Source: namespace, Fields: []finding.Path{finding.Path("metadata.labels").Field(pinned)},
						Object: map[string]any{
							"apiVersion": "v1", "kind": "Namespace",
							"metadata": meta(map[string]any{"labels": map[string]any{pinned: "restricted" + hostile}}),
						},
						Because: []string{"all 3 templates meet restricted" + hostile},
					},
					{
						Action: plan.Create, Risk: "pods without requests are refused",
						Object: map[string]any{
							"apiVersion": "v1", "kind": "ResourceQuota", "metadata": map[string]any{"name": "plimsoll", "namespace": "shop" + hostile},
							"spec": map[string]any{"hard": map[string]any{"requests.cpu": "2"}},
						},
					},
				},
				Before: []string{"tell the owners" + hostile}, After: []string{"look at the warnings for a week"},
			},
			{
				Name: "2-remove", Title: "Remove what is not used", Why: "It was not used for 90 days.",
				Changes: []plan.Change{{
					Action: plan.Remove, Object: role, Source: &inventory.Object{Content: was},
					Because: []string{"Group ops" + hostile + " was not seen"},
				}},
				Files: []plan.File{{Name: "audit-policy.yaml", Text: []byte("rules: []\n")}},
				Undo:  []string{"Restart the API server" + hostile},
			},
		},
		Decisions: []plan.Decision{
			{
				Object: namespace.Ref, Path: "metadata.labels", Position: namespace.Origin,
				Question: "Does team" + hostile + " need hostPath?", Because: []string{"two pods mount it"},
			},
			{Question: "Which groups may deploy?"},
		},
		CannotKnow: []string{"pods that run once a year" + hostile},
	}
	h := Header{APIVersion: report.APIVersion, Kind: Kind, Command: "plimsoll harden namespaces", Inventory: answer.Inventory{
		Source: inventory.Source{Kind: "files", Names: []string{"shop.yaml"}}, Gaps: []inventory.Gap{},
		Taken: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC),
	}}
	return h, p
}

func sampleDocument(t *testing.T, hostile string) *answer.Document {
	t.Helper()
	return Of(sample(hostile))
}
