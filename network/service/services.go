package service

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// Services are all Services of an inventory. They are immutable and safe for concurrent use.
type Services struct {
	all    []*Service
	byName map[[2]string]*Service // by namespace and name
	at     map[netip.Addr][]*Service
}

// New finds the Services of an inventory and the peers of its Map that they lead to.
func New(inv *inventory.Inventory, m *network.Map) *Services {
	s := &Services{byName: map[[2]string]*Service{}, at: map[netip.Addr][]*Service{}}
	for _, o := range inv.Of("", "Service") {
		one := read(o)
		s.all = append(s.all, one)
		s.byName[[2]string{o.Namespace, o.Name}] = one
		for _, a := range slices.Concat(one.cluster, one.External) {
			if !slices.Contains(s.at[a], one) {
				s.at[a] = append(s.at[a], one)
			}
		}
	}
	slices.SortStableFunc(s.all, func(a, b *Service) int { return a.Object.Compare(b.Object.Ref) })
	s.lead(m)
	s.follow(inv, m)
	for _, one := range s.all {
		one.settle()
	}
	return s
}

// All are the Services, by namespace and name.
func (s *Services) All() []*Service { return s.all }

// Get finds a Service; nil when there is none.
func (s *Services) Get(namespace, name string) *Service { return s.byName[[2]string{namespace, name}] }

// At are the Services of a cluster IP, external IP or load balancer's address: several may share an external one.
func (s *Services) At(a netip.Addr) []*Service { return s.at[a.Unmap()] }

// Named finds the Service that a host name means to a pod of a namespace: "cart", "cart.shop", "cart.shop.svc",
// "cart.shop.svc.cluster.local" with any domain, and names of single pods behind it, "db-0.db.shop.svc". nil when none.
func (s *Services) Named(host, namespace string) *Service {
	parts := strings.Split(strings.ToLower(strings.TrimSuffix(host, ".")), ".")
	if i := slices.Index(parts, "svc"); i >= 2 {
		return s.Get(parts[i-1], parts[i-2])
	}
	switch len(parts) {
	case 1:
		return s.Get(namespace, parts[0])
	case 2:
		if found := s.Get(parts[1], parts[0]); found != nil {
			return found
		}
		// A pod of a headless Service in the same namespace: "db-0.db".
		if found := s.Get(namespace, parts[1]); found != nil && found.Headless {
			return found
		}
	case 3:
		if found := s.Get(parts[2], parts[1]); found != nil && found.Headless {
			return found
		}
	}
	return nil
}

// lead finds the pods that selectors select. A pod is only compared with Services that ask for one of its labels.
func (s *Services) lead(m *network.Map) {
	type asked struct{ namespace, key, value string }
	asking := map[asked][]*Service{}
	selectors := map[*Service]map[string]string{}
	for _, one := range s.all {
		if !one.Selects {
			continue
		}
		selector := inventory.Strings(inventory.Map(one.Object.Content, "spec", "selector"))
		if len(selector) < len(inventory.Map(one.Object.Content, "spec", "selector")) {
			continue // a value that is no text selects nothing
		}
		key := ""
		for k := range selector {
			if key == "" || k < key {
				key = k
			}
		}
		at := asked{one.Object.Namespace, key, selector[key]}
		asking[at] = append(asking[at], one)
		selectors[one] = selector
	}
	for _, p := range m.Peers() {
		if p.External() {
			break // addresses come last
		}
		for _, x := range members(p) {
			for k, v := range x.labels {
				for _, one := range asking[asked{p.Namespace(), k, v}] {
					if subset(selectors[one], x.labels) {
						one.add(p, x)
					}
				}
			}
		}
	}
}

// A member is a pod of a peer, or the template where none runs.
type member struct {
	pod    *inventory.Object
	labels map[string]string
	spec   map[string]any
}

func members(p *network.Peer) []member {
	if len(p.Pods) == 0 {
		spec, _ := p.Object.PodSpec()
		meta, _ := p.Object.PodMeta()
		return []member{{nil, inventory.Strings(inventory.Map(meta, "labels")), spec}}
	}
	out := make([]member, 0, len(p.Pods))
	for _, o := range p.Pods {
		out = append(out, member{o, o.Labels(), inventory.Map(o.Content, "spec")})
	}
	return out
}

func subset(selector, labels map[string]string) bool {
	for k, v := range selector {
		if have, ok := labels[k]; !ok || have != v {
			return false
		}
	}
	return true
}

// add notes a member that is not noted yet. Members come by peer, so that the backend is mostly the last one.
func (s *Service) add(p *network.Peer, x member) {
	i := len(s.Backends) - 1
	if i < 0 || s.Backends[i].Peer != p {
		i = slices.IndexFunc(s.Backends, func(b Backend) bool { return b.Peer == p })
	}
	if i < 0 {
		s.Backends = append(s.Backends, Backend{Peer: p})
		i = len(s.Backends) - 1
	}
	b := &s.Backends[i]
	if x.pod != nil {
		b.pods = append(b.pods, x.pod)
	}
	b.specs = append(b.specs, x.spec)
}

// settle orders what was found, and says which backends are partial.
func (s *Service) settle() {
	slices.SortFunc(s.Outside, netip.AddrPort.Compare)
	s.Outside = slices.Compact(s.Outside)
	slices.SortFunc(s.Backends, func(a, b Backend) int { return a.Peer.Compare(b.Peer) })
	for i := range s.Backends {
		b := &s.Backends[i]
		b.Some = len(b.pods) < len(b.Peer.Pods)
	}
}
