package main

import (
	"github.com/spf13/cobra"

	"github.com/plimsoll-io/plimsoll/inventory/manifest"
)

// renderCommand is how the program calls itself to render.
const renderCommand = "__render"

// newRenderCommand is the child process in which charts and kustomizations are rendered: their cost cannot be bounded
// inside the process that judges.
func newRenderCommand() *cobra.Command {
	return &cobra.Command{
		Use:    renderCommand,
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if code := manifest.RenderMain(cmd.InOrStdin(), cmd.OutOrStdout()); code != 0 {
				return exitCode(code)
			}
			return nil
		},
	}
}
