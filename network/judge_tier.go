package network

import "fmt"

// tier judges the policies of a tier: see reach.tierOf, which does it for classes.
func (w *world) tier(admins []*adminPolicy, t Tier, d Direction, s *judgedSide, rest, next span) ([]SelectingPolicy, span) {
	subject, other := w.ends(d)
	var list []SelectingPolicy
	var judged []judgedAdmin
	for _, p := range admins {
		if p.tier != t || len(p.rules[d]) == 0 || subject.External() || subject.HostNetwork {
			continue
		}
		selects := min(p.namespaces.matches(w.m.names.all[subject.namespace].labels), p.pods.matches(subject.labels))
		if selects == no {
			continue
		}
		part := SelectingPolicy{Policy: p.object, Name: p.name, Tier: t, Sure: selects == yes && w.m.sureAdmin(p)}
		j := judgedAdmin{adminPolicy: p, sure: part.Sure}
		for i := range p.rules[d] {
			answer, matched := w.rule(&compiled{policy: &p.policy}, &p.rules[d][i], d, other, s)
			answer.Action = p.actions[d][i]
			if answer.Action == unknownAction && !matched.upper.None() {
				s.because("it is not known what %s of %s does: its action cannot be read", answer.Path, p.name)
			}
			part.Rules = append(part.Rules, answer)
			j.matched = append(j.matched, matched)
		}
		if !part.Sure {
			s.because("%s", w.doubtAdmin(p, subject))
		}
		list, judged = append(list, part), append(judged, j)
	}
	return list, askSpans(judged, d, s, rest, next)
}

func (w *world) doubtAdmin(p *adminPolicy, subject *Peer) string {
	if doubt := w.m.doubtOfAdmin(p); doubt != "" {
		return fmt.Sprintf("it is not known whether %s counts: %s", p.name, doubt)
	}
	ns := w.m.names.all[subject.namespace]
	why := subject.labels.doubt()
	if p.namespaces.broken || p.pods.broken {
		why = "its selectors cannot be read"
	}
	if p.namespaces.matches(ns.labels) == maybe {
		why = w.m.whyNamespace(ns, p.namespaces)
	}
	return fmt.Sprintf("it is not known whether %s selects %s: %s", p.name, subject, why)
}

// A judgedAdmin is a policy with what each of its rules matches.
type judgedAdmin struct {
	*adminPolicy
	sure    bool
	matched []span
}

// askSpans asks policies from the last to the first, those of one priority in every order.
func askSpans(list []judgedAdmin, d Direction, s *judgedSide, rest, next span) span {
	for end := len(list); end > 0; {
		start := end - 1
		for start > 0 && list[start-1].priority == list[end-1].priority {
			start--
		}
		same := list[start:end]
		var out span
		for first := range same {
			v := rest
			for i := len(same) - 1; i >= 0; i-- {
				v = same[(first+i)%len(same)].ask(d, v, next)
			}
			if first == 0 {
				out = v
				continue
			}
			if !out.lower.Equal(v.lower) || !out.upper.Equal(v.upper) {
				s.because("%s and others have the same priority, and which is asked first is not defined", same[0].name)
			}
			out = span{out.lower.Intersect(v.lower), out.upper.Union(v.upper)}
		}
		rest, end = out, start
	}
	return rest
}

func (j judgedAdmin) ask(d Direction, rest, next span) span {
	v := rest
	for i := len(j.matched) - 1; i >= 0; i-- {
		m := j.matched[i]
		switch j.actions[d][i] {
		case Allow:
			v = v.union(m)
		case Deny:
			v = span{v.lower.Subtract(m.upper), v.upper.Subtract(m.lower)}
		case Pass:
			either := v.lower.Intersect(next.lower).Intersect(m.upper)
			v = span{
				v.lower.Subtract(m.upper).Union(next.lower.Intersect(m.lower)).Union(either),
				v.upper.Subtract(m.lower).Union(next.upper.Intersect(m.upper)),
			}
		default:
			v = span{v.lower.Subtract(m.upper), v.upper.Union(m.upper)}
		}
	}
	if !j.sure {
		v = span{v.lower.Intersect(rest.lower), v.upper.Union(rest.upper)}
	}
	return v
}
