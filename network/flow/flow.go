// Package flow reads flow logs: who talked to whom, on which port. It tells the formats of Hubble, Calico, GKE, Istio and
// plain tables apart by content, streams them in bounded memory on all cores, and goes on at lines that are broken. It opens
// no files itself and never guesses: what a log does not say stays empty.
package flow

import (
	"net/netip"
	"strings"
	"time"
)

// A Flow is one observation of a connection, or of several that a log has put together. A consumer may keep a
// copy: what its slices hold is shared and never written to.
type Flow struct {
	// Shape is how the log wrote the flow. File and Line say where.
	Shape Shape
	File  string
	Line  int

	// First and Last are when it was observed; the same time where the log has only one, zero where it has none.
	First, Last time.Time
	// Source opened the connection to Destination. In what a log says of replies, the ends have been changed back.
	Source, Destination Peer
	// Orientation says how it is known which end is the source.
	Orientation Orientation
	Protocol    Protocol
	// Port is that of the destination, behind any service: what a NetworkPolicy sees. It is 0 for ICMP, and where only the
	// port of the service is known.
	Port uint16
	// Service is what the source asked for, where the log knows it.
	Service Service
	Verdict Verdict
	// Reporter is the end where the flow was observed. Logs of both ends have every connection twice.
	Reporter Reporter
	// Reply says that packets of the answer were observed: the connection did come about.
	Reply bool
	// Count is how many connections, requests or packets the flow stands for, as its log counts; 1 where it does not.
	Count int64
	// Bytes were sent in both directions, 0 where the log does not say.
	Bytes int64
}

// A Peer is one end of a flow. All that is known may still be only an address.
type Peer struct {
	Namespace string `json:"namespace,omitempty"`
	// Pod is the pod's name. PodPrefix is what the names of several pods begin with, where the log has put them together.
	Pod       string `json:"pod,omitempty"`
	PodPrefix string `json:"podPrefix,omitempty"`
	// Workload owns the pod, as the log names it: often the Deployment. In plain tables the kind may be "": then it is the
	// name of a pod or of a workload.
	Workload       Workload `json:"workload,omitzero"`
	ServiceAccount string   `json:"serviceAccount,omitempty"`
	// Labels are those of the pod, by key.
	Labels []Label `json:"labels,omitempty"`
	// Address is a single address, or a network where the log (or Collect) has put addresses together.
	Address netip.Prefix `json:"address,omitzero"`
	// Names are DNS names of the address. NetworkSet is how Calico calls the set of networks it is in.
	Names      []string `json:"names,omitempty"`
	NetworkSet string   `json:"networkSet,omitempty"`
	Identity   Identity `json:"identity,omitempty"`
}

// A Workload is a controller of pods.
type Workload struct {
	Kind string `json:"kind,omitempty"`
	Name string `json:"name,omitempty"`
}

// A Label of a pod.
type Label struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// A Service is what a source asked for. Port is its number, PortName its name; either may be missing.
type Service struct {
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
	PortName  string `json:"portName,omitempty"`
	Port      uint16 `json:"port,omitempty"`
}

// An Identity is what an end is that is no pod.
type Identity string

// The identities. Cilium knows them all, Calico knows world, private and host.
const (
	World      Identity = "world"       // outside the cluster
	Private    Identity = "private"     // an address of a private network that the network plugin does not know
	Host       Identity = "host"        // the node that observed the flow, and its pods on the host network
	RemoteNode Identity = "remote-node" // another node, and its pods on the host network
	APIServer  Identity = "kube-apiserver"
	Health     Identity = "health"    // the network plugin's probe of nodes
	Ingress    Identity = "ingress"   // the network plugin's own ingress proxy
	Unmanaged  Identity = "unmanaged" // a pod that the network plugin does not enforce for
	Init       Identity = "init"      // a pod whose labels are not known yet
)

// OnHost says that the end is a node or a pod on the network of its node: what no pod selector selects.
func (p *Peer) OnHost() bool { return p.Identity == Host || p.Identity == RemoteNode }

// Known says whether the end can be found again: by name, address or identity.
func (p *Peer) Known() bool {
	return p.Pod != "" || p.PodPrefix != "" || p.Workload.Name != "" || p.ServiceAccount != "" || p.Address.IsValid() ||
		len(p.Names) > 0 || p.NetworkSet != "" || p.Identity != ""
}

// InCluster says whether the log knows the end as something in a namespace.
func (p *Peer) InCluster() bool { return p.Namespace != "" }

// String is a short name of the end.
func (p *Peer) String() string {
	name := ""
	switch {
	case p.Workload.Name != "" && p.Workload.Kind != "":
		name = p.Workload.Kind + "/" + p.Workload.Name
	case p.Workload.Name != "":
		name = p.Workload.Name
	case p.Pod != "":
		name = p.Pod
	case p.PodPrefix != "":
		name = p.PodPrefix + "*"
	case p.ServiceAccount != "":
		name = "ServiceAccount/" + p.ServiceAccount
	case p.NetworkSet != "":
		name = "NetworkSet/" + p.NetworkSet
	}
	if name != "" {
		return strings.TrimPrefix(p.Namespace+"/"+name, "/")
	}
	switch {
	case p.Identity != "" && !(p.Identity == World && p.Address.IsValid()):
		return string(p.Identity)
	case p.Address.IsSingleIP():
		return p.Address.Addr().String()
	case p.Address.IsValid():
		return p.Address.String()
	case len(p.Names) > 0:
		return p.Names[0]
	case p.Namespace != "":
		return p.Namespace + "/"
	}
	return "unknown"
}

// A Shape is how a log writes its flows.
type Shape string

// The shapes.
const (
	Hubble       Shape = "hubble"
	CalicoFelix  Shape = "calico"   // flow logs of Calico Enterprise and Calico Cloud
	CalicoFlows  Shape = "goldmane" // flows of Goldmane and Whisker, of Calico Open Source
	GKEPolicy    Shape = "gke"      // network policy logging
	EnvoyJSON    Shape = "istio-json"
	EnvoyText    Shape = "istio-text"
	ZTunnel      Shape = "istio-ztunnel"
	PlainTable   Shape = "csv"
	PlainObjects Shape = "json"
)

// A Verdict is what became of a flow.
type Verdict string

// The verdicts. A flow that was lost for other reasons than a policy is unknown.
const (
	VerdictUnknown Verdict = "unknown"
	Forwarded      Verdict = "forwarded"
	Denied         Verdict = "denied"
)

// A Reporter is where a flow was observed.
type Reporter string

// The reporters; "" when the log does not say.
const (
	AtSource      Reporter = "source"
	AtDestination Reporter = "destination"
)

// An Orientation is how it is known which end of a flow opened the connection.
type Orientation string

// The orientations.
const (
	ByLog       Orientation = "log"     // the log says so
	ByPorts     Orientation = "ports"   // only the source's port is one that systems give to clients (32768 and above)
	NotOriented Orientation = "unknown" // source and destination may be the wrong way round
)

// A Protocol is one that policies can name, or ICMP, which they can't.
type Protocol string

// The protocols.
const (
	TCP    Protocol = "TCP"
	UDP    Protocol = "UDP"
	SCTP   Protocol = "SCTP"
	ICMP   Protocol = "ICMP"
	ICMPv6 Protocol = "ICMPv6"
)

// HasPorts says whether the protocol has ports.
func (p Protocol) HasPorts() bool { return p == TCP || p == UDP || p == SCTP }
