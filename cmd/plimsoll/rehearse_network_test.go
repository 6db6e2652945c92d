package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestRehearseNetworkAgrees asks "netpol rehearse" and "rehearse" the same: one engine, one answer.
func TestRehearseNetworkAgrees(t *testing.T) {
	shop, flows := write(t, "shop.yaml", rehearsedShop), write(t, "flows.csv", rehearsedFlows)
	deny, narrow := write(t, "deny.yaml", denyAll), write(t, "narrow.yaml", narrowed)
	unknown := write(t, "more.csv", rehearsedFlows+"shop/old,shop/db,5432\n")
	for name, c := range map[string]struct {
		flows, change, only string
		want                int
	}{
		"one more policy":          {flows, deny, "", exitOK},
		"one less":                 {flows, deny, "--only", exitFindings},
		"a changed one":            {flows, narrow, "", exitFindings},
		"an end that is not there": {unknown, deny, "", exitIncomplete},
	} {
		t.Run(name, func(t *testing.T) {
			only := strings.Fields(c.only)
			one, _, code := plimsoll(t, "", slices.Concat([]string{"netpol", "rehearse", "-f", "json", "--flows", c.flows, "--policies", c.change, shop}, only)...)
			two, stderr, second := plimsoll(t, "", slices.Concat([]string{"rehearse", "-f", "json", "--flows", c.flows, c.change, "--against", shop}, only)...)
			if code != c.want || second != c.want {
				t.Errorf("exit codes %d and %d, want %d: %s %s", code, second, c.want, two, stderr)
			}
			if a, b := brokenFlows(t, one), brokenFlows(t, two); !slices.Equal(a, b) {
				t.Errorf("netpol rehearse breaks %v, rehearse %v", a, b)
			}
		})
	}
}

// brokenFlows are the breaks of either answer, how often and why.
func brokenFlows(t *testing.T, text string) []string {
	t.Helper()
	var body struct {
		Breaks []struct {
			Flow struct {
				Protocol string
				Port     int
			}
			Count  int
			Reason string
		}
	}
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		t.Fatal(err, text)
	}
	var out []string
	for _, b := range body.Breaks {
		out = append(out, fmt.Sprintf("%s %d ×%d: %s", b.Flow.Protocol, b.Flow.Port, b.Count, b.Reason))
	}
	return out
}
