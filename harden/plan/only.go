package plan

import "slices"

// Only is the plan with step i alone.
func (p *Plan) Only(i int) *Plan {
	one := *p
	one.earlier = slices.Concat(p.earlier, p.Steps[:i])
	one.Steps = p.Steps[i : i+1 : i+1]
	return &one
}
