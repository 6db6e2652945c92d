package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/framework"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/scan"
)

// loadFrameworks loads shipped frameworks by id and others from files. No arguments are all shipped ones, "none" is
// none.
func loadFrameworks(args []string) ([]framework.Framework, error) {
	if len(args) == 0 {
		return framework.All()
	}
	var out []framework.Framework
	for _, arg := range args {
		switch {
		case arg == "none":
			continue
		case isFile(arg):
			f, err := readFramework(arg)
			if err != nil {
				return nil, err
			}
			out = append(out, f)
		default:
			f, err := framework.Load(arg)
			if err != nil {
				return nil, err
			}
			out = append(out, f)
		}
	}
	return out, nil
}

func readFramework(path string) (framework.Framework, error) {
	f, err := os.Open(path)
	if err != nil {
		return framework.Framework{}, fmt.Errorf("open framework: %w", err)
	}
	defer f.Close()
	out, err := framework.Read(f)
	if err != nil {
		return framework.Framework{}, fmt.Errorf("%s: %w", path, err)
	}
	return out, nil
}

// assess completes a document with what the report proves.
func assess(rep *scan.Report, frameworks []framework.Framework) (*report.Document, error) {
	doc := &report.Document{Report: rep}
	for _, f := range frameworks {
		doc.Assessments = append(doc.Assessments, framework.Assess(f, rep))
	}
	if len(frameworks) == 0 {
		return doc, nil
	}
	var err error
	doc.Levels, err = framework.Levels(rep)
	return doc, err
}

func newFrameworksCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "frameworks [ID|FILE]",
		Short: "List the compliance frameworks, or the requirements of one",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "table" && format != "json" {
				return fmt.Errorf("unknown format %q: use table or json", format)
			}
			frameworks, err := loadFrameworks(args)
			if err != nil {
				return err
			}
			catalogue, err := control.All()
			if err != nil {
				return err
			}
			for i, f := range frameworks {
				frameworks[i] = framework.Resolve(f, catalogue)
			}
			if len(args) == 1 && len(frameworks) == 1 {
				return writeFramework(cmd.OutOrStdout(), frameworks[0], format)
			}
			return writeFrameworks(cmd.OutOrStdout(), frameworks, format)
		},
	}
	cmd.Flags().StringVarP(&format, "format", "f", "table", "table or json")
	return cmd
}

func writeFrameworks(w io.Writer, frameworks []framework.Framework, format string) error {
	if format == "json" {
		views := make([]frameworkView, 0, len(frameworks))
		for _, f := range frameworks {
			views = append(views, viewOf(f))
		}
		return writeJSON(w, map[string]any{"apiVersion": report.APIVersion, "kind": "FrameworkList", "items": views})
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tTITLE\tVERSION\tREQUIREMENTS\tCOMPUTED")
	for _, f := range frameworks {
		computed := 0
		for _, r := range f.Requirements {
			if framework.Kind(r) == framework.Computed {
				computed++
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\n", f.ID, f.Title, f.Version, len(f.Requirements), computed)
	}
	return t.Flush()
}

// A frameworkView is the machine-readable form of a framework.
type frameworkView struct {
	APIVersion   string            `json:"apiVersion"`
	Kind         string            `json:"kind"`
	ID           string            `json:"id"`
	Title        string            `json:"title"`
	Version      string            `json:"version"`
	Notice       string            `json:"notice"`
	Requirements []requirementView `json:"requirements"`
}

type requirementView struct {
	ID         string               `json:"id"`
	Title      string               `json:"title"`
	Former     []string             `json:"former"`
	Capability string               `json:"capability"`
	Controls   []string             `json:"controls"`
	Answer     framework.AnswerKind `json:"answer"`
}

func viewOf(f framework.Framework) frameworkView {
	view := frameworkView{
		APIVersion: report.APIVersion, Kind: "Framework", ID: f.ID, Title: f.Title, Version: f.Version, Notice: f.Notice,
		Requirements: []requirementView{},
	}
	for _, r := range f.Requirements {
		view.Requirements = append(view.Requirements, requirementView{
			ID: r.ID, Title: r.Title, Former: append([]string{}, r.Former...), Capability: string(r.Rows[0].Capability),
			Controls: framework.ControlsOf(r), Answer: framework.Kind(r),
		})
	}
	return view
}

func writeFramework(w io.Writer, f framework.Framework, format string) error {
	view := viewOf(f)
	if format == "json" {
		return writeJSON(w, view)
	}
	fmt.Fprintf(w, "%s %s\n%s\n\n", f.Title, f.Version, f.Notice)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "REQUIREMENT\tANSWER\tTITLE\tCONTROLS")
	for _, r := range view.Requirements {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", r.ID, r.Answer, r.Title, strings.Join(r.Controls, " "))
	}
	return t.Flush()
}

func writeJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}
