package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/apply"
	"github.com/plimsoll-io/plimsoll/harden/enforce"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/report"
	reportadmission "github.com/plimsoll-io/plimsoll/report/admission"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

func newPolicyUninstallCommand() *cobra.Command {
	var write WriteOptions
	var output OutputOptions
	cmd := &cobra.Command{
		Use:   "uninstall [CONTROL…]",
		Short: "Remove the policies and bindings that Plimsoll installed, and nothing else",
		Long: `Remove what "policy install" wrote: bindings first, then the policies that nothing else binds, then their
parameters. What somebody else wrote stays, as the API server's record of field owners tells, and so do
namespaces. Without CONTROL everything is removed. Without --apply nothing is: the plan is shown.

Exit codes: 0 done, or shown · 2 usage or runtime error, or something could not be removed.`,
		Example: "  plimsoll policy uninstall\n  plimsoll policy uninstall host-path --apply --undo undo.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			return runPolicyUninstall(cmd.Context(), write, output, args, streamsOf(cmd))
		},
	}
	write.AddFlags(cmd.Flags())
	_ = cmd.Flags().MarkHidden("force-conflicts") // nothing is taken over by removing it
	output.AddFlags(cmd.Flags(), []string{"table", "json", "yaml", "diff", "csv", "markdown", "html"})
	return cmd
}

func runPolicyUninstall(ctx context.Context, write WriteOptions, output OutputOptions, controls []string, s streams) error {
	targets, err := output.targets()
	if err != nil {
		return err
	}
	w, err := write.connect()
	if err != nil {
		return err
	}
	present, err := w.present(ctx, "")
	if err != nil {
		return err
	}
	if present, err = w.withParams(ctx, present); err != nil {
		return err
	}
	plan, left := enforce.Uninstall(present, controls)
	outcome, err := w.run(ctx, plan, true)
	if err != nil {
		return err
	}
	doc := reportadmission.Removal(w.client.Cluster, w.written, w.changes, left)
	err = output.write(targets, s, func(out io.Writer, name string, options report.Options) error {
		if name == "diff" {
			return writeChangeDiffs(out, w.changes)
		}
		format, _ := answer.Find(name) // targets has checked the name
		return format.Write(out, doc, options)
	})
	if err != nil {
		return err
	}
	return outcome
}

// withParams adds the parameters that bindings name.
func (w *writing) withParams(ctx context.Context, present []enforce.Present) ([]enforce.Present, error) {
	seen := map[string]bool{}
	for _, p := range present {
		name := inventory.String(p.Content, "spec", "paramRef", "name")
		namespace := inventory.String(p.Content, "spec", "paramRef", "namespace")
		if key := namespace + "/" + name; name == "" || namespace == "" || seen[key] || !strings.HasPrefix(name, "plimsoll-") {
			continue
		} else {
			seen[key] = true
		}
		content, err := w.client.Get(ctx, schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}, namespace, name)
		if err != nil {
			return nil, fmt.Errorf("look for parameters: %w", err)
		}
		if content != nil {
			present = append(present, enforce.Present{Content: content, Ours: apply.Owns(content)})
		}
	}
	return present, nil
}
