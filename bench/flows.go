package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"syscall"
	"time"

	"github.com/plimsoll-io/plimsoll/network/flow"
)

// generateFlowLog is "bench flow-log -output FILE [-flows N]".
func generateFlowLog(args []string) error {
	flags := flag.NewFlagSet("flow-log", flag.ExitOnError)
	output := flags.String("output", "flows.log", "file to write")
	flows := flags.Int("flows", 1_000_000, "flows to write")
	if err := flags.Parse(args); err != nil {
		return err
	}
	file, err := os.Create(*output)
	if err != nil {
		return fmt.Errorf("create flow log: %w", err)
	}
	out := bufio.NewWriterSize(file, 1<<20)
	if err := writeFlows(out, *flows); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write flow log: %w", err)
	}
	return file.Close()
}

// collectFlows is "bench flows FILE": what it takes to read a log and to put its flows together.
func collectFlows(name string) error {
	start := time.Now()
	input := flow.Input{Name: name, Open: func() (io.ReadCloser, error) { return os.Open(name) }}
	c, err := flow.Collect(context.Background(), []flow.Input{input}, flow.CollectOptions{})
	if err != nil {
		return err
	}
	took := time.Since(start)
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return fmt.Errorf("measure: %w", err)
	}
	cpu := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	fmt.Printf("%d flows, %d connections, %d broken: %.1f s, %.1f s of CPU, %d MiB at most\n", c.Summary.Flows, len(c.Connections),
		c.Summary.Broken, took.Seconds(), cpu.Seconds(), usage.Maxrss>>10)
	return nil
}

// writeFlows writes n events as Hubble exports them, about 1,620 bytes each: 2,000 workloads in 100 namespaces with 10,000
// pods that talk to six others each and to the world; of both ends, and answers too. The same numbers give the same bytes.
func writeFlows(out io.Writer, n int) error {
	random := rand.New(rand.NewPCG(1, 2))
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for range n {
		now = now.Add(time.Duration(random.IntN(20)) * time.Millisecond)
		source := random.IntN(2000)
		destination, port := (source*7+random.IntN(6)*31)%2000, 8000+random.IntN(2)
		from, to := randomPod(random, source), randomPod(random, destination)
		toIP := fmt.Sprintf("10.2.%d.%d", destination/250, destination%250)
		if random.IntN(20) == 0 {
			to, port = `{"identity":2,"labels":["reserved:world"]}`, 443
			toIP = fmt.Sprintf("198.51.%d.%d", random.IntN(4), random.IntN(250))
		}
		fromIP := fmt.Sprintf("10.1.%d.%d", source/250, source%250)
		clientPort, reply, direction := 32768+random.IntN(28000), random.IntN(2) == 0, "INGRESS"
		if random.IntN(2) == 0 {
			direction = "EGRESS"
		}
		ports := [2]int{clientPort, port}
		if reply {
			from, to, fromIP, toIP, ports = to, from, toIP, fromIP, [2]int{port, clientPort}
		}
		_, err := fmt.Fprintf(out, `{"flow":{"time":%q,"uuid":"%016x-%016x","verdict":"FORWARDED","ethernet":{"source":"0a:58:0a:01:02:03",`+
			`"destination":"0a:58:0a:01:02:04"},"IP":{"source":%q,"destination":%q,"ipVersion":"IPv4"},"l4":{"TCP":{"source_port":%d,`+
			`"destination_port":%d,"flags":{"PSH":true,"ACK":true}}},"source":%s,"destination":%s,"Type":"L3_L4","node_name":"prod/node-%d",`+
			`"is_reply":%v,"event_type":{"type":4,"sub_type":3},"traffic_direction":%q,"trace_observation_point":"TO_STACK",`+
			`"trace_reason":"ESTABLISHED","Summary":"TCP Flags: ACK, PSH"},"node_name":"prod/node-1","time":%[1]q}`+"\n",
			now.Format(time.RFC3339Nano), random.Uint64(), random.Uint64(), fromIP, toIP, ports[0], ports[1], from, to,
			random.IntN(50), reply, direction)
		if err != nil {
			return fmt.Errorf("write flow log: %w", err)
		}
	}
	return nil
}

func randomPod(random *rand.Rand, workload int) string {
	namespace, hash := fmt.Sprintf("team-%02d", workload%100), fmt.Sprintf("%08x", workload*2654435761)
	return fmt.Sprintf(`{"ID":%d,"identity":%d,"cluster_name":"prod","namespace":%q,"labels":["k8s:app.kubernetes.io/name=app-%d",`+
		`"k8s:app.kubernetes.io/part-of=suite-%d","k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=%[3]s",`+
		`"k8s:io.cilium.k8s.policy.cluster=prod","k8s:io.cilium.k8s.policy.serviceaccount=app-%[4]d",`+
		`"k8s:io.kubernetes.pod.namespace=%[3]s","k8s:pod-template-hash=%[6]s"],"pod_name":"app-%[4]d-%[6]s-%05[7]x",`+
		`"workloads":[{"name":"app-%[4]d","kind":"Deployment"}]}`,
		workload%4096, 20000+workload, namespace, workload, workload%40, hash, random.IntN(5)*77777)
}
