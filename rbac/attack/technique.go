package attack

import "slices"

// A Technique is one way from a foothold to the next. Its file is named after its id, and so is its page in docs/attacks,
// which is made from these fields.
type Technique struct {
	ID    string // "mint-token"
	Title string // "Mint a token of another service account"
	// MITRE is the id in ATT&CK for Containers or Enterprise, "T1528".
	MITRE string
	// What happens, in a paragraph; Needs says what it takes; Proof says what the step's evidence shows and how to check
	// it by hand; Cut says how to close it.
	What, Needs, Proof, Cut string

	// grows says that the technique makes new holders of rights: roles that the attacker binds himself to.
	grows bool
	// find adds the technique's steps to the graph.
	find func(*builder)
}

// Techniques lists every technique, in the order of the handbook.
func Techniques() []Technique {
	return slices.Concat(
		[]Technique{clusterAdmin, mintToken},
		podTechniques(),
		identityTechniques(),
	)
}
