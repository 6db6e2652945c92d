package conformance

import (
	"os"
	"testing"

	"github.com/plimsoll-io/plimsoll/inventory/manifest"
)

// TestMain lets the test binary be the child process that renders, as the program is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "__render" {
		os.Exit(manifest.RenderMain(os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}
