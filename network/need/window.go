package need

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/flow"
)

// cannotKnow says what the logs cannot have seen, without final dots.
func (o *observer) cannotKnow(c *flow.Collection) []string {
	var out []string
	if s := c.Summary; s != nil {
		out = append(out, window(s)...)
		out = append(out, unread(s)...)
		out = append(out, oneSided(s)...)
	}
	out = append(out, o.leftOut(c)...)
	out = append(out, o.quiet(c.Summary)...)
	return append(out, o.found()...)
}

const minute = "2006-01-02 15:04"

// window says how long was observed.
func window(s *flow.Summary) []string {
	if s.First.IsZero() {
		return []string{"The flows have no times: nobody can say how long was observed"}
	}
	out := []string{fmt.Sprintf("What did not happen in the %s from %s to %s UTC", duration(s.Window()), s.First.UTC().Format(minute),
		s.Last.UTC().Format(minute))}
	for i, g := range s.Gaps {
		if i == 3 {
			out = append(out, fmt.Sprintf("What happened in %s more in which the logs have no flow", amount(int64(len(s.Gaps)-3+s.MoreGaps), "stretch", "stretches")))
			break
		}
		out = append(out, fmt.Sprintf("What happened in the %s from %s to %s UTC: the logs have no flow there", duration(g.Duration()),
			g.After.UTC().Format(minute), g.Before.UTC().Format(minute)))
	}
	if s.Undated > 0 && s.Undated < s.Flows {
		out = append(out, fmt.Sprintf("When %s without a time took place", amount(s.Undated, "flow", "flows")))
	}
	return out
}

// duration is a time that people understand at once.
func duration(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%.1f days", d.Hours()/24)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%.1f hours", d.Hours())
	case d >= 2*time.Minute:
		return fmt.Sprintf("%.0f minutes", d.Minutes())
	}
	return fmt.Sprintf("%.0f seconds", d.Seconds())
}

// unread says what of the logs is missing.
func unread(s *flow.Summary) []string {
	var out []string
	for i, log := range s.Incomplete {
		if i == 3 {
			out = append(out, fmt.Sprintf("What %s more would say that could not be read to the end", amount(int64(len(s.Incomplete)-3), "log", "logs")))
			break
		}
		out = append(out, fmt.Sprintf("What the rest of %s says: %s", log.File, log.Reason))
	}
	if s.Broken > 0 {
		out = append(out, fmt.Sprintf("What the logs hold in %s, first in %s line %d: %s", amount(s.Broken, "broken record", "broken records"), first(s).File,
			first(s).Line, first(s).Reason))
	}
	if s.Lost > 0 {
		out = append(out, fmt.Sprintf("What was lost on the way to the logs, as they say: %s", amount(s.Lost, "flow", "flows")))
	}
	return out
}

func first(s *flow.Summary) flow.Broken {
	if len(s.FirstBroken) == 0 {
		return flow.Broken{}
	}
	return s.FirstBroken[0]
}

// oneSided says what the formats of the logs never hold.
func oneSided(s *flow.Summary) []string {
	var out []string
	if s.Shapes[flow.GKEPolicy] > 0 {
		out = append(out, "Connections that no network policy allowed or denied, which GKE's settings may leave out of its log")
	}
	envoy, ztunnel := s.Shapes[flow.EnvoyJSON]+s.Shapes[flow.EnvoyText] > 0, s.Shapes[flow.ZTunnel] > 0
	if envoy || ztunnel {
		out = append(out, "Connections between pods that are not in the mesh, and whatever is not TCP: Istio's logs do not have them, nor queries of DNS")
	}
	return out
}

// leftOut says which flows were not kept or not understood.
func (o *observer) leftOut(c *flow.Collection) []string {
	var out []string
	if c.Overflow > 0 {
		out = append(out, fmt.Sprintf("Which connections %s were of: there are more than are kept", amount(c.Overflow, "flow", "flows")))
	}
	if c.Unoriented > 0 {
		out = append(out, fmt.Sprintf("Which end opened the connections of %s, left out here", amount(c.Unoriented, "flow", "flows")))
	}
	if c.Widened4 > 0 || c.Widened6 > 0 {
		out = append(out, fmt.Sprintf("Which addresses outside were meant: there are so many that they were put together as networks (/%d, and /%d of IPv6)",
			c.Widened4, c.Widened6))
	}
	if o.more > 0 {
		out = append(out, fmt.Sprintf("Which connections %s were of, whose ends are not in what was read: there are too many to name", amount(o.more, "flow", "flows")))
	}
	if o.deniedUnresolved > 0 {
		out = append(out, fmt.Sprintf("Which connections %s were of that were denied, and whose ends are not in what was read", amount(o.deniedUnresolved, "flow", "flows")))
	}
	return out
}

// found says how sure it is what addresses stand for.
func (o *observer) found() []string {
	var out []string
	if o.byAddress {
		out = append(out, "Whether addresses of pods belonged to the same pods when the logs were written: some ends are known by address only")
	}
	if len(o.taken) > 0 {
		list := slices.SortedFunc(maps.Keys(o.taken), netip.Addr.Compare)
		names := make([]string, len(list))
		for i, a := range list {
			names[i] = a.String()
		}
		out = append(out, "Whether private addresses that nothing in what was read has are outside of the cluster, as is taken for granted: "+some(names))
	}
	return out
}

// quiet says which workloads were not observed at work.
func (o *observer) quiet(s *flow.Summary) []string {
	var crons, zero, silent []string
	for _, w := range o.all {
		switch {
		case o.active[w.object]:
		case w.object.Kind == "CronJob":
			crons = append(crons, cron(w.object, s))
		case isZero(w.object):
			zero = append(zero, w.object.Namespace+"/"+w.object.Name)
		case !slices.ContainsFunc(w.peers, func(p *network.Peer) bool { return !p.HostNetwork }):
		default:
			silent = append(silent, w.object.Namespace+"/"+w.object.Name)
		}
	}
	var out []string
	note := func(list []string, one, many, why string) {
		switch len(list) {
		case 0:
		case 1:
			out = append(out, fmt.Sprintf("What the %s %s needs, which %s", one, list[0], why))
		default:
			out = append(out, fmt.Sprintf("What %d %s need, which %s: %s", len(list), many, strings.Replace(why, "has ", "have ", 1), some(list)))
		}
	}
	note(crons, "CronJob", "CronJobs", "has no flow")
	note(zero, "workload", "workloads", "has no flow and no pods: scaled to zero")
	note(o.ended(), "Job", "Jobs", "has ended")
	note(silent, "workload", "workloads", "has no flow")
	return out
}

// cron says of a CronJob when it is due, and whether it ran in the window as far as its status tells.
func cron(o *inventory.Object, s *flow.Summary) string {
	text := o.Namespace + "/" + o.Name
	spec := inventory.Map(o.Content, "spec")
	schedule := inventory.String(spec, "schedule")
	if zone := inventory.String(spec, "timeZone"); zone != "" {
		schedule += " " + zone
	}
	var notes []string
	if schedule != "" {
		notes = append(notes, schedule)
	}
	if suspended, _ := spec["suspend"].(bool); suspended {
		notes = append(notes, "suspended")
	}
	last, err := time.Parse(time.RFC3339, inventory.String(o.Content, "status", "lastScheduleTime"))
	switch {
	case err != nil || s == nil || s.First.IsZero():
	case last.Before(s.First):
		notes = append(notes, "last ran "+last.UTC().Format(minute)+", before that")
	case !last.After(s.Last):
		notes = append(notes, "although it ran "+last.UTC().Format(minute))
	}
	if len(notes) > 0 {
		text += " (" + strings.Join(notes, ", ") + ")"
	}
	return text
}

// isZero says that a workload wants no pods.
func isZero(o *inventory.Object) bool { return replicas(o) == 0 }

// replicas is how many pods a workload wants: 1 where it does not say.
func replicas(o *inventory.Object) float64 {
	switch n := inventory.Map(o.Content, "spec")["replicas"].(type) {
	case int64:
		return float64(n)
	case float64:
		return n
	}
	return 1
}

// ended are Jobs that nobody starts again, and whose pods are not there any more.
func (o *observer) ended() []string {
	var out []string
	for _, job := range o.inv.Of("batch", "Job") {
		if o.workloads[workloadName{job.Namespace, "Job", job.Name}] == nil && o.inv.TopOwner(job) == job {
			out = append(out, job.Namespace+"/"+job.Name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// some names the first few of a list.
func some(list []string) string {
	const most = 8
	if len(list) > most+1 {
		return strings.Join(list[:most], ", ") + fmt.Sprintf(" and %d more", len(list)-most)
	}
	return strings.Join(list, ", ")
}

func amount(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
