package framework

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed data/*.yaml
var data embed.FS

// IDs lists the shipped frameworks in the order in which reports show them.
func IDs() []string {
	return []string{
		"soc2", "iso27001", "nist-csf", "nist-800-53", "cmmc", "pci-dss", "hipaa", "cis", "nsa-cisa", "owasp-k8s",
		"attack-containers",
	}
}

// All loads every shipped framework.
func All() ([]Framework, error) {
	var out []Framework
	for _, id := range IDs() {
		f, err := Load(id)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// Load returns a shipped framework.
func Load(id string) (Framework, error) {
	if !slices.Contains(IDs(), id) {
		return Framework{}, fmt.Errorf("unknown framework %q: use one of %s, or a file", id, strings.Join(IDs(), ", "))
	}
	text, err := data.ReadFile("data/" + id + ".yaml")
	if err != nil {
		return Framework{}, fmt.Errorf("read framework %s: %w", id, err)
	}
	return Read(bytes.NewReader(text))
}

// maxFile bounds a framework file; the largest shipped one has 40 KiB.
const maxFile = 4 << 20

// Read reads a framework file: the same form as the shipped ones. Unknown fields, missing ids and empty rows are errors.
func Read(r io.Reader) (Framework, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return Framework{}, fmt.Errorf("read framework: %w", err)
	}
	if len(text) > maxFile {
		return Framework{}, fmt.Errorf("read framework: larger than %d MiB", maxFile>>20)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	var f Framework
	if err := decoder.Decode(&f); err != nil {
		return Framework{}, fmt.Errorf("read framework: %w", err)
	}
	return f, f.validate()
}

func (f Framework) validate() error {
	if f.ID == "" || f.Title == "" || len(f.Requirements) == 0 {
		return errors.New("framework: id, title and requirements are needed")
	}
	seen := map[string]bool{}
	for _, r := range f.Requirements {
		switch {
		case r.ID == "" || r.Title == "":
			return fmt.Errorf("framework %s: a requirement needs id and title", f.ID)
		case seen[r.ID]:
			return fmt.Errorf("framework %s: requirement %s is there twice", f.ID, r.ID)
		case len(r.Rows) == 0:
			return fmt.Errorf("framework %s: requirement %s has no rows", f.ID, r.ID)
		}
		seen[r.ID] = true
		for _, row := range r.Rows {
			if err := row.validate(); err != nil {
				return fmt.Errorf("framework %s, requirement %s: %w", f.ID, r.ID, err)
			}
		}
	}
	return nil
}

// sources are the places where evidence can come from.
var sources = []string{"api", "mirror-pod", "node", "configz", "scm", "ci", "process", "manual"}

func (row Row) validate() error {
	if row.Join != "" && row.Join != "capability" {
		return fmt.Errorf("join is %q: only \"capability\" is possible", row.Join)
	}
	if len(row.Needs) == 0 {
		return errors.New("a row needs a source of evidence (needs)")
	}
	for _, n := range row.Needs {
		if !slices.Contains(sources, n) {
			return fmt.Errorf("unknown source of evidence %q: use %s", n, strings.Join(sources, ", "))
		}
	}
	return nil
}
