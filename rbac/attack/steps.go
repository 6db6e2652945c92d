package attack

import "github.com/plimsoll-io/plimsoll/finding"

// StepsFrom are all steps that who holds a foothold can take at once, cut ones too, by its groups as well. They lead to
// sets where the attacker may choose. Each has one proof.
func (g *Graph) StepsFrom(r finding.Ref) []Step {
	var out []Step
	for _, at := range g.at(r) {
		for _, actor := range g.held(at) {
			for _, e := range g.outOf.stepsAt(actor) {
				out = append(out, g.step(e, at, g.edges[e].to, nil))
			}
		}
	}
	return out
}
