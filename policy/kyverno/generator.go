package kyverno

import (
	"slices"
	"strconv"
	"strings"
)

// A generator writes the expressions of one rule.
type generator struct {
	depth     int
	loopDepth int
	root      string // the expression of the object that match and exclude look at
	tags      int    // see noTags
	// ownNamespace says that the objects may be Namespaces, which count as living in themselves.
	ownNamespace bool
	used         []string
	report       func(construct, reason string)
}

func (g *generator) unsupported(construct, reason string) { g.report(construct, reason) }

// taken are names that an expression may not give to its own variables.
var taken = []string{
	"object", "oldObject", "request", "params", "variables", "namespaceObject", "authorizer", "type", "size", "has", "in", "string", "int",
	"double", "bool", "list", "map", "null", "true", "false", "duration", "quantity", "matches", "dyn", "as", "break", "const", "continue", "else", "for", "function", "if",
	"import", "let", "loop", "package", "namespace", "return", "var", "void", "while", "key", "item",
}

// name is a name for the items of a list, after the last field of its path: "container" of "spec.containers". It is in
// use until it is released.
func (g *generator) name(path string) string {
	last := path[strings.LastIndexByte(path, '.')+1:]
	last = strings.TrimSuffix(last, "s")
	if !isName(last) || last == "" || path != "key" && slices.Contains(taken, last) {
		last = "item"
	}
	name := last
	for n := 2; slices.Contains(g.used, name); n++ {
		name = last + strconv.Itoa(n)
	}
	g.used = append(g.used, name)
	return name
}

func (g *generator) release(name string) {
	if i := slices.Index(g.used, name); i >= 0 {
		g.used = slices.Delete(g.used, i, i+1)
	}
}
