package jmespath

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

	list    node
	element string
}

// Exists is the CEL condition that an element fulfils the condition, which is written for the loop's Scope. There is
// none where the list is missing or cannot be evaluated. Elements that are null do not count.
func (f *Foreach) Exists(condition string) string { return f.quantify("exists", condition) }

// All is the CEL condition that all elements fulfil the condition. It holds where the list is missing or cannot be evaluated.
func (f *Foreach) All(condition string) string { return f.quantify("all", condition) }

// Foreach translates the list of a foreach. A value that is not a list is one element.
func (s Scope) Foreach(list string) (*Foreach, error) { return s.foreach(list) }
