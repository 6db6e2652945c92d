package finding

import (
	"strconv"
	"strings"
)

// A Path points into an object: field names joined by dots, list items by merge key or by index, map keys that hold
// dots or brackets in quotes. Merge keys keep a path stable when a list is reordered.
//
//	spec.template.spec.containers[name=web].securityContext.privileged
//	metadata.annotations["kubernetes.io/ingress.class"]
//	rules[2].verbs
type Path string

// A Step is one element of a Path. Exactly one of its forms is used: a field (Field), a list item with a key
// (Key and Value), or a list item by position (Index, when Field and Key are empty).
type Step struct {
	Field string
	Key   string // "name" in [name=web]
	Value string // "web" in [name=web]
	Index int
}

// Steps splits the path. A malformed rest becomes one last field, so that nothing is lost.
func (p Path) Steps() []Step {
	if p == "" {
		return nil
	}
	steps := make([]Step, 0, 1+strings.Count(string(p), ".")+strings.Count(string(p), "["))
	rest := string(p)
	for rest != "" {
		switch rest[0] {
		case '.':
			rest = rest[1:]
		case '[':
			end := closingBracket(rest)
			if end < 0 {
				return append(steps, Step{Field: rest})
			}
			steps = append(steps, bracketStep(rest[1:end]))
			rest = rest[end+1:]
		default:
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			steps = append(steps, Step{Field: rest[:end]})
			rest = rest[end:]
		}
	}
	return steps
}

// closingBracket finds the "]" that ends the bracket at s[0], minding a quoted key.
func closingBracket(s string) int {
	if len(s) > 1 && s[1] == '"' {
		quoted, err := strconv.QuotedPrefix(s[1:])
		if err != nil || len(s) <= 1+len(quoted) || s[1+len(quoted)] != ']' {
			return -1
		}
		return 1 + len(quoted)
	}
	return strings.IndexByte(s, ']')
}

func bracketStep(inner string) Step {
	if key, err := strconv.Unquote(inner); err == nil && strings.HasPrefix(inner, `"`) {
		return Step{Field: key}
	}
	if key, value, ok := strings.Cut(inner, "="); ok {
		return Step{Key: key, Value: value}
	}
	if i, err := strconv.Atoi(inner); err == nil {
		return Step{Index: i}
	}
	return Step{Field: inner}
}

// Field returns the path of a field below p. Names that hold dots, brackets or quotes are quoted.
func (p Path) Field(name string) Path {
	if name == "" || strings.ContainsAny(name, `.[]"`) {
		return p + Path("["+strconv.Quote(name)+"]")
	}
	if p == "" {
		return Path(name)
	}
	return p + "." + Path(name)
}

// Index returns the path of the i-th item below p.
func (p Path) Index(i int) Path { return p + Path("["+strconv.Itoa(i)+"]") }

// Item returns the path of the list item below p whose key field has this value.
func (p Path) Item(key, value string) Path { return p + Path("["+key+"="+value+"]") }
