package need

import (
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A variable is an environment variable of a container.
type variable struct {
	name, value string
	// raw is what is read for hosts, when it is not the value: that of a ConfigMap is read once.
	read *text
	// known is false for what a Secret holds, and for what only a running pod knows.
	known  bool
	source Evidence
}

// variables are the environment of a container.
type variables struct {
	d         *declarer
	object    *inventory.Object
	namespace string
	own       map[string]*variable
	order     []*variable
	// maps are the ConfigMaps whose keys are variables; the last one wins.
	maps []variableMap
	// room is how many bytes may still be made by putting values into others.
	room int
}

type variableMap struct {
	*configMap
	prefix string
}

// maxExpanded is how many bytes the long variables of one container may make of each other.
const maxExpanded = 1 << 20

// podHost and nodeHost stand for the names that only a running pod knows, in names of hosts.
const (
	podHost  = "this-pod-0"
	nodeHost = "node.of.this.pod.invalid"
)

// environment reads the variables of a container in the order in which Kubernetes sets them.
func (d *declarer) environment(w *sender, s *podSpec, c *container) *variables {
	v := &variables{d: d, object: w.object, namespace: w.object.Namespace, own: map[string]*variable{}, room: maxExpanded}
	for _, item := range inventory.Maps(c.content["envFrom"]) {
		if name := inventory.String(item, "configMapRef", "name"); name != "" {
			if m := d.configMap(w, name, item["configMapRef"]); m != nil {
				v.maps = append(v.maps, variableMap{m, inventory.String(item, "prefix")})
			}
		}
		if inventory.String(item, "secretRef", "name") != "" {
			d.fromSecrets.add(w.object, "a Secret of variables")
		}
	}
	for i, item := range inventory.List(c.content, "env") {
		m, _ := item.(map[string]any)
		name := inventory.String(m, "name")
		if name == "" {
			continue
		}
		one := &variable{name: name, source: Evidence{Object: s.object, What: "environment variable " + nameOr(name, "with an odd name")}}
		at := c.path.Field("env")
		if isPlainName(name) {
			at = at.Item("name", name)
		} else {
			at = at.Index(i)
		}
		if from, ok := m["valueFrom"].(map[string]any); ok {
			v.from(w, one, from, at)
		} else {
			value, _ := m["value"].(string)
			one.value, one.known, one.source.Path = v.expand(value, false), true, at.Field("value")
		}
		v.own[name] = one
		v.order = append(v.order, one)
	}
	return v
}

// from reads a variable that takes its value from elsewhere.
func (v *variables) from(w *sender, one *variable, from map[string]any, at finding.Path) {
	one.source.Path = at.Field("valueFrom")
	if ref, ok := from["configMapKeyRef"].(map[string]any); ok {
		m := v.d.configMap(w, inventory.String(ref, "name"), ref)
		if m == nil {
			return
		}
		key := inventory.String(ref, "key")
		if one.value, one.known = m.data[key]; one.known {
			one.read = m.variable(one.name, key)
			one.source = Evidence{
				Object: m.object, Path: dataPath(key),
				What: "environment variable " + nameOr(one.name, "with an odd name") + " of " + w.object.String(),
			}
		}
		return
	}
	switch inventory.String(from, "fieldRef", "fieldPath") {
	case "metadata.namespace":
		one.value, one.known = v.namespace, true
	case "metadata.name":
		one.value, one.known = podHost, true
	case "status.hostIP", "spec.nodeName":
		one.value, one.known = nodeHost, true
	}
	if from["secretKeyRef"] != nil && v.d.meaning(one.name).address {
		v.d.fromSecrets.add(w.object, nameOr(one.name, "a variable"))
	}
}

// lookup finds the value of a variable. Those that Kubernetes sets for Services stand for their names.
func (v *variables) lookup(name string) (value string, ok bool) {
	if one := v.own[name]; one != nil {
		return one.value, one.known
	}
	for i := len(v.maps) - 1; i >= 0; i-- {
		m := v.maps[i]
		if key, has := strings.CutPrefix(name, m.prefix); has {
			if value, ok := m.data[key]; ok {
				return value, true
			}
		}
	}
	value, ok = v.d.serviceLinks(v.namespace)[name]
	return value, ok
}

// expand puts the values of variables in the place of $(NAME), and for shells also of $NAME and ${NAME}. What is not known
// becomes something that is in no name of a host.
func (v *variables) expand(s string, shell bool) string {
	if !strings.Contains(s, "$") {
		return s
	}
	var b strings.Builder
	for s != "" {
		i := strings.IndexByte(s, '$')
		if i < 0 || i+1 >= len(s) {
			break
		}
		b.WriteString(s[:i])
		name, rest, ok := variableName(s[i+1:], shell)
		if !ok {
			b.WriteByte('$')
			s = s[i+1:]
			continue
		}
		s = rest
		name, fallback, hasFallback := strings.Cut(name, ":-")
		value, known := v.lookup(name)
		if !known && hasFallback {
			value, known = fallback, true
		}
		if !known || strings.Contains(value, "\n") {
			b.WriteByte(secretPlace)
			continue
		}
		if len(value) > maxWord { // hosts and ports are shorter
			if len(value) > v.room {
				v.d.cutTexts.add(v.object, "")
				b.WriteByte(secretPlace)
				continue
			}
			v.room -= len(value)
		}
		b.WriteString(value)
	}
	b.WriteString(s)
	return b.String()
}

// variableName reads the name behind a dollar sign.
func variableName(s string, shell bool) (name, rest string, ok bool) {
	closing := byte(')')
	switch {
	case s[0] == '$': // an escaped one
		return "", "", false
	case s[0] == '(':
	case s[0] == '{' && shell:
		closing = '}'
	case shell:
		end := 0
		for end < len(s) && isNameByte(s[end]) {
			end++
		}
		return s[:end], s[end:], end > 0
	default:
		return "", "", false
	}
	end := strings.IndexByte(s[:min(len(s), maxKey)], closing)
	if end < 1 {
		return "", "", false
	}
	return s[1:end], s[end+1:], true
}

func isNameByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// nameOr is the name of a setting where it can stand in a sentence.
func nameOr(name, otherwise string) string {
	if isPlainName(name) {
		return name
	}
	return otherwise
}

// isPlainName says whether a name can stand in a path and in a sentence as it is.
func isPlainName(name string) bool {
	if name == "" || len(name) > maxKey {
		return false
	}
	for i := range len(name) {
		if c := name[i]; !isNameByte(c) && c != '-' && c != '.' {
			return false
		}
	}
	return true
}
