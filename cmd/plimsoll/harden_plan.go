package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/report/answer"
	reportharden "github.com/plimsoll-io/plimsoll/report/harden"
)

// planFormats are the formats that every plan of hardening has.
var planFormats = []string{"table", "yaml", "json", "csv", "markdown", "html"}

// HardenPlanOptions say where a plan of hardening is written. They are the same for every command that makes one.
type HardenPlanOptions struct {
	Output    OutputOptions
	OutputDir string
	Force     bool
	Step      string
}

// AddFlags declares the flags.
func (o *HardenPlanOptions) AddFlags(f *pflag.FlagSet) {
	o.Output.AddFlags(f, planFormats)
	f.StringVar(&o.OutputDir, "output-dir", "", "`folder` for the plan as files: a kustomization for each step, and how to go back")
	f.BoolVar(&o.Force, "force", false, "overwrite files in --output-dir that are not as they were written there")
	f.StringVar(&o.Step, "step", "", "only this `step`, by its number or name")
}

// write writes a plan to the folder, if one is named, and as the document that show makes of it. Without --format a plan
// that goes to a folder is only summed up.
func (o *HardenPlanOptions) write(h reportharden.Header, p *plan.Plan, s streams, show func(*plan.Plan) *answer.Document) error {
	targets, err := o.Output.targets()
	if err != nil {
		return err
	}
	if p, err = o.chosen(p); err != nil {
		return err
	}
	if o.OutputDir != "" {
		files, err := reportharden.Folder(h, p)
		if err != nil {
			return err
		}
		if err := writeFolder(o.OutputDir, files, o.Force); err != nil {
			return err
		}
		fmt.Fprintf(s.err, "%s: %s in %s\n", p.Title, reportharden.Size(p), filepath.ToSlash(o.OutputDir))
		if len(o.Output.Formats) == 0 {
			return nil
		}
	}
	return o.Output.writeAnswer(show(p), targets, s)
}

// chosen is the plan with the step that was asked for.
func (o *HardenPlanOptions) chosen(p *plan.Plan) (*plan.Plan, error) {
	if o.Step == "" {
		return p, nil
	}
	if o.OutputDir != "" {
		return nil, errors.New("--step chooses what to print: a folder has all steps")
	}
	var names []string
	for i, step := range p.Steps {
		number, _, _ := strings.Cut(step.Name, "-")
		if o.Step == step.Name || o.Step == number || o.Step == strconv.Itoa(i+1) {
			return p.Only(i), nil
		}
		names = append(names, step.Name)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("--step is %q: there is no step to take", o.Step)
	}
	return nil, fmt.Errorf("--step is %q: use one of %s", o.Step, strings.Join(names, ", "))
}

// written lists the files of a folder with their digests, so that a later plan knows which are its own to replace.
const written = ".plimsoll-plan"

// writeFolder writes files into a folder. Files that are there and that no plan has written, or that have been edited
// since, are left alone: then nothing is written, unless force says so. Files of an earlier plan that this one does not
// have are removed.
func writeFolder(dir string, files []plan.File, force bool) error {
	before, err := readWritten(dir)
	if err != nil {
		return err
	}
	var foreign []string
	names := map[string]bool{}
	check := func(name string) error {
		names[name] = true
		own, err := unchanged(dir, name, before[name])
		if err == nil && !own && !force {
			foreign = append(foreign, name)
		}
		return err
	}
	for _, f := range files {
		if err := check(f.Name); err != nil {
			return err
		}
	}
	var stale []string
	for name := range before {
		if !names[name] {
			stale = append(stale, name)
			if err := check(name); err != nil {
				return err
			}
		}
	}
	if len(foreign) > 0 {
		slices.Sort(foreign)
		return fmt.Errorf("nothing was written to %s: %s not written there by plimsoll or edited since (--force overwrites): %s",
			filepath.ToSlash(dir), map[bool]string{true: "a file is", false: "files are"}[len(foreign) == 1], strings.Join(foreign, ", "))
	}
	return replaceFolder(dir, files, stale)
}

// replaceFolder writes files and removes those that are stale.
func replaceFolder(dir string, files []plan.File, stale []string) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { // #nosec G301 -- manifests are for all to read
		return fmt.Errorf("create folder of the plan: %w", err)
	}
	root, err := os.OpenRoot(dir) // which no link leads out of
	if err != nil {
		return fmt.Errorf("open folder of the plan: %w", err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	for _, name := range stale {
		if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove file of the earlier plan: %w", err)
		}
		_ = root.Remove(path.Dir(name)) // only when it is empty
	}
	var list bytes.Buffer
	list.WriteString("# Written by plimsoll. What has another digest than here has been edited, and is not overwritten.\n")
	for _, f := range files {
		digest := sha256.Sum256(f.Text)
		fmt.Fprintf(&list, "%s  %s\n", hex.EncodeToString(digest[:]), f.Name)
	}
	for _, f := range append(slices.Clone(files), plan.File{Name: written, Text: list.Bytes()}) {
		if err := root.MkdirAll(path.Dir(f.Name), 0o755); err != nil {
			return fmt.Errorf("create folder of the plan: %w", err)
		}
		if err := root.WriteFile(f.Name, f.Text, 0o644); err != nil {
			return fmt.Errorf("write the plan: %w", err)
		}
	}
	return nil
}

// readWritten are the digests of the files that earlier plans have written to a folder.
func readWritten(dir string) (map[string]string, error) {
	text, err := os.ReadFile(filepath.Join(dir, written)) // #nosec G304 -- the folder is the user's choice
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what earlier plans have written: %w", err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(text)) {
		digest, name, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "  ")
		if ok && len(digest) == 2*sha256.Size && filepath.IsLocal(filepath.FromSlash(name)) {
			out[name] = digest
		}
	}
	return out, nil
}

// unchanged says whether a file may be replaced: it is not there, or it is as it was written.
func unchanged(dir, name, digest string) (bool, error) {
	text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name))) // #nosec G304 -- names of a plan stay in its folder
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("read what is in the folder of the plan: %w", err)
	}
	now := sha256.Sum256(text)
	return hex.EncodeToString(now[:]) == digest, nil
}
