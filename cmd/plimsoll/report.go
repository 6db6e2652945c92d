package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/plimsoll-io/plimsoll/report"
)

func newReportCommand() *cobra.Command {
	var from string
	var output OutputOptions
	cmd := &cobra.Command{
		Use:     "report --from REPORT.json",
		Short:   "Write a saved report again in another format",
		Example: "  plimsoll report --from report.json -f html -o report.html",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s := streamsOf(cmd)
			targets, err := output.targets()
			if err != nil {
				return err
			}
			doc, err := readReport(from, s.in)
			if err != nil {
				return err
			}
			return output.writeReport(doc, targets, s)
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "`file` that `plimsoll scan -f json` wrote, or - for standard input")
	output.AddFlags(cmd.Flags(), reportFormats())
	return cmd
}

func readReport(path string, stdin io.Reader) (*report.Document, error) {
	switch path {
	case "":
		return nil, errors.New("--from FILE is needed: what `plimsoll scan -f json` wrote")
	case "-":
		return report.Read(stdin)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open report: %w", err)
	}
	defer f.Close()
	return report.Read(f)
}
