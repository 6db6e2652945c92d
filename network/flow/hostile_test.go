package flow_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/plimsoll-io/plimsoll/network/flow"
)

func line(i int) string {
	return fmt.Sprintf(`{"flow":{"time":"2026-01-02T03:%02d:%02d.5Z","verdict":"FORWARDED","IP":{"source":"10.0.0.%d","destination":"10.0.1.1"},`+
		`"l4":{"TCP":{"source_port":%d,"destination_port":80}},"source":{"namespace":"n","pod_name":"p%d"},`+
		`"destination":{"namespace":"n","pod_name":"q"},"Type":"L3_L4","is_reply":false}}`, i/60%60, i%60, i%250, 40000+i%1000, i%7)
}

func logOf(n int, separator string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = line(i)
	}
	return strings.Join(items, separator)
}

// However the same flows are laid out and packed, they are read.
func TestLayouts(t *testing.T) {
	const n = 3000
	plain := logOf(n, "\n")
	var rows, indented bytes.Buffer
	rows.WriteString("source,destination,port\n")
	for i := range n {
		fmt.Fprintf(&rows, "n/p%d,n/q,80\n", i%7)
	}
	if err := json.Indent(&indented, []byte("["+logOf(n, ",")+"]"), "", "  "); err != nil {
		t.Fatal(err)
	}
	logs := map[string]string{
		"lines":           plain,
		"windows lines":   strings.ReplaceAll(plain, "\n", "\r\n"),
		"byte order mark": "\ufeff" + plain,
		"nothing between": logOf(n, ""),
		"list":            `{"items":[` + logOf(n, ",") + `]}`,
		"list, indented":  indented.String(),
		"lists of few":    strings.Repeat(`{"flows":[`+logOf(n/100, ",")+"]}\n", 100),
		"gzip":            compress(t, plain),
		"gzip twice":      compress(t, compress(t, plain)),
		"table":           rows.String(),
		"table, windows":  strings.ReplaceAll(rows.String(), "\n", "\r\n"),
		"table, mark":     "\ufeff" + rows.String(),
		"semicolons":      strings.ReplaceAll(rows.String(), ",", ";"),
		"tabs":            strings.ReplaceAll(rows.String(), ",", "\t"),
	}
	for name, log := range logs {
		for _, options := range []flow.Options{{Workers: 3}, {Ordered: true}} {
			t.Run(fmt.Sprint(name, options.Ordered), func(t *testing.T) {
				flows, s := read(t, options, strings.NewReader(log), strings.NewReader(log))
				if s.Flows != 2*n || len(flows) != 2*n || s.Broken != 0 || s.Foreign != 0 || len(s.Incomplete) != 0 {
					t.Fatalf("%d flows, want %d; %+v", len(flows), 2*n, s)
				}
			})
		}
	}
}

// Broken records are counted and told, and the others are read.
func TestBroken(t *testing.T) {
	good := line(1)
	in := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	tests := map[string]struct {
		log    string
		flows  int64
		broken []string
	}{
		"cut off at the end":   {good + "\n" + good[:50], 1, []string{"2 cut off"}},
		"cut off at the start": {good[150:] + "\n" + good, 1, []string{"1 neither JSON, nor an access log, nor a table"}},
		"interleaved":          {good[:60] + good[:50] + good[60:] + "\n" + good, 1, []string{"1 no comma or end of the list or object"}},
		"two on a line":        {good + good, 2, nil},
		"control character":    {in("FORW", "FO\x01W") + "\n" + good, 1, []string{"1 control character in a string"}},
		"invalid UTF-8":        {in("q", "\xff\xfe") + "\n" + good, 2, nil},
		"wrong type":           {in(`"FORWARDED"`, `[1]`) + "\n" + good, 1, []string{"1 verdict is no string"}},
		"labels no list":       {in(`"pod_name":"q"`, `"labels":{"a":"b"}`) + "\n" + good, 1, []string{"1 labels is no list"}},
		"endpoint a number":    {in(`{"namespace":"n","pod_name":"q"}`, `3`) + "\n" + good, 1, []string{"1 endpoint is no object"}},
		"nulls":                {in(`{"namespace":"n","pod_name":"q"}`, `null`) + "\n" + in(`"FORWARDED"`, "null"), 2, nil},
		"port too large":       {in(`:80}`, `:65536}`) + "\n" + good, 1, []string{"1 port is beyond 65535"}},
		"port with fraction":   {in(`:80}`, `:80.5}`) + "\n" + good, 1, []string{"1 port is no whole number"}},
		"port negative":        {in(`:80}`, `:-80}`) + "\n" + good, 1, []string{"1 port is no whole number"}},
		"port zero":            {in(`:80}`, `:0}`) + "\n" + good, 1, []string{"1 no destination port"}},
		"unknown protocol":     {in(`"TCP"`, `"QUIC"`) + "\n" + good, 1, []string{"1 unknown protocol"}},
		"address no IP":        {in(`10.0.1.1`, `10.0.1`) + "\n" + good, 1, []string{"1 address is no IP"}},
		"zone":                 {in(`10.0.1.1`, `fe80::1%eth0`) + "\n" + good, 2, nil},
		"time":                 {in(`2026-`, `20-`) + "\n" + good, 1, []string{"1 time is no time"}},
		"too long":             {good + "\n" + in("pod_name", strings.Repeat("x", 3<<20)) + "\n" + good, 2, []string{"2 longer than the limit"}},
		"nested": {in(`"FORWARDED"`, strings.Repeat("[", 20000)+strings.Repeat("]", 20000)) + "\n" + good, 1,
			[]string{"1 nested too deeply"}},
		"wrapped too often": {wrap(good, 6) + "\n" + wrap(good, 2), 1, []string{"1 wrapped too often"}},
		"flow in flow":      {strings.Repeat(`{"flow":`, 9000) + "1" + strings.Repeat("}", 9000) + "\n" + good, 1, []string{}},
		"only spaces":       {"  \n\n \t", 0, nil},
		"nothing":           {"", 0, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, s := read(t, flow.Options{MaxLine: 1 << 20, Workers: 2}, strings.NewReader(test.log))
			var broken []string
			for _, b := range s.FirstBroken {
				broken = append(broken, fmt.Sprint(b.Line, " ", b.Reason))
			}
			if diff := cmp.Diff(test.broken, broken, cmpopts.EquateEmpty()); diff != "" || s.Flows != test.flows {
				t.Errorf("%d flows, want %d\n%s", s.Flows, test.flows, diff)
			}
			if s.Complete() != (s.Broken == 0) {
				t.Error("complete?")
			}
		})
	}
}

func wrap(text string, times int) string {
	for range times {
		inner, _ := json.Marshal(text)
		text = `{"log":` + string(inner) + `}`
	}
	return text
}

// What ends early, or cannot be opened, is named, and the rest is read.
func TestIncomplete(t *testing.T) {
	packed := compress(t, logOf(3000, "\n"))
	bomb := compress(t, strings.Repeat(" ", 270<<20))
	flows, s := read(t, flow.Options{}, strings.NewReader(packed[:len(packed)/2]), strings.NewReader(bomb), strings.NewReader(line(1)))
	if len(s.Incomplete) != 2 || s.Complete() || len(flows) < 500 {
		t.Errorf("%d flows; %+v", len(flows), s)
	}
}

// An endless line ends when the context does, and is never held.
func TestCancel(t *testing.T) {
	for _, beginning := range []string{"", "source,destination,port\n", "[2026-01-01T00:00:00Z] ", "{", "[\n"} {
		ctx, cancel := context.WithCancel(t.Context())
		log := io.MultiReader(strings.NewReader(beginning), &stopper{after: 300, stop: cancel})
		_, err := flow.Collect(ctx, []flow.Input{flow.FromReader("endless", log)}, flow.CollectOptions{Options: flow.Options{MaxLine: 1 << 20}})
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

// A stopper has no end and calls stop after some reads.
type stopper struct {
	after int
	stop  func()
}

func (s *stopper) Read(p []byte) (int, error) {
	if s.after--; s.after == 0 {
		s.stop()
	}
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}
