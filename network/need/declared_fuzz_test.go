package need

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// FuzzReadText: whatever a value is, what is found in it stands in it and can be the name of a host.
func FuzzReadText(f *testing.F) {
	for _, seed := range [][2]string{
		{"CART_ADDR", "cart:7070"}, {"", "- host: db\n  port: 5432\n[x]\nurl = redis://:p@ss@r:6379,s:6379/0?x=http://y # z"},
		{"X", "jdbc:oracle:thin:@//db:1521/XE"}, {"X", "[::1]:80,[fe80::1%eth0]:80,::1"}, {"X", "_http._tcp.web.shop.svc.:0"},
		{"", "{\"a\":{\"host\":\"cart\",\"port\":7070},\"b\":[\"c:1\"]}"}, {"X", "dns:///cart:7070"}, {"", "psql -h db -p 5432 -psecret"},
		{"", "<a href='http://cart'>x</a> ${A:-b:1} $(c) `d:2` (e:3);f=4,5"}, {"X", "\x00://\xff:65536"}, {"", "http://http://http://"},
		{"", "a://b,c://d,://e:1"}, {"=", "=:=:"}, {"", "- - a: - b"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, key, value string) {
		out := readText(key, value)
		lower := strings.ToLower(value)
		for _, m := range out.mentions {
			switch {
			case m.addr.IsValid():
				if m.addr.Zone() != "" {
					t.Errorf("%q: an address with a zone: %s", value, m.addr)
				}
			case !isHostName(m.host):
				t.Errorf("%q: %q is no name of a host", value, m.host)
			case !strings.Contains(lower, m.host):
				t.Errorf("%q does not hold %q", value, m.host)
			}
			meaningOf(m.key)
			portKeys(m.key)
			out.portUnder(m.block, m.key)
		}
		if len(out.mentions) > len(value)/2+1 {
			t.Errorf("%q: %d mentions", value, len(out.mentions))
		}
		portKeys(key)
		portKeys(value)
		meaningOf(value)
	})
}

// FuzzDeclared: objects of any shape give an answer.
func FuzzDeclared(f *testing.F) {
	f.Add([]byte(`[{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","namespace":"b"},
		"spec":{"containers":[{"env":[{"name":"X_HOST","value":"$(Y)s"}]}]}},
		{"kind":"Service","apiVersion":"v1","metadata":{"name":"s","namespace":"b"},
		"spec":{"ports":[{"port":80}],"selector":{}}}]`))
	f.Add([]byte(`[{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"a"},
		"spec":{"template":{"spec":{"containers":[{"envFrom":[{"configMapRef":{"name":"c"}}],
		"livenessProbe":{"httpGet":{"port":[]}},"volumeMounts":[{"name":"v"}]}],
		"volumes":[{"name":"v","configMap":{"name":"c"}}],"dnsConfig":{"nameservers":[1]}}}}},
		{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"c"},"data":{"a":7,"b":"s:1"}}]`))
	f.Add([]byte(`[{"kind":"ServiceMonitor","apiVersion":"monitoring.coreos.com/v1",
		"spec":{"selector":{"matchExpressions":[{}]},"endpoints":[{"port":1}]}},
		{"kind":"Prometheus","apiVersion":"monitoring.coreos.com/v1","spec":{"serviceMonitorSelector":{}}},
		{"kind":"ValidatingWebhookConfiguration","apiVersion":"admissionregistration.k8s.io/v1",
		"webhooks":[{"clientConfig":{"service":{"name":"x"}}}]},
		{"kind":"HTTPRoute","apiVersion":"gateway.networking.k8s.io/v1",
		"spec":{"parentRefs":[{}],"rules":[{"backendRefs":[{}]}]}},
		{"kind":"Ingress","apiVersion":"networking.k8s.io/v1","spec":{"rules":[{"http":{"paths":[null]}}]}}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var list []map[string]any
		if json.Unmarshal(data, &list) != nil {
			return
		}
		var objects []*inventory.Object
		for _, content := range list {
			meta := inventory.Map(content, "metadata")
			objects = append(objects, &inventory.Object{Content: content, Ref: finding.Ref{
				APIVersion: inventory.String(content, "apiVersion"), Kind: inventory.String(content, "kind"),
				Namespace: inventory.String(meta, "namespace"), Name: inventory.String(meta, "name"),
			}})
		}
		inv := inventory.New(inventory.Source{}, time.Time{}, "", objects, nil)
		m := network.New(inv)
		n := Declared(inv, m, service.New(inv, m), DeclaredOptions{HasRights: func(string, string) bool { return true }})
		for _, x := range n.List {
			if len(x.Evidence) == 0 || x.Port == 0 {
				t.Errorf("a need without evidence or port: %+v", x)
			}
		}
	})
}
