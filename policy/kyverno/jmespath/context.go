package jmespath

import (
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
)

// Context translates the context entries of a rule or of a foreach. The scope it returns knows them; the variables
// are to be declared in spec.variables of the policy, in this order. Entries without a translation (API calls, config
// maps, images, global entries) are no error as long as nothing asks for them: Kyverno loads them only then, too.
func (s Scope) Context(entries []any) (Scope, []Variable, error) {
	var variables []Variable
	for _, entry := range entries {
		data, err := json.Marshal(entry)
		if err != nil {
			return s, nil, unsupported("context", "not JSON: %v", err)
		}
		var fields map[string]any
		if json.Unmarshal(data, &fields) != nil || fields == nil {
			return s, nil, unsupported("context", "an entry that is no object")
		}
		name, _ := fields["name"].(string)
		if name == "" || reservedName.MatchString(name) {
			return s, nil, unsupported("context entry "+excerpt(name), "this name is not translated")
		}
		n, err := s.entry(name, fields)
		if err != nil {
			var refuse *Unsupported
			if !errors.As(err, &refuse) {
				return s, nil, err
			}
			s = s.bind(name, binding{refuse: refuse})
			continue
		}
		if s.elements == 0 && (!n.constant || n.typ == Map) {
			var declared []Variable
			n, declared = declare(n, name, len(variables))
			variables = append(variables, declared...)
		}
		s = s.bind(name, binding{node: n})
	}
	return s, variables, nil
}

var reservedName = regexp.MustCompile(`^(request|serviceAccountName|serviceAccountNamespace|element\d*|elementIndex\d*|images?|target)$`)

// declare makes a variable of the policy of a value, and another one of whether it fails.
func declare(n node, name string, number int) (node, []Variable) {
	if !identifier.MatchString(name) || reserved.MatchString(name) {
		name = "context" + strconv.Itoa(number)
	}
	if n.list != nil {
		value := n.list.value()
		variables := []Variable{{name, value}}
		result := node{text: "variables." + name, missing: no, failing: no}
		if f := or(n.missing, n.failing); f != no {
			variables = append(variables, Variable{name + "Fails", f})
			result.failing = "variables." + name + "Fails"
		}
		return result, variables
	}
	variables := []Variable{{name, n.val()}}
	result := node{text: "variables." + name, typ: n.typ, typed: n.typed, set: n.set, missing: no, failing: no}
	if f := or(n.missing, n.failing); f != no {
		variables = append(variables, Variable{name + "Fails", f})
		result.failing = "variables." + name + "Fails"
	}
	return result, variables
}

// entry translates one context entry. Its node fails where Kyverno cannot load it; nothing is missing.
func (s Scope) entry(name string, fields map[string]any) (n node, err error) {
	defer guard(&err)
	for _, source := range []struct{ key, reason string }{
		{"apiCall", "an API server's policies cannot ask the cluster or a service"},
		{"configMap", "an API server's policies read no config maps, but as a parameter"},
		{"imageRegistry", "an API server's policies cannot ask a registry"},
		{"globalReference", "an API server's policies cannot read Kyverno's global context"},
	} {
		if fields[source.key] != nil {
			return node{}, unsupported("context entry "+excerpt(name)+" ("+source.key+")", "%s", source.reason)
		}
	}
	variable, ok := fields["variable"].(map[string]any)
	if !ok {
		return node{}, unsupported("context entry "+excerpt(name), "unknown kind of entry")
	}
	return s.loaded(name, variable), nil
}

// loaded is the value of a variable entry: the value, or what jmesPath finds in it or in the whole context, or the default.
func (s Scope) loaded(name string, variable map[string]any) node {
	t := &translation{names: s.fresh(), scope: s, template: true, source: name, json: true}
	var fallback node
	hasDefault := variable["default"] != nil
	if hasDefault {
		fallback = t.operand(variable["default"], true)
	}
	jmes := ""
	if path, ok := variable["jmesPath"].(string); ok {
		n, err := s.text(path)
		if err != nil {
			panic(err)
		}
		if !n.constant {
			panic(unsupported("context entry "+excerpt(name), "a jmesPath that depends on variables"))
		}
		jmes = n.literal.(string)
	}
	value, hasValue := variable["value"]
	hasValue = hasValue && value != nil
	var found node
	switch {
	case hasValue && jmes == "":
		found = t.operand(value, true)
	case hasValue:
		base := t.operand(value, true)
		ast, err := parse(jmes)
		if err != nil {
			panic(unsupported(excerpt(jmes), "not a JMESPath expression: %v", err))
		}
		inner := &translation{names: s.fresh(), scope: s, source: jmes}
		found = inner.node(ast, inner.soft(base))
		found.failing = or(base.missing, base.failing, found.failing)
	case jmes != "":
		n, err := s.translate(jmes, false)
		if err != nil {
			panic(err)
		}
		found = n
	default:
		found = constant(nil)
	}
	if hasValue && hasDefault {
		if jmes == "" {
			return t.loadedOr(name, found, node{}, false)
		}
		panic(unsupported("context entry "+excerpt(name), "a value, a jmesPath and a default"))
	}
	return t.loadedOr(name, found, fallback, hasDefault)
}

// loadedOr is the value found, or the default where the evaluation fails or, if the value comes from the context, is
// null. A variable that is null cannot be loaded.
func (t *translation) loadedOr(name string, found, fallback node, hasDefault bool) node {
	bad := or(found.missing, found.failing)
	if !hasDefault {
		n := t.soft(found)
		n.missing = no
		isNull := n.typ == Null
		switch {
		case isNull:
			panic(unsupported("context entry "+excerpt(name), "it has no value"))
		case n.list != nil:
			n.failing = or(bad, not(n.list.present))
		case n.typ == Dyn:
			n.failing = or(bad, t.holds(n.val(), func(v string) string { return v + " == null" }))
			n.path = nil
			n.text = t.soft(found).val()
		default:
			n.failing = bad
		}
		return n
	}
	n := t.soft(found)
	text := t.let(n.dyn(), func(v string) string { return choose(v+" != null", v, fallback.dyn()) })
	if found.failing != no {
		text = choose(bad, fallback.dyn(), text)
	}
	return node{text: text, missing: no, failing: or(fallback.missing, fallback.failing)}
}
