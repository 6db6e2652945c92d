// Package report writes a Document: one file per format. All formats hold the same findings; those that have no place
// for every verdict count say what they leave out.
package report

import (
	"io"

	"github.com/plimsoll-io/plimsoll/framework"
	"github.com/plimsoll-io/plimsoll/scan"
)

// A Document is everything a format may show.
type Document struct {
	Report      *scan.Report
	Assessments []framework.Assessment
	Levels      []framework.Capability
}

// Options are what a reader can choose about the appearance.
type Options struct {
	Width   int  // columns of the terminal; 0 means 80
	Color   bool // ANSI colours
	Verbose bool // everything, however long
}

// A Writer writes a document in one format.
type Writer func(io.Writer, *Document, Options) error
