package report

// A Format is one way to write a document.
type Format struct {
	Name  string // as in `-f NAME`
	Write Writer
	// Description is one line for the help text.
	Description string
	// LeavesOut says what the format has no place for, "" when it holds everything. Only those that say "counts",
	// "single findings" or "coverage" lack verdict counts.
	LeavesOut string
	// Extension is the usual end of a file of this format, "json".
	Extension string
}

// Formats lists every format, the one for people first.
func Formats() []Format {
	return []Format{
		{"table", WriteTable, "what people read in a terminal", "", "txt"},
		{"json", WriteJSON, "everything, for programs; can be rendered again", "", "json"},
		{"yaml", WriteYAML, "the same document as json", "", "yaml"},
		{"sarif", WriteSARIF, "SARIF 2.1.0, for code scanning", "names of objects that passed; answers to requirements", "sarif"},
		{"junit", WriteJUnit, "test results, for CI systems", "frameworks", "xml"},
		{"gitlab-sast", WriteGitLabSAST, "security report for GitLab", "counts; what passed or was excepted; frameworks", "json"},
		{"markdown", WriteMarkdown, "a comment for a change request", "names of objects that passed", "md"},
		{"html", WriteHTML, "one offline page to look at and to share", "", "html"},
		{"csv", WriteCSV, "one line a finding, for spreadsheets", "counts; everything but findings", "csv"},
		{"prometheus", WritePrometheus, "metrics without object names", "single findings", "prom"},
		{"openreports", WriteOpenReports, "Reports of openreports.io, to apply",
			"coverage, gaps, frameworks; names of what passed or was excepted; results above 1,000 a namespace", "json"},
		{"policyreport", WritePolicyReports, "PolicyReports of wgpolicyk8s.io, to apply",
			"coverage, gaps, frameworks; names of what passed or was excepted; results above 1,000 a namespace", "json"},
	}
}

// Find returns the format with this name.
func Find(name string) (Format, bool) {
	for _, f := range Formats() {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}
