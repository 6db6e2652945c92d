package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/scan"
)

var csvHeader = []string{
	"id", "status", "severity", "control", "title", "apiVersion", "kind", "namespace", "name", "path",
	"file", "line", "column", "rendered", "message", "because", "fix", "exception", "remedy",
}

// WriteCSV writes one line a finding, accepted ones too. Cells that a spreadsheet would take for a formula start with
// an apostrophe.
func WriteCSV(w io.Writer, d *Document, _ Options) error {
	out := csv.NewWriter(w)
	if err := out.Write(csvHeader); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	for i := range d.Report.Results {
		r := &d.Report.Results[i]
		for j := range r.Findings {
			if err := out.Write(csvRow(r, &r.Findings[j], "")); err != nil {
				return fmt.Errorf("write csv: %w", err)
			}
		}
		for j := range r.Excepted {
			if err := out.Write(csvRow(r, &r.Excepted[j].Finding, r.Excepted[j].Exception)); err != nil {
				return fmt.Errorf("write csv: %w", err)
			}
		}
	}
	out.Flush()
	return out.Error()
}

func csvRow(r *scan.Result, f *finding.Finding, exception string) []string {
	status := string(scan.Fail)
	if exception != "" {
		status = string(scan.ExceptedOnly)
	}
	because := make([]string, len(f.Because))
	for i, b := range f.Because {
		because[i] = b.Effect + ": " + b.Message
	}
	fix := ""
	if f.Fix != nil {
		fix = fixText(f.Fix)
	}
	row := []string{
		f.ID(), status, f.Severity.String(), r.Control.ID, r.Control.Title,
		f.Object.APIVersion, f.Object.Kind, f.Object.Namespace, f.Object.Name, string(f.Path),
		f.Position.File, number(f.Position.Line), number(f.Position.Column), strconv.FormatBool(f.Position.Rendered),
		f.Message, strings.Join(because, "; "), fix, exception, r.Control.Remedy,
	}
	for i := range row {
		row[i] = display.Cell(row[i])
	}
	return row
}

// number is "" for zero, which stands for not known.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
