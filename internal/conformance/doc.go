// Package conformance runs the program over public cases with known answers: the test data of other tools, which is
// not part of this project. It has tests only.
//
//	PLIMSOLL_CORPORA=/path/to/corpora go test ./internal/conformance -run Conformance -v
//
// Each suite prints its score and every disagreement. A disagreement must be explained in docs/conformance.md, which
// names the cases, with "*" for any part of a name, in backquotes; one that is not fails the test. The tests are
// skipped when the cases are not there.
package conformance
