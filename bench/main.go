// Command bench measures the program as a whole process and prints ratios: against only decoding the same files, against
// peers that are on PATH, and against itself on a fifth of the input. Seconds depend on the machine, ratios much less.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "network" {
		exit(measureNetwork(os.Args[2:]))
	}
	if len(os.Args) > 1 && os.Args[1] == "rehearsal" {
		exit(measureRehearsal(os.Args[2:]))
	}
	if len(os.Args) > 2 {
		switch os.Args[1] { // commands with flags of their own, and what the benchmark runs as processes
		case "network-scale":
			exit(scaleNetwork(os.Args[2:]))
		case "network-pairs":
			exit(listPairs(os.Args[2], os.Stdout))
		case "rbac-cluster":
			exit(generateCluster(os.Args[2:]))
		case "network-cluster":
			exit(generateNetwork(os.Args[2:]))
		case "audit-log":
			exit(generateAuditLog(os.Args[2:]))
		case "flow-log":
			exit(generateFlowLog(os.Args[2:]))
		case "flows":
			exit(collectFlows(os.Args[2]))
		case "rbac-usage":
			exit(measureUsage(os.Args[2:]))
		case "snapshot-load":
			exit(loadSnapshot(os.Args[2]))
		case "snapshot-unpack":
			exit(unpackSnapshot(os.Args[2]))
		}
	}
	plimsoll := flag.String("plimsoll", "bin/plimsoll", "the program to measure")
	corpus := flag.String("corpus", defaultCorpus(), "folder of real manifests")
	decode := flag.String("decode", "", "only decode the YAML files in this folder and exit (the yardstick)")
	generated := flag.String("generate", "", "only write generated applications to this folder and exit")
	apps := flag.Int("apps", 5000, "applications to generate")
	files := flag.Int("files", 2000, "files to spread them over")
	runs := flag.Int("runs", 3, "runs of each command; the median counts")
	flag.Parse()
	var err error
	switch {
	case *decode != "":
		err = decodeAll(*decode)
	case *generated != "":
		err = generate(*generated, *apps, *files)
	default:
		err = measureAll(*plimsoll, *corpus, *runs)
	}
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// defaultCorpus is where the public corpora lie, if they do.
func defaultCorpus() string {
	root := os.Getenv("PLIMSOLL_CORPORA")
	if root == "" {
		root = "../shared/corpora"
	}
	return filepath.Join(root, "real-manifests")
}

// A cost is what one run of a process took.
type cost struct {
	wall, cpu time.Duration
	memory    int64 // peak, bytes
}

func (c cost) String() string {
	return fmt.Sprintf("%6.2f s wall  %6.2f s CPU  %4d MiB", c.wall.Seconds(), c.cpu.Seconds(), c.memory>>20)
}

// measure runs a command several times and returns the run with the median CPU time. Exit codes up to 3 are verdicts.
func measure(runs int, name string, args ...string) (cost, error) {
	var costs []cost
	for range runs {
		cmd := exec.Command(name, args...)
		start := time.Now()
		err := cmd.Run()
		if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() > 3 || cmd.ProcessState.ExitCode() == 2 {
			return cost{}, fmt.Errorf("run %s: %w", filepath.Base(name), err)
		}
		usage, _ := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		costs = append(costs, cost{
			wall: time.Since(start), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), memory: usage.Maxrss << 10,
		})
	}
	slices.SortFunc(costs, func(a, b cost) int { return int(a.cpu - b.cpu) })
	return costs[len(costs)/2], nil
}
