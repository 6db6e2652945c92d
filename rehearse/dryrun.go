package rehearse

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
)

// dryRunSort is the sort of what an API server says of the change itself.
const dryRunSort = "dry-run"

// dryRun has the API server judge the objects of the change, when there is one: it knows its own defaults, webhooks, quotas and
// the definitions of custom resources. What it cannot be asked stays judged by what was read.
func dryRun(ctx context.Context, s *state) part {
	var out part
	asked, hidden, failed := 0, 0, 0
	var why error
	for _, c := range s.changes {
		if c.New == nil {
			continue
		}
		if holdsRedacted(c.New.Content) {
			hidden++
			continue
		}
		answer, err := s.evidence.DryRun.DryRun(ctx, c.New.Content)
		if err != nil {
			failed, why = failed+1, err
			continue
		}
		asked++
		ref := c.New.Ref
		for _, w := range answer.Warnings {
			out.notes = append(out.notes, ref.String()+": the API server would say: "+w)
		}
		if !answer.Allowed {
			out.breaks = append(out.breaks, Break{Changes: []finding.Ref{ref}, Sort: dryRunSort, Object: &ref, Position: c.New.Origin, Count: 1,
				Reason: "the API server refuses it: " + strings.TrimSuffix(answer.Message, ".")})
		}
	}
	if asked > 0 {
		out.covered = []Coverage{{Sort: dryRunSort, Changes: asked, Judged: int64(asked),
			What: display.Plural(asked, "object") + " of the change, which the API server was asked about without keeping them"}}
	}
	if hidden > 0 {
		out.cannotKnow = append(out.cannotKnow, fmt.Sprintf("what the API server says of %s of the change: secrets were taken out of them, so that they were not sent", display.Plural(hidden, "object")))
	}
	if failed > 0 {
		out.cannotKnow = append(out.cannotKnow, fmt.Sprintf("what the API server says of %s of the change: it could not be asked (%v)", display.Plural(failed, "object"), why))
	}
	return out
}

// holdsRedacted says whether something was taken out of an object because it looks like a secret.
func holdsRedacted(content map[string]any) bool {
	text, err := json.Marshal(content)
	return err != nil || strings.Contains(string(text), `redacted:`)
}
