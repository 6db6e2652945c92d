package generate

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"
)

func blocks(text string) []netip.Prefix {
	var out []netip.Prefix
	for word := range strings.FieldsSeq(text) {
		out = append(out, clean(netip.MustParsePrefix(word)))
	}
	return out
}

// TestBlocks checks that blocks are joined exactly, and widened as little as it takes.
func TestBlocks(t *testing.T) {
	for _, c := range []struct {
		name, in, exactly string
		most              int
		wide              string
	}{
		{"siblings", "10.0.0.4/32 10.0.0.5/32", "10.0.0.4/31", 1, "10.0.0.4/31"},
		{"neighbours of two blocks", "10.0.0.5/32 10.0.0.6/32", "10.0.0.5/32 10.0.0.6/32", 1, "10.0.0.4/30"},
		{"one in another", "10.0.0.0/8 10.1.2.3/32", "10.0.0.0/8", 1, "10.0.0.0/8"},
		{"host bits", "10.0.0.7/30", "10.0.0.4/30", 1, "10.0.0.4/30"},
		{"mapped", "::ffff:10.0.0.7/128", "10.0.0.7/32", 1, "10.0.0.7/32"},
		{"everything", "0.0.0.0/1 128.0.0.0/1", "0.0.0.0/0", 1, "0.0.0.0/0"},
		{"the last", "255.255.255.254/32 255.255.255.255/32 ffff::/16", "255.255.255.254/31 ffff::/16", 1, "255.255.255.254/31 ffff::/16"},
		{"near ones first", "10.0.0.1/32 10.0.0.9/32 192.0.2.1/32", "10.0.0.1/32 10.0.0.9/32 192.0.2.1/32", 2, "10.0.0.0/28 192.0.2.1/32"},
		{"never two families", "0.0.0.1/32 ::1/128", "0.0.0.1/32 ::1/128", 1, "0.0.0.1/32 ::1/128"},
		{"far apart", "1.0.0.1/32 200.0.0.1/32", "1.0.0.1/32 200.0.0.1/32", 1, "0.0.0.0/0"},
		{"none", "", "", 3, ""},
	} {
		got := exactly(blocks(c.in))
		if text := strings.Trim(fmt.Sprint(got), "[]"); text != c.exactly {
			t.Errorf("%s: exactly %s, want %s", c.name, text, c.exactly)
		}
		if text := strings.Trim(fmt.Sprint(widen(got, c.most)), "[]"); text != c.wide {
			t.Errorf("%s: at most %d: %s, want %s", c.name, c.most, text, c.wide)
		}
	}
}

// TestNames checks that names are ones that objects may have, and that different workloads do not share one.
func TestNames(t *testing.T) {
	long := strings.Repeat("long-name-", 10)
	for in, want := range map[string]string{
		"cart": "cart", "cart.v2": "cart-v2", "Cart": "cart", "-x-": "x",
		"": hash(""), "漢字": hash("漢字"), "a b": "a-b-" + hash("a b"), "a/b": "a-b-" + hash("a/b"),
		long: "long-name-long-name-long-name-long-name-long-n-" + hash(long),
	} {
		got := dnsName(in, longestBase)
		if got != want || len(validation.IsDNS1123Label(got)) > 0 || len(got) > longestBase {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	one := func(kind, name, labels string) *unit {
		return &unit{members: []*workload{{kind: kind, name: name}}, selector: Selector{Labels: map[string]string{"app": labels}}}
	}
	units := []*unit{one("Deployment", "cart", "a"), one("StatefulSet", "cart", "b"),
		one("Pod", "db.0", "c"), one("Pod", "db-0", "d"), one("Job", "cart-deployment", "e")}
	nameUnits(units)
	var names []string
	for _, u := range units {
		names = append(names, u.name)
	}
	// A workload that is called as another would be with its kind keeps its own name.
	want := strings.Join([]string{"cart-" + hash("app=a"), "cart-deployment", "cart-statefulset",
		"db-0-" + hash("app=c"), "db-0-" + hash("app=d")}, " ")
	for _, name := range strings.Fields(want) {
		if !strings.Contains(" "+strings.Join(names, " ")+" ", " "+name+" ") {
			t.Errorf("names are %v, want %s", names, want)
		}
	}
}

// TestPorts checks that only complete runs of ports become ranges.
func TestPorts(t *testing.T) {
	for in, want := range map[string]string{
		"80 443": "[TCP 80 TCP 443]", "80 81": "[TCP 80 TCP 81]", "82 80 81 80": "[TCP 80-82]", "80 81 83": "[TCP 80 TCP 81 TCP 83]",
		"65533 65534 65535": "[TCP 65533-65535]",
	} {
		var ports []Port
		for word := range strings.FieldsSeq(in) {
			var n uint16
			if _, err := fmt.Sscan(word, &n); err != nil {
				t.Fatal(err)
			}
			ports = append(ports, Port{0, n, n})
		}
		if got := fmt.Sprint(joinPorts(ports)); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
