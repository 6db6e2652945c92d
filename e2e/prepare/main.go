// Command prepare builds the control planes of the named minor versions ("1.36"), or the newest one and kwok, so that
// no test has to wait for them.
package main

import (
	"fmt"
	"os"

	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
)

func main() {
	if err := prepare(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func prepare(minors []string) error {
	if len(minors) == 0 {
		minors = []string{controlplane.Newest}
		if _, err := controlplane.BuildKwok(); err != nil {
			return err
		}
	}
	for _, minor := range minors {
		if _, err := controlplane.Build(minor); err != nil {
			return err
		}
	}
	return nil
}
