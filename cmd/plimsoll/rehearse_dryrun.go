package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/plimsoll-io/plimsoll/apply"
	"github.com/plimsoll-io/plimsoll/inventory/cluster"
	"github.com/plimsoll-io/plimsoll/rehearse"
)

// A dryRunner asks the API server of a cluster, which keeps nothing.
type dryRunner struct{ client *apply.Client }

// dryRunner is nil where there is no cluster, or none is to be asked.
func (o *ChangeOptions) dryRunner() (rehearse.DryRunner, error) {
	switch {
	case o.DryRun != "server" && o.DryRun != "none":
		return nil, fmt.Errorf("--dry-run is %q: use server or none", o.DryRun)
	case o.DryRun == "none" || len(o.Against) > 0:
		return nil, nil
	}
	client, err := apply.Connect(cluster.Config{Kubeconfig: o.Input.Kubeconfig, Context: o.Input.Context})
	if err != nil {
		return nil, err
	}
	return dryRunner{client}, nil
}

// DryRun implements rehearse.DryRunner. Conflicts with other owners of fields are warnings: they keep nothing from working.
func (d dryRunner) DryRun(ctx context.Context, object map[string]any) (rehearse.Answer, error) {
	trial, err := d.client.Try(ctx, []apply.Change{{Object: object}}, apply.Options{ForceConflicts: true})
	if err != nil {
		return rehearse.Answer{}, err
	}
	r := trial.Results[0]
	answer := rehearse.Answer{Allowed: r.Err == nil}
	switch {
	case r.Untried != "":
		return answer, fmt.Errorf("%s", r.Untried)
	case r.Err != nil && withoutRight(r.Err):
		return answer, r.Err
	case r.Err != nil:
		answer.Message = r.Err.Error()
	}
	for _, c := range r.Conflicts {
		answer.Warnings = append(answer.Warnings, c.Field+" belongs to "+c.Owner)
	}
	return answer, nil
}

// withoutRight tells a user without the right to write from an object that is refused, which is "forbidden" as well.
func withoutRight(err error) bool {
	text := err.Error()
	return strings.Contains(text, "forbidden: User ") && strings.Contains(text, " cannot ")
}
