package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const rehearsedShop = `
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}, spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c}]}}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: db, namespace: shop}, spec: {template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c}]}}}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: db, namespace: shop}, spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}}
`

const (
	denyAll        = `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: shop}, spec: {podSelector: {}, policyTypes: [Ingress]}}`
	narrowed       = `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: db, namespace: shop}, spec: {podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: 80}]}]}}`
	rehearsedFlows = "source,destination,port\nshop/web,shop/db,5432\n"
)

// TestNetpolRehearse checks the exit codes, and how proposed policies take the place of others.
func TestNetpolRehearse(t *testing.T) {
	shop, flows, deny, narrow := write(t, "shop.yaml", rehearsedShop), write(t, "flows.csv", rehearsedFlows), write(t, "deny.yaml", denyAll), write(t, "narrow.yaml", narrowed)
	unknown := write(t, "more.csv", rehearsedFlows+"shop/old,shop/db,5432\n")
	broken, none := write(t, "broken.yaml", "kind: NetworkPolicy\nmetadata: {name: [}\n"), write(t, "none.csv", "no flow\n")
	half := write(t, "half.csv", rehearsedFlows+"shop/web,shop/db,x\n")
	for _, c := range []struct {
		name, args, input string
		want              int
		stdout, stderr    string
	}{
		{"the policies in force", "--flows " + flows + " " + shop, "", exitOK, "safe  the only", ""},
		{"from standard input", "--flows - " + shop, rehearsedFlows, exitOK, "safe", ""},
		{"a folder of flows", "--flows " + filepath.Dir(flows) + " " + shop, "", exitOK, "safe", ""},
		{"one more policy", "--flows " + flows + " --policies " + deny + " " + shop, "", exitOK, "safe", ""},
		{"instead of all others", "--flows " + flows + " --only --policies " + deny + " " + shop, "", exitFindings,
			"NetworkPolicy shop/db (removed) let it in and does not any more", ""},
		{"instead of one of that name", "--flows " + flows + " --policies " + narrow + " " + shop, "", exitFindings,
			"NetworkPolicy shop/db (changed) let it in and does not any more", ""},
		{"an end that is not there", "--flows " + unknown + " " + shop, "", exitIncomplete, "shop/old is not in what was read", ""},
		{"a break and an end that is not there", "--flows " + unknown + " --policies " + narrow + " " + shop, "", exitFindings, "breaks", ""},
		{"a policy that cannot be read", "--flows " + flows + " --policies " + broken + " " + shop, "", exitIncomplete, "unknown", ""},
		{"a flow that cannot be read", "--flows " + half + " " + shop, "", exitIncomplete, "not everything", ""},
		{"no flows", shop, "", exitError, "", "--flows FILE is needed"},
		{"no flow in the log", "--flows " + none + " " + shop, "", exitError, "", "there is no flow"},
		{"a log that is not there", "--flows nowhere.csv " + shop, "", exitError, "", "open flow log"},
		{"no policy in the set", "--flows " + flows + " --policies " + flows + " " + shop, "", exitError, "", "there is no network policy in what --policies names"},
		{"--only without a set", "--flows " + flows + " --only " + shop, "", exitError, "", "--only says how --policies"},
		{"standard input twice", "--flows - --policies - " + shop, rehearsedFlows, exitError, "", "can be read only once"},
	} {
		t.Run(c.name, func(t *testing.T) {
			stdout, stderr, code := plimsoll(t, c.input, append([]string{"netpol", "rehearse"}, strings.Fields(c.args)...)...)
			if code != c.want || !strings.Contains(stdout, c.stdout) || !strings.Contains(stderr, c.stderr) {
				t.Errorf("exit code %d, want %d\nstandard output: %s\nstandard error: %s", code, c.want, stdout, stderr)
			}
		})
	}
}

// TestNetpolRehearseContract checks the members that other programs rely on.
func TestNetpolRehearseContract(t *testing.T) {
	flows := write(t, "flows.csv", rehearsedFlows)
	out, _, code := plimsoll(t, rehearsedShop+"---\n"+denyAll, "netpol", "rehearse", "--flows", flows, "--policies", write(t, "n.yaml", narrowed), "-", "-f", "json")
	var body struct {
		APIVersion, Kind, Verdict string
		Breaks                    []struct {
			Change string
			Flow   struct {
				From, To struct{ Is, Workload, Kind string }
				Protocol string
				Port     int
			}
			Count        int
			Reason       string
			DeniedBefore bool
		}
		CannotKnow, NeverUsed, Unknown, Unresolved []any
	}
	if err := json.Unmarshal([]byte(out), &body); err != nil {
		t.Fatal(err)
	}
	if code != exitFindings || body.APIVersion != "plimsoll.io/v1" || body.Kind != "Rehearsal" || body.Verdict != "breaks" || len(body.Breaks) != 1 {
		t.Fatalf("exit code %d: %+v", code, body)
	}
	b := body.Breaks[0]
	if b.Change != "NetworkPolicy shop/db (changed)" || b.Flow.From.Workload != "shop/web" || b.Flow.To.Workload != "shop/db" || b.Flow.Port != 5432 ||
		b.Flow.Protocol != "TCP" || b.Count != 1 || b.Reason == "" || b.DeniedBefore {
		t.Errorf("%+v", b)
	}
	if body.CannotKnow == nil || body.NeverUsed == nil || body.Unknown == nil || body.Unresolved == nil {
		t.Errorf("a list is null: %s", out)
	}
}

// TestNetpolRehearseExample compares what people read of the example with a golden file.
func TestNetpolRehearseExample(t *testing.T) {
	out, stderr, code := plimsoll(t, "", "netpol", "rehearse", "--flows", networkExample+"/flows.csv", networkExample)
	if code != exitFindings || stderr != "" {
		t.Fatalf("exit code %d; standard error: %s", code, stderr)
	}
	golden := filepath.Join("testdata", "netpol", "rehearse.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(out), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if out != string(want) {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
}
