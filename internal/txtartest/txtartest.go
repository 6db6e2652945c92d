// Package txtartest reads and writes test data: files of named cases in the txtar format, one input a case, with what
// is expected of it. A case looks like
//
//	-- fail: privileged in an init container --
//	…YAML…
//	-- settings --      (optional)
//	…YAML…
//	-- want --          (written by -update)
//	Deployment shop/bad spec.template.spec.initContainers[name=init].securityContext.privileged line 19
//	-- fixed --         (written by -update, where there is a fix)
//	…YAML…
//
// The word before the colon is what a person expects. It is never rewritten, so that -update cannot hide a wrong
// verdict.
package txtartest

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"
)

// The words that a case can start with: what must come out of it.
const (
	Fail          = "fail"
	Pass          = "pass"
	NotApplicable = "n/a"
	Skip          = "skip"
	Error         = "error"

	// Of a technique: it gives steps, none at all, or only steps that something cuts.
	Found = "found"
	None  = "none"
	Cut   = "cut"
)

var words = []string{Fail, Pass, NotApplicable, Skip, Error, Found, None, Cut}

// A File is the test data of one subject.
type File struct {
	Path    string
	Comment string // the lines before the first case: what is tested
	Cases   []*Case
}

// A Case is one input and what is expected of it.
type Case struct {
	Word     string // one of the words above
	Name     string // "privileged in an init container"
	Input    []byte
	Settings []byte // nil when there are none
	Want     []byte // one line a finding; nil when there are none
	Fixed    []byte // the input with every fix made; nil when there is none
}

// Read reads a file and checks its form: known words, unique names, known sections in their order.
func Read(path string) (*File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.Path = path
	return f, nil
}

func parse(data []byte) (*File, error) {
	archive := txtar.Parse(data)
	f := &File{Comment: string(archive.Comment)}
	if strings.TrimSpace(f.Comment) == "" {
		return nil, fmt.Errorf("the first line does not say what is tested")
	}
	seen := map[string]bool{}
	for _, section := range archive.Files {
		if word, name, ok := strings.Cut(section.Name, ":"); ok {
			if !slices.Contains(words, word) {
				return nil, fmt.Errorf("case %q starts with none of %s", section.Name, strings.Join(words, ", "))
			}
			if seen[section.Name] {
				return nil, fmt.Errorf("case %q is there twice", section.Name)
			}
			seen[section.Name] = true
			f.Cases = append(f.Cases, &Case{Word: word, Name: strings.TrimSpace(name), Input: section.Data})
			continue
		}
		if len(f.Cases) == 0 {
			return nil, fmt.Errorf("section %q comes before the first case", section.Name)
		}
		if err := f.Cases[len(f.Cases)-1].add(section); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (c *Case) add(section txtar.File) error {
	field := map[string]*[]byte{"settings": &c.Settings, "want": &c.Want, "fixed": &c.Fixed}[section.Name]
	switch {
	case field == nil:
		return fmt.Errorf("section %q is neither a case nor settings, want or fixed", section.Name)
	case *field != nil:
		return fmt.Errorf("case %q has two sections %q", c.Name, section.Name)
	}
	*field = section.Data
	if *field == nil {
		*field = []byte{}
	}
	return nil
}

// Format is the file as text: Read of it gives the same file.
func (f *File) Format() []byte {
	archive := &txtar.Archive{Comment: []byte(f.Comment)}
	for _, c := range f.Cases {
		archive.Files = append(archive.Files, txtar.File{Name: c.Word + ": " + c.Name, Data: c.Input})
		for _, s := range []txtar.File{{Name: "settings", Data: c.Settings}, {Name: "want", Data: c.Want}, {Name: "fixed", Data: c.Fixed}} {
			if s.Data != nil {
				archive.Files = append(archive.Files, s)
			}
		}
	}
	return txtar.Format(archive)
}

// Write writes the file back where it was read, if anything changed.
func (f *File) Write() error {
	text := f.Format()
	if old, err := os.ReadFile(f.Path); err == nil && bytes.Equal(old, text) {
		return nil
	}
	return os.WriteFile(f.Path, text, 0o644)
}
