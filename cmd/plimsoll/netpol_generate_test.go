package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/report/answer/answertest"
)

const shopFlows = `source,destination,port,protocol,time,count
shop/web,shop/cart,8080,TCP,2026-03-02T09:15:04Z,812
shop/web,shop/cart,8080,TCP,2026-03-05T19:15:04Z,100
shop/cart,db.shop.svc.cluster.local,5432,TCP,2026-03-02T09:15:05Z,292
shop/cart,203.0.113.4,443,TCP,2026-03-02T09:15:05Z,2
shop/cart,203.0.113.5,443,TCP,2026-03-02T09:15:05Z,2
monitoring/prometheus,shop/cart,9102,TCP,2026-03-03T09:15:05Z,40
`

// TestNetpolGenerate compares what people read with golden files.
func TestNetpolGenerate(t *testing.T) {
	flows := write(t, "flows.csv", shopFlows)
	for name, c := range map[string]struct {
		args string
		want int
	}{
		"generate":          {"", exitFindings},
		"generate-table":    {"-f table --flows " + flows, exitFindings},
		"generate-markdown": {"-f markdown --flows " + flows + " --declared=false --existing replace --in shop", exitOK},
		"generate-ingress":  {"--direction ingress --style per-namespace --ingress-controller ingress-nginx", exitOK},
	} {
		t.Run(name, func(t *testing.T) {
			out, stderr, code := plimsoll(t, "", append(append([]string{"netpol", "generate"}, strings.Fields(c.args)...), networkExample)...)
			if code != c.want || stderr != "" {
				t.Fatalf("exit code %d, want %d; standard error: %s", code, c.want, stderr)
			}
			answertest.Golden(t, filepath.Join("netpol", name+".txt"), out, *update)
		})
	}
}

// TestNetpolGenerateRehearsed checks that what was seen passes a set that was written for it: with another command, and
// from its files.
func TestNetpolGenerateRehearsed(t *testing.T) {
	flows, dir := write(t, "flows.csv", shopFlows), filepath.Join(t.TempDir(), "policies")
	out, stderr, code := plimsoll(t, "", "netpol", "generate", "--declared=false", "--existing", "replace",
		"--flows", flows, "--output-dir", dir, networkExample)
	if code != exitOK || out != "" || !strings.Contains(stderr, "replaying 1,248 flows of 5 connections: 0 denied") {
		t.Fatalf("exit code %d: %s%s", code, out, stderr)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(files) != 2 {
		t.Fatalf("files %v, %v", files, err)
	}
	out, stderr, code = plimsoll(t, "", "netpol", "rehearse", "--only", "--flows", flows, "--policies", dir, networkExample)
	if code != exitOK {
		t.Errorf("rehearse: exit code %d: %s%s", code, out, stderr)
	}
	out, _, code = plimsoll(t, "", "netpol", "lint", "--fail-on", "low", dir, filepath.Join(networkExample, "shop.yaml"))
	if code == exitError {
		t.Errorf("lint: exit code %d: %s", code, out)
	}
}

// TestNetpolGenerateContract checks the members that other programs rely on.
func TestNetpolGenerateContract(t *testing.T) {
	out, stderr, code := plimsoll(t, "", "netpol", "generate", "-f", "json", "--flows", write(t, "flows.csv", shopFlows), networkExample)
	var body struct {
		APIVersion, Kind string
		Namespaces       []string
		Flows            int
		Items            []struct {
			Namespace, Name string
			Rules           []struct{ Opens string }
			Object          map[string]any
		}
		Unopened []struct{ From, To, Reason string }
		Notes    []struct{ Sort, Text string }
	}
	if err := json.Unmarshal([]byte(out), &body); err != nil || code != exitFindings {
		t.Fatalf("%v, exit code %d: %s", err, code, stderr)
	}
	if body.APIVersion != "plimsoll.io/v1" || body.Kind != "NetworkPolicyPlan" || len(body.Namespaces) != 2 || body.Flows != 1248 ||
		len(body.Items) < 8 || len(body.Unopened) != 1 || len(body.Notes) == 0 {
		t.Errorf("%+v", body)
	}
	for _, item := range body.Items {
		if item.Namespace == "" || item.Name == "" || item.Object["kind"] != "NetworkPolicy" {
			t.Errorf("%+v", item)
		}
	}
}

// TestNetpolGenerateErrors checks that what cannot be meant is refused before anything is read.
func TestNetpolGenerateErrors(t *testing.T) {
	for args, want := range map[string]string{
		"--direction up":              `--direction is "up"`,
		"--style fancy":               `--style is "fancy"`,
		"--existing drop":             `--existing is "drop"`,
		"--max-blocks -1":             "--max-blocks is less than 0",
		"--api-server nowhere":        `"nowhere" is neither an address nor a CIDR`,
		"--ingress-controller A/b":    `--ingress-controller is "A/b"`,
		"--label a=b=c":               "--label a=b=c",
		"--annotation -=x":            "--annotation -",
		"--declared=false":            "name flow logs with --flows",
		"--flows does-not-exist.json": "does-not-exist.json",
	} {
		_, stderr, code := plimsoll(t, "", append(append([]string{"netpol", "generate"}, strings.Fields(args)...), networkExample)...)
		if code != exitError || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit code %d: %s", args, code, stderr)
		}
	}
}
