package report

import (
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/scan"
)

// Hostile text that an object's name, a path or a message could hold.
const (
	ansi    = "\x1b[31mred\x1b[0m\x1b]0;title\a"
	c1      = "\u009b31m"
	bidi    = "\u202egnp.exe"
	script  = "</script><script>alert(1)</script><!-- & \u2028"
	formula = "=HYPERLINK(\"http://example.com\";\"x\")"
	markup  = "a|b\n|---|\n`c` **d** <img src=x onerror=alert(1)> [e](javascript:alert(1))"
	xmlBad  = "]]>\x00\x0b\ufffe\ufffd"
	broken  = "caf\xe9.yaml" // only names of files can hold broken bytes
	metric  = `x"} 1` + "\nup 0 \\"
)

// hostile is the shop with text in it that tries to leave its place.
func hostile() *Document {
	d := shop()
	for i, text := range []string{ansi, c1, bidi, script, formula, markup, xmlBad, metric, "+1", "-1", "@x", "\t=1", "日本語の名前"} {
		f := finding.Finding{
			Control: "wildcard-role", Severity: finding.High, Object: ref("v1", text, text, text), Path: finding.Path(text),
			Position: finding.Position{File: text, Line: i + 1}, Message: text,
			Because: []finding.Reason{{Effect: "proves", Fact: "value", Message: text}},
			Fix:     &finding.Fix{Op: finding.Set, Value: text},
		}
		r := &d.Report.Results[1]
		r.Findings = append(r.Findings, f)
		d.Report.Inventory.Gaps[1].File = text
		d.Report.Inventory.Source.Names = append(d.Report.Inventory.Source.Names, text)
	}
	d.Report.Inventory.Gaps[1].File = broken
	d.Report.Results[1].Findings[1].Position.File = broken
	d.Report.Results[0].Excepted[0].Exception = script
	d.Report.Exceptions[0].Reason = formula + ansi
	d.Report.Exceptions[0].State = scan.Used
	d.Report.Results[4].Errors[0].Message = ansi + markup + script
	d.Report.Results[5].Skipped = ansi + markup + script
	d.Report.Inventory.Gaps[0].Reason = ansi + markup
	d.Report.Results[0].Control.Why = script + markup
	d.Assessments[0].Answers[0].Missing = []string{script, ansi}
	d.Assessments[0].Framework.Title = "House " + script
	d.Levels[1].Compliant[1].Text = script + markup + ansi
	d.Levels[0].Compliant[1].Needs = bidi + markup
	d.Levels[3].Capability = script + ansi
	count(d.Report)
	return d
}
