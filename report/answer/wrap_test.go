package answer

import (
	"strings"
	"testing"
)

// TestWrapIsLinear would take minutes if wrapping looked at all that is left for each line.
func TestWrapIsLinear(t *testing.T) {
	lines, cut := wrap(strings.Repeat("x", 1<<21), 10, 0)
	if len(lines) != (1<<21)/10+1 || cut {
		t.Errorf("%d lines, cut %v", len(lines), cut)
	}
	if lines, cut = wrap(strings.Repeat("x", 1<<21), 10, 12); len(lines) != 12 || !cut {
		t.Errorf("%d lines, cut %v", len(lines), cut)
	}
}
