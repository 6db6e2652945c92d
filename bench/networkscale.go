package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"syscall"
	"time"

	"github.com/plimsoll-io/plimsoll/network"
)

// networkCosts is what questions about a cluster cost, from an inventory in memory on.
type networkCosts struct {
	Classes, Cells          int
	Wall, CPU               time.Duration // of all connections between classes
	Memory                  int64         // peak of the process, bytes; the cluster itself is in it
	Row, Explain, Replace   time.Duration // the median of many
	SlowRow, SlowX, SlowRep time.Duration // the slowest of them
}

// scaleNetwork is the command "bench network-scale": it measures one cluster and writes what it cost as JSON.
func scaleNetwork(args []string) error {
	flags := flag.NewFlagSet("network-scale", flag.ContinueOnError)
	workloads := flags.Int("workloads", 10_000, "workloads, with five pods each")
	fixed := flags.Bool("fixed-labels", false, "let only the workloads grow, and nothing that policies can tell apart")
	questions := flags.Bool("questions", false, "also measure single questions")
	runs := flags.Int("runs", 3, "how often all connections are computed; the run with the least CPU time counts")
	profile := flags.String("cpuprofile", "", "`file` for a profile")
	if err := flags.Parse(args); err != nil {
		return err
	}
	size := proportional(*workloads, 5)
	if *fixed {
		size = fixedLabels(*workloads)
	}
	inv := size.inventory()
	runtime.GC()
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	var c networkCosts
	var m *network.Map
	for range *runs {
		start, before := time.Now(), usedCPU()
		m = network.New(inv)
		cells := 0
		for _, row := range m.Matrix() {
			cells += len(row)
		}
		if used := usedCPU() - before; c.CPU == 0 || used < c.CPU {
			c.Wall, c.CPU, c.Cells, c.Classes = time.Since(start), used, cells, len(m.Classes())
		}
	}
	if *questions {
		c.ask(m, size)
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return err
	}
	c.Memory = usage.Maxrss << 10
	return json.NewEncoder(os.Stdout).Encode(c)
}

func usedCPU() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// ask measures single questions.
func (c *networkCosts) ask(m *network.Map, size networkShape) {
	random := rand.New(rand.NewPCG(1, 1))
	classes, peers := m.Classes(), m.Peers()
	c.Row, c.SlowRow = timeEach(300, func() { m.Row(classes[random.IntN(len(classes))]) })
	c.Explain, c.SlowX = timeEach(300, func() {
		m.Explain(peers[random.IntN(size.workloads)], peers[random.IntN(size.workloads)], network.OnePort(network.TCP, 8080))
	})
	c.Replace, c.SlowRep = timeEach(20, func() { // one policy, and again every pair of its namespace and the next one
		old := m.Policies()[random.IntN(len(m.Policies()))]
		i := 0
		if _, err := fmt.Sscanf(old.Namespace, "team-%d", &i); err != nil {
			panic(err) // the generator writes no other
		}
		content := size.policy(random, i, 1)
		content["metadata"] = old.Content["metadata"]
		n := m.Replace(old, objectOf(content))
		for _, src := range n.In(size.namespace(i + 1)) {
			for _, dst := range n.In(old.Namespace) {
				n.Allowed(src, dst)
			}
		}
	})
}

// timeEach runs something many times and returns the median and the longest.
func timeEach(n int, do func()) (median, longest time.Duration) {
	var took []time.Duration
	for range n {
		start := time.Now()
		do()
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	return took[n/2], took[n-1]
}
