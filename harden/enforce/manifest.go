package enforce

import (
	"bytes"
	"fmt"
	"io"

	"sigs.k8s.io/yaml"
)

// WriteManifests writes everything as YAML for kubectl: the policies byte for byte as the catalogue has them, and
// parameters and policies before the bindings that need them.
func (inst *Installation) WriteManifests(w io.Writer) error {
	if len(inst.Bundles) == 0 {
		_, err := io.WriteString(w, "# Nothing is to be installed.\n")
		return err
	}
	var documents [][]byte
	add := func(object map[string]any) error {
		text, err := yaml.Marshal(object)
		documents = append(documents, text)
		return err
	}
	if ns := inst.Namespace(); ns != nil {
		if err := add(ns); err != nil {
			return err
		}
	}
	for _, b := range inst.Bundles {
		if b.Params != nil {
			if err := add(b.Params); err != nil {
				return err
			}
		}
		documents = append(documents, b.Text)
	}
	for _, b := range inst.Bundles {
		for _, binding := range b.Bindings {
			if err := add(binding); err != nil {
				return err
			}
		}
	}
	_, err := fmt.Fprintf(w, "%s", bytes.Join(documents, []byte("---\n")))
	return err
}
