package framework

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// ControlsOfLevel lists the controls that a level's criteria name; those of Mature hold the ones of Compliant. A
// criterion that people, files or logs decide names none.
func ControlsOfLevel(l Level) ([]string, error) {
	if l != Compliant && l != Mature {
		return nil, fmt.Errorf("there is no level %q: use compliant or mature", l)
	}
	var capabilities []Capability
	if err := yaml.Unmarshal(levelsYAML, &capabilities); err != nil {
		return nil, fmt.Errorf("read levels: %w", err)
	}
	var out []string
	for _, c := range capabilities {
		criteria := c.Compliant
		if l == Mature {
			criteria = append(criteria, c.Mature...)
		}
		for _, criterion := range criteria {
			out = appendNew(out, criterion.Controls...)
		}
	}
	return out, nil
}
