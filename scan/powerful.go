package scan

import (
	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
)

// powerfulToken says, of a workload whose pods hold a token that leads to the whole cluster, where to. What code in the
// pods can do is then worse than it looks.
func powerfulToken(facts *control.Facts, w control.Workload) (r finding.Reason, ok bool) {
	e, ok := facts.Escalation(w)
	if !ok || !e.Leads() {
		return r, false
	}
	account := e.Account.Ref()
	return finding.Reason{Effect: raises, Fact: "token-leads-to-" + e.Goal.Name, Object: &account, Message: e.String()}, true
}
