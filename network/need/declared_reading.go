package need

import (
	"strings"

	"github.com/plimsoll-io/plimsoll/internal/secretscan"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A reading is a text on behalf of a workload.
type reading struct {
	sender *sender
	text   *text
	// name is that of the variable whose value it is.
	name string
	// file says that it is a file: much else than addresses stands there.
	file bool
	// shared is how many workloads mount it.
	shared int
	// because is the evidence for what stands under a key.
	because func(key string) Evidence
	// port finds the value of a setting that stands elsewhere, if it is a port; nil when nothing does.
	port func(key string) uint16
}

// containers reads what the containers of a workload are given.
func (d *declarer) containers(w *sender) {
	for i := range w.specs {
		s := &w.specs[i]
		for _, c := range s.containers() {
			v := d.environment(w, s, &c)
			d.variables(w, v)
			d.arguments(w, s, &c, v)
		}
		eachMounted(s, func(ref map[string]any) { d.mounted(w, ref) })
		d.secretFiles(w, s)
	}
}

// variables reads the variables of a container.
func (d *declarer) variables(w *sender, v *variables) {
	port := func(key string) uint16 {
		value, _ := v.lookup(key)
		n, _ := portNumber(value)
		return n
	}
	for _, one := range v.order {
		if v.own[one.name] != one || !one.known {
			continue // set again later
		}
		if class, whole := secretscan.Class(one.value); whole && class != "" {
			if d.meaning(one.name).address {
				d.fromSecrets.add(w.object, nameOr(one.name, "a variable"))
			}
			continue
		}
		t := one.read
		if t == nil && d.mayName(one.name, one.value) {
			t = readText(one.name, one.value)
		}
		if t != nil {
			d.mentions(&reading{sender: w, text: t, name: one.name, port: port, because: func(string) Evidence { return one.source }})
		}
	}
	for i, m := range v.maps {
		for _, key := range m.keys {
			name := m.prefix + key
			if v.own[name] != nil || overridden(v.maps[i+1:], name) || !d.mayName(name, m.data[key]) {
				continue
			}
			d.mentions(&reading{sender: w, text: m.variable(name, key), name: name, port: port, because: func(string) Evidence {
				what := "environment variable " + nameOr(name, "with an odd name") + " of " + w.object.String()
				return Evidence{Object: m.object, Path: dataPath(key), What: what}
			}})
		}
	}
}

func overridden(later []variableMap, name string) bool {
	for _, m := range later {
		if key, ok := strings.CutPrefix(name, m.prefix); ok {
			if _, has := m.data[key]; has {
				return true
			}
		}
	}
	return false
}

// mayName leaves out at a glance most values that name no host.
func (d *declarer) mayName(key, value string) bool {
	return strings.ContainsAny(value, ".: ,") || value != "" && d.meaning(key).address
}

// arguments reads the command and the arguments of a container. Words without blanks belong together, as in "nc", "-z",
// "db", "5432"; others are scripts.
func (d *declarer) arguments(w *sender, s *podSpec, c *container, v *variables) {
	for _, fieldName := range []string{"command", "args"} {
		list := inventory.List(c.content, fieldName)
		evidence := func(key string) Evidence {
			what := fieldName + " of container " + nameOr(c.name, "without a name")
			// Clients take passwords right behind -p.
			if strings.HasPrefix(key, "-") && !strings.HasPrefix(key, "-p") && isPlainName(key) && d.meaning(key).address {
				what = "argument " + key
			}
			return Evidence{Object: s.object, Path: c.path.Field(fieldName), What: what}
		}
		var words strings.Builder
		for _, item := range list {
			arg, _ := item.(string)
			if len(arg) > maxText {
				arg = arg[:maxText]
				d.cutTexts.add(w.object, "")
			}
			arg = v.expand(arg, true)
			if !strings.ContainsAny(arg, " \t\n") {
				if words.Len() < maxText {
					words.WriteString(arg)
					words.WriteByte(' ')
				}
				continue
			}
			d.mentions(&reading{sender: w, text: readText("", arg), because: evidence})
		}
		d.mentions(&reading{sender: w, text: readText("", words.String()), because: evidence})
	}
}

// mentions resolves what a text names.
func (d *declarer) mentions(r *reading) {
	if r.text.cut {
		d.cutTexts.add(r.sender.object, "")
	}
	for i := 0; i < len(r.text.mentions); {
		end := i + 1
		for end < len(r.text.mentions) && sameSetting(&r.text.mentions[i], &r.text.mentions[end]) {
			end++
		}
		if !d.namesOfCertificate(r, r.text.mentions[i:end]) {
			for j := i; j < end; j++ {
				d.mention(r, &r.text.mentions[j])
			}
		}
		i = end
	}
}

func sameSetting(a, b *mention) bool { return a.line == b.line && a.key == b.key }

// namesOfCertificate says whether hosts are the names that somebody wants in a certificate: forms of the same name, like
// "web, web.shop.svc", and no ports.
func (d *declarer) namesOfCertificate(r *reading, list []mention) bool {
	if len(list) < 2 {
		return false
	}
	seen := map[*inventory.Object]string{}
	for i := range list {
		m := &list[i]
		if m.url || m.port != 0 {
			return false
		}
		if s := d.services.Named(m.host, r.sender.object.Namespace); s != nil && !s.Headless {
			if host, known := seen[s.Object]; known && host != m.host {
				return true
			}
			seen[s.Object] = m.host
		}
	}
	return false
}

// sibling finds the port that stands beside an address: DB_PORT for DB_HOST, "port:" below "host:".
func (r *reading) sibling(m *mention) uint16 {
	keys := portKeys(m.key)
	for _, key := range keys {
		if r.port != nil {
			if n := r.port(key); n != 0 {
				return n
			}
		}
	}
	for _, key := range keys {
		if n := r.text.portUnder(m.block, key); n != 0 {
			return n
		}
	}
	return 0
}

// meaning is that of a key, which mostly comes again.
func (d *declarer) meaning(key string) keyMeaning {
	m, known := d.meanings[key]
	if !known {
		m = meaningOf(key)
		if len(d.meanings) < 100_000 {
			d.meanings[key] = m
		}
	}
	return m
}
