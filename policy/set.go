package policy

import "context"

// A Set judges objects with many policies at once. Safe for concurrent use.
type Set struct {
	policies []*Policy
}

// NewSet prepares policies for judging together. It compiles nothing yet.
func NewSet(policies []*Policy) *Set { return &Set{policies: policies} }

// Evaluate judges one object with every policy, in the order given to NewSet. params are the parameter objects by
// policy; nil entries, and nil for all, mean that there is none. Input.Params is not used.
func (s *Set) Evaluate(ctx context.Context, in Input, params []map[string]any) []Verdict {
	verdicts := make([]Verdict, len(s.policies))
	for i, p := range s.policies {
		if !p.Matches(in.Resource) {
			continue
		}
		in.Params = nil
		if params != nil {
			in.Params = params[i]
		}
		verdicts[i] = p.Evaluate(ctx, in)
	}
	return verdicts
}
