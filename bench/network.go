package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/plimsoll-io/plimsoll/inventory/manifest"
	"github.com/plimsoll-io/plimsoll/network"
)

// measureNetwork is the command "bench network": what questions about the network cost, how that grows, and what a peer
// takes for the same.
func measureNetwork(args []string) error {
	flags := flag.NewFlagSet("network", flag.ContinueOnError)
	peer := flags.String("peer", "", "`program` of np-guard's netpol-analyzer, to compare with")
	runs := flags.Int("runs", 3, "runs of each measurement")
	if err := flags.Parse(args); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := networkFigures(self, *runs); err != nil {
		return err
	}
	if err := networkGrowth(self, *runs); err != nil {
		return err
	}
	return networkPeer(self, *peer, *runs)
}

// networkFigures measures the largest cluster.
func networkFigures(self string, runs int) error {
	c, err := runScale(self, "-questions", "-runs", fmt.Sprint(runs))
	if err != nil {
		return err
	}
	fmt.Printf("network: 10,000 workloads, 50,000 pods, 2,000 namespaces, 6,000 policies; %d classes\n", c.Classes)
	fmt.Printf("network: all connections  %6.2f s wall  %6.2f s CPU  %4d MiB\n", c.Wall.Seconds(), c.CPU.Seconds(), c.Memory>>20)
	for _, q := range []struct {
		name            string
		median, longest time.Duration
	}{{"one row", c.Row, c.SlowRow}, {"explain", c.Explain, c.SlowX}, {"replace a policy", c.Replace, c.SlowRep}} {
		fmt.Printf("network: %-16s %8.2f ms  %8.2f ms at most\n", q.name, millis(q.median), millis(q.longest))
	}
	return nil
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// networkGrowth prints the CPU time for a workload, as a ratio to the smallest cluster.
func networkGrowth(self string, runs int) error {
	fmt.Println("network: CPU time for each workload, from 500 workloads on")
	fmt.Println("network: workloads   fixed labels   own labels   n log n would be")
	var first [2]float64
	for _, n := range []int{500, 1000, 2000, 5000, 10_000} {
		line := fmt.Sprintf("network: %9d", n)
		for i, extra := range [][]string{{"-fixed-labels"}, nil} {
			repeat := max(3*runs, runs*5000/n) // what is short is measured more often
			c, err := runScale(self, append(extra, "-workloads", fmt.Sprint(n), "-runs", fmt.Sprint(repeat))...)
			if err != nil {
				return err
			}
			each := float64(c.CPU.Microseconds()) / float64(n)
			if first[i] == 0 {
				first[i] = each
			}
			line += fmt.Sprintf("   %4.0f µs %.2f", each, each/first[i])
		}
		fmt.Printf("%s   %.2f\n", line, math.Log(float64(n))/math.Log(500))
	}
	return nil
}

// runScale measures one cluster in a process of its own.
func runScale(self string, args ...string) (networkCosts, error) {
	var c networkCosts
	out, err := exec.Command(self, append([]string{"network-scale"}, args...)...).Output()
	if err != nil {
		return c, fmt.Errorf("measure network: %w", err)
	}
	return c, json.Unmarshal(out, &c)
}

// networkPeer compares with a peer on the same files: loading, judging and writing every pair of workloads.
func networkPeer(self, peer string, runs int) error {
	folder, err := os.MkdirTemp("", "plimsoll-bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	for _, n := range []int{50, 200, 500, 1000} {
		input, size := filepath.Join(folder, fmt.Sprint(n)), proportional(n, 0)
		size.blocks = 5
		if err := writeYAML(input, size.objects()); err != nil {
			return err
		}
		ours, err := measure(max(runs, 3), self, "network-pairs", input)
		if err != nil {
			return err
		}
		fmt.Printf("network: %4d workloads from files  %s\n", n, ours)
		if peer == "" {
			continue
		}
		theirs, err := measure(1, peer, "list", "--quiet", "--dirpath", input)
		if err != nil {
			return err
		}
		fmt.Printf("network: %4d workloads, the peer   %s  = %.0f x our CPU time, %.0f x our wall time\n",
			n, theirs, ratio(theirs.cpu, ours.cpu), ratio(theirs.wall, ours.wall))
	}
	if peer == "" {
		fmt.Println("network: no -peer is given, left out")
	}
	return nil
}

// listPairs is the command "bench network-pairs FOLDER": it reads manifests and writes every pair of workloads with the
// ports between them.
func listPairs(folder string, out io.Writer) error {
	inv, err := manifest.Read(context.Background(), []string{folder}, manifest.Options{})
	if err != nil {
		return err
	}
	if len(inv.Gaps) > 0 {
		return errors.New(inv.Gaps[0].Reason)
	}
	m := network.New(inv)
	w := bufio.NewWriter(out)
	for from, row := range m.Matrix() {
		for _, cell := range row {
			ports := cell.Allowed.String()
			for to := range cell.To {
				for _, src := range from.Peers {
					for _, dst := range to.Peers {
						fmt.Fprintf(w, "%s => %s : %s\n", src, dst, ports)
					}
				}
			}
		}
	}
	return w.Flush()
}
