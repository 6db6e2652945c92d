package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   programName(),
		Short: "Harden Kubernetes clusters, and prove it",
		Long: `Plimsoll says what is wrong with a Kubernetes cluster, where, and what it means for the audit.

Point it at manifests, a Helm chart, a kustomization or a live cluster:

  plimsoll scan ./manifests
  plimsoll scan ./chart --values production.yaml
  plimsoll scan                          # the current kubeconfig context

Exit codes: 0 nothing at or above the threshold · 1 findings · 2 usage, configuration or
runtime error · 3 no such findings, but something could not be read or judged.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(
		newScanCommand(),
		newRBACCommand(),
		newNetpolCommand(),
		newPolicyCommand(),
		newRehearseCommand(),
		newHardenCommand(),
		newReportCommand(),
		newSnapshotCommand(),
		newControlsCommand(),
		newFrameworksCommand(),
		newExplainCommand(),
		newVersionCommand(),
		newRenderCommand(),
		newDocsCommand(),
	)
	return root
}

// programName is how the user called us: "plimsoll", or "kubectl plimsoll" for the kubectl plug-in.
func programName() string {
	if strings.HasPrefix(filepath.Base(os.Args[0]), "kubectl-plimsoll") {
		return "kubectl plimsoll"
	}
	return "plimsoll"
}
