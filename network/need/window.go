package need

import "github.com/plimsoll-io/plimsoll/network/flow"

// cannotKnow says what the logs cannot have seen.
func (o *observer) cannotKnow(c *flow.Collection, needs *Needs) []string { return nil }
