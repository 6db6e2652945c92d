package conformance

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
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

// sameExposure compares the connections, what the rows say of pods that are not there yet, and which workloads no policy
// selects. For each row a pod that it means is added to the objects.
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
	return out + c.compareExposure(t, inv, rows)
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

// compareExposure asks about a pod for each row. Of the entire cluster and of addresses, what has no row has to be
// closed.
func (c analyzerCase) compareExposure(t *testing.T, inv *inventory.Inventory, rows []exposureRow) string {
	asked := c.ports(t)
	names := []string{entireCluster}
	for _, r := range rows {
		names = append(names, r.to)
	}
	guests := newGuests(inv, names)
	for _, r := range rows {
		guests.namePorts(r.ports)
	}
	whole := guests.join(inv)
	m := network.New(whole)
	workloads := c.focused(m)
	want, got := newConnTable(), newConnTable()
	for _, r := range rows {
		ports := asked
		if r.ports != "" {
			ports = guests.ports(t, r.ports)
		}
		want.addRow(r.workload, r.to, r.incoming, ports)
	}
	for name, p := range workloads {
		if strings.HasPrefix(name, guestNamespace) || strings.Contains(name, guestName) {
			continue
		}
		for _, d := range c.directions() {
			incoming := d == network.Ingress
			for _, to := range slices.Compact(slices.Sorted(slices.Values(names))) {
				has := slices.ContainsFunc(rows, func(r exposureRow) bool { return r.workload == name && r.incoming == incoming && r.to == to })
				if has || to == entireCluster {
					got.addRow(name, to, incoming, guests.ask(m, p, to, incoming).Intersect(asked))
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

const (
	guestNamespace = "guests-"
	guestName      = "guest-"
)

// guests are pods that rows mean, and that are added to the objects of a case.
type guests struct {
	objects    []*inventory.Object
	namespaces map[string]bool
	of         map[string][]podKey // by row: what all of them can do is what the row is about
	named      map[string]uint16
}

type podKey struct{ namespace, name string }

// newGuests makes pods for each target of rows.
func newGuests(inv *inventory.Inventory, targets []string) *guests {
	g := &guests{namespaces: map[string]bool{}, of: map[string][]podKey{}, named: map[string]uint16{}}
	for _, o := range inv.Of("", "Namespace") {
		g.namespaces[o.Name] = true
	}
	excluded := excludedLabels(inv)
	for _, target := range targets {
		switch {
		case g.of[target] != nil || strings.HasSuffix(target, "[External]"):
			continue
		case !strings.Contains(target, "/["):
			// Any pod there may ever be: one without labels, and one with all those that policies ask to be absent.
			g.add(target, "", nil, nil)
			g.add(target, "", excluded, excluded)
			continue
		}
		namespace, pods, _ := strings.Cut(target, "/[")
		name, labels := namespace, []map[string]string{nil}
		if strings.HasPrefix(namespace, "[") {
			name, labels = "", selectedLabels(namespace, excluded)
		}
		for _, ofNamespace := range labels {
			for _, ofPod := range selectedLabels(pods, excluded) {
				g.add(target, name, ofNamespace, ofPod)
			}
		}
	}
	return g
}

// add makes a pod in a namespace; "" is a new one.
func (g *guests) add(target, namespace string, namespaceLabels, labels map[string]string) {
	n := len(g.objects)
	if namespace == "" {
		namespace = fmt.Sprint(guestNamespace, n)
	}
	if !g.namespaces[namespace] {
		g.namespaces[namespace] = true
		g.objects = append(g.objects, guestObject("Namespace", "", namespace, namespaceLabels))
	}
	pod := guestObject("Pod", namespace, fmt.Sprint(guestName, n), labels)
	g.objects = append(g.objects, pod)
	g.of[target] = append(g.of[target], podKey{namespace, pod.Name})
}

func guestObject(kind, namespace, name string, labels map[string]string) *inventory.Object {
	all := map[string]any{}
	for k, v := range labels {
		all[k] = v
	}
	metadata := map[string]any{"name": name, "labels": all}
	if namespace != "" {
		metadata["namespace"] = namespace
	}
	return &inventory.Object{
		Ref:     finding.Ref{Kind: kind, Namespace: namespace, Name: name},
		Content: map[string]any{"apiVersion": "v1", "kind": kind, "metadata": metadata},
	}
}

var selectorTerm = regexp.MustCompile(`\{Key:([^,]*),Operator:(\w+),Values:\[([^\]]*)\],\}|([\w./-]+)=([\w./-]*)`)

// selectedLabels are sets of labels that "{app=web}" or "{{Key:app,Operator:In,Values:[web api],},}" selects: those that
// policies may tell apart.
func selectedLabels(text string, excluded map[string]string) []map[string]string {
	first, second := map[string]string{}, map[string]string{}
	for _, m := range selectorTerm.FindAllStringSubmatch(text, -1) {
		key, values := m[1], strings.Fields(m[3])
		switch {
		case m[4] != "":
			first[m[4]], second[m[4]] = m[5], m[5]
		case m[2] == "In":
			first[key], second[key] = values[0], values[len(values)-1]
		case m[2] == "Exists":
			first[key], second[key] = "any", cmp.Or(excluded[key], "any")
		case m[2] == "NotIn":
			second[key] = "another"
		}
	}
	return []map[string]string{first, second}
}

// excludedLabels are labels that some policy asks to be absent, or not to have these values.
func excludedLabels(inv *inventory.Inventory) map[string]string {
	out := map[string]string{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				walk(item)
			}
		case map[string]any:
			if key := inventory.String(v, "key"); key != "" {
				switch inventory.String(v, "operator") {
				case "DoesNotExist":
					out[key] = "any"
				case "NotIn":
					out[key] = fmt.Sprint(append(inventory.List(v, "values"), "")[0])
				}
			}
			for _, item := range v {
				walk(item)
			}
		}
	}
	for _, o := range inv.All() {
		if strings.HasSuffix(o.Kind, "NetworkPolicy") {
			walk(o.Content["spec"])
		}
	}
	return out
}

// namePorts gives all pods the ports that a row names: "TCP http,local-dns".
func (g *guests) namePorts(ports string) {
	for _, field := range strings.FieldsFunc(ports, func(r rune) bool { return r == ',' || r == ' ' }) {
		if field == strings.ToLower(field) && strings.ContainsAny(field, "abcdefghijklmnopqrstuvwxyz") && g.named[field] == 0 {
			g.named[field] = uint16(60001 + len(g.named))
		}
	}
}

// ports reads the ports of a row.
func (g *guests) ports(t *testing.T, text string) network.Ports {
	t.Helper()
	for name, number := range g.named {
		text = strings.ReplaceAll(text, name, fmt.Sprint(number))
	}
	return parsePorts(t, text)
}

// join is an inventory with the pods.
func (g *guests) join(inv *inventory.Inventory) *inventory.Inventory {
	var ports []any
	for _, name := range slices.Sorted(maps.Keys(g.named)) {
		ports = append(ports, map[string]any{"name": name, "containerPort": int64(g.named[name])})
	}
	for _, o := range g.objects {
		if o.Kind == "Pod" {
			o.Content["spec"] = map[string]any{"containers": []any{map[string]any{"name": "main", "ports": ports}}}
		}
	}
	return inventory.New(inv.Source, inv.Taken, inv.Version, append(slices.Clone(inv.All()), g.objects...), inv.Gaps)
}

// ask says which ports the policies of a workload surely let through to or from all pods of a row. What policies of these
// pods say is not asked.
func (g *guests) ask(m *network.Map, p *network.Peer, target string, incoming bool) network.Ports {
	out := network.AllPorts()
	for _, key := range g.of[target] {
		guest := m.Workload(key.namespace, "Pod", key.name)[0]
		if incoming {
			out = out.Intersect(m.Judge(guest, p, network.AllPorts()).Ingress.Allowed)
		} else {
			out = out.Intersect(m.Judge(p, guest, network.AllPorts()).Egress.Allowed)
		}
	}
	return out
}
