package network

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/exposure"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// wayTable is where ways lead to, what lets most through first. Workloads to which a way leads alike share a row.
func (x *exposed) wayTable() answer.Table {
	table := answer.Table{
		Title: "Ways in from outside", Columns: []string{"reached", "from", "through", "workload", "port", "because"},
		Empty: "No way leads in from outside.",
	}
	type row struct {
		cells     []string
		door      *exposure.Door
		workloads []finding.Ref
	}
	byKey, rows := map[string]*row{}, []*row{}
	for _, w := range x.workloads {
		for _, d := range w.Doors {
			cells := []string{reached(d), fromText(d), throughText(d.Way), "", doorPorts(d), strings.Join(d.Because, "; ")}
			key := strings.Join(cells, "\x00")
			r := byKey[key]
			if r == nil {
				r = &row{cells: cells, door: d}
				byKey[key] = r
				rows = append(rows, r)
			}
			if n := len(r.workloads); n == 0 || r.workloads[n-1] != w.Object.Ref {
				r.workloads = append(r.workloads, w.Object.Ref)
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b *row) int {
		return cmp.Or(cmp.Compare(doorRank(b.door), doorRank(a.door)), cmp.Compare(a.door.Way.Kind, b.door.Way.Kind))
	})
	for _, r := range rows {
		slices.SortFunc(r.workloads, byName)
		r.cells[3] = workloadsText(slices.Compact(r.workloads), 3)
		table.Rows = append(table.Rows, r.cells)
	}
	return table
}

func byName(a, b finding.Ref) int {
	return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name), a.Compare(b))
}

// doorRank puts the internet before other networks, and what is sure before what is not; what is denied comes last.
func doorRank(d *exposure.Door) int {
	if d.Answer == network.Denied {
		return -1
	}
	rank := int(d.Answer)
	if d.Zone == exposure.Internet {
		rank += 10
	}
	return rank
}

func reached(d *exposure.Door) string {
	return map[network.Answer]string{network.Allowed: "yes", network.Unknown: "not known", network.Denied: "no"}[d.Answer]
}

func fromText(d *exposure.Door) string {
	if len(d.From) > 0 {
		return addressText(d.From)
	}
	if len(d.Way.Sources) > 0 {
		var parts []string
		for _, p := range d.Way.Sources {
			parts = append(parts, p.String())
		}
		if len(parts) > 4 {
			parts = append(parts[:3], fmt.Sprintf("%d more blocks", len(parts)-3))
		}
		return strings.Join(parts, ", ")
	}
	return map[exposure.Zone]string{
		exposure.Internet: "internet", exposure.Nodes: "where nodes are reached", exposure.Private: "private network",
	}[d.Zone]
}

func throughText(w *exposure.Way) string {
	var text string
	switch w.Kind {
	case exposure.HostPort, exposure.HostNetwork:
		return w.Kind.String()
	case exposure.LoadBalancer, exposure.NodePort, exposure.ExternalIP:
		text = w.Kind.String() + " " + w.Object.Namespace + "/" + w.Object.Name
	default:
		text = w.Object.String()
	}
	if w.Gateway != nil {
		text += " at " + w.Gateway.String()
	}
	if n := len(w.Hosts); n > 0 {
		text += " (" + w.Hosts[0]
		if n > 1 {
			text += fmt.Sprintf(" and %d more", n-1)
		}
		text += ")"
	}
	return text
}

// doorPorts is the port outside and that of the pods, where they differ.
func doorPorts(d *exposure.Door) string {
	if d.Target == 0 {
		return ""
	}
	text := d.Protocol.String() + " "
	if d.Port != 0 && d.Port != d.Target {
		text += strconv.Itoa(int(d.Port)) + " → "
	}
	return text + strconv.Itoa(int(d.Target))
}

// openTable is to whom policies open workloads; those that are alike share a row.
func (x *exposed) openTable() answer.Table {
	table := answer.Table{
		Title:   "Whom policies let in, and where they let out",
		Columns: []string{"open to", "workload", "lets in", "may send to", "ingress policies"},
		Empty:   "No workload was found.",
	}
	type row struct {
		cells     []string
		level     exposure.Level
		workloads []finding.Ref
	}
	byKey, rows := map[string]*row{}, []*row{}
	words := map[*exposure.Open]string{}
	for _, w := range x.workloads {
		level := x.policyLevel(w)
		cells := []string{levelText(level), "", x.sides(words, w, network.Ingress), x.sides(words, w, network.Egress), x.guards(w)}
		key := strings.Join(cells, "\x00")
		r := byKey[key]
		if r == nil {
			r = &row{cells: cells, level: level}
			byKey[key] = r
			rows = append(rows, r)
		}
		r.workloads = append(r.workloads, w.Object.Ref)
	}
	slices.SortStableFunc(rows, func(a, b *row) int { return cmp.Compare(b.level, a.level) })
	for _, r := range rows {
		slices.SortFunc(r.workloads, byName)
		r.cells[1] = workloadsText(r.workloads, 4)
		table.Rows = append(table.Rows, r.cells)
	}
	return table
}

// policyLevel is the level by policies alone, as if no way led in.
func (x *exposed) policyLevel(w *exposure.Workload) exposure.Level {
	level := exposure.OpenToNobody
	for _, p := range w.Peers {
		level = max(level, x.exposure.ByPolicies(p))
	}
	return level
}

func levelText(l exposure.Level) string {
	return map[exposure.Level]string{
		exposure.OpenToInternet: "the internet", exposure.OpenUnclear: "not known", exposure.OpenToCluster: "the whole cluster",
		exposure.OpenToNamespaces: "other namespaces", exposure.OpenToNamespace: "its namespace", exposure.OpenToNobody: "nobody",
	}[l]
}

// sides are the words for a direction; more than one where policies tell pods apart.
func (x *exposed) sides(words map[*exposure.Open]string, w *exposure.Workload, d network.Direction) string {
	var parts []string
	for _, p := range w.Peers {
		o := x.exposure.Open(d, p)
		text, known := words[o]
		if !known {
			text = openText(o, p.Namespace())
			words[o] = text
		}
		if !slices.Contains(parts, text) {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, " | other pods of it: ")
}

func openText(o *exposure.Open, own string) string {
	if o.Guard.Open() && o.Internet.Allowed.All() && o.Cluster.Any.Allowed.All() {
		return "everything"
	}
	var parts []string
	add := func(who string, ports network.Ports) {
		switch {
		case ports.None():
		case ports.All():
			parts = append(parts, who)
		default:
			parts = append(parts, who+": "+strings.ReplaceAll(ports.String(), "; ", ", "))
		}
	}
	internet := "the internet"
	if !o.Internet.All {
		internet = addressText(o.Internet.Addresses)
	}
	add(internet, o.Internet.Allowed)
	if len(o.Beyond.Addresses) > 0 && (!o.Internet.All || !o.Beyond.Allowed.Equal(o.Internet.Allowed)) {
		add(addressText(o.Beyond.Addresses), o.Beyond.Allowed)
	}
	add("every pod", o.Cluster.Any.Allowed)
	add("every pod but for some", o.Cluster.Plain.Allowed.Subtract(o.Cluster.Any.Allowed))
	for i, s := range o.Others {
		if i == 6 && len(o.Others) > 7 {
			parts = append(parts, display.Plural(len(o.Others)-i, "more selector"))
			break
		}
		add(podsText(s.Pods, own), s.Any.Allowed.Union(s.Plain.Allowed).Subtract(o.Cluster.Any.Allowed))
	}
	if unknown := o.Internet.Unknown.Union(o.Beyond.Unknown); !unknown.None() {
		add("not known of addresses outside", unknown)
	}
	if len(parts) == 0 {
		return "nobody"
	}
	return strings.Join(parts, "; ")
}

// podsText says in words which pods are meant, seen from a namespace.
func podsText(pods network.Pods, own string) string {
	text, name := pods.String(), pods.Namespace()
	if namespaces, _ := pods.Terms(); pods.Only() == "" && (name == "" || len(namespaces) != 1) {
		return text
	}
	for _, end := range []string{" in the namespace " + name, " in namespaces with kubernetes.io/metadata.name=" + name} {
		text = strings.TrimSuffix(text, end)
	}
	if name == own {
		return text + " of its namespace"
	}
	return text + " of " + name
}

// guards names the policies that select a workload for ingress.
func (x *exposed) guards(w *exposure.Workload) string {
	var names []string
	for _, p := range w.Peers {
		g := x.exposure.Open(network.Ingress, p).Guard
		for _, o := range g.Policies {
			name := o.Name
			if o.Namespace == "" {
				name = o.Kind + " " + o.Name
			}
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		if g.Unsure && !slices.Contains(names, "not known") {
			names = append(names, "not known")
		}
	}
	if len(names) == 0 {
		return "none"
	}
	if len(names) > 4 {
		names = append(names[:3], fmt.Sprintf("%d more", len(names)-3))
	}
	return strings.Join(names, ", ")
}

// write is the answer for terminals: the counts, and then the tables.
func (x *exposed) write(t *answer.Terminal) {
	s := &x.body.Summary
	t.Heading(fmt.Sprintf("Exposure: %d of %s can be reached from the internet", s.Levels[exposure.FromInternet.String()],
		display.Plural(s.Workloads, "workload")), "")
	for _, line := range []struct {
		n          int
		verb, rest string
	}{
		{s.Levels[exposure.PerhapsFromInternet.String()], "may be", "reached from the internet: it is not known"},
		{s.Levels[exposure.FromOutside.String()], "can be", "reached where the nodes are reached, or from a private network"},
		{s.Levels[exposure.PerhapsFromOutside.String()], "may be", "reached from there: it is not known"},
		{s.Levels[exposure.OpenToInternet.String()], "has", "no way in that was read, but policies let the internet in"},
		{s.Levels[exposure.OpenUnclear.String()], "has", "no way in that was read, and it is not known whether policies let the internet in"},
		{s.Levels[exposure.OpenToCluster.String()], "is", "open to every pod of the cluster"},
		{s.Levels[exposure.OpenToNamespaces.String()], "is", "open to other namespaces"},
		{s.Levels[exposure.OpenToNamespace.String()] + s.Levels[exposure.OpenToNobody.String()], "is",
			"open to its own namespace only, or to nobody"},
		{s.UnguardedIngress, "is", "selected by no policy for ingress"},
		{s.UnguardedEgress, "is", "selected by no policy for egress"},
		{s.EgressInternet, "may", "send to the internet"},
		{s.EgressCluster, "may", "send to every pod of the cluster"},
	} {
		if line.n == 0 {
			continue
		}
		verb := line.verb
		if many := map[string]string{"is": "are", "has": "have"}[verb]; line.n > 1 && many != "" {
			verb = many
		}
		text := verb + " " + line.rest
		if line.n > 1 {
			text = strings.Replace(text, "its own", "their own", 1)
		}
		t.Lead(0, answer.Lead{Word: fmt.Sprintf("%5d", line.n), Paint: t.Bold}, text)
	}
	open := x.openTable()
	open.Columns = open.Columns[:4] // the policies take the room that the rest needs
	for i := range open.Rows {
		open.Rows[i] = open.Rows[i][:4]
	}
	for _, table := range []answer.Table{x.wayTable(), open} {
		t.Line("")
		t.Table(&table)
	}
}

// unseenExposure is what the answer can never show.
func unseenExposure() []string {
	return []string{
		"firewalls, security groups and routes in front of the cluster, which may close what looks open",
		"tunnels that pods open themselves, and whoever may use the API server to reach pods (port-forward, proxy)",
		"what an ingress controller or a service mesh asks of clients before it passes anything on",
		"a node that passes connections on: some plugins take these for the node's own, which reach its pods whatever policies say",
		"ports on which pods of the host network listen without declaring them",
	}
}
