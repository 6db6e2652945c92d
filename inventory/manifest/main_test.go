package manifest

import (
	"os"
	"testing"
)

// TestMain lets the test binary be the child process that renders, as the program is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "__render" {
		os.Exit(RenderMain(os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}
