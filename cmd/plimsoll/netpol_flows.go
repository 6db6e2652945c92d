package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/plimsoll-io/plimsoll/network/flow"
	"github.com/plimsoll-io/plimsoll/network/need"
)

// flowsFlag describes --flows, the same for every command that has it.
const flowsFlag = "`file` or folder of flow logs, gzip and zstd too: Hubble, Calico, GKE, Istio, or a table; - is standard input (repeatable)"

// readFlows puts the flows of logs together.
func readFlows(ctx context.Context, flows []string, stdin io.Reader) (*flow.Collection, error) {
	if len(flows) == 0 {
		return nil, errors.New("--flows FILE is needed: a flow log (see docs/flows.md)")
	}
	inputs, err := logInputs(flows, "flow log", stdin)
	if err != nil {
		return nil, err
	}
	c, err := flow.Collect(ctx, inputs, flow.CollectOptions{})
	if err != nil {
		return nil, err
	}
	if s := c.Summary; s.Flows == 0 {
		for _, log := range s.Incomplete {
			return nil, fmt.Errorf("read flow log %s: %s", log.File, log.Reason)
		}
		return nil, fmt.Errorf("there is no flow in what --flows names (%d records were read, %d of them broken)", s.Records, s.Broken)
	}
	return c, nil
}

// readObserved reads the inventory and the logs side by side.
func (o *NetpolOptions) readObserved(ctx context.Context, paths, flows []string, s streams) (*networkView, *flow.Collection, error) {
	var view *networkView
	var collected *flow.Collection
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		view, err = o.read(ctx, paths, s)
		return err
	})
	group.Go(func() (err error) {
		collected, err = readFlows(ctx, flows, s.in)
		return err
	})
	err := group.Wait()
	return view, collected, err
}

// onceStdin checks that only one argument is standard input.
func onceStdin(lists ...[]string) error {
	n := 0
	for _, arg := range slices.Concat(lists...) {
		if arg == "-" {
			n++
		}
	}
	if n > 1 {
		return errors.New("- is standard input, which can be read only once")
	}
	return nil
}

// observed are the connections of a log between the peers of this view.
func (v *networkView) observed(c *flow.Collection) *need.Needs {
	return need.Observed(c, v.inv, v.network, v.services)
}
