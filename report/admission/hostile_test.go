package admission

import (
	"fmt"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy/admission"
	"github.com/plimsoll-io/plimsoll/report/answer"
	"github.com/plimsoll-io/plimsoll/report/answer/answertest"
)

func TestHostileNames(t *testing.T) {
	for i, s := range answertest.Hostile() {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			inv := inventory.New(inventory.Source{Kind: "files", Names: []string{s}}, time.Time{}, "", nil, nil)
			h := HeaderOf("PolicyResults", inv, nil, "1.37", []string{s})
			ref := finding.Ref{APIVersion: "v1", Kind: "Pod" + s, Namespace: s, Name: s}
			o := &inventory.Object{Ref: finding.Ref{APIVersion: admission.Group + "/v1", Kind: admission.ValidatingKind, Name: s}}
			for name, d := range map[string]*answer.Document{
				"results": Results(h, []admission.Result{{Policy: s, Rule: s, Binding: s, Resource: ref, Result: admission.Fail, Actions: []string{s}, Message: s}}),
				"tests":   Tests(h, []admission.CaseResult{{Test: s, Case: s, Resource: ref, Result: admission.Error, Message: s, Policies: []string{s}}}),
				"list":    List(h, admission.Read([]*inventory.Object{o}, "1.37")),
			} {
				answertest.Check(t, name, d)
			}
		})
	}
}

func TestCatalogue(t *testing.T) {
	controls, err := control.All()
	if err != nil {
		t.Fatal(err)
	}
	answertest.Check(t, "catalogue", Catalogue(controls))
}
