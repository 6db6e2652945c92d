package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/pflag"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/framework"
)

// EnforceOptions choose the controls to enforce.
type EnforceOptions struct {
	Frameworks []string
	Level      string
	Exclude    []string
}

// AddFlags declares the flags.
func (o *EnforceOptions) AddFlags(f *pflag.FlagSet) {
	f.StringSliceVar(&o.Frameworks, "framework", nil, "the controls of a framework, id or `file` (repeatable)")
	f.StringVar(&o.Level, "level", "", "the controls that a `level` asks for: compliant or mature")
	f.StringSliceVar(&o.Exclude, "exclude-controls", nil, "leave these `controls` out")
}

// controls are those that arguments, frameworks and the level name together, in catalogue order. named says which of
// them were asked for by name.
func (o *EnforceOptions) controls(args []string) (chosen []control.Control, named map[string]bool, err error) {
	all, err := control.All()
	if err != nil {
		return nil, nil, err
	}
	if len(args) == 0 && len(o.Frameworks) == 0 && o.Level == "" {
		return nil, nil, errors.New("name controls, or --framework or --level: plimsoll policy list has the controls that are policies")
	}
	want, named := map[string]bool{}, map[string]bool{}
	for _, id := range args {
		want[id], named[id] = true, true
	}
	if err := o.addFrameworks(all, want); err != nil {
		return nil, nil, err
	}
	if err := o.addLevel(want); err != nil {
		return nil, nil, err
	}
	for _, c := range all {
		if want[c.ID] && !slices.Contains(o.Exclude, c.ID) {
			chosen = append(chosen, c)
		}
	}
	return chosen, named, checkIDs(all, args, o.Exclude)
}

func checkIDs(all []control.Control, lists ...[]string) error {
	for _, id := range slices.Concat(lists...) {
		if !slices.ContainsFunc(all, func(c control.Control) bool { return c.ID == id }) {
			return fmt.Errorf("there is no control %q: see `plimsoll policy list`", id)
		}
	}
	return nil
}

func (o *EnforceOptions) addFrameworks(all []control.Control, want map[string]bool) error {
	if len(o.Frameworks) == 0 {
		return nil
	}
	frameworks, err := loadFrameworks(o.Frameworks)
	if err != nil {
		return err
	}
	for _, f := range frameworks {
		for _, q := range framework.Resolve(f, all).Requirements {
			for _, id := range framework.ControlsOf(q) {
				want[id] = true
			}
		}
	}
	return nil
}

func (o *EnforceOptions) addLevel(want map[string]bool) error {
	if o.Level == "" {
		return nil
	}
	ids, err := framework.ControlsOfLevel(framework.Level(o.Level))
	for _, id := range ids {
		want[id] = true
	}
	return err
}
