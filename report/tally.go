package report

import (
	"strings"

	"github.com/plimsoll-io/plimsoll/framework"
)

// frameworkStatuses lists the statuses of requirements in the order in which formats show them.
func frameworkStatuses() []framework.Status {
	return []framework.Status{
		framework.Met, framework.NotMet, framework.Partly, framework.Unknown, framework.Manual, framework.Inherited,
	}
}

var frameworkWords = map[framework.Status]string{
	framework.Met: "met", framework.NotMet: "not met", framework.Partly: "partly", framework.Unknown: "unknown",
	framework.Manual: "manual", framework.Inherited: "inherited",
}

// tallyOf counts a framework's requirements by status.
func tallyOf(a *framework.Assessment) map[framework.Status]int {
	out := map[framework.Status]int{}
	for i := range a.Answers {
		out[a.Answers[i].Status]++
	}
	return out
}

// frameworkTitle is the title with the edition, unless the title already says it.
func frameworkTitle(a *framework.Assessment) string {
	title, version := a.Framework.Title, a.Framework.Version
	if title == "" {
		title = a.Framework.ID
	}
	if version == "" || strings.Contains(title, version) {
		return title
	}
	return title + " " + version
}

// requirementsByControl lists the requirements that each control answers, as "framework/requirement".
func requirementsByControl(d *Document) map[string][]string {
	out := map[string][]string{}
	for i := range d.Assessments {
		a := &d.Assessments[i]
		for j := range a.Answers {
			for _, id := range a.Answers[j].Controls {
				out[id] = append(out[id], a.Framework.ID+"/"+a.Answers[j].Requirement.ID)
			}
		}
	}
	return out
}
