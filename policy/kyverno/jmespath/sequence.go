package jmespath

// A sequence is a list that is computed from other values. CEL of Kubernetes 1.30 can neither flatten a list nor
// fold one, so a sequence is not a text but a way to ask: whether an element exists, what the elements add up to.
// Where the list itself is needed it is made, if that is possible.
type sequence struct {
	present   string // the value is a list; otherwise it is null
	unordered bool   // the elements have no defined order
	items     []node // the elements, if their number is known
	objects   bool   // Kyverno holds the list as one of objects, which it does not always take for a list
	plain     bool   // the elements are those of one list of the document

	exists func(condition func(e node) string) string // no where the value is null
	sum    func(amount func(e node) string) string    // 0 where the value is null
	make   func() string                              // the list; an empty one where the value is null. May panic
}

// value is the list, or null.
func (s *sequence) value() string {
	if s.present == yes {
		return s.make()
	}
	return choose(s.present, "dyn("+s.make()+")", "dyn(null)")
}

func (s *sequence) count() string { return s.sum(func(node) string { return "1" }) }

// all says that every element fulfils the condition.
func (s *sequence) all(condition func(e node) string) string {
	return not(s.exists(func(e node) string { return not(condition(e)) }))
}

// listOf is a list that is computed.
func listOf(s *sequence, missing, failing string) node {
	return node{typ: List, typed: s.present == yes, list: s, missing: missing, failing: failing}
}

// element is the value of a CEL variable.
func element(v string) node { return node{text: v, missing: no, failing: no} }

// elements are the elements of a value: of a list of any origin. Nil if it cannot be a list.
func (t *translation) elements(n node) *sequence {
	if n.list != nil {
		return n.list
	}
	if n.constant {
		list, ok := n.literal.([]any)
		if !ok {
			return nil
		}
		items := make([]node, len(list))
		for i, v := range list {
			items[i] = constant(v)
		}
		return t.fixed(items)
	}
	if n.typ == List {
		return t.listed(n.val(), yes)
	}
	if n.typ != Dyn || n.root != noRoot {
		return nil
	}
	v := n.val()
	s := t.listed(t.let(v, func(v string) string { return choose(typeIs(v, "list"), v, "dyn([])") }), "")
	s.present = t.holds(v, func(v string) string { return typeIs(v, "list") })
	s.exists = func(condition func(node) string) string {
		return t.holds(v, func(list string) string {
			return and(typeIs(list, "list"), t.some(list, condition))
		})
	}
	return s
}

// some is the condition that an element of the list fulfils the condition.
func (t *translation) some(list string, condition func(node) string) string {
	e := t.fresh()
	c := condition(element(e))
	if c == no {
		return no
	}
	return atom(list) + ".exists(" + e + ", " + c + ")"
}

// listed are the elements of a CEL list.
func (t *translation) listed(list, present string) *sequence {
	return &sequence{
		present: present,
		plain:   true,
		exists:  func(condition func(node) string) string { return t.some(list, condition) },
		sum: func(amount func(node) string) string {
			e := t.fresh()
			a := amount(element(e))
			if a == "1" {
				return "size(" + list + ")"
			}
			return atom(list) + ".map(" + e + ", " + a + ").sum()"
		},
		make: func() string { return list },
	}
}

// fixed is a list of known length.
func (t *translation) fixed(items []node) *sequence {
	list := func() string {
		text := ""
		for i, item := range items {
			if i > 0 {
				text += ", "
			}
			text += item.dyn()
		}
		return "[" + text + "]"
	}
	s := t.listed("", yes)
	s.items, s.plain, s.make = items, false, list
	s.exists = func(condition func(node) string) string {
		if len(items) == 0 {
			return no
		}
		return t.some(list(), condition)
	}
	s.sum = func(amount func(node) string) string {
		if len(items) == 0 {
			return "0"
		}
		return t.listed(list(), yes).sum(amount)
	}
	return s
}

// project applies an expression to every element and leaves out what comes out as null, unless nulls are kept.
func (t *translation) project(s *sequence, keepNull bool, apply func(node) node) (*sequence, string) {
	kept := func(r node, v string) string {
		if keepNull {
			return yes
		}
		return not(r.is(Null, v))
	}
	// A condition on what an element becomes. Its text is evaluated once.
	on := func(r node, condition func(node) string) string {
		if r.list != nil {
			return and(or(r.list.present, yesIf(keepNull)), condition(r))
		}
		if r.constant {
			return and(not(yesIf(r.typ == Null && !keepNull)), condition(r))
		}
		return t.holds(r.val(), func(v string) string {
			return and(kept(r, v), condition(node{text: v, typ: r.typ, typed: r.typed, missing: no, failing: no}))
		})
	}
	p := &sequence{present: s.present, unordered: s.unordered}
	p.exists = func(condition func(node) string) string {
		return s.exists(func(e node) string { return on(t.soft(apply(e)), condition) })
	}
	p.sum = func(amount func(node) string) string {
		return s.sum(func(e node) string {
			r := t.soft(apply(e))
			if r.list != nil {
				return choose(or(r.list.present, yesIf(keepNull)), amount(r), "0")
			}
			return t.let(r.val(), func(v string) string {
				return choose(kept(r, v), amount(node{text: v, typ: r.typ, typed: r.typed, missing: no, failing: no}), "0")
			})
		})
	}
	p.make = func() string {
		list, e := s.make(), t.fresh()
		r := t.soft(apply(element(e)))
		text := atom(list)
		if r.text != e {
			text += ".map(" + e + ", " + r.val() + ")"
		}
		if keepNull || r.is(Null, e) == no {
			return text
		}
		return text + ".filter(" + e + ", " + e + " != null)"
	}
	failing := s.exists(func(e node) string { return apply(e).failing })
	return p, failing
}

func yesIf(b bool) string {
	if b {
		return yes
	}
	return no
}

// filter leaves out the elements that do not fulfil the condition.
func (t *translation) filter(s *sequence, keep func(node) string) *sequence {
	f := &sequence{present: s.present, unordered: s.unordered, plain: s.plain}
	f.exists = func(condition func(node) string) string {
		return s.exists(func(e node) string { return and(keep(e), condition(e)) })
	}
	f.sum = func(amount func(node) string) string {
		return s.sum(func(e node) string { return choose(keep(e), amount(e), "0") })
	}
	f.make = func() string {
		list, e := s.make(), t.fresh()
		return atom(list) + ".filter(" + e + ", " + keep(element(e)) + ")"
	}
	return f
}

// flatten puts the elements of elements that are lists in their place.
func (t *translation) flatten(s *sequence) *sequence {
	f := &sequence{present: s.present, unordered: s.unordered}
	inner := func(e node) *sequence {
		if e.list != nil {
			return e.list
		}
		if e.constant || e.typ != Dyn {
			return t.flattened(e)
		}
		return t.listed("("+choose(typeIs(e.text, "list"), e.text, "dyn(["+e.text+"])")+")", yes)
	}
	f.exists = func(condition func(node) string) string {
		return s.exists(func(e node) string { return inner(e).exists(condition) })
	}
	f.sum = func(amount func(node) string) string {
		return s.sum(func(e node) string { return inner(e).sum(amount) })
	}
	f.make = func() string { return t.makeFlat(s) }
	return f
}

// flattened are the elements that an element of a known type stands for.
func (t *translation) flattened(e node) *sequence {
	if s := t.elements(e); s != nil {
		return s
	}
	return t.fixed([]node{e})
}

// makeFlat makes a flattened list, which is possible if the number of lists is known. A list of the document is
// taken not to hold lists; if it does, the evaluation is refused.
func (t *translation) makeFlat(s *sequence) string {
	if s.items == nil {
		if !s.plain {
			panic(unsupported("flattening a list of lists", "CEL has no way to join a number of lists that is not known"))
		}
		return t.let(s.make(), func(list string) string {
			e := t.fresh()
			return choose(list+".exists("+e+", "+typeIs(e, "list")+")", refusal("a list of lists"), "dyn("+list+")")
		})
	}
	text := ""
	for i, item := range s.items {
		if i > 0 {
			text += " + "
		}
		text += t.lift(item)
	}
	if text == "" {
		return "dyn([])"
	}
	return text
}

// lift is the value as a list: itself, if it is one, otherwise a list of it alone.
func (t *translation) lift(n node) string {
	switch {
	case n.typ == List && (n.list == nil || n.list.present == yes):
		return "dyn(" + n.val() + ")"
	case n.typ != Dyn && n.typ != List:
		return "dyn([" + n.dyn() + "])"
	}
	return t.let(n.val(), func(v string) string { return "(" + choose(typeIs(v, "list"), v, "dyn(["+v+"])") + ")" })
}
