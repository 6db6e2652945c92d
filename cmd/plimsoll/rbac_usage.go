package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"

	"github.com/plimsoll-io/plimsoll/auditlog"
	"github.com/plimsoll-io/plimsoll/rbac/usage"
)

// auditFlag describes --audit, the same for every command that has it.
const auditFlag = "`file` or folder of audit logs, gzip and zstd too, of a cluster's own, EKS, GKE or AKS; - is standard input (repeatable)"

func auditInputs(args []string, stdin io.Reader) ([]auditlog.Input, error) {
	if len(args) == 0 {
		return nil, errors.New("--audit FILE is needed: the API server's audit log")
	}
	return logInputs(args, "audit log", stdin)
}

// readAudit notes which rights the logs show to have been used.
func readAudit(ctx context.Context, audit []string, stdin io.Reader) (*usage.Usage, error) {
	inputs, err := auditInputs(audit, stdin)
	if err != nil {
		return nil, err
	}
	used, err := usage.Collect(ctx, inputs, usage.Options{})
	if err != nil {
		return nil, err
	}
	if used.Summary.Events == 0 {
		return nil, fmt.Errorf("there is no audit event in what --audit names (%d records were read, %d of them broken)",
			used.Summary.Records, used.Summary.Broken)
	}
	return used, nil
}

// readUsage reads the inventory and the logs side by side.
func (o *RBACOptions) readUsage(ctx context.Context, paths, audit []string, s streams) (*rightsView, *usage.Usage, error) {
	o.collector = 50 // logs leave garbage at the rate at which they are read, and little is kept of them
	var view *rightsView
	var used *usage.Usage
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		view, err = o.read(ctx, paths, s)
		return err
	})
	group.Go(func() (err error) {
		used, err = readAudit(ctx, audit, s.in)
		return err
	})
	err := group.Wait() // before the others are read: Go fixes no order within one return
	return view, used, err
}
