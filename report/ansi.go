package report

import "github.com/plimsoll-io/plimsoll/finding"

// A palette colours text for a terminal, or leaves it alone. Pad and cut before colouring.
type palette bool

func (p palette) paint(code, s string) string {
	if !p || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p palette) bold(s string) string  { return p.paint("1", s) }
func (p palette) dim(s string) string   { return p.paint("2", s) }
func (p palette) good(s string) string  { return p.paint("32", s) }
func (p palette) bad(s string) string   { return p.paint("31", s) }
func (p palette) doubt(s string) string { return p.paint("33", s) }

// severity colours text by how bad it is. The colours are of the basic sixteen, which themes make readable.
func (p palette) severity(s finding.Severity, text string) string {
	switch s {
	case finding.Critical:
		return p.paint("1;31", text)
	case finding.High:
		return p.paint("31", text)
	case finding.Medium:
		return p.paint("33", text)
	default:
		return p.paint("36", text)
	}
}
