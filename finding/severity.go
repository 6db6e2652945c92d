package finding

import (
	"fmt"
	"strings"
)

// A Severity says how bad a finding is. The zero Severity is none, which no finding has.
type Severity int

// The severities, in rising order.
const (
	None Severity = iota
	Low
	Medium
	High
	Critical
)

var severityNames = [...]string{"none", "low", "medium", "high", "critical"}

// Severities lists the severities that a finding can have, worst first.
func Severities() []Severity { return []Severity{Critical, High, Medium, Low} }

// String is the lower-case name of s.
func (s Severity) String() string {
	if s < None || s > Critical {
		return fmt.Sprintf("severity(%d)", int(s))
	}
	return severityNames[s]
}

// ParseSeverity reads a name as String writes it; case does not matter.
func ParseSeverity(name string) (Severity, error) {
	for i, n := range severityNames {
		if strings.EqualFold(n, name) {
			return Severity(i), nil
		}
	}
	return None, fmt.Errorf("unknown severity %q: use none, low, medium, high or critical", name)
}

// MarshalText writes the lower-case name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (s *Severity) UnmarshalText(text []byte) error {
	parsed, err := ParseSeverity(string(text))
	*s = parsed
	return err
}
