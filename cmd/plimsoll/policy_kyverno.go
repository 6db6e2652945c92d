package main

import (
	"context"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy/admission"
	"github.com/plimsoll-io/plimsoll/policy/kyverno"
	reportadmission "github.com/plimsoll-io/plimsoll/report/admission"
)

// readKyverno takes the Kyverno policies among objects.
func (r *policyTest) readKyverno(objects []*inventory.Object) {
	if policies := kyverno.Convert(objects); len(policies) > 0 {
		r.kyverno = kyverno.NewSet(policies)
	}
	r.set.Warnings = append(r.set.Warnings, kyverno.Remarks(objects)...)
}

// judgeKyverno judges the objects by the Kyverno policies. expected are the results, by index, that a rule is skipped,
// which is nothing to worry about.
func (r *policyTest) judgeKyverno(ctx context.Context, opts *PolicyTestOptions, header *reportadmission.Header) (items []admission.Result, expected map[int]bool, err error) {
	expected = map[int]bool{}
	if r.kyverno == nil {
		return nil, expected, nil
	}
	for _, p := range r.kyverno.Policies {
		for _, w := range p.Warnings {
			header.Warnings = append(header.Warnings, p.Object.Kind+"/"+p.Object.Name+": "+w)
		}
	}
	results, err := r.kyverno.Judge(ctx, admission.World{Inventory: r.inv, Params: r.params}, r.inv.All())
	if err != nil {
		return nil, nil, err
	}
	asked, said := opts.askKyverno(ctx, r, results)
	header.Warnings = append(header.Warnings, said...)
	for i, result := range asked {
		expected[i] = result.Skipped
		items = append(items, result.Result)
	}
	var idle []string
	for _, p := range r.kyverno.Policies {
		if name := p.Object.Name; !slices.ContainsFunc(items, func(r admission.Result) bool { return r.Policy == name }) {
			idle = append(idle, name)
		}
	}
	if len(idle) > 0 {
		header.Warnings = append(header.Warnings, "none of the objects is judged by "+strings.Join(idle, ", "))
	}
	return items, expected, nil
}
