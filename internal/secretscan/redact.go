package secretscan

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep objects are followed; deeper ones are cut off. The decoders in front refuse them anyway.
const maxDepth = 10_000

// lastApplied is where kubectl keeps a copy of the whole object.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// longestNote is the longest annotation of a Secret that is kept: longer ones tend to hold a copy of it.
const longestNote = 256

// Redact replaces every secret value in a freshly decoded object, in place, and says how many it replaced. Nothing else
// may use the object at the same time. Redacting an object again with the same scanner changes nothing.
func (s *Scanner) Redact(content map[string]any) (hits int) {
	w := &walker{scanner: s}
	w.object(content, 0)
	return w.hits
}

// A walker goes through one object.
type walker struct {
	scanner *Scanner
	hits    int
	// prose says that multi-line strings are documentation and not configuration, as in a CustomResourceDefinition.
	prose bool
}

// object redacts a map that may be a Kubernetes object.
func (w *walker) object(m map[string]any, depth int) {
	kind, _ := m["kind"].(string)
	switch kind {
	case "Secret":
		w.secret(m)
	case "ConfigMap":
		w.configMap(m)
	case "CustomResourceDefinition":
		w.prose = true
	}
	w.others(m, depth, kind == "Secret" || kind == "ConfigMap")
	if kind == "CustomResourceDefinition" {
		w.prose = false
	}
}

// fields redacts the values of a map.
func (w *walker) fields(m map[string]any, depth int) { w.others(m, depth, false) }

// others redacts the values of a map; dataDone says that those of its data are redacted already.
func (w *walker) others(m map[string]any, depth int, dataDone bool) {
	if depth > maxDepth {
		clear(m)
		return
	}
	name, _ := m["name"].(string)
	for key, value := range m {
		if dataDone && (key == "data" || key == "stringData" || key == "binaryData") {
			continue
		}
		switch value := value.(type) {
		case string:
			if redacted, changed := w.field(key, value, name); changed {
				m[key] = redacted
			}
		case map[string]any:
			w.mapping(key, value, depth+1)
		case []any:
			w.list(key, value, depth+1)
		case nil, bool:
		default: // a number: only a password consists of nothing else
			if key == "value" && judgeName(name) == passwordName || strictName(key) && judgeName(key) == passwordName {
				m[key] = w.whole(NamedCredential, fmt.Sprint(value))
			}
		}
	}
}

// mapping redacts a map below a key.
func (w *walker) mapping(key string, m map[string]any, depth int) {
	switch key {
	case "metadata":
		w.metadata(m, depth)
	case "env": // some custom resources write it as a map
		w.named(m)
	default:
		if _, isObject := m["kind"]; isObject {
			w.object(m, depth)
			return
		}
		w.fields(m, depth)
	}
}

// list redacts the items of a list. An item of "args" and "command" is read as a flag, with the one before it.
func (w *walker) list(key string, list []any, depth int) {
	if depth > maxDepth {
		clear(list)
		return
	}
	before := ""
	for i, item := range list {
		switch item := item.(type) {
		case string:
			if key == "args" || key == "command" {
				if redacted, changed := w.argument(item, before); changed {
					list[i] = redacted
				}
				before = item
			} else if redacted, changed := w.plain(item); changed {
				list[i] = redacted
			}
		case map[string]any:
			w.mapping("", item, depth+1)
		case []any:
			w.list("", item, depth+1)
		}
	}
}

// field redacts one string of a map; name is the map's "name", if it has one.
func (w *walker) field(key, value, name string) (redacted string, changed bool) {
	switch key {
	case "apiVersion", "kind", "name", "namespace", "uid", "image", "generateName":
		return value, false
	case "value":
		if name != "" {
			return w.under(name, value)
		}
	}
	if strictName(key) {
		return w.under(key, value)
	}
	return w.plain(value)
}

// plain redacts a string in a place that promises nothing. More than one line is read as a configuration file.
func (w *walker) plain(value string) (redacted string, changed bool) {
	if len(value) < 8 {
		return value, false
	}
	return w.text(value, !w.prose && strings.IndexByte(value, '\n') >= 0)
}

func (w *walker) text(value string, names bool) (redacted string, changed bool) {
	redacted, hits := w.scanner.scanText(value, names)
	w.hits += hits
	return redacted, hits > 0 || redacted != value
}

// under redacts a string that stands under a name: an environment variable, a key of a ConfigMap.
func (w *walker) under(name, value string) (redacted string, changed bool) {
	kind := judgeName(name)
	if kind == plainName {
		return w.text(value, true)
	}
	value = w.scanner.disarm(value)
	redacted, hits := w.scanner.scanText(value, true)
	if marks := Marks(redacted); hits > 0 && len(marks) == 1 && marks[0].End-marks[0].Start == len(redacted) {
		w.hits += hits // the detector knows better than the name what it is
		return redacted, true
	}
	if isCredential(value, kind) {
		return w.whole(NamedCredential, value), true
	}
	w.hits += hits
	return redacted, true
}

func (w *walker) whole(class, value string) string {
	w.hits++
	return w.scanner.marker(class, value)
}

// argument redacts one item of a command line: --password=hunter2, or hunter2 after --password.
func (w *walker) argument(value, before string) (redacted string, changed bool) {
	if flag, ok := strings.CutPrefix(before, "-"); ok && !strings.ContainsAny(before, "= \n") && !strings.HasPrefix(value, "-") {
		return w.under(strings.TrimPrefix(flag, "-"), value)
	}
	if strings.HasPrefix(value, "-") && !strings.ContainsAny(value, " \n") {
		if flag, rest, ok := strings.Cut(value, "="); ok {
			redacted, _ := w.under(strings.TrimLeft(flag, "-"), rest)
			return flag + "=" + redacted, true
		}
	}
	return w.text(value, true)
}

// named redacts a map of names to values.
func (w *walker) named(m map[string]any) {
	for key, value := range m {
		switch value := value.(type) {
		case string:
			m[key], _ = w.under(key, value)
		case map[string]any:
			w.mapping("", value, 1)
		case []any:
			w.list("", value, 1)
		case nil, bool:
		default:
			if judgeName(key) == passwordName {
				m[key] = w.whole(NamedCredential, fmt.Sprint(value))
			}
		}
	}
}

// secret replaces every value of a Secret, whatever it is.
func (w *walker) secret(m map[string]any) {
	for _, field := range []string{"data", "stringData"} {
		data, ok := m[field].(map[string]any)
		if !ok {
			w.odd(m, field, SecretData)
			continue
		}
		for key, value := range data {
			if text, isText := value.(string); isText {
				if class, done := Class(w.scanner.disarm(text)); text == "" || done && class == SecretData {
					continue
				}
				data[key] = w.whole(SecretData, text)
			} else if value != nil {
				data[key] = w.whole(SecretData, encode(value))
			}
		}
	}
	meta, _ := m["metadata"].(map[string]any)
	notes, _ := meta["annotations"].(map[string]any)
	for key, value := range notes {
		if text, ok := value.(string); ok && len(text) > longestNote && key != lastApplied {
			notes[key] = w.whole(SecretData, text)
		}
	}
}

// odd replaces a field that is not of the shape it should have.
func (w *walker) odd(m map[string]any, field, class string) {
	text, isText := m[field].(string)
	if _, done := Class(w.scanner.disarm(text)); m[field] == nil || isText && done {
		return
	}
	m[field] = w.whole(class, encode(m[field]))
}

// encode gives a value of any shape as text, to be digested.
func encode(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf("%T", value)
	}
	return string(text)
}

// configMap redacts the values of a ConfigMap: by their key, and inside, as the configuration files that they are.
func (w *walker) configMap(m map[string]any) {
	switch data := m["data"].(type) {
	case map[string]any:
		w.named(data)
	case string:
		m["data"], _ = w.text(data, true)
	case []any:
		w.list("", data, 1)
	}
	binary, ok := m["binaryData"].(map[string]any)
	if !ok {
		w.odd(m, "binaryData", Unreadable)
	}
	for key, value := range binary {
		encoded, _ := value.(string)
		decoded, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || !utf8.Valid(decoded) {
			continue
		}
		redacted, hits := w.scanner.scanText(string(decoded), true)
		if kind := judgeName(key); hits == 0 && kind != plainName && isCredential(string(decoded), kind) {
			hits = 1
		}
		if hits > 0 {
			binary[key] = w.whole(classOf(redacted), encoded)
		}
	}
}

// classOf is the class of the first marker in a text, else NamedCredential.
func classOf(text string) string {
	if marks := Marks(text); len(marks) > 0 {
		return marks[0].Class
	}
	return NamedCredential
}

// metadata redacts annotations and labels; what identifies the object stays.
func (w *walker) metadata(m map[string]any, depth int) {
	for key, value := range m {
		switch value := value.(type) {
		case string:
			if redacted, changed := w.field(key, value, ""); changed {
				m[key] = redacted
			}
		case map[string]any:
			if key == "annotations" {
				w.annotations(value, depth+1)
			} else {
				w.fields(value, depth+1)
			}
		case []any:
			if key != "ownerReferences" && key != "finalizers" {
				w.list("", value, depth+1)
			}
		}
	}
}

func (w *walker) annotations(notes map[string]any, depth int) {
	for key, value := range notes {
		text, ok := value.(string)
		if !ok {
			if m, isMap := value.(map[string]any); isMap {
				w.fields(m, depth+1)
			}
			continue
		}
		switch _, name, _ := strings.Cut(key, "/"); {
		case key == lastApplied:
			notes[key] = w.copied(text)
		case strictName(name), strictName(key):
			notes[key], _ = w.under(key[strings.IndexByte(key, '/')+1:], text)
		default:
			if redacted, changed := w.plain(text); changed {
				notes[key] = redacted
			}
		}
	}
}

// copied redacts the JSON of an object inside an annotation; JSON that cannot be read is replaced as a whole.
func (w *walker) copied(text string) string {
	if _, done := Class(w.scanner.disarm(text)); done || strings.TrimSpace(text) == "" {
		return text
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var object map[string]any
	if err := decoder.Decode(&object); err != nil || decoder.More() {
		return w.whole(Unreadable, text)
	}
	inner := &walker{scanner: w.scanner}
	inner.object(object, 0)
	if inner.hits == 0 {
		return w.scanner.disarm(text)
	}
	w.hits += inner.hits
	return encode(object)
}
