package scan

import (
	"fmt"
	"slices"
)

// Compare relates a report to an earlier one of the same scope, by finding id, counting multiplicity: an object held by
// two files has each finding twice. A baseline of another scope is refused, since everything outside it would look new
// or fixed.
func Compare(now, before *Report) (*Comparison, error) {
	if err := sameScope(now, before); err != nil {
		return nil, err
	}
	old := map[string]int{}
	for _, r := range before.Results {
		for _, f := range r.Findings {
			old[f.ID()]++
		}
	}
	c := &Comparison{NewIDs: map[string]int{}}
	for _, r := range now.Results {
		for _, f := range r.Findings {
			id := f.ID()
			if old[id] > 0 {
				old[id]--
				c.Unchanged++
				continue
			}
			c.New++
			c.NewIDs[id]++
		}
	}
	for _, n := range old {
		c.Fixed += n
	}
	return c, nil
}

func sameScope(now, before *Report) error {
	a, b := now.Inventory.Source, before.Inventory.Source
	switch {
	case a.Kind != b.Kind:
		return fmt.Errorf("the baseline is of %s, this scan is of %s", b.Kind, a.Kind)
	case !slices.Equal(a.Names, b.Names):
		return fmt.Errorf("the baseline is of %q, this scan is of %q", b.Names, a.Names)
	case !slices.Equal(now.Scope.Namespaces, before.Scope.Namespaces),
		!slices.Equal(now.Scope.Excluded, before.Scope.Excluded):
		return fmt.Errorf("the baseline judged other namespaces")
	}
	judged := map[string]bool{}
	for _, r := range before.Results {
		judged[r.Control.ID] = true
	}
	for _, r := range now.Results {
		if !judged[r.Control.ID] {
			return fmt.Errorf("the baseline did not judge the control %s: write a new baseline", r.Control.ID)
		}
	}
	return nil
}
