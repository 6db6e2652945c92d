package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/plimsoll-io/plimsoll/auditlog"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/rbac/usage"
)

// measureUsage is "bench rbac-usage FILE…": it reads audit logs, generates the roles of every subject, and compares what
// was used with what is granted: with those roles, which are the most that a log can make use of.
func measureUsage(args []string) error {
	flags := flag.NewFlagSet("rbac-usage", flag.ExitOnError)
	if err := flags.Parse(args); err != nil {
		return err
	}
	var inputs []auditlog.Input
	for _, name := range flags.Args() {
		inputs = append(inputs, auditlog.Input{Name: name, Open: func() (io.ReadCloser, error) { return os.Open(name) }})
	}
	start := time.Now()
	u, err := usage.Collect(context.Background(), inputs, usage.Options{})
	if err != nil {
		return fmt.Errorf("collect usage: %w", err)
	}
	collected := time.Since(start)
	var objects []*inventory.Object
	for _, s := range u.Subjects() {
		for _, content := range u.Generate(s.Subject, nil, usage.GenerateOptions{}).Objects {
			objects = append(objects, &inventory.Object{Content: content, Ref: finding.Ref{
				APIVersion: inventory.String(content, "apiVersion"), Kind: inventory.String(content, "kind"),
				Namespace: inventory.String(content, "metadata", "namespace"), Name: inventory.String(content, "metadata", "name"),
			}})
		}
	}
	generated := time.Since(start)
	report := u.Unused(rbac.New(inventory.New(inventory.Source{Kind: "files"}, time.Time{}, "", objects, nil)), usage.UnusedOptions{})
	all := time.Since(start)
	var spent syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &spent); err != nil {
		return fmt.Errorf("measure: %w", err)
	}
	cpu := time.Duration(spent.Utime.Nano() + spent.Stime.Nano())
	fmt.Printf("%d events, %d subjects, %d objects, %d reports: collect %.2f s, generate %.2f s, unused %.2f s; %s\n",
		u.Summary.Events, len(u.Subjects()), len(objects), len(report.Subjects), collected.Seconds(), (generated - collected).Seconds(),
		(all - generated).Seconds(), cost{wall: all, cpu: cpu, memory: spent.Maxrss << 10})
	fmt.Printf("%.0f events/s, %.0f MB/s\n", float64(u.Summary.Events)/all.Seconds(), float64(u.Summary.Bytes)/1e6/all.Seconds())
	return nil
}
