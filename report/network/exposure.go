package network

import (
	"fmt"
	"slices"

	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/exposure"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// An ExposureReport answers what is open: to the internet, to other namespaces, to everybody.
type ExposureReport struct {
	Header
	// Summary counts workloads by level, and those that a direction is open for.
	Summary ExposureSummary `json:"summary"`
	// Items are workloads, the most open first.
	Items []ExposedWorkload `json:"items"`
	// Ways are what leads in from outside, also where it leads to no workload.
	Ways []WayIn `json:"ways"`
}

// An ExposureSummary counts workloads.
type ExposureSummary struct {
	Workloads int            `json:"workloads"`
	Levels    map[string]int `json:"levels"`
	// UnguardedIngress and UnguardedEgress are workloads with pods that no policy selects in a direction.
	UnguardedIngress int `json:"unguardedIngress"`
	UnguardedEgress  int `json:"unguardedEgress"`
	// EgressInternet and EgressCluster are workloads that may send to addresses of the internet, or to every pod.
	EgressInternet int `json:"egressInternet"`
	EgressCluster  int `json:"egressCluster"`
}

// An ExposedWorkload is one item.
type ExposedWorkload struct {
	Workload string         `json:"workload"`
	Kind     string         `json:"kind"`
	Level    exposure.Level `json:"level"`
	Doors    []Door         `json:"doors"`
	// Ingress and Egress are to whom policies open it; one for each sort of pods that policies tell apart.
	Ingress []OpenSide `json:"ingress"`
	Egress  []OpenSide `json:"egress"`
}

// A WayIn is one way from outside.
type WayIn struct {
	Kind    string        `json:"kind"`
	Object  Object        `json:"object"`
	Gateway *Object       `json:"gateway,omitempty"`
	Hosts   []string      `json:"hosts"`
	Zone    exposure.Zone `json:"zone"`
	ZoneWhy string        `json:"zoneWhy,omitempty"`
	Sources []string      `json:"sources"`
	Doubts  []string      `json:"doubts"`
	Refused []string      `json:"refused"`
	Doors   int           `json:"doors"`
}

// An Object is one of Kubernetes.
type Object struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

// A Door is a port of a workload that a way leads to.
type Door struct {
	Way      int             `json:"way"` // the place in ways
	Port     uint16          `json:"port,omitempty"`
	Protocol string          `json:"protocol"`
	Target   uint16          `json:"target,omitempty"` // of the pods
	Zone     exposure.Zone   `json:"zone"`
	Sender   exposure.Sender `json:"sender"`
	Answer   network.Answer  `json:"answer"`
	Partly   bool            `json:"partly,omitempty"` // it leads to some of the pods only
	From     []End           `json:"from"`             // the only addresses that are let in; none: all
	Because  []string        `json:"because"`
}

// An OpenSide is to whom policies open a workload in a direction.
type OpenSide struct {
	Policies []Object `json:"policies"`
	// Guarded says whether a policy selects it: "yes", "no", "unknown".
	Guarded  string       `json:"guarded"`
	Internet OpenTo       `json:"internet"`
	Beyond   OpenTo       `json:"beyond"` // addresses outside of the cluster that are not of the internet
	Cluster  OpenTo       `json:"cluster"`
	Others   []OpenToPods `json:"others"`
	More     bool         `json:"more,omitempty"` // that there are others
}

// OpenTo is ports.
type OpenTo struct {
	All     bool        `json:"all"` // every port; ports is then empty
	Ports   []PortRange `json:"ports"`
	Unknown []PortRange `json:"unknown"`
	// Everyone says that the ports are open for all that are meant; else for some.
	Everyone bool `json:"everyone"`
}

// OpenToPods is ports for the pods that selectors mean, existing or to come.
type OpenToPods struct {
	Pods       string         `json:"pods"`                // in words
	Namespace  string         `json:"namespace,omitempty"` // the only one, of a policy that means its own
	Namespaces []network.Term `json:"namespaces"`          // conditions on labels
	Labels     []network.Term `json:"labels"`
	OpenTo
}

// ExposureOf is the answer to what is open. With a namespace only its workloads are told.
func ExposureOf(h Header, e *exposure.Exposure, namespace string) *answer.Document {
	x := &exposed{exposure: e, ways: map[*exposure.Way]int{}}
	x.body = ExposureReport{Header: h, Items: []ExposedWorkload{}, Ways: []WayIn{}}
	x.body.Summary.Levels = map[string]int{}
	for _, l := range exposure.Levels() {
		x.body.Summary.Levels[l.String()] = 0
	}
	for _, w := range e.Ways() {
		leads := func(d *exposure.Door) bool { return d.Peer.Namespace() == namespace }
		if namespace == "" || w.Object.Namespace == namespace || slices.ContainsFunc(w.Doors, leads) {
			x.ways[w] = len(x.body.Ways)
			x.body.Ways = append(x.body.Ways, wayIn(w))
		}
	}
	for _, w := range e.Workloads() {
		if namespace == "" || w.Object.Namespace == namespace {
			x.workloads = append(x.workloads, w)
			x.add(w)
		}
	}
	doc := document(h, x.body, x.wayTable(), x.openTable())
	rest := doc.Remarks
	doc.Remarks = func(all bool) []string { return append(x.refusals(all), rest(all)...) }
	doc.Text = x.write
	doc.Unseen, doc.Limits = unseenExposure(), "not everything that leads in is an object of Kubernetes"
	return doc
}

// An exposed is an answer in the making.
type exposed struct {
	exposure  *exposure.Exposure
	body      ExposureReport
	ways      map[*exposure.Way]int
	workloads []*exposure.Workload
}

func (x *exposed) add(w *exposure.Workload) {
	item := ExposedWorkload{Workload: w.Object.Namespace + "/" + w.Object.Name, Kind: w.Object.Kind, Level: w.Level, Doors: []Door{}}
	for _, d := range w.Doors {
		item.Doors = append(item.Doors, Door{
			Way: x.ways[d.Way], Port: d.Port, Protocol: d.Protocol.String(), Target: d.Target, Zone: d.Zone, Sender: d.Sender,
			Answer: d.Answer, Partly: d.Some, From: append([]End{}, addressEnds(d.From)...), Because: append([]string{}, d.Because...),
		})
	}
	s := &x.body.Summary
	s.Workloads++
	s.Levels[w.Level.String()]++
	var open [2]bool
	var internet, cluster bool
	for d, sides := range []*[]OpenSide{&item.Ingress, &item.Egress} {
		seen := map[*exposure.Open]bool{}
		for _, p := range w.Peers {
			o := x.exposure.Open(network.Direction(d), p)
			if seen[o] {
				continue
			}
			seen[o] = true
			*sides = append(*sides, openSide(o))
			open[d] = open[d] || o.Guard.Open()
			if network.Direction(d) == network.Egress {
				internet = internet || !o.Internet.Allowed.None()
				cluster = cluster || !o.Cluster.Plain.Allowed.None()
			}
		}
	}
	for _, c := range []struct {
		is bool
		n  *int
	}{
		{open[network.Ingress], &s.UnguardedIngress}, {open[network.Egress], &s.UnguardedEgress},
		{internet, &s.EgressInternet}, {cluster, &s.EgressCluster},
	} {
		if c.is {
			*c.n++
		}
	}
	x.body.Items = append(x.body.Items, item)
}

func objectOf(o *inventory.Object) Object { return Object{o.Kind, o.Namespace, o.Name} }

func wayIn(w *exposure.Way) WayIn {
	out := WayIn{
		Kind: w.Kind.String(), Object: objectOf(w.Object), Hosts: append([]string{}, w.Hosts...), Zone: w.Zone, ZoneWhy: w.ZoneWhy,
		Sources: []string{}, Doubts: append([]string{}, w.Doubts...), Refused: append([]string{}, w.Refused...), Doors: len(w.Doors),
	}
	if w.Gateway != nil {
		g := objectOf(w.Gateway)
		out.Gateway = &g
	}
	for _, p := range w.Sources {
		out.Sources = append(out.Sources, p.String())
	}
	return out
}

func openSide(o *exposure.Open) OpenSide {
	out := OpenSide{
		Policies: []Object{}, Guarded: "yes", More: o.More, Others: []OpenToPods{},
		Internet: openTo(o.Internet.Connection, o.Internet.All), Beyond: openTo(o.Beyond.Connection, o.Beyond.All),
		Cluster: openToPods(o.Cluster),
	}
	switch {
	case o.Guard.Open():
		out.Guarded = "no"
	case len(o.Guard.Policies) == 0:
		out.Guarded = "unknown"
	}
	for _, p := range o.Guard.Policies {
		out.Policies = append(out.Policies, objectOf(p))
	}
	for _, s := range o.Others {
		namespaces, labels := s.Pods.Terms()
		out.Others = append(out.Others, OpenToPods{
			Pods: s.Pods.String(), Namespace: s.Pods.Only(), Namespaces: terms(namespaces), Labels: terms(labels),
			OpenTo: openToPods(s),
		})
	}
	return out
}

// openToPods is what passes for pods: for every one, or for those without labels that policies ask for.
func openToPods(s network.Stranger) OpenTo {
	return openTo(network.Connection{Allowed: s.Any.Allowed.Union(s.Plain.Allowed)}, s.Plain.Allowed.Subtract(s.Any.Allowed).None())
}

// terms are conditions without nulls.
func terms(list []network.Term) []network.Term {
	out := append([]network.Term{}, list...)
	for i := range out {
		out[i].Values = append([]string{}, out[i].Values...)
	}
	return out
}

func openTo(c network.Connection, everyone bool) OpenTo {
	out := OpenTo{All: c.Allowed.All(), Ports: []PortRange{}, Unknown: portRanges(c.Unknown), Everyone: everyone}
	if !out.All {
		out.Ports = portRanges(c.Allowed)
	}
	return out
}

// refusals are what ways ask for and do not get, and ways that lead to nothing.
func (x *exposed) refusals(all bool) []string {
	const most = 5
	var out []string
	more := 0
	for _, w := range x.body.Ways {
		reasons := w.Refused
		if len(reasons) == 0 && w.Doors == 0 && len(w.Doubts) == 0 {
			reasons = []string{"it leads to no pod that was read"}
		}
		for _, r := range reasons {
			if all || len(out) < most {
				out = append(out, fmt.Sprintf("%s %s/%s: %s", w.Object.Kind, w.Object.Namespace, w.Object.Name, r))
			} else {
				more++
			}
		}
	}
	if more > 0 {
		out = append(out, fmt.Sprintf("and %s about ways in: --verbose shows all", display.Plural(more, "more remark")))
	}
	return out
}
