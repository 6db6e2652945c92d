package policy_test

import (
	"os"
	"testing"

	"github.com/plimsoll-io/plimsoll/policy"
)

func TestQuick(t *testing.T) {
	data, err := os.ReadFile("../control/policies/privileged-container.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p, err := policy.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []string{"1.30", "1.31", "1.32", "1.33", "1.34", "1.35", "1.36", "1.37"} {
		if err := p.Compile(m); err != nil {
			t.Error(err)
		}
	}
}
