package rbac

// A ruleSet collects different rules with where they come from, in order.
type ruleSet struct {
	rules   []Rule
	from    []*Role
	sources []source
	seen    map[string]bool
	key     []byte
}

func newRuleSet() *ruleSet { return &ruleSet{seen: map[string]bool{}} }

// add adds a rule unless an equal one is there. The order of a rule's lists counts, as for the aggregation controller.
func (s *ruleSet) add(rule *Rule, from *Role, at source) {
	s.key = rule.appendKey(s.key[:0])
	if s.seen[string(s.key)] {
		return
	}
	s.seen[string(s.key)] = true
	s.rules = append(s.rules, *rule)
	s.from = append(s.from, from)
	s.sources = append(s.sources, at)
}

// addAll adds the effective rules of a role.
func (s *ruleSet) addAll(r *Role) {
	for i := range r.Rules {
		from := r
		if i < len(r.From) && r.From[i] != nil {
			from = r.From[i]
		}
		o, item := r.Source(i)
		s.add(&r.Rules[i], from, source{o, item})
	}
}

// appendKey appends a text that tells rules apart.
func (rule *Rule) appendKey(key []byte) []byte {
	for _, list := range [...][]string{rule.Verbs, rule.APIGroups, rule.Resources, rule.ResourceNames, rule.NonResourceURLs} {
		for _, text := range list {
			key = append(append(key, text...), 0)
		}
		key = append(key, 1)
	}
	return key
}
