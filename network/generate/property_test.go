package generate_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/generate"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// worlds is how many clusters there are, shards in how many parts they are tested side by side.
const (
	worlds = 1600
	shards = 4
)

// TestRandom checks what plans promise, for random clusters, needs and options.
func TestRandom(t *testing.T) {
	var policies, opened, unopened, extra atomic.Int64
	t.Run("shards", func(t *testing.T) {
		for shard := range uint64(shards) {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				for seed := shard; seed < worlds; seed += shards {
					g := randomWorld(seed)
					wishes := g.wishes()
					p := planOf(g, wishes, g.options())
					checkValid(t, seed, p)
					checkOpened(t, seed, p)
					extra.Add(int64(checkTight(t, seed, p)))
					checkAgain(t, seed, g, wishes, p)
					if t.Failed() {
						t.Fatalf("seed %d: %+v\n%s\n%s", seed, p.options, text(p.plan), needsText(p.needs))
					}
					policies.Add(int64(len(p.plan.Policies)))
					opened.Add(int64(p.plan.Opened))
					unopened.Add(int64(len(p.plan.Unopened)))
				}
			})
		}
	})
	t.Logf("%d clusters: %d policies, %d needs opened, %d not; %d pairs with more than is needed, all noted",
		worlds, policies.Load(), opened.Load(), unopened.Load(), extra.Load())
	if policies.Load() < worlds || opened.Load() < worlds || unopened.Load() < worlds/10 || extra.Load() < worlds/10 {
		t.Error("too little happened")
	}
}

func needsText(needs *need.Needs) string {
	var b strings.Builder
	for _, n := range needs.List {
		fmt.Fprintln(&b, n.From, "→", n.To, n.Protocol, n.Port)
	}
	return b.String()
}

// checkValid holds policies to what the API server takes.
func checkValid(t *testing.T, seed uint64, p *planned) {
	t.Helper()
	names := map[string]bool{}
	for _, policy := range p.plan.Policies {
		text, err := json.Marshal(policy.Object())
		if err != nil {
			t.Fatal(err)
		}
		var typed networkingv1.NetworkPolicy
		d := json.NewDecoder(strings.NewReader(string(text)))
		d.DisallowUnknownFields()
		if err := d.Decode(&typed); err != nil {
			t.Errorf("seed %d: %s: %v", seed, policy.Name, err)
		}
		if len(validation.IsDNS1123Label(policy.Name)) > 0 || names[policy.Namespace+"/"+policy.Name] {
			t.Errorf("seed %d: bad or repeated name %q", seed, policy.Name)
		}
		names[policy.Namespace+"/"+policy.Name] = true
		if len(typed.Spec.PolicyTypes) == 0 || len(policy.Rules) > 0 && len(policy.Directions) != 1 {
			t.Errorf("seed %d: %s: directions %v", seed, policy.Name, typed.Spec.PolicyTypes)
		}
		for _, r := range policy.Rules {
			if len(r.Peers) == 0 || len(r.Ports) == 0 || len(r.Reasons) == 0 {
				t.Errorf("seed %d: %s has a rule that means everything, or has no reason", seed, policy.Name)
			}
		}
	}
	for _, w := range p.after.Warnings() {
		if names[w.Object.Namespace+"/"+w.Object.Name] {
			t.Errorf("seed %d: %v", seed, w)
		}
	}
}

// covers says whether the plan isolates a peer in a direction.
func (p *planned) covers(peer *network.Peer, d network.Direction) bool {
	return !peer.External() && !peer.HostNetwork && slices.Contains(p.plan.Namespaces, peer.Namespace()) &&
		(len(p.options.Directions) == 0 || slices.Contains(p.options.Directions, d))
}

// opens says that nothing but the plan isolates a peer in a direction.
func (p *planned) opens(peer *network.Peer, d network.Direction) bool {
	return p.covers(peer, d) || peer.External() || peer.HostNetwork
}

// peers are the peers of an end, and for addresses those of their first and last.
func (p *planned) peers(e need.End, in *network.Map) []*network.Peer {
	if e.Object != nil {
		return slices.DeleteFunc(in.Workload(e.Object.Namespace, e.Object.Kind, e.Object.Name), func(p *network.Peer) bool {
			return p.HostNetwork && e.Kind == need.Workload
		})
	}
	if e.Kind == need.DNS {
		return in.Workload("kube-system", "", "coredns")
	}
	if e.Kind == need.Gateway {
		return slices.DeleteFunc(slices.Clone(in.In(p.options.IngressController)), func(p *network.Peer) bool { return p.HostNetwork })
	}
	var out []*network.Peer
	for _, block := range e.Addresses {
		out = append(out, in.Address(block.Addr()))
	}
	return out
}

// checkOpened checks that what is needed is allowed: by the plan alone where it isolates both ends, else unless it was
// denied before.
func checkOpened(t *testing.T, seed uint64, p *planned) {
	t.Helper()
	for _, n := range p.needs.List {
		if slices.ContainsFunc(p.plan.Unopened, func(u generate.Unopened) bool {
			return u.Need.From.Key() == n.From.Key() && u.Need.To.Key() == n.To.Key() && u.Need.Port == n.Port && u.Need.Protocol == n.Protocol
		}) {
			continue
		}
		for _, from := range p.peers(n.From, p.after) {
			for _, to := range p.peers(n.To, p.after) {
				got := p.after.Allowed(from, to).Port(n.Protocol, n.Port)
				if from.External() && to.External() || got == network.Allowed || got == network.Unknown && (nowhere(from) || nowhere(to)) {
					continue
				}
				if !(p.opens(from, network.Egress) && p.opens(to, network.Ingress)) && wasDenied(p, n) {
					continue
				}
				t.Errorf("seed %d: %s → %s %s %d is needed and is %s", seed, from, to, n.Protocol, n.Port, got)
			}
		}
	}
}

// nowhere says that it is not known which nodes the peer has the addresses of.
func nowhere(p *network.Peer) bool { return p.HostNetwork && len(p.Pods) == 0 }

func wasDenied(p *planned, n need.Need) bool {
	for _, from := range p.peers(n.From, p.before) {
		for _, to := range p.peers(n.To, p.before) {
			if !(from.External() && to.External()) && p.before.Allowed(from, to).Port(n.Protocol, n.Port) != network.Allowed {
				return true
			}
		}
	}
	return false
}

// checkTight checks that what is allowed beyond the needs is noted. It returns how many pairs have such ports.
func checkTight(t *testing.T, seed uint64, p *planned) int {
	t.Helper()
	for _, o := range p.proposed.Of("networking.k8s.io", "NetworkPolicy") {
		if !generate.Generated(o) {
			return 0 // what stays may allow anything
		}
	}
	extra := 0
	peers := p.after.Peers()
	for _, from := range peers {
		for _, to := range peers {
			egress, ingress := p.covers(from, network.Egress), p.covers(to, network.Ingress)
			if !egress && !ingress || from == to && from.Object.Kind == "Pod" {
				continue
			}
			rest := p.after.Allowed(from, to).Allowed
			for _, n := range p.needs.List {
				if p.needed(from, to, n) {
					rest = rest.Subtract(network.OnePort(n.Protocol, n.Port))
				}
			}
			if to.Object != nil && to.Object.Name == "coredns" && !p.options.NoDNS {
				rest = rest.Subtract(network.OnePort(network.UDP, 1053)) // as allow-dns says
			}
			if rest.None() {
				continue
			}
			extra++
			if egress && !p.noted(from, network.Egress) || ingress && !p.noted(to, network.Ingress) {
				t.Errorf("seed %d: %s → %s: %s is allowed, not needed and not noted", seed, from, to, rest)
			}
		}
	}
	return extra
}

// needed says whether the port of a need is needed between two peers. Of a peer of several addresses each may have a need
// of its own.
func (p *planned) needed(from, to *network.Peer, n need.Need) bool {
	one := from
	if !from.External() {
		one = to
	}
	for _, r := range singles(one.Addresses) {
		part := &network.Peer{Addresses: []network.AddressRange{r}}
		if !slices.ContainsFunc(p.needs.List, func(o need.Need) bool {
			if o.Protocol != n.Protocol || o.Port != n.Port {
				return false
			}
			if from.External() {
				return p.means(o.From, part) && p.means(o.To, to)
			}
			return p.means(o.From, from) && p.means(o.To, part)
		}) {
			return false
		}
	}
	return one.External() || p.means(n.From, from) && p.means(n.To, to)
}

// singles takes small ranges apart.
func singles(ranges []network.AddressRange) []network.AddressRange {
	var out []network.AddressRange
	for _, r := range ranges {
		var all []network.AddressRange
		for a := r.First; len(all) < 16; a = a.Next() {
			all = append(all, network.AddressRange{First: a, Last: a})
			if a == r.Last {
				break
			}
		}
		if all[len(all)-1].Last != r.Last {
			all = []network.AddressRange{r}
		}
		out = append(out, all...)
	}
	return out
}

// means says whether an end is a peer, or of the same owner.
func (p *planned) means(e need.End, peer *network.Peer) bool {
	if e.Object != nil {
		return peer.Object != nil && (peer.Object.Ref == e.Object.Ref || owner(e.Object) != "" && owner(peer.Object) == owner(e.Object)) ||
			peer.External() && slices.ContainsFunc(p.hostBlocks(e), peerHas(peer))
	}
	if peer.External() {
		return slices.ContainsFunc(e.Addresses, peerHas(peer))
	}
	if peer.HostNetwork {
		return slices.ContainsFunc(peer.Pods, func(o *inventory.Object) bool {
			return slices.ContainsFunc(network.PodAddresses(o), func(a netip.Addr) bool {
				return slices.ContainsFunc(e.Addresses, func(block netip.Prefix) bool { return block.Contains(a) })
			})
		})
	}
	return e.Kind == need.DNS && peer.Object.Name == "coredns"
}

func (p *planned) hostBlocks(e need.End) []netip.Prefix {
	var out []netip.Prefix
	for _, peer := range p.after.Workload(e.Object.Namespace, e.Object.Kind, e.Object.Name) {
		for _, o := range peer.Pods {
			for _, a := range network.PodAddresses(o) {
				if peer.HostNetwork {
					out = append(out, netip.PrefixFrom(a, a.BitLen()))
				}
			}
		}
	}
	return out
}

func peerHas(peer *network.Peer) func(netip.Prefix) bool {
	return func(block netip.Prefix) bool {
		return !slices.ContainsFunc(peer.Addresses, func(r network.AddressRange) bool {
			return !block.Contains(r.First) || !block.Contains(r.Last)
		})
	}
}

func owner(o *inventory.Object) string {
	for _, ref := range inventory.Maps(inventory.Map(o.Content, "metadata")["ownerReferences"]) {
		return o.Namespace + "/" + inventory.String(ref, "kind") + "/" + inventory.String(ref, "name")
	}
	return ""
}

// noted says whether a policy that selects a peer in a direction is noted to be broader than what is needed.
func (p *planned) noted(peer *network.Peer, d network.Direction) bool {
	return slices.ContainsFunc(p.plan.Policies, func(policy *generate.Policy) bool {
		return policy.Namespace == peer.Namespace() && policy.Name != "allow-dns" && len(policy.Rules) > 0 &&
			policy.Directions[0] == d && policy.Selector.Matches(peer.Labels()) &&
			slices.ContainsFunc(p.plan.Notes, func(n generate.Note) bool {
				return n.Sort == generate.Broader && n.Namespace == policy.Namespace && n.Policy == policy.Name
			})
	})
}

// checkAgain checks that the order of the needs is no matter, and that a plan made where it is applied is the same.
func checkAgain(t *testing.T, seed uint64, g *world, wishes []wish, p *planned) {
	t.Helper()
	wishes = slices.Clone(wishes)
	g.Shuffle(len(wishes), func(i, j int) { wishes[i], wishes[j] = wishes[j], wishes[i] })
	again := generate.Policies(p.after, service.New(p.proposed, p.after), needsOf(wishes, p.after), p.options)
	want, got := text(p.plan), text(again)
	if p.options.Existing == generate.Replace || got == want {
		want = got // notes about what stays may go
	}
	if got != want || len(again.Obsolete) > 0 {
		t.Errorf("seed %d: the plan is another one when it is made again; %d obsolete:\n%s", seed, len(again.Obsolete), got)
	}
}
