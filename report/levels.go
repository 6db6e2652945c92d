package report

import (
	"fmt"
	"slices"

	"github.com/plimsoll-io/plimsoll/framework"
)

// levelsInOrder lists the levels of capabilities in the order in which formats show them.
func levelsInOrder() []framework.Level {
	return []framework.Level{framework.Below, framework.Open, framework.Compliant, framework.Mature}
}

// levelTally counts the capabilities by level.
func levelTally(levels []framework.Capability) map[framework.Level]int {
	out := map[framework.Level]int{}
	for i := range levels {
		out[levels[i].Level]++
	}
	return out
}

// lowestFirst gives the capabilities by level, those below first.
func lowestFirst(levels []framework.Capability) []*framework.Capability {
	var out []*framework.Capability
	for _, level := range levelsInOrder() {
		for i := range levels {
			if levels[i].Level == level {
				out = append(out, &levels[i])
			}
		}
	}
	return out
}

// criteriaMet counts a capability's criteria, and those of them that are met.
func criteriaMet(c *framework.Capability) (met, of int) {
	for _, list := range [][]framework.Criterion{c.Compliant, c.Mature} {
		for i := range list {
			of++
			if list[i].Status == framework.Met {
				met++
			}
		}
	}
	return met, of
}

// needed lists the criteria that keep a capability from its next level: first those that are not met, which somebody
// can mend now, then those that could not be decided.
func needed(c *framework.Capability) []framework.Criterion {
	criteria := c.Compliant
	switch c.Level {
	case framework.Compliant:
		criteria = c.Mature
	case framework.Mature:
		return nil
	}
	var out []framework.Criterion
	for _, status := range []framework.Status{framework.NotMet, framework.Unknown} {
		for i := range criteria {
			if criteria[i].Status == status {
				out = append(out, criteria[i])
			}
		}
	}
	return out
}

// measure says in words what a criterion's status rests on: "62.5 % pass, 95 % needed".
func measure(c *framework.Criterion) string {
	switch {
	case c.Status != framework.Unknown:
		return fmt.Sprintf("%s pass, %d %% needed", percent(c.Measured), c.Passing)
	case c.Needs != "":
		return "needs " + c.Needs
	case c.Measured == 0:
		return "nothing was judged"
	}
	return "not everything could be judged"
}

// wireLevelOf is the capability as the JSON document has it: arrays are never null.
func wireLevelOf(c *framework.Capability) framework.Capability {
	out := *c
	out.Compliant, out.Mature = wireCriteria(c.Compliant), wireCriteria(c.Mature)
	return out
}

func wireCriteria(criteria []framework.Criterion) []framework.Criterion {
	out := full(slices.Clone(criteria))
	for i := range out {
		out[i].Controls = full(out[i].Controls)
	}
	return out
}
