package harden

import (
	"bytes"
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// The files of a step that are no groups of objects.
const (
	readme        = "README.md"
	kustomization = "kustomization.yaml"
	removals      = "remove.yaml"
	restores      = "restore.yaml"
	undoScript    = "undo.sh"
)

// Folder is a plan as files: a folder for each step, whose kustomization applies it, and a README that says in which order,
// what to do by hand, and how to go back. The names are relative, with slashes, and each is there once.
func Folder(h Header, p *plan.Plan) ([]plan.File, error) {
	f := &folder{names: map[string]bool{}}
	for i := range p.Steps {
		if err := f.step(p, i); err != nil {
			return nil, err
		}
	}
	f.add(readme, readmeOf(h, p, f.notes))
	return f.files, f.err
}

// A folder is the files so far.
type folder struct {
	files []plan.File
	names map[string]bool
	notes []stepFiles // of each step
	err   error
}

// stepFiles are what a step has besides what is made by hand.
type stepFiles struct{ applies, removes, undoes bool }

func (f *folder) add(name string, text []byte) {
	switch {
	case f.err != nil:
	case f.names[name]:
		f.err = fmt.Errorf("write the plan: two files are called %s", name)
	case !local(name):
		f.err = fmt.Errorf("write the plan: %q is no name of a file in its folder", name)
	default:
		f.names[name] = true
		f.files = append(f.files, plan.File{Name: name, Text: text})
	}
}

// local says whether a name stays in the folder and means the same on every file system.
func local(name string) bool {
	return name != "" && path.Clean(name) == name && name != ".." && !strings.HasPrefix(name, "../") && !path.IsAbs(name) &&
		!strings.ContainsAny(name, "\\:\x00\n\r")
}

func (f *folder) step(p *plan.Plan, i int) error {
	s := &p.Steps[i]
	dir := s.Name + "/"
	var notes stepFiles
	var removed bytes.Buffer
	groups := map[string]*bytes.Buffer{}
	var order []string
	for j := range s.Changes {
		c := &s.Changes[j]
		if c.Action == plan.Remove {
			if err := appendObject(&removed, c); err != nil {
				return err
			}
			continue
		}
		name := groupOf(plan.RefOf(c.Object))
		if groups[name] == nil {
			groups[name], order = &bytes.Buffer{}, append(order, name)
		}
		if err := appendObject(groups[name], c); err != nil {
			return err
		}
	}
	if len(order) > 0 {
		notes.applies = true
		slices.Sort(order)
		f.add(dir+kustomization, kustomizationOf(order))
		for _, name := range order {
			f.add(dir+name, groups[name].Bytes())
		}
	}
	if removed.Len() > 0 {
		notes.removes = true
		f.add(dir+removals, removed.Bytes())
	}
	for _, file := range s.Files {
		f.add(dir+file.Name, file.Text)
	}
	if err := f.undo(dir, p, i, &notes); err != nil {
		return err
	}
	f.notes = append(f.notes, notes)
	return nil
}

// undo writes how to take a step back.
func (f *folder) undo(dir string, p *plan.Plan, i int, notes *stepFiles) error {
	reverts := p.Reverts(i)
	if len(reverts) == 0 {
		return nil
	}
	notes.undoes = true
	var restored bytes.Buffer
	for _, r := range reverts {
		if r.Action == plan.Create && r.Unknown == "" {
			if err := appendObject(&restored, &plan.Change{Action: plan.Create, Object: r.Object}); err != nil {
				return err
			}
		}
	}
	if restored.Len() > 0 {
		f.add(dir+restores, restored.Bytes())
	}
	var script bytes.Buffer
	script.WriteString("#!/bin/sh\n")
	comment(&script, "", "Takes step "+p.Steps[i].Name+" back. Later steps have to be taken back first.")
	for _, text := range p.Steps[i].Undo {
		comment(&script, "- ", text)
	}
	script.WriteString("set -eu\ncd \"$(dirname \"$0\")\"\n")
	for _, line := range commands(reverts, restores) {
		script.WriteString(display.Clean(line) + "\n")
	}
	f.add(dir+undoScript, script.Bytes())
	return nil
}

func appendObject(b *bytes.Buffer, c *plan.Change) error {
	text, err := annotated(c)
	if err != nil {
		return err
	}
	if b.Len() > 0 {
		b.WriteString("---\n")
	}
	b.Write(text)
	return nil
}

// groupOf is the file for an object: one for each namespace, and one for each kind of objects of the cluster.
func groupOf(r finding.Ref) string {
	name := "cluster-" + fileWord(strings.ToLower(r.Kind))
	if r.Namespace != "" {
		name = "namespace-" + fileWord(r.Namespace)
	}
	return name + ".yaml"
}

// fileWord is a name that files may have: what no namespace and no kind can be called is written as a hash.
func fileWord(s string) string {
	if len(validation.IsDNS1123Label(s)) == 0 {
		return s
	}
	return "odd"
}

func kustomizationOf(files []string) []byte {
	var b bytes.Buffer
	b.WriteString("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n")
	for _, name := range files {
		b.WriteString("- " + name + "\n")
	}
	return b.Bytes()
}

// readmeOf says how to take the steps.
func readmeOf(h Header, p *plan.Plan, notes []stepFiles) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s\n\nMade by `%s`. Take the steps in this order, each after the one before it has proved harmless.\n", markdown(p.Title), h.Command)
	b.WriteString("Objects are applied on the server's side, so that fields of others stay; when another tool owns a field\n" +
		"with another value, `kubectl` says so: change it there, rather than to force it here.\n")
	if len(p.Steps) == 0 {
		fmt.Fprintf(&b, "\n%s\n", nothing(p))
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		fmt.Fprintf(&b, "\n## %s: %s\n\n%s\n\n", markdown(s.Name), markdown(s.Title), markdown(s.Why))
		number := 0
		item := func(text string) {
			number++
			fmt.Fprintf(&b, "%d. %s\n", number, text)
		}
		for _, text := range s.Before {
			item(markdown(text))
		}
		if notes[i].applies {
			item("`" + apply(p, i) + "`")
		}
		if notes[i].removes {
			item("`kubectl delete --ignore-not-found -f " + path.Join(s.Name, removals) + "`")
		}
		for _, f := range s.Files {
			item("the file `" + markdown(path.Join(s.Name, f.Name)) + "`")
		}
		for _, text := range s.After {
			item(markdown(text))
		}
		if notes[i].undoes {
			fmt.Fprintf(&b, "\nTo go back: `sh %s`\n", path.Join(s.Name, undoScript))
		}
		for _, text := range s.Undo {
			fmt.Fprintf(&b, "\n%s\n", markdown(text))
		}
		risks(&b, s)
	}
	if len(p.Decisions) > 0 {
		b.WriteString("\n## To decide\n\n")
		for _, d := range p.Decisions {
			fmt.Fprintf(&b, "- %s: %s %s\n", markdown(about(&d)), markdown(question(&d)), markdown(sentences(d.Because)))
		}
	}
	if len(p.CannotKnow) > 0 {
		b.WriteString("\n## What this plan cannot know\n\n")
		for _, text := range p.CannotKnow {
			fmt.Fprintf(&b, "- %s\n", markdown(text))
		}
	}
	return b.Bytes()
}

func risks(b *bytes.Buffer, s *plan.Step) {
	first := true
	for _, c := range s.Changes {
		if c.Risk == "" {
			continue
		}
		if first {
			b.WriteString("\nWhat may break:\n\n")
			first = false
		}
		fmt.Fprintf(b, "- %s: %s\n", markdown(plan.RefOf(c.Object).String()), markdown(c.Risk))
	}
}

// apply is the command that applies a step.
func apply(p *plan.Plan, i int) string {
	return "kubectl apply --server-side --field-manager=" + word(cmp.Or(p.Manager, "plimsoll")) + " -k " + word(p.Steps[i].Name)
}

// markdown keeps names from being read as markup.
func markdown(s string) string { return answer.Markdown(s) }
