package inventory

import "github.com/plimsoll-io/plimsoll/finding"

// A Warning is something about an object that a person should know: it does not do what it seems to.
type Warning struct {
	Fact    string       `json:"fact"` // one of the constants of the room that warns
	Object  finding.Ref  `json:"object"`
	Path    finding.Path `json:"path"`
	Message string       `json:"message"` // one sentence without a final dot
	// Source is where Object was read.
	Source *Object `json:"-"`
}
