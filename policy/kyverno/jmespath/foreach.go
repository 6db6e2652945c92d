package jmespath

import "strconv"

// A Foreach is the loop over the elements of a list.
type Foreach struct {
	// Scope is the scope inside of the loop: it knows element, element0 and so on.
	Scope Scope
	// Fails is a CEL condition that never fails: whether the list cannot be evaluated for another reason than a missing
	// path, which makes Kyverno report an error unless another list has elements. "" means never.
	Fails string
	// Missing is a CEL condition that never fails: whether the list's path is missing; Kyverno then skips the loop.
	// "" means never.
	Missing string

	quantified func(condition string, all bool) string
}

// Exists is the CEL condition that an element fulfils the condition, which is written for the loop's Scope. There is
// none where the list is missing or cannot be evaluated. Elements that are null do not count.
func (f *Foreach) Exists(condition string) string { return f.quantified(condition, false) }

// All is the CEL condition that all elements fulfil the condition. It holds where the list is missing or cannot be evaluated.
func (f *Foreach) All(condition string) string { return f.quantified(condition, true) }

// Foreach translates the list of a foreach. A value that is not a list is one element.
func (s Scope) Foreach(list string) (f *Foreach, err error) {
	defer guard(&err)
	n, err := s.translate(list, false)
	if err != nil {
		return nil, err
	}
	t := &translation{names: s.fresh(), scope: s, source: list}
	name := "e" + strconv.Itoa(s.elements+1)
	level := strconv.Itoa(s.elements)
	item := element(name)
	index := binding{refuse: unsupported("variable elementIndex", "CEL in an API server before 1.32 does not count the elements of a list")}
	inside := s.bind("element", binding{node: item}).bind("element"+level, binding{node: item}).
		bind("elementIndex", index).bind("elementIndex"+level, index)
	inside.elements++
	f = &Foreach{Scope: inside}
	if n.missing != no {
		f.Missing = n.missing
	}
	if n.failing != no {
		f.Fails = n.failing
	}
	soft := t.soft(n)
	bad := or(n.missing, n.failing)
	if n.path != nil || n.failing == no && n.missing == no {
		bad = no // the value is null then, and null is no element
	}
	f.quantified = func(condition string, all bool) string {
		wanted := condition
		if all {
			wanted = not(condition)
		}
		exists := and(not(bad), t.anyElement(soft, name, wanted))
		if all {
			return not(exists)
		}
		return exists
	}
	return f, nil
}

// anyElement is the condition that an element fulfils the condition, where a value that is no list is one element.
func (t *translation) anyElement(n node, name, condition string) string {
	bound := func(list string) string {
		return atom(list) + ".exists(" + name + ", " + and(name+" != null", condition) + ")"
	}
	switch {
	case n.list != nil:
		return n.list.exists(func(e node) string {
			return "[" + e.dyn() + "].exists(" + name + ", " + and(name+" != null", condition) + ")"
		})
	case n.typ == Dyn && n.root == noRoot:
		return bound(t.lift(n))
	case n.typ == List:
		return bound(n.val())
	}
	return bound("[" + n.dyn() + "]")
}
