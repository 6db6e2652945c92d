package conformance

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// An ncaAnswerer counts what a question asks for.
type ncaAnswerer func([]ncaConfig) int

func ncaAnswers() map[string]ncaAnswerer {
	each := func(count func(ncaConfig) int) ncaAnswerer {
		return func(configs []ncaConfig) (n int) {
			for _, c := range configs {
				n += count(c)
			}
			return n
		}
	}
	pairs := func(count func(a, b ncaConfig) int) ncaAnswerer {
		return func(configs []ncaConfig) (n int) {
			for i, a := range configs {
				for _, b := range configs[i+1:] {
					n += count(a, b)
				}
			}
			return n
		}
	}
	return map[string]ncaAnswerer{
		"emptiness": each(ncaConfig.emptiness), "vacuity": each(ncaConfig.vacuity), "redundancy": each(ncaConfig.redundancy),
		"sanity": each(ncaConfig.sanity), "allCaptured": each(ncaConfig.notCaptured),
		"equivalence": pairs(notEqual), "strongEquivalence": pairs(notStronglyEqual), "twoWayContainment": pairs(relation),
		"pairwiseInterferes": pairs(func(a, b ncaConfig) int { return interferes(a, b) + interferes(b, a) }),
		"containment": func(configs []ncaConfig) (n int) {
			for _, c := range configs[1:] {
				n += count(contains(configs[0], c))
			}
			return n
		},
	}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// connections is a canonical text of all connections with some policies.
func (c ncaConfig) connections(policies []*inventory.Object) []string {
	m := c.network(policies)
	return tableOfUnits(m, unitsOf(m), everyUnit).lines()
}

func (c ncaConfig) equalTo(policies []*inventory.Object) bool {
	return slices.Equal(c.connections(c.policies), c.connections(policies))
}

func notEqual(a, b ncaConfig) int {
	return count(!slices.Equal(a.connections(a.policies), b.connections(b.policies)))
}

// notStronglyEqual compares policies of the same name one by one.
func notStronglyEqual(a, b ncaConfig) int {
	byName := func(c ncaConfig) map[string]ncaConfig {
		out := map[string]ncaConfig{}
		for _, o := range c.policies {
			out[o.String()] = ncaConfig{c.name, ncaObjects{c.namespaces, c.pods, []*inventory.Object{o}}}
		}
		return out
	}
	left, right := byName(a), byName(b)
	return count(!maps.EqualFunc(left, right, func(x, y ncaConfig) bool { return notEqual(x, y) == 0 }))
}

// contains says that everything that b allows a allows too. With an Ingress, what its controller sends is left out.
func contains(a, b ncaConfig) bool { return a.lacks(b, everyUnit) == 0 }

// lacks is 1 when b allows something of some units that a does not allow.
func (c ncaConfig) lacks(b ncaConfig, wanted func(ncaUnit) bool) int {
	left, right := c.network(c.policies), b.network(b.policies)
	mine, others := tableOfUnits(left, unitsOf(left), wanted).allowed, tableOfUnits(right, unitsOf(right), wanted).allowed
	if c.ingress() {
		mine.dropController()
		others.dropController()
	}
	return min(1, len(others.minus(mine).lines()))
}

// relation is 3 for the same connections, 1 when a contains b, 2 when b contains a, and else 0.
func relation(a, b ncaConfig) int {
	return count(contains(a, b)) + 2*count(contains(b, a))
}

// interferes says that b allows connections of pods that policies of a select, which a does not allow.
func interferes(a, b ncaConfig) int {
	m := a.network(a.policies)
	captured := map[string]bool{}
	for _, u := range unitsOf(m) {
		captured[u.name] = !m.Guard(network.Ingress, u.peer).Open() || !m.Guard(network.Egress, u.peer).Open()
	}
	return a.lacks(b, func(u ncaUnit) bool { return captured[u.name] })
}

// vacuity says that the policies change nothing.
func (c ncaConfig) vacuity() int { return count(c.equalTo(nil)) }

// notCaptured counts, for each direction, the workloads with pods that no policy selects.
func (c ncaConfig) notCaptured() int {
	m := c.network(c.policies)
	open := map[[2]string]bool{}
	for _, u := range unitsOf(m) {
		for _, d := range []network.Direction{network.Ingress, network.Egress} {
			if m.Guard(d, u.peer).Open() {
				open[[2]string{d.String(), u.peer.Namespace() + "/" + cmp.Or(u.owner(), u.object.Name)}] = true
			}
		}
	}
	return len(open)
}

// emptiness counts policies that select no pod, and rules that mean nobody.
func (c ncaConfig) emptiness() (n int) {
	for _, r := range c.network(c.policies).Readings() {
		n += count(noPod(r.Selects)) + len(emptyRules(&r))
	}
	return n
}

func noPod(p network.Pods) bool {
	for range p.Sure() {
		return false
	}
	return true
}

// emptyRules are the paths of rules that mean nobody.
func emptyRules(r *network.Reading) map[string]bool {
	out := map[string]bool{}
	for _, d := range []network.Direction{network.Ingress, network.Egress} {
		for _, rule := range r.Rules(d) {
			means := func(p network.PeerReading) bool { return p.Block && len(p.Addresses) > 0 || !p.Block && !noPod(p.Pods) }
			if !rule.Everyone && !slices.ContainsFunc(rule.Peers, means) {
				out[string(rule.Path)] = true
			}
		}
	}
	return out
}

// redundancy counts policies without which nothing changes, and such rules of the others.
func (c ncaConfig) redundancy() (n int) {
	for i := range c.policies {
		if !isKubernetesPolicy(c.policies[i]) {
			continue
		}
		if c.superfluous(i) {
			n++
			continue
		}
		n += len(c.superfluousRules(i))
	}
	return n
}

// superfluous says that nothing changes without one of several policies.
func (c ncaConfig) superfluous(i int) bool {
	several := 0
	for _, o := range c.policies {
		several += count(isKubernetesPolicy(o))
	}
	return several > 1 && c.equalTo(slices.Delete(slices.Clone(c.policies), i, i+1))
}

// superfluousRules are the paths of rules without which nothing changes.
func (c ncaConfig) superfluousRules(i int) []string {
	var out []string
	policy := c.policies[i]
	for _, direction := range []string{"ingress", "egress"} {
		rules := inventory.List(policy.Content, "spec", direction)
		for j := range rules {
			own := *policy
			spec := maps.Clone(inventory.Map(policy.Content, "spec"))
			spec[direction] = slices.Delete(slices.Clone(rules), j, j+1)
			if spec["policyTypes"] == nil && direction == "egress" { // what they would be with the rule
				spec["policyTypes"] = []any{"Ingress", "Egress"}
			}
			own.Content = maps.Clone(policy.Content)
			own.Content["spec"] = spec
			policies := slices.Clone(c.policies)
			policies[i] = &own
			if c.equalTo(policies) {
				out = append(out, "spec."+direction+"["+strconv.Itoa(j)+"]")
			}
		}
	}
	return out
}

// sanity counts policies that change nothing, and empty and superfluous ones.
func (c ncaConfig) sanity() (n int) {
	vacuous := c.vacuity() == 1
	n = count(vacuous)
	readings := c.network(c.policies).Readings()
	for i, o := range c.policies {
		j := slices.IndexFunc(readings, func(r network.Reading) bool { return r.Object == o })
		switch {
		case j < 0: // no NetworkPolicy
			continue
		case noPod(readings[j].Selects):
			n++
			continue
		}
		empty := emptyRules(&readings[j])
		n += len(empty)
		switch {
		case vacuous:
		case c.superfluous(i):
			n++
		default:
			n += len(slices.DeleteFunc(c.superfluousRules(i), func(path string) bool { return empty[path] }))
		}
	}
	return n
}

// compareDiff compares the changes from one configuration to another: how many sorts of them there are, and each.
func (c ncaCase) compareDiff(t *testing.T, s *ncaScheme, a, b ncaConfig) string {
	t.Helper()
	before, after := a.network(a.policies), b.network(b.policies)
	old, now := unitsOf(before), unitsOf(after)
	changes := changesBetween(tableOfUnits(before, old, everyUnit), tableOfUnits(after, now, everyUnit), old, now)
	var out string
	if len(changes) != c.Expected {
		out = fmt.Sprintf("\n    want %d sorts of changes, got %d: %v", c.Expected, len(changes), slices.Sorted(maps.Keys(changes)))
	}
	if c.File == "" || c.Output.Format == "txt_no_fw_rules" {
		return out
	}
	want := readSections(t, filepath.Join(s.root, s.dir, c.File), c.Output.Format)
	for section := range want {
		if changes[section] == nil {
			out += "\n    none of: " + section
		}
	}
	for section, got := range changes {
		units := now
		if strings.HasPrefix(section, "Lost") || strings.HasPrefix(section, "Removed") {
			units = old
		}
		out += compareLines(want.table(section, units).lines(), got.lines())
	}
	return out
}

// changesBetween sorts changes by what happened, and whether the ends were there before and after.
func changesBetween(before, after mapTable, old, now []ncaUnit) map[string]*connTable {
	had, has := map[string]bool{}, map[string]bool{}
	for _, u := range old {
		had[u.name] = true
	}
	for _, u := range now {
		has[u.name] = true
	}
	out := map[string]*connTable{}
	into := func(section string) *connTable {
		if out[section] == nil {
			out[section] = newConnTable()
		}
		return out[section]
	}
	sortChanges := func(changed *connTable, stays map[string]bool, verb, whole, gone, mixed string) {
		for pair, ports := range changed.pairs {
			section := whole + " connections between " + gone
			switch {
			case stays[pair[0]] && stays[pair[1]]:
				section = verb + " connections between persistent peers"
			case stays[pair[0]] || stays[pair[1]]:
				section = whole + " connections between " + mixed
			}
			into(section).add(pair[0], pair[1], ports)
		}
		section := func(name string) string {
			if stays[name] {
				return verb + " connections between persistent peers and ipBlocks"
			}
			return whole + " connections between " + gone + " and ipBlocks"
		}
		for name, blocks := range changed.in {
			into(section(name)).in[name] = blocks
		}
		for name, blocks := range changed.out {
			into(section(name)).out[name] = blocks
		}
	}
	sortChanges(before.allowed.minus(after.allowed), has, "Removed", "Lost", "removed peers", "removed peers and persistent peers")
	sortChanges(after.allowed.minus(before.allowed), had, "Added", "New", "added peers", "persistent peers and added peers")
	return out
}
