package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/report/answer/answertest"
)

const networkExample = "../../examples/network"

// TestNetpolAnswers compares what people read with golden files.
func TestNetpolAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		args string
		want int
	}{
		"connectivity":           {"connectivity", exitOK},
		"connectivity-to":        {"connectivity --to shop/cart", exitOK},
		"connectivity-class":     {"connectivity --by class -f markdown", exitOK},
		"connectivity-namespace": {"connectivity --by namespace", exitOK},
		"connectivity-csv":       {"connectivity -f csv", exitOK},
		"explain-allowed":        {"explain shop/web shop/cart 8080", exitOK},
		"explain-denied":         {"explain shop/cart shop/db 5432", exitFindings},
		"explain-ports":          {"explain monitoring/prometheus shop/cart", exitOK},
		"explain-service":        {"explain monitoring/grafana shop/service/web 80", exitOK},
		"explain-address":        {"explain shop/web 192.0.2.1 443", exitFindings},
		"graph":                  {"graph -f mermaid", exitOK},
	} {
		t.Run(name, func(t *testing.T) {
			out, stderr, code := plimsoll(t, "", append(append([]string{"netpol"}, strings.Fields(c.args)...), networkExample)...)
			if code != c.want || stderr != "" {
				t.Fatalf("exit code %d, want %d; standard error: %s", code, c.want, stderr)
			}
			answertest.Golden(t, filepath.Join("netpol", name+".txt"), out, *update)
		})
	}
}

// TestNetpolContract checks the members that other programs rely on.
func TestNetpolContract(t *testing.T) {
	out, stderr, code := plimsoll(t, "", "netpol", "connectivity", "-f", "json", networkExample)
	var body struct {
		APIVersion string
		Kind       string
		Items      []map[string]any
		Unknown    []map[string]any
	}
	if err := json.Unmarshal([]byte(out), &body); err != nil || code != exitOK {
		t.Fatalf("%v, exit code %d: %s", err, code, stderr)
	}
	if body.APIVersion != "plimsoll.io/v1" || body.Kind != "Connectivity" || body.Unknown == nil {
		t.Errorf("%s %s, unknown %v", body.APIVersion, body.Kind, body.Unknown)
	}
	seen := map[string]bool{}
	for _, item := range body.Items {
		text, _ := json.Marshal(item)
		seen[string(text)] = true
	}
	for _, want := range []string{
		`{"all":true,"from":{"kind":"Deployment","workload":"monitoring/grafana"},"ports":[],"to":{"kind":"Deployment","workload":"monitoring/prometheus"}}`,
		`{"all":false,"from":{"cidr":"0.0.0.0/0"},"ports":[{"port":8080,"protocol":"TCP"}],"to":{"kind":"Deployment","workload":"shop/web"}}`,
		`{"all":false,"from":{"ingressController":true},"ports":[{"port":8080,"protocol":"TCP"}],"to":{"kind":"Deployment","workload":"shop/web"}}`,
		`{"all":true,"from":{"kind":"Deployment","workload":"monitoring/grafana"},"ports":[],"to":{"cidr":"::/0"}}`,
	} {
		if !seen[want] {
			t.Errorf("no item %s in\n%s", want, out)
		}
	}
}

// TestNetpolFormats checks that every format of every answer can be written, and that no JSON array is null.
func TestNetpolFormats(t *testing.T) {
	for args, formats := range map[string][]string{
		"connectivity": graphFormats, "connectivity --by class": graphFormats, "connectivity --by namespace": graphFormats,
		"explain shop/web shop/db": listFormats, "graph": {"html", "svg", "dot", "mermaid", "json"},
		"graph --by namespace": {"html", "svg", "dot", "mermaid", "json"},
	} {
		for _, format := range formats {
			out, stderr, code := plimsoll(t, "", append(append([]string{"netpol"}, strings.Fields(args)...), "-f", format, networkExample)...)
			if code == exitError || out == "" {
				t.Errorf("netpol %s -f %s: exit code %d: %s", args, format, code, stderr)
			}
			if at := strings.Index(out, ": null"); format == "json" && at >= 0 {
				t.Errorf("netpol %s -f json has a null: …%s", args, out[max(0, at-200):at+6])
			}
		}
	}
}

func TestNetpolExitCodes(t *testing.T) {
	broken := write(t, "broken.yaml", "kind: NetworkPolicy\n\tbad")
	foreign := write(t, "foreign.yaml", "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: x, namespace: monitoring}, spec: {endpointSelector: {}}}")
	for _, c := range []struct {
		args string
		want int
		says string
	}{
		{"connectivity " + broken, exitIncomplete, ""},
		{"connectivity --by nothing", exitError, "workload, class or namespace"},
		{"connectivity --from shop/wbe", exitError, "there is no workload shop/wbe"},
		{"connectivity --to nowhere", exitError, "namespace nowhere"},
		{"connectivity --in nowhere", exitError, "namespace nowhere"},
		{"connectivity --port 0", exitError, "is no port"},
		{"connectivity --limit -1", exitError, "--limit"},
		{"connectivity --from 10.0.0.0/8 --to shop", exitOK, ""},
		{"explain shop/web shop/cart 8080", exitOK, ""},
		{"explain shop/web shop/cart http", exitOK, ""},
		{"explain shop/web cart", exitOK, ""},
		{"explain shop/web cart.shop.svc 8080", exitOK, ""},
		{"explain shop/web shop/cart 8080/UDP", exitFindings, ""},
		{"explain shop/web shop/cart", exitOK, ""},
		{"explain shop/web shop/db", exitFindings, ""},
		{"explain shop/web shop/cart 8080 " + broken, exitIncomplete, ""},
		{"explain monitoring/grafana monitoring/prometheus 9090 " + foreign, exitIncomplete, ""},
		{"explain 192.0.2.1 198.51.100.1 443", exitError, "outside of the cluster"},
		{"explain shop/web shop/cart grpc", exitError, `"grpc"`},
		{"explain shop/service/web shop/cart", exitError, "Services send nothing"},
		{"explain shop/web shop/service/cart 81", exitError, "it has 8080/TCP (http)"},
		{"explain shop/web shop/service/nothing", exitError, "there is no Service"},
		{"graph --by day", exitError, "workload, class or namespace"},
		{"graph -f table", exitError, "unknown format"},
	} {
		_, stderr, code := plimsoll(t, "", append(append([]string{"netpol"}, strings.Fields(c.args)...), networkExample)...)
		if code != c.want || !strings.Contains(stderr, c.says) {
			t.Errorf("netpol %s: exit code %d, want %d, and to say %q: %s", c.args, code, c.want, c.says, stderr)
		}
	}
}
