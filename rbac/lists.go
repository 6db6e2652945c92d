package rbac

import "github.com/plimsoll-io/plimsoll/inventory"

// lists turns JSON lists into rules. Inventories hold one copy of equal lists, and so do the rules made of them.
type lists struct {
	known map[*any][]string
	free  []string // room for more
}

func newLists() *lists { return &lists{known: map[*any][]string{}} }

// rules reads the rules of a role. Each item of the list gives one rule, whatever it is, so that places stay the same.
func (l *lists) rules(o *inventory.Object) []Rule {
	items := inventory.List(o.Content, "rules")
	if len(items) == 0 {
		return nil
	}
	rules := make([]Rule, len(items))
	for i, item := range items {
		m, _ := item.(map[string]any)
		rules[i] = Rule{
			Verbs: l.texts(m["verbs"]), APIGroups: l.texts(m["apiGroups"]), Resources: l.texts(m["resources"]),
			ResourceNames: l.texts(m["resourceNames"]), NonResourceURLs: l.texts(m["nonResourceURLs"]),
		}
	}
	return rules
}

// texts keeps the strings of a list.
func (l *lists) texts(v any) []string {
	list, _ := v.([]any)
	if len(list) == 0 {
		return nil
	}
	if out, known := l.known[&list[0]]; known && len(out) == len(list) {
		return out
	}
	if len(l.free) < len(list) {
		l.free = make([]string, max(1024, len(list)))
	}
	n := 0
	for _, item := range list {
		if s, ok := item.(string); ok {
			l.free[n] = s
			n++
		}
	}
	out := l.free[:n:n]
	l.free = l.free[n:]
	l.known[&list[0]] = out
	return out
}
