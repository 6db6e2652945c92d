package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll-io/plimsoll/policy"
	"github.com/plimsoll-io/plimsoll/policy/kyverno"
	reportadmission "github.com/plimsoll-io/plimsoll/report/admission"
)

func newPolicyConvertCommand() *cobra.Command {
	var opts PolicyOptions
	cmd := &cobra.Command{
		Use:   "convert PATH…",
		Short: "Convert Kyverno policies into ValidatingAdmissionPolicies",
		Long: `Convert Kyverno's ClusterPolicies, Policies and ValidatingPolicies into ValidatingAdmissionPolicies and
bindings, which an API server of 1.30 or newer judges itself: there is no webhook that can fail. Each rule
becomes a policy; the rules that Kyverno generates for the controllers of pods are written out.

What has no equivalent (calls to the cluster, to registries or other servers, some expressions) is named
construct by construct, on standard error and in the answer. The conversion of such rules is left out.

Rules for the Pod Security Standards become no policy, since labels of namespaces say the same.

Exit codes: 0 all rules are converted · 2 usage or runtime error · 3 some have become no policy, or something
could not be read.`,
		Example: "  plimsoll policy convert kyverno/ > policies.yaml\n  plimsoll policy convert kyverno/ -f table\n  plimsoll policy convert kyverno/ -f json",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runPolicyConvert(cmd.Context(), opts, args, streamsOf(cmd))
		},
	}
	opts.Input.AddFlags(cmd.Flags())
	opts.Output.AddFlags(cmd.Flags(), []string{"yaml", "json", "table", "markdown", "csv", "html"})
	return cmd
}

func runPolicyConvert(ctx context.Context, opts PolicyOptions, paths []string, s streams) error {
	targets, err := opts.Output.targets()
	if err != nil {
		return err
	}
	inv, err := opts.readPolicies(ctx, paths, s)
	if err != nil {
		return err
	}
	policies := kyverno.Convert(inv.All())
	warnings := kyverno.Remarks(inv.All())
	if len(policies)+len(warnings)+len(inv.Gaps) == 0 {
		return errors.New("there is no Kyverno policy in what was read")
	}
	header := reportadmission.HeaderOf("Conversion", inv, nil, policy.Oldest, warnings)
	doc := reportadmission.Converted(header, policies)
	if err := opts.writeAnswer(doc, nil, targets, s); err != nil {
		return err
	}
	yaml := slices.ContainsFunc(targets, func(t target) bool { return t.format == "yaml" })
	missing := 0
	for _, p := range policies {
		for _, r := range p.Rules {
			if r.Converted() {
				continue
			}
			missing++
			if yaml {
				s.unconverted(p, r)
			}
		}
	}
	if yaml {
		for _, w := range slices.Concat(warnings, doc.Notes[len(warnings):]) {
			fmt.Fprintln(s.err, "warning: "+w)
		}
	}
	if missing > 0 || len(inv.Gaps) > 0 {
		return exitCode(exitIncomplete)
	}
	return nil
}

// unconverted says why a rule has become no policy.
func (s streams) unconverted(p *kyverno.Policy, r *kyverno.Rule) {
	name := p.Object.Name
	if r.Title() != "" {
		name += ", rule " + r.Title()
	}
	for _, u := range r.Unsupported {
		fmt.Fprintf(s.err, "%s: %s: no equivalent for %s: %s\n", u.Position, name, u.Construct, u.Reason)
	}
	if r.Supported() {
		fmt.Fprintf(s.err, "%s: %s: no policy: %s\n", p.Place(r), name, strings.Join(r.Warnings, "; "))
	}
}
