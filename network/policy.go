package network

import (
	"fmt"
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A Direction is what a NetworkPolicy can isolate pods in.
type Direction uint8

// The directions, as seen from the pods that a policy selects.
const (
	Ingress Direction = iota
	Egress
	directions = 2
)

func (d Direction) String() string { return [...]string{"ingress", "egress"}[d] }

// peersField is the field of a rule that lists its peers.
func (d Direction) peersField() string { return [...]string{"from", "to"}[d] }

// A policy is a NetworkPolicy as the API server would store it, with its defaults.
type policy struct {
	object   *inventory.Object
	name     string // for sentences: "NetworkPolicy shop/deny"
	pods     selector
	isolates [directions]tri
	rules    [directions][]rule
	// doubt is why the policy as a whole may not be in force; "" when it is.
	doubt string
	// wild says that the rules are not known at all.
	wild bool
}

// A rule allows what matches one of its peers and one of its ports.
type rule struct {
	index  int // in the policy's list; the paths are made from it
	anyone bool
	peers  []rulePeer
	ports  []rulePort // none: all
	// doubt is why what the rule allows is not known, beyond its peers and ports; "" when it is.
	doubt string
}

// A rulePeer is one item of from or to: addresses or pods, or broken.
type rulePeer struct {
	index  int
	broken string // why it cannot be read: it may be anyone
	block  *addressSet
	// everywhere says that namespaces chooses the namespaces; else it is the policy's own.
	everywhere       bool
	namespaces, pods selector
}

// A rulePort is one item of ports.
type rulePort struct {
	index  int
	ports  Ports  // when neither name nor broken is set
	name   string // a port's name, of the protocol
	proto  Protocol
	broken string // why it cannot be read: it may be any of ports
}

func (p *policy) rulePath(d Direction, r *rule) finding.Path {
	return finding.Path("spec").Field(d.String()).Index(r.index)
}

func (p *policy) peerPath(d Direction, r *rule, peer *rulePeer) finding.Path {
	return p.rulePath(d, r).Field(d.peersField()).Index(peer.index)
}

// A policyReader reads one NetworkPolicy.
type policyReader struct {
	*warner
	p *policy
}

// readPolicy reads an object of any shape. What cannot be read is taken for what may be anything.
func readPolicy(w *warner, o *inventory.Object) *policy {
	w.begin(o)
	r := policyReader{w, &policy{object: o, name: o.String()}}
	spec, isMap := o.Content["spec"].(map[string]any)
	if o.Content["spec"] != nil && !isMap {
		r.refuse("spec", "spec is no object")
		r.p.wild, r.p.doubt = true, "its spec cannot be read"
		r.p.isolates = [directions]tri{maybe, maybe}
		return r.p
	}
	var err error
	if r.p.pods, err = parseStrictSelector(spec["podSelector"]); err != nil {
		r.refuse("spec.podSelector", "%v", err)
	}
	for d := range Direction(directions) {
		r.rules(spec, d)
	}
	r.types(spec)
	w.end()
	return r.p
}

// types finds which directions the policy isolates. Without policyTypes that is ingress, and egress when there are
// egress rules.
func (r *policyReader) types(spec map[string]any) {
	list, err := listIn(spec, "policyTypes")
	if err != nil {
		r.refuse("spec.policyTypes", "%v", err)
		r.doubtTypes()
		return
	}
	if len(list) == 0 {
		r.p.isolates[Ingress] = yes
		r.p.isolates[Egress] = triOf(len(r.p.rules[Egress]) > 0)
		return
	}
	for i, item := range list {
		switch item {
		case "Ingress":
			r.p.isolates[Ingress] = yes
		case "Egress":
			r.p.isolates[Egress] = yes
		default:
			r.refuse(finding.Path("spec.policyTypes").Index(i), "a policy type is neither Ingress nor Egress")
			r.doubtTypes()
			return
		}
	}
	if len(list) > directions {
		r.refuse("spec.policyTypes", "there are more than two policy types")
	}
	for d := range Direction(directions) {
		if r.p.isolates[d] == no && len(r.p.rules[d]) > 0 {
			r.warn(NoEffect, finding.Path("spec").Field(d.String()), "policyTypes does not name %s, so that these rules have no effect", d)
		}
	}
}

func (r *policyReader) doubtTypes() {
	r.p.isolates = [directions]tri{maybe, maybe}
	r.p.doubt = "its policyTypes cannot be read"
}

func (r *policyReader) rules(spec map[string]any, d Direction) {
	path := finding.Path("spec").Field(d.String())
	list, err := listIn(spec, d.String())
	if err != nil {
		r.refuse(path, "%v", err)
		r.p.rules[d] = []rule{{doubt: "the rules cannot be read"}}
		return
	}
	r.p.rules[d] = make([]rule, len(list))
	for i, item := range list {
		r.p.rules[d][i] = r.rule(item, i, d)
	}
}

func (r *policyReader) rule(item any, index int, d Direction) rule {
	out := rule{index: index}
	m, isMap := item.(map[string]any)
	if item != nil && !isMap { // null is read as {}, which allows everything
		r.refuseAt(&out, d, "", "the rule is no object")
		out.doubt = "the rule cannot be read"
		return out
	}
	peers, err := listIn(m, d.peersField())
	if err != nil {
		r.refuseAt(&out, d, d.peersField(), "%v", err)
		out.doubt = "the peers cannot be read"
		return out
	}
	ports, err := listIn(m, "ports")
	if err != nil {
		r.refuseAt(&out, d, "ports", "%v", err)
		out.doubt = "the ports cannot be read"
		return out
	}
	out.anyone = len(peers) == 0
	for i, item := range peers {
		peer := readPeer(item, func(path finding.Path, fact, format string, args ...any) {
			r.warn(fact, under(r.p.rulePath(d, &out).Field(d.peersField()).Index(i), path), format, args...)
		})
		peer.index = i
		out.peers = append(out.peers, peer)
	}
	for i, item := range ports {
		port, err := readPort(item)
		if port.index = i; err != nil {
			port.broken = err.Error()
			if r.wanted() {
				r.refuse(r.p.rulePath(d, &out).Field("ports").Index(i), "%v", err)
			}
		}
		out.ports = append(out.ports, port)
	}
	return out
}

func under(path, rest finding.Path) finding.Path {
	if rest == "" {
		return path
	}
	return path + "." + rest
}

func (r *policyReader) refuseAt(rule *rule, d Direction, field string, format string, args ...any) {
	r.refuse(under(r.p.rulePath(d, rule), finding.Path(field)), format, args...)
}

// readPort reads an item of ports. With an error, what the item may stand for is in ports.
func readPort(item any) (rulePort, error) {
	m, isMap := item.(map[string]any)
	if item != nil && !isMap {
		return rulePort{ports: AllPorts()}, fmt.Errorf("the port is no object")
	}
	proto := TCP
	if raw := m["protocol"]; raw != nil {
		text, _ := raw.(string)
		var err error
		if proto, err = ParseProtocol(text); err != nil {
			return rulePort{ports: AllPorts()}, err
		}
	}
	out := rulePort{proto: proto, ports: PortRange(proto, Range{1, maxPort})}
	end := m["endPort"]
	switch port := m["port"].(type) {
	case nil:
		if end != nil {
			return out, fmt.Errorf("there is an endPort and no port")
		}
		return out, nil
	case string:
		if end != nil {
			return out, fmt.Errorf("there is an endPort and the port %q is a name", port)
		}
		if !isPortName(port) {
			return out, fmt.Errorf("the port %q is neither a number nor the name of a port", port)
		}
		out.name = port
		return out, nil
	default:
		first, err := portNumber(port)
		if err != nil {
			return out, err
		}
		last := first
		if end != nil {
			if last, err = portNumber(end); err != nil {
				return out, fmt.Errorf("endPort: %w", err)
			}
		}
		if last < first {
			return out, fmt.Errorf("endPort %d is below port %d", last, first)
		}
		out.ports = PortRange(proto, Range{first, last})
		return out, nil
	}
}

// PortNumber is the number of a port in an object; 0 for what is none.
func PortNumber(raw any) uint16 {
	n, _ := portNumber(raw)
	return n
}

func portNumber(raw any) (uint16, error) {
	n, isNumber := number(raw)
	if !isNumber {
		return 0, fmt.Errorf("the port is no whole number")
	}
	if n < 1 || n > maxPort {
		return 0, fmt.Errorf("the port %d is not between 1 and %d", n, maxPort)
	}
	return uint16(n), nil
}

// number is a whole number as JSON decodes it.
func number(raw any) (n int64, ok bool) {
	switch v := raw.(type) {
	case int64:
		return v, true
	case int:
		return int64(v), true
	case float64:
		return int64(v), float64(int64(v)) == v
	}
	return 0, false
}

// isPortName says whether the API server takes a text for a port's name: at most 15 lower-case letters, digits and
// single inner hyphens, with a letter among them.
func isPortName(text string) bool {
	letter := false
	for i := range len(text) {
		c := text[i]
		switch {
		case c >= 'a' && c <= 'z':
			letter = true
		case c >= '0' && c <= '9':
		case c == '-' && i > 0 && i < len(text)-1 && text[i-1] != '-':
		default:
			return false
		}
	}
	return letter && len(text) <= 15
}

// A namedPort is a port's name with its protocol.
type namedPort struct {
	proto Protocol
	name  string
}

// sortPolicies orders policies by namespace and name.
func sortPolicies(policies []*policy) {
	slices.SortStableFunc(policies, func(a, b *policy) int { return a.object.Compare(b.object.Ref) })
}
