package conformance

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/network"
)

// An exposureRow is what a workload can exchange with pods that are not there yet.
type exposureRow struct {
	workload string
	incoming bool
	to       string // "entire-cluster", "shop/[pod with {app=web}]", "10.0.0.0-10.0.0.255[External]"
	ports    string
}

const entireCluster = "entire-cluster"

var exposureLine = regexp.MustCompile(`^(\S+)\s+(=>|<=)\s+(.*?)(?: : (.*))?$`)

// sameExposure compares the connections, what the rows say of addresses and of pods that are not there yet, and which
// workloads no policy selects.
func sameExposure(t *testing.T, dir string, c analyzerCase) string {
	file := filepath.Join(dir, c.Expected["txt"])
	want := analyzerConnections(t, file)
	rows, open := readExposure(t, file)
	inv := analyzerInventory(t, filepath.Join(dir, c.Input))
	m := network.New(inv)
	out := compareLines(want.lines(), c.connections(t, inv))
	if c.Args.Conn == "" {
		out += compareLines(open, c.unprotected(m))
	}
	return out + c.compareExposure(t, m, rows)
}

// readExposure reads the part below the connections: the rows, and "shop/cart[Deployment] is not protected on Egress".
func readExposure(t *testing.T, file string) (rows []exposureRow, open []string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(data), "Exposure Analysis Result")
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if m := exposureLine.FindStringSubmatch(line); m != nil {
			rows = append(rows, exposureRow{m[1], m[2] == "<=", m[3], m[4]})
		} else if strings.Contains(line, " is not protected on ") {
			open = append(open, line)
		}
	}
	slices.Sort(open)
	return rows, open
}

// directions are those that a case asks about.
func (c analyzerCase) directions() []network.Direction {
	switch c.Args.Direction {
	case "ingress":
		return []network.Direction{network.Ingress}
	case "egress":
		return []network.Direction{network.Egress}
	}
	return []network.Direction{network.Ingress, network.Egress}
}

// focused are the peers that a case asks about, by name.
func (c analyzerCase) focused(m *network.Map) map[string]*network.Peer {
	out := map[string]*network.Peer{}
	for _, p := range m.Peers() {
		if p.External() {
			continue
		}
		if name := analyzerName(p); len(c.Args.Workloads) == 0 || isOne(name, c.Args.Workloads) {
			out[name] = p
		}
	}
	return out
}

// unprotected are the workloads that no policy selects, in a direction.
func (c analyzerCase) unprotected(m *network.Map) []string {
	var out []string
	for name, p := range c.focused(m) {
		for _, d := range c.directions() {
			if m.Guard(d, p).Open() {
				out = append(out, fmt.Sprintf("%s is not protected on %s", name, strings.ToUpper(d.String()[:1])+d.String()[1:]))
			}
		}
	}
	slices.Sort(out)
	return out
}

// compareExposure compares the rows with what the Map says of pods that need not exist. Of addresses and of the entire
// cluster, what has no row has to be closed; of other pods it has to be no more than for the entire cluster, unless there
// are such pods: those have connections.
func (c analyzerCase) compareExposure(t *testing.T, m *network.Map, rows []exposureRow) string {
	asked := c.ports(t)
	want, got := newConnTable(), newConnTable()
	for _, r := range rows {
		ports := asked
		if r.ports != "" {
			ports = parseNamedPorts(t, r.ports)
		}
		want.addRow(r.workload, r.to, r.incoming, ports)
	}
	for name, p := range c.focused(m) {
		for _, d := range c.directions() {
			incoming := d == network.Ingress
			list, complete := m.Strangers(d, p)
			if !complete {
				t.Errorf("%s: not all pods that policies mean are known", name)
			}
			everyone := sureOrNamed(list[0].Plain)
			for _, s := range list[1:] { // what passes because pods lack labels is not for the entire cluster
				if words := s.Pods.String(); strings.Contains(words, "!") || strings.Contains(words, " not in ") {
					everyone = everyone.Subtract(s.Any.Allowed.Subtract(list[0].Any.Allowed))
				}
			}
			got.addRow(name, entireCluster, incoming, everyone.Intersect(asked))
			for _, s := range list[1:] {
				row := rowOf(rows, name, incoming, s.Pods.String())
				if special := !s.Any.Allowed.Subtract(everyone).None(); row != "" || special && noPod(s.Pods) {
					got.addRow(name, cmp.Or(row, s.Pods.String()), incoming, sureOrNamed(s.Any).Intersect(asked))
				}
			}
			for _, q := range m.Peers() {
				if q.External() {
					got.addOutsideRow(p, q, incoming, m, asked)
				}
			}
		}
	}
	return compareLines(want.lines(), got.lines())
}

// sureOrNamed are the ports that surely pass; when there are none, those that are not known: ports have names, which every
// pod can give to another number.
func sureOrNamed(c network.Connection) network.Ports {
	if c.Allowed.None() && c.Unknown.Equal(namedTCP()) {
		return c.Unknown
	}
	return c.Allowed
}

func namedTCP() network.Ports {
	return network.PortRange(network.TCP, network.Range{First: 1, Last: math.MaxUint16})
}

// parseNamedPorts reads the ports of a row; names are whatever number of TCP.
func parseNamedPorts(t *testing.T, text string) network.Ports {
	t.Helper()
	if names, found := strings.CutPrefix(text, "TCP "); found && strings.Trim(names, "0123456789,-") != "" && !strings.Contains(names, " ") {
		return namedTCP()
	}
	return parsePorts(t, text)
}

func (c *connTable) addRow(workload, to string, incoming bool, ports network.Ports) {
	if incoming {
		c.addNamed(to, workload, ports)
	} else {
		c.addNamed(workload, to, ports)
	}
}

func (c *connTable) addOutsideRow(p, outside *network.Peer, incoming bool, m *network.Map, asked network.Ports) {
	if incoming {
		c.addOutside(c.in, analyzerName(p), outside.Addresses, m.Allowed(outside, p).Allowed.Intersect(asked))
	} else {
		c.addOutside(c.out, analyzerName(p), outside.Addresses, m.Allowed(p, outside).Allowed.Intersect(asked))
	}
}

// rowOf finds the row of a workload that is about some pods, which are described in our words; "" when there is none.
func rowOf(rows []exposureRow, workload string, incoming bool, words string) string {
	for _, r := range rows {
		if r.workload == workload && r.incoming == incoming && slices.Contains(podsInWords(r.to), words) {
			return r.to
		}
	}
	return ""
}

// podsInWords is how network.Pods may describe the pods of a row: "pods with app=web in the namespace shop".
func podsInWords(target string) []string {
	namespace, pods, found := strings.Cut(target, "/[")
	if !found {
		return nil
	}
	who := "all pods"
	if terms, found := strings.CutPrefix(pods, "pod with "); found {
		who = "pods with " + selectorInWords(terms)
	}
	if namespace == "[all namespaces]" {
		return []string{who + " in every namespace"}
	}
	if terms, found := strings.CutPrefix(namespace, "[namespace with "); found {
		return []string{who + " in namespaces with " + selectorInWords(terms)}
	}
	return []string{who + " in the namespace " + namespace, who + " in namespaces with kubernetes.io/metadata.name=" + namespace}
}

var selectorTerm = regexp.MustCompile(`\{Key:([^,]*),Operator:(\w+),Values:\[([^\]]*)\],\}|([\w./-]+)=([\w./-]*)`)

// selectorInWords puts "{app=web}" or "{{Key:app,Operator:In,Values:[web api],},}" into our words.
func selectorInWords(text string) string {
	var terms []string
	for _, m := range selectorTerm.FindAllStringSubmatch(text, -1) {
		values := strings.Fields(m[3])
		slices.Sort(values)
		list := "(" + strings.Join(values, ", ") + ")"
		switch {
		case m[4] != "":
			terms = append(terms, m[4]+"="+m[5])
		case m[2] == "In" && len(values) == 1:
			terms = append(terms, m[1]+"="+values[0])
		case m[2] == "In":
			terms = append(terms, m[1]+" in "+list)
		case m[2] == "NotIn":
			terms = append(terms, m[1]+" not in "+list)
		case m[2] == "Exists":
			terms = append(terms, m[1])
		case m[2] == "DoesNotExist":
			terms = append(terms, "!"+m[1])
		}
	}
	return strings.Join(terms, ", ")
}
