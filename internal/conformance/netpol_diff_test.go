package conformance

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/change"
)

var analyzerChange = regexp.MustCompile(
	`^diff-type: \w+, source: (.*), destination: (.*), ref1: (.*), ref2: (.*?)(, workloads-diff-info: .*)?$`)

// A diffTable is what was gained and lost between two maps.
type diffTable struct{ gained, lost, unknown *connTable }

func newDiffTable() diffTable { return diffTable{newConnTable(), newConnTable(), newConnTable()} }

func (d diffTable) lines() []string {
	var out []string
	for mark, table := range map[string]*connTable{"gained ": d.gained, "lost ": d.lost, "? ": d.unknown} {
		for _, line := range table.lines() {
			out = append(out, mark+line)
		}
	}
	slices.Sort(out)
	return out
}

func sameDiff(t *testing.T, dir string, c analyzerCase) string {
	data, err := os.ReadFile(filepath.Join(dir, c.Expected["txt"]))
	if err != nil {
		t.Fatal(err)
	}
	want := newDiffTable()
	for line := range strings.Lines(string(data)) {
		m := analyzerChange.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue // the headline
		}
		before, after := parsePorts(t, m[3]), parsePorts(t, m[4])
		want.gained.addNamed(m[1], m[2], after.Subtract(before))
		want.lost.addNamed(m[1], m[2], before.Subtract(after))
	}
	before := analyzerInventory(t, filepath.Join(dir, c.Old))
	after := analyzerInventory(t, filepath.Join(dir, c.New))
	got := diffOf(network.New(before), network.New(after))
	now, earlier := fromController(after, network.AllPorts()), fromController(before, network.AllPorts())
	got.gained.addAll(now.minus(earlier))
	got.lost.addAll(earlier.minus(now))
	return compareLines(want.lines(), got.lines())
}

// diffOf expands the changes between two maps, pair by pair.
func diffOf(before, after *network.Map) diffTable {
	out := newDiffTable()
	for _, c := range change.Compare(before, after).Changes {
		if c.Self { // pods of one workload, of which the cases say nothing
			continue
		}
		for _, from := range c.From {
			for _, to := range c.To {
				out.gained.addEnds(from, to, c.Gained)
				out.lost.addEnds(from, to, c.Lost)
				out.unknown.addEnds(from, to, c.MayGain.Union(c.MayLose))
			}
		}
	}
	return out
}

func (c *connTable) addEnds(from, to change.End, ports network.Ports) {
	switch {
	case from.Object() == nil:
		c.addOutside(c.in, analyzerObject(to.Object()), from.Addresses, ports)
	case to.Object() == nil:
		c.addOutside(c.out, analyzerObject(from.Object()), to.Addresses, ports)
	case analyzerObject(from.Object()) != analyzerObject(to.Object()):
		c.add(analyzerObject(from.Object()), analyzerObject(to.Object()), ports)
	}
}
