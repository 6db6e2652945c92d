package conformance

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// ncaAgree is how many cases of each question have to agree.
var ncaAgree = map[string]int{
	"allCaptured": 1, "connectivityMap": 68, "containment": 4, "emptiness": 4, "equivalence": 3, "pairwiseInterferes": 2, "redundancy": 4,
	"sanity": 10, "semanticDiff": 11, "strongEquivalence": 2, "twoWayContainment": 9, "vacuity": 3,
}

// TestConformanceNetpolNCA answers questions about sets of policies.
func TestConformanceNetpolNCA(t *testing.T) {
	dir := corpus(t, "netpol-nca")
	byType := map[string][]ncaCase{}
	for _, c := range cases[ncaCase](t, dir) {
		if s := readScheme(t, dir, c.Scheme); c.Type != "" && !slices.ContainsFunc(c.configs(t, s), ncaConfig.foreign) {
			byType[c.Type] = append(byType[c.Type], c)
		}
	}
	var scores []string
	for _, question := range slices.Sorted(maps.Keys(byType)) {
		t.Run(question, func(t *testing.T) {
			y := newTally(t, "netpol-nca/"+question)
			for _, c := range byType[question] {
				y.countDifference(c.name(), c.compare(t, readScheme(t, dir, c.Scheme)))
			}
			scores = append(scores, fmt.Sprintf("%s %d/%d", question, y.right, y.total))
			y.doneWith(ncaAgree[question])
		})
	}
	t.Logf("netpol-nca: %s", strings.Join(scores, ", "))
}

// TestConformanceNetpolNCAForeign looks at the cases with policies of Calico and Istio: what these decide has to be
// unknown, and nothing may be called allowed or denied that is not.
func TestConformanceNetpolNCAForeign(t *testing.T) {
	dir := corpus(t, "netpol-nca")
	y := newTally(t, "netpol-nca/foreign")
	noPods := 0
	for _, c := range cases[ncaCase](t, dir) {
		s := readScheme(t, dir, c.Scheme)
		configs := c.configs(t, s)
		if !slices.ContainsFunc(configs, ncaConfig.foreign) {
			continue
		}
		m := configs[0].network(configs[0].policies)
		units := unitsOf(m)
		if len(units) == 0 { // Calico's own endpoints, which are no objects of Kubernetes
			noPods++
			continue
		}
		got := tableOfUnits(m, units, everyUnit)
		want := readSections(t, filepath.Join(s.root, s.dir, c.File), c.Output.Format).foreign(t, configs[0].name, units)
		falselyAllowed := got.allowed.minus(want).lines()
		possible := newConnTable()
		possible.addAll(got.allowed)
		possible.addAll(got.unknown)
		falselyDenied := want.minus(possible).lines()
		difference := compareLines(falselyDenied, falselyAllowed)
		if len(got.unknown.lines()) == 0 {
			difference += "\n    nothing is unknown"
		}
		y.countDifference(c.name(), difference)
	}
	t.Logf("netpol-nca/foreign: %d more cases have no pods", noPods)
	y.doneWith(10)
}

// foreign is the table of a configuration. Istio's answers are in two parts.
func (r ncaSections) foreign(t *testing.T, config string, units []ncaUnit) *connTable {
	t.Helper()
	out := r.table(config, units)
	tcp, others := parsePorts(t, "TCP"), network.AllPorts().Subtract(parsePorts(t, "TCP"))
	out.addAll(r.table(config+"TCP", units).within(tcp))
	out.addAll(r.table(config+"non-TCP", units).within(others))
	return out
}

// name is short: the file of the scheme, and the query.
func (c ncaCase) name() string {
	scheme, query, _ := strings.Cut(c.ID, "::")
	return strings.TrimSuffix(filepath.Base(scheme), "-scheme.yaml") + "#" + query
}

func (c ncaCase) configs(t *testing.T, s *ncaScheme) []ncaConfig {
	t.Helper()
	var out []ncaConfig
	for _, operand := range c.Operands {
		out = append(out, s.config(t, operand))
	}
	return out
}

// compare says how our answer differs from that of a case.
func (c ncaCase) compare(t *testing.T, s *ncaScheme) string {
	t.Helper()
	configs := c.configs(t, s)
	switch c.Type {
	case "connectivityMap":
		return c.compareMaps(t, s, configs)
	case "semanticDiff":
		return c.compareDiff(t, s, configs[0], configs[1])
	}
	answer := ncaAnswers()[c.Type]
	if answer == nil {
		return "\n    no answer to " + c.Type
	}
	if got := answer(configs); got != c.Expected {
		return fmt.Sprintf("\n    want %d, got %d", c.Expected, got)
	}
	return ""
}

func (c ncaCase) compareMaps(t *testing.T, s *ncaScheme, configs []ncaConfig) string {
	t.Helper()
	file := filepath.Join(s.root, s.dir, c.File)
	var out string
	for _, config := range configs {
		if c.Output.Format == "txt_no_fw_rules" {
			// The tool adds pods that policies mention, and that are not there.
			dns := guestObject("Pod", "kube-system", "kube-dns-livesim", map[string]string{"k8s-app": "kube-dns"})
			config.pods = append(slices.Clone(config.pods), dns)
			m := config.network(config.policies)
			out += compareLines(analyzerConnections(t, file).lines(), tableOf(m, network.AllPorts(), analyzerName).lines())
			continue
		}
		m := config.network(config.policies)
		units := unitsOf(m)
		want, got := readSections(t, file, c.Output.Format).table(config.name, units), tableOfUnits(m, units, c.subset)
		if c.Output.Format == "dot" { // of pods of one workload a picture says nothing
			want.dropOwn(units)
			got.allowed.dropOwn(units)
		}
		if config.ingress() {
			out += withoutController(want, got.allowed)
		}
		out += compareLines(want.lines(), got.lines())
	}
	return out
}

// dropOwn takes out what pods send to other pods of their own workload.
func (c *connTable) dropOwn(units []ncaUnit) {
	owners := map[string]string{}
	for _, u := range units {
		owners[u.name] = u.owner()
	}
	maps.DeleteFunc(c.pairs, func(pair [2]string, _ network.Ports) bool {
		return owners[pair[0]] != "" && owners[pair[0]] == owners[pair[1]]
	})
}

// withoutController takes out of two tables what the ingress controller sends: to that tool an Ingress forbids its
// controller everything else. What remains has to be allowed.
func withoutController(want, got *connTable) string {
	allowed := newConnTable()
	allowed.addAll(got)
	got.dropController()
	kept := newConnTable()
	kept.addAll(want)
	want.dropController()
	return strings.Join(kept.minus(allowed).lines(), "\n    - ")
}

// dropController takes out what pods of the ingress controller send.
func (c *connTable) dropController() {
	const namespace = "ingress-nginx/"
	maps.DeleteFunc(c.pairs, func(pair [2]string, _ network.Ports) bool { return strings.HasPrefix(pair[0], namespace) })
	maps.DeleteFunc(c.out, func(name string, _ []blockPorts) bool { return strings.HasPrefix(name, namespace) })
}

// subset says whether a case asks about a unit.
func (c ncaCase) subset(u ncaUnit) bool {
	if len(c.Output.Subset) == 0 {
		return true
	}
	list := func(name string) []string {
		text, _ := c.Output.Subset[name].(string)
		return strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
	}
	if slices.Contains(list("namespace_subset"), u.peer.Namespace()) {
		return true
	}
	for _, name := range list("deployment_subset") {
		if owner := u.owner(); owner != "" && strings.Contains(u.peer.Namespace()+"/"+owner, name) {
			return true
		}
	}
	for _, labels := range inventory.Maps(c.Output.Subset["label_subset"]) {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(labels)), func(key string) bool { return u.labels[key] != labels[key] }) {
			return true
		}
	}
	return false
}
