package report

// A Format is one way to write a document.
type Format struct {
	Name  string // as in `-f NAME`
	Write Writer
	// Description is one line for the help text.
	Description string
	// LeavesOut says which verdicts the format has no place for; "" when it holds every count.
	LeavesOut string
	// Extension is the usual end of a file of this format, "json".
	Extension string
}

// Formats lists every format, the one for people first.
func Formats() []Format {
	return []Format{
		{"table", WriteTable, "what people read in a terminal", "", "txt"},
		{"json", WriteJSON, "everything, for programs; can be rendered again", "", "json"},
		{"yaml", WriteYAML, "the same document as json", "", "yaml"},
	}
}

// Find returns the format with this name.
func Find(name string) (Format, bool) {
	for _, f := range Formats() {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}
