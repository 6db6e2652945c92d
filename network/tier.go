package network

// A selectedAdmin is a policy of the whole cluster that selects the classes of a group, or may.
type selectedAdmin struct {
	*adminPolicy
	sure bool
}

// eachAdmin yields the policies of the whole cluster that have rules for a direction and select a class, or may.
func (r *reach) eachAdmin(d Direction, yield func(class int, p selectedAdmin)) {
	for _, p := range r.m.admins {
		if len(p.rules[d]) == 0 {
			continue
		}
		subject := r.m.compiler.matchers.all[p.subject].sets[0]
		for class := range subject.yes.each {
			yield(class, selectedAdmin{p, r.m.sureAdmin(p)})
		}
		for class := range subject.may.each {
			yield(class, selectedAdmin{p, false})
		}
	}
}

// tierOf asks the policies of a tier. rest is what holds for what none of them decides, and next what holds after Pass.
//
// It goes from the rule that is asked last to the first: what a rule does not match is as it was without the rule.
func (r *reach) tierOf(t Tier, g *sideGroup, d Direction, world int, rest, next cells) cells {
	var list []selectedAdmin
	for _, p := range g.admins {
		if p.tier == t {
			list = append(list, p)
		}
	}
	for end := len(list); end > 0; {
		start := end - 1
		for start > 0 && list[start-1].priority == list[end-1].priority {
			start--
		}
		rest = r.anyOrder(list[start:end], g, d, world, rest, next)
		end = start
	}
	return rest
}

// anyOrder asks policies of one priority, each of which may be the first. That covers every order: the first policy
// that matches decides.
func (r *reach) anyOrder(list []selectedAdmin, g *sideGroup, d Direction, world int, rest, next cells) cells {
	var out cells
	for first := range list {
		v := rest
		for i := len(list) - 1; i >= 0; i-- {
			v = r.ask(list[(first+i)%len(list)], g, d, world, v, next)
		}
		if first == 0 {
			out = v
		} else {
			out = r.combine(out, v, r.either)
		}
	}
	return out
}

// ask asks one policy.
func (r *reach) ask(p selectedAdmin, g *sideGroup, d Direction, world int, rest, next cells) cells {
	out := rest
	for i := len(p.entries[d]) - 1; i >= 0; i-- {
		matched := newPieces()
		one := selected{&compiled{policy: &p.policy}, true}
		one.entries[d] = p.entries[d][i]
		r.addPieces(matched, one, d, world, g.first)
		out = r.decide(p.actions[d][i], r.join(matched), out, next)
	}
	if !p.sure {
		out = r.combine(out, rest, r.either)
	}
	return out
}

// decide is what holds with one more rule in front.
func (r *reach) decide(action Action, matched, rest, next cells) cells {
	switch action {
	case Allow:
		return r.combine(rest, matched, r.union)
	case Deny:
		return r.combine(rest, matched, func(v, m value) value {
			return value{r.ports.subtract(v.lower, m.upper), r.ports.subtract(v.upper, m.lower)}
		})
	case Pass:
		return r.pass(matched, rest, next)
	}
	return r.combine(rest, matched, func(v, m value) value {
		return value{r.ports.subtract(v.lower, m.upper), r.ports.union(v.upper, m.upper)}
	})
}

// pass is what holds with a rule in front that leaves to the next tier what it matches.
func (r *reach) pass(matched, rest, next cells) cells {
	var covered set
	var out cells
	for _, c := range matched {
		covered.addAll(c.to)
		m := c.value
		out = append(out, r.combine(rest.within(c.to), next.within(c.to), func(v, n value) value {
			either := r.ports.intersect(r.ports.intersect(v.lower, n.lower), m.upper)
			return value{
				r.ports.union(r.ports.union(r.ports.subtract(v.lower, m.upper), r.ports.intersect(n.lower, m.lower)), either),
				r.ports.union(r.ports.subtract(v.upper, m.lower), r.ports.intersect(n.upper, m.upper)),
			}
		})...)
	}
	return r.merge(append(out, rest.within(r.all.without(covered))...))
}
