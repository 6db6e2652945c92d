package conformance

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
	"github.com/plimsoll-io/plimsoll/network"
)

type analyzerCase struct {
	ID       string
	Question string
	Input    string
	Old      string `json:"input_old"`
	New      string `json:"input_new"`
	Error    string `json:"expected_error_expr"`
	Needs    []string
	Expected map[string]string
	Args     struct {
		Workloads []string `json:"focus_workloads"`
		Peers     []string `json:"focus_peers"`
		Direction string   `json:"focus_direction"`
		Conn      string   `json:"focus_conn"`
	}
}

// apart says that a case needs networks or workloads of which Plimsoll says nothing.
func (c analyzerCase) apart() bool {
	for _, kind := range []string{"MultiNetworkPolicy", "UserDefinedNetwork", "NetworkAttachmentDefinition", "VirtualMachine"} {
		if slices.Contains(c.Needs, kind) {
			return true
		}
	}
	return false
}

// TestConformanceNetpolAnalyzerApart looks at the cases of networks besides the cluster's own, and of virtual machines:
// their answers cannot be compared, but nothing may be called allowed there that is not.
func TestConformanceNetpolAnalyzerApart(t *testing.T) {
	dir := corpus(t, "netpol-analyzer")
	y := newTally(t, "netpol-analyzer/apart")
	for _, c := range cases[analyzerCase](t, dir) {
		if c.apart() && c.Question == "connectivity" {
			y.countDifference(c.ID, falselyAllowed(t, dir, c))
		}
	}
	y.done(100)
}

// falselyAllowed are connections that the Map allows, and the case does not.
func falselyAllowed(t *testing.T, dir string, c analyzerCase) string {
	data, err := os.ReadFile(filepath.Join(dir, c.Expected["txt"]))
	if err != nil {
		t.Fatal(err)
	}
	want := newConnTable()
	text, _, _ := strings.Cut(string(data), " in secondary ")
	for line := range strings.Lines(strings.ReplaceAll(text, "[udn]", "")) {
		if from, rest, found := strings.Cut(strings.TrimSpace(line), " => "); found {
			to, conns, _ := strings.Cut(rest, " : ")
			want.addNamed(from, to, parsePorts(t, conns))
		}
	}
	inv := analyzerInventory(t, filepath.Join(dir, c.Input))
	allowed := tableOf(network.New(inv), network.AllPorts(), analyzerName).allowed
	sum := newConnTable()
	for _, table := range []*connTable{want, allowed} {
		sum.addAll(table)
	}
	return compareLines(want.lines(), sum.lines())
}

// analyzerAgree is how many cases of each question have to agree.
var analyzerAgree = map[string]int{"connectivity": 28, "exposure": 42, "explain": 15, "diff": 5, "must-report-fatal-error": 19}

// TestConformanceNetpolAnalyzer compares whole answers: every connection, and every policy that decides.
func TestConformanceNetpolAnalyzer(t *testing.T) {
	dir := corpus(t, "netpol-analyzer")
	compare := map[string]func(*testing.T, string, analyzerCase) string{
		"connectivity": sameConnections, "exposure": sameExposure, "explain": sameReasons, "diff": sameDiff,
		"must-report-fatal-error": reportsError,
	}
	byQuestion := map[string][]analyzerCase{}
	for _, c := range cases[analyzerCase](t, dir) {
		if !c.apart() {
			byQuestion[c.Question] = append(byQuestion[c.Question], c)
		}
	}
	var scores []string
	for _, question := range slices.Sorted(maps.Keys(byQuestion)) {
		t.Run(question, func(t *testing.T) {
			y := newTally(t, "netpol-analyzer/"+question)
			for _, c := range byQuestion[question] {
				y.countDifference(c.ID, compare[question](t, dir, c))
			}
			scores = append(scores, fmt.Sprintf("%s %d/%d", question, y.right, y.total))
			y.doneWith(analyzerAgree[question])
		})
	}
	t.Logf("netpol-analyzer: %s", strings.Join(scores, ", "))
}

// countDifference notes a case that agrees when nothing differs.
func (y *tally) countDifference(id, difference string) {
	got := "same"
	if difference != "" {
		got = "other"
	}
	y.count(id, "same", got, difference)
}

// doneWith prints the score and holds it to a number of cases.
func (y *tally) doneWith(agree int) {
	y.t.Helper()
	y.done(100 * float64(agree) / float64(y.total))
}

func sameConnections(t *testing.T, dir string, c analyzerCase) string {
	want := analyzerConnections(t, filepath.Join(dir, c.Expected["txt"]))
	return compareLines(want.lines(), c.connections(t, analyzerInventory(t, filepath.Join(dir, c.Input))))
}

// connections are those that a case asks about, also from the ingress controller.
func (c analyzerCase) connections(t *testing.T, inv *inventory.Inventory) []string {
	t.Helper()
	asked := c.ports(t)
	lines := append(tableOf(network.New(inv), asked, analyzerName).lines(), fromController(inv, asked).lines()...)
	slices.Sort(lines)
	return c.focus(lines)
}

// reportsError says what is wrong when no warning names the mistake of a case.
func reportsError(t *testing.T, dir string, c analyzerCase) string {
	facts := map[string]string{
		"PriorityErrExplain": network.Ambiguous, "NPWithSameNameError": network.Duplicate, "ConvertNamedPortErrStr": network.NoPort,
	}
	want := network.Refused
	for text, fact := range facts {
		if strings.Contains(c.Error, text) {
			want = fact
		}
	}
	m := network.New(analyzerInventory(t, filepath.Join(dir, c.Input)))
	if slices.ContainsFunc(m.Warnings(), func(w network.Warning) bool { return w.Fact == want }) {
		return ""
	}
	return fmt.Sprintf("no warning %q in %v", want, m.Warnings())
}

func analyzerInventory(t *testing.T, dir string) *inventory.Inventory {
	t.Helper()
	inv, err := manifest.Read(t.Context(), []string{dir}, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

// analyzerName is what that tool calls a peer: "shop/cart[Deployment]". Pods are named after their owner, even when it
// is not among the objects, or is an owner of no kind.
func analyzerName(p *network.Peer) string {
	return analyzerObject(p.Object)
}

func analyzerObject(o *inventory.Object) string {
	name, kind := o.Name, o.Kind
	for _, owner := range inventory.Maps(inventory.Map(o.Content, "metadata")["ownerReferences"]) {
		name, kind = inventory.String(owner, "name"), cmp.Or(inventory.String(owner, "kind"), kind)
	}
	return o.Namespace + "/" + name + "[" + kind + "]"
}

// ports are those that a case asks about.
func (c analyzerCase) ports(t *testing.T) network.Ports {
	t.Helper()
	if c.Args.Conn == "" {
		return network.AllPorts()
	}
	return parsePorts(t, strings.ReplaceAll(strings.ToUpper(c.Args.Conn), "-", " "))
}

// isOne says whether a workload is among names like "cart" and "shop/cart".
func isOne(workload string, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return name == workload || strings.HasPrefix(workload, name+"[") || strings.Contains(workload, "/"+name+"[")
	})
}

// focus keeps the lines that a case asks about.
func (c analyzerCase) focus(lines []string) []string {
	wanted := func(of, with string) bool {
		return (len(c.Args.Workloads) == 0 || isOne(of, c.Args.Workloads)) && (len(c.Args.Peers) == 0 || isOne(with, c.Args.Peers))
	}
	return slices.DeleteFunc(lines, func(line string) bool {
		ends, _, _ := strings.Cut(line, " : ")
		from, to, _ := strings.Cut(strings.TrimPrefix(ends, "? "), " => ")
		return !(c.Args.Direction != "ingress" && wanted(from, to) || c.Args.Direction != "egress" && wanted(to, from))
	})
}

// analyzerConnections reads "a => b : TCP 80", line by line, up to the first empty line.
func analyzerConnections(t *testing.T, file string) *connTable {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out := newConnTable()
	var focus network.Ports
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "Exposure Analysis Result") {
			break
		}
		if rest, found := strings.CutPrefix(line, "Permitted connections on "); found {
			focus = parsePorts(t, strings.TrimSuffix(rest, ":"))
			continue
		}
		ends, conns, found := strings.Cut(line, " : ")
		ports := focus
		if found {
			ports = parsePorts(t, conns)
		}
		from, to, found := strings.Cut(ends, " => ")
		if !found {
			t.Fatalf("%s: %q is no connection", file, line)
		}
		out.addNamed(from, to, ports)
	}
	return out
}
