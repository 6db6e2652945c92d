package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/framework"
	"github.com/plimsoll-io/plimsoll/report"
)

func newControlsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "controls", Short: "List the controls"}
	var format string
	list := &cobra.Command{
		Use:   "list",
		Short: "List every control with its severity and how it can be enforced",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			catalogue, err := control.All()
			if err != nil {
				return err
			}
			return writeControls(cmd.OutOrStdout(), catalogue, format)
		},
	}
	list.Flags().StringVarP(&format, "format", "f", "table", "table or json")
	cmd.AddCommand(list)
	return cmd
}

// A controlView is the machine-readable form of a control.
type controlView struct {
	ID         string             `json:"id"`
	Title      string             `json:"title"`
	Severity   finding.Severity   `json:"severity"`
	Capability control.Capability `json:"capability"`
	Enforce    control.Enforce    `json:"enforce"`
	Why        string             `json:"why"`
	Remedy     string             `json:"remedy"`
	References []string           `json:"references"`
	Fix        *finding.Fix       `json:"fix"`
	Reads      []string           `json:"reads"`
}

func viewOfControl(c control.Control) controlView {
	v := controlView{
		ID: c.ID, Title: c.Title, Severity: c.Severity, Capability: c.Capability, Enforce: c.Enforce,
		Why: c.Why, Remedy: c.Remedy, References: append([]string{}, c.References...), Fix: c.Fix, Reads: []string{},
	}
	for _, gk := range c.Reads {
		v.Reads = append(v.Reads, gk.String())
	}
	return v
}

func writeControls(w io.Writer, catalogue []control.Control, format string) error {
	switch format {
	case "json":
		views := make([]controlView, 0, len(catalogue))
		for _, c := range catalogue {
			views = append(views, viewOfControl(c))
		}
		return writeJSON(w, map[string]any{"apiVersion": report.APIVersion, "kind": "ControlList", "items": views})
	case "table":
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "CONTROL\tSEVERITY\tENFORCED BY\tFIX\tTITLE")
		for _, c := range catalogue {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", c.ID, c.Severity, c.Enforce, fixWord(c.Fix), c.Title)
		}
		return t.Flush()
	}
	return fmt.Errorf("unknown format %q: use table or json", format)
}

// fixWord says in a word whether an edit can mend a control.
func fixWord(f *finding.Fix) string {
	switch {
	case f == nil:
		return "-"
	case f.Risky:
		return "risky"
	}
	return "yes"
}

func newExplainCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "explain CONTROL",
		Short: "Explain a control: the attack, the remedy, and which requirements it answers",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			catalogue, err := control.All()
			if err != nil {
				return err
			}
			for _, c := range catalogue {
				if c.ID == args[0] {
					return explain(cmd.OutOrStdout(), c, catalogue)
				}
			}
			return fmt.Errorf("there is no control %q%s: see `plimsoll controls list`", args[0], nearest(args[0], catalogue))
		},
	}
}

func explain(w io.Writer, c control.Control, catalogue []control.Control) error {
	required, err := requirementsOf(c, catalogue)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s\n%s\n\n", c.ID, c.Title)
	fmt.Fprintf(w, "Severity    %s\nCapability  %s\nEnforced by %s\n", c.Severity, c.Capability, c.Enforce)
	if len(c.References) > 0 {
		fmt.Fprintf(w, "References  %s\n", strings.Join(c.References, ", "))
	}
	fmt.Fprintf(w, "\nWhy\n%s\n\nRemedy\n%s\n", wrap(c.Why, 78), wrap(c.Remedy, 78))
	if c.Fix != nil {
		fmt.Fprintf(w, "\nFix\n%s\n", wrap(describeFix(c.Fix), 78))
	}
	if len(required) > 0 {
		fmt.Fprintln(w, "\nAnswers")
		for _, line := range required {
			fmt.Fprintf(w, "  %s\n", line)
		}
	}
	if c.Policy != nil {
		fmt.Fprintf(w, "\nThe policy itself: control/policies/%s.yaml (kubectl apply -f works as it lies there)\n", c.ID)
	}
	return nil
}

func describeFix(f *finding.Fix) string {
	text := "at the path of the finding: " + string(f.Op)
	if f.Op != finding.Remove {
		text += fmt.Sprintf(" %v", f.Value)
	}
	if f.Risky {
		text += " (risky: it may keep the workload from running, so try it first)"
	}
	return text
}

// requirementsOf lists "framework: ids" for every framework that asks for a control.
func requirementsOf(c control.Control, catalogue []control.Control) ([]string, error) {
	frameworks, err := framework.All()
	if err != nil {
		return nil, err
	}
	var out []string
	for _, f := range frameworks {
		var ids []string
		for _, q := range framework.Resolve(f, catalogue).Requirements {
			for _, id := range framework.ControlsOf(q) {
				if id == c.ID {
					ids = append(ids, q.ID)
				}
			}
		}
		if len(ids) > 0 {
			out = append(out, f.Title+" "+f.Version+": "+strings.Join(ids, ", "))
		}
	}
	return out, nil
}

// nearest suggests a control whose id shares the most words with what was typed.
func nearest(typed string, catalogue []control.Control) string {
	best, score := "", 0
	for _, c := range catalogue {
		n := 0
		for word := range strings.SplitSeq(typed, "-") {
			if len(word) > 2 && strings.Contains(c.ID, word) {
				n++
			}
		}
		if n > score {
			best, score = c.ID, n
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s?)", best)
}

// wrap breaks a paragraph into lines of at most width characters.
func wrap(text string, width int) string {
	var b strings.Builder
	column := 0
	for _, word := range strings.Fields(text) {
		if column > 0 && column+1+len(word) > width {
			b.WriteByte('\n')
			column = 0
		} else if column > 0 {
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}
